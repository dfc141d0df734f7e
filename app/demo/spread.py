"""Who owns which demo record, and when things happened (contract §8).

The shares are exact, not drawn: of 1,000 customers sales1a has 180, whatever the seed. The seed
only decides which.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from random import Random
from typing import NamedTuple, TypedDict

from app.demo.company import OWNER_PERCENT, UserRow
from app.demo.names import Shuffle

LOCKED_PERCENT = 3
SEAT_PERCENT = 5
_DAYS = 730
_WORKING_HOURS = timedelta(hours=9)
_OPENS = time(1, tzinfo=UTC)  # nine o'clock in Shanghai


class Seat(TypedDict):
    """A place in the team of a record (CUS-4); it ends at ``until`` or never."""

    user: str
    level: str
    until: date | None


class Place(NamedTuple):
    """Where one record lies: with an owner or, without one, in the pool."""

    owner: str | None
    is_locked: bool
    seat_holders: Sequence[str]


class Spread:
    """Deals ``count`` records out to people; the same for the same count, seed and people.

    With more salespeople than the demo company's own, what salespeople have together (80 %) is
    shared evenly by all of them; the manager and the pool keep theirs.
    """

    def __init__(self, count: int, seed: int, users: Sequence[UserRow]) -> None:
        shares = _shares(users)
        parts = list(accumulate(shares.values()))
        self._owners = tuple(shares)
        self._ends = tuple(int(count * part / 100 + 0.5) for part in parts)
        self._owned = self._ends[-1]
        self._shuffle = Shuffle(max(count, 1), seed)
        self._colleagues = {owner: _other_team(owner, users) for owner in shares}

    def place(self, number: int) -> Place:
        """The place of record ``number``, counted from 0."""
        at = self._shuffle(number)
        if at >= self._owned:
            return _POOL
        owner = self._owners[bisect_right(self._ends, at)]
        holders: Sequence[str] = ()
        if _is_every(SEAT_PERCENT, at) and (others := self._colleagues[owner]):
            holders = (others[at % len(others)],)
        return Place(owner, _is_every(LOCKED_PERCENT, at), holders)

    @property
    def owners(self) -> tuple[str, ...]:
        return self._owners


_POOL = Place(None, is_locked=False, seat_holders=())


def _shares(users: Sequence[UserRow]) -> dict[str, float]:
    sellers = [row["username"] for row in users if "salesperson" in row["roles"]]
    if set(sellers) <= set(OWNER_PERCENT):
        present = {row["username"] for row in users}
        return {name: part for name, part in OWNER_PERCENT.items() if name in present}
    manager = OWNER_PERCENT["manager"]
    together = sum(OWNER_PERCENT.values()) - manager
    return {**dict.fromkeys(sellers, together / len(sellers)), "manager": manager}


def _other_team(owner: str, users: Sequence[UserRow]) -> tuple[str, ...]:
    """Salespeople of other departments; a few are enough."""
    own = next(row["department"] for row in users if row["username"] == owner)
    sellers = (row for row in users if "salesperson" in row["roles"])
    return tuple(row["username"] for row in sellers if row["department"] != own)[:20]


def _is_every(percent: int, at: int) -> bool:
    """True for exactly this part of the numbers, evenly spread, rounded half up."""
    return (at * percent + 50) // 100 != ((at + 1) * percent + 50) // 100


class Moments:
    """Working moments of the two years that end yesterday: nothing lies in the future."""

    def __init__(self, today: date, rng: Random) -> None:
        days = (today - timedelta(days=back) for back in range(_DAYS, 0, -1))
        working = (day for day in days if day.weekday() < 5)
        self._mornings = tuple(datetime.combine(day, _OPENS) for day in working)
        self._minutes = tuple(timedelta(minutes=minute) for minute in range(9 * 60))
        self._random = rng.random
        self.last = len(self._mornings) - 1
        ahead = (today + timedelta(days=days) for days in range(-10, 15))
        self._around = tuple(datetime.combine(day, _OPENS) for day in ahead if day.weekday() < 5)

    def day(self, after: int = -1) -> int:
        """A working day later than that one, by number; must not be the last."""
        return after + 1 + int((self.last - after) * self._random())

    def at(self, day: int) -> datetime:
        """Some minute of that day's nine working hours."""
        return self._mornings[day] + self._minutes[int(540 * self._random())]

    def later(self, day: int) -> datetime:
        """After everything of that day; the evening of the last day when there is no other."""
        if day == self.last:
            return self._mornings[day] + _WORKING_HOURS
        return self.at(self.day(day))

    def soon(self) -> datetime:
        """Within ten days back and two weeks ahead, on the half hour: when to call again."""
        morning = self._around[int(len(self._around) * self._random())]
        return morning + self._minutes[30 * int(18 * self._random())]
