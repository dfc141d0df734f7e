"""What happened to a demo customer or lead before today, in the order in which things happen."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from app.demo.particulars import FOLLOW_UPS, LOCK_REASONS, OBTAINED_WAYS
from app.demo.spread import Moments, Place, Seat, Spread

_FOLLOWED, _NEVER_OWNED, _TO_CONTACT = 0.75, 0.3, 0.4
_NOTHING: dict[str, Any] = {
    "obtained_at": None,
    "obtained_way": None,
    "last_follow_up_at": None,
    "last_follow_up_text": None,
    "next_contact_at": None,
    "previous_owner": None,
    "pooled_at": None,
}


@dataclass(frozen=True, slots=True)
class Historian:
    """Tells created → obtained → followed up → pooled; each later than the one before."""

    spread: Spread
    moments: Moments
    rng: Random

    def tell(self, place: Place) -> tuple[dict[str, Any], int]:
        """The columns of the history, and the number of the day on which the owner got it."""
        created = self.moments.day()
        created_at = self.moments.at(created)
        row = {**_NOTHING, "created_at": created_at, "created_by": place.owner or "marketing"}
        if place.owner is None and self.rng.random() < _NEVER_OWNED:
            row["pooled_at"] = created_at
            return row, created
        obtained = self._obtain(row, created)
        latest = self._follow_up(row, obtained)
        if place.owner is None:
            owners = self.spread.owners
            row["previous_owner"] = owners[int(len(owners) * self.rng.random())]
            row["pooled_at"] = self.moments.later(latest)
        elif self.rng.random() < _TO_CONTACT:
            row["next_contact_at"] = self.moments.soon()
        return row, obtained

    def _obtain(self, row: dict[str, Any], created: int) -> int:
        way = OBTAINED_WAYS[int(len(OBTAINED_WAYS) * self.rng.random())]
        if way in ("created", "imported") or created == self.moments.last:
            row["obtained_at"] = row["created_at"]
            row["obtained_way"] = "imported" if way == "imported" else "created"
            return created
        obtained = self.moments.day(created)
        row["obtained_at"], row["obtained_way"] = self.moments.at(obtained), way
        return obtained

    def _follow_up(self, row: dict[str, Any], obtained: int) -> int:
        if obtained == self.moments.last or self.rng.random() >= _FOLLOWED:
            return obtained
        followed = self.moments.day(obtained)
        row["last_follow_up_at"] = self.moments.at(followed)
        row["last_follow_up_text"] = FOLLOW_UPS[int(len(FOLLOW_UPS) * self.rng.random())]
        return followed


def lock(place: Place, today: date, rng: Random) -> dict[str, Any]:
    """Whether the record is locked, why, and for half of those until when (CUS-2)."""
    random, is_locked = rng.random, place.is_locked
    end = today + timedelta(days=10 + int(80 * random()))
    return {
        "is_locked": is_locked,
        "locked_until": end if is_locked and random() < 0.5 else None,
        "lock_reason": LOCK_REASONS[int(3 * random())] if is_locked else None,
    }


def seats(place: Place, today: date, rng: Random) -> tuple[Seat, ...]:
    """The team of a record: two in five may write, every other seat ends within a year."""
    return tuple(_seat(user, today, rng) for user in place.seat_holders)


def _seat(user: str, today: date, rng: Random) -> Seat:
    until = today + timedelta(days=30 + int(300 * rng.random()))
    level = "write" if rng.random() < 0.4 else "read"
    return Seat(user=user, level=level, until=until if rng.random() < 0.5 else None)
