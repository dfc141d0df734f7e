"""A book of who has what, kept by hand beside the product: what a stranger would expect of it.

Imports nothing of the product. Customers, leads, their contacts and follow-ups are plain
dictionaries; who reaches what is asked of ``tests.oracle``. Each operation says row by row what
becomes of it, in the words of contract section 5, and writes it into the book: bulk operations in
``tests.support.ledger_bulk``, undo, hand-over and the night's recycling in ``ledger_undo``.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle import Company, Grant, Oracle, Pool, Row, Seat, User

Values = dict[str, Any]
Key = tuple[str, int]
"""Kind and id of a record."""
Verdicts = dict[int, str]
"""By row "done", or the code of why it stays."""

POOLED = ("customer", "lead")
HOLDING, LOCKED = "holding", "locked"
DONE, CHANGED = "done", "changed"
HOME = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)


class RefusedError(Exception):
    """The request as a whole is answered with this status, and nothing happens."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


@dataclass
class Cap:
    """At most so many each, for everybody; what is won counts only if it says so (POOL-9)."""

    most: int
    counts_done: bool = False


@dataclass
class Settings:
    """What a pool lets people claim, and what it takes back."""

    limit: int | None = None
    period: str = "day"
    ban: int = 0
    protection: int = 0
    quiet: int | None = None
    unwon: int | None = None
    spares_won: bool = True


@dataclass
class Run:
    """One run: whose, of what, and each record it wrote as it was before and after."""

    number: int
    doer: str
    operation: str
    kind: str
    at: datetime
    done: list[int] = field(default_factory=list)
    wrote: dict[Key, tuple[Values, Values]] = field(default_factory=dict)
    person: str = ""
    """Of a hand-over: whose things they were."""
    pool: str = ""
    """Of a recycling: who took them."""
    is_undone: bool = False


@dataclass
class Book:
    """The book; ``now`` is the clock of the hour."""

    now: datetime
    departments: Mapping[str, str | None]
    users: Mapping[str, User]
    pools: Mapping[str, Pool]
    grants: Sequence[Grant]
    rows: dict[Key, Values]
    settings: dict[str, Settings]
    """By pool, in the order in which they take."""
    caps: dict[tuple[str, str], Cap] = field(default_factory=dict)
    claims: dict[tuple[str, str], tuple[str, date, int]] = field(default_factory=dict)
    """By pool and person: the period of his latest claims, its first day, how many they are."""
    left: dict[Key, tuple[str, datetime]] = field(default_factory=dict)
    """Which pool a record left last, and when."""
    inactive: set[str] = field(default_factory=set)
    runs: dict[int, Run] = field(default_factory=dict)
    touched: dict[Key, int | None] = field(default_factory=dict)
    """Which run wrote a record last, as the (checked) history says."""

    # --- who reaches what

    def oracle(self) -> Oracle:
        """The second opinion on rights, about things as they are at this moment."""
        rows = {
            kind: tuple(self._row(i, one) for (of, i), one in self.rows.items() if of == kind)
            for kind in (*POOLED, "contact")
        }
        company = Company(self.now, self.departments, self.users, self.pools, rows)
        return Oracle(company, self.grants)

    @staticmethod
    def _row(number: int, one: Values) -> Row:
        seats = tuple(Seat(who, level, until) for who, (level, until) in one["seats"].items())
        return Row(number, one["owner"], one.get("pool"), one["is_deleted"], seats)

    def reach(self, who: str, kind: str, operation: str) -> set[int]:
        """The rows that he may do this to when he names them.

        Beside what the oracle says of lists: who runs a pool deletes what lies there (POOL-1), and
        a super admin does anything.
        """
        oracle = self.oracle()
        found = oracle.visible(who, kind, operation)
        if operation in ("restore", "claim", "move_pool") or not oracle.may(who, kind, operation):
            return found
        mine = {
            name
            for name, pool in self.pools.items()
            if self.is_super(who)
            or (operation == "delete" and pool.is_enabled and who in pool.admins)
        }
        return found | {i for name in mine for of, i in self.lying(name) if of == kind}

    def readable(self, who: str, kind: str) -> set[int]:
        """What he may list or read, in the lists of his pools, too."""
        oracle = self.oracle()
        places = (None, *(pool.name for pool in self.pools.values() if pool.entity == kind))
        found = (oracle.visible(who, kind, o, p) for o in ("read", "list") for p in places)
        return set().union(*found)

    def is_member(self, who: str, pool: str) -> bool:
        return self.oracle()._is_member(who, self.pools[pool])

    def is_super(self, who: str) -> bool:
        return "super_admin" in self.users[who].roles

    # --- who has how many

    def is_locked(self, one: Values) -> bool:
        """A lock holds until its end (CUS-2)."""
        until = one["locked_until"]
        return bool(one["is_locked"]) and (until is None or until > self.now)

    def mine(self, kind: str, who: str) -> list[Values]:
        """The living records of somebody."""
        return [
            one
            for (of, _i), one in self.rows.items()
            if of == kind and one["owner"] == who and not one["is_deleted"]
        ]

    def lying(self, pool: str) -> list[Key]:
        """What lies in a pool."""
        return [k for k, o in self.rows.items() if o.get("pool") == pool and not o["is_deleted"]]

    def used(self, kind: str, counted: str, who: str) -> int:
        """How many of them his cap counts."""
        found = self.mine(kind, who)
        if counted == LOCKED:
            found = [one for one in found if self.is_locked(one)]
        return sum(self._counts(self.caps.get((kind, counted)), one) for one in found)

    @staticmethod
    def _counts(cap: Cap | None, one: Values) -> bool:
        return cap is None or cap.counts_done or one.get("deal_status") != "won"

    def lacks_room(self, kind: str, before: Values | None, after: Values | None) -> bool:
        """Whether somebody would get, or lock, one more than he may; None: it isn't there."""
        if kind not in POOLED:
            return False
        for counted in (HOLDING, LOCKED):
            cap, who = self.caps.get((kind, counted)), self.gainer(counted, before, after)
            is_asked = cap and who and after is not None and self._counts(cap, after)
            if is_asked and cap and who and self.used(kind, counted, who) >= cap.most:
                return True
        return False

    def gainer(self, counted: str, before: Values | None, after: Values | None) -> str | None:
        """Who gets a record, or locks one that he has: not who is handed a locked one (0044)."""
        if after is None or not after["owner"]:
            return None
        is_his = before is not None and before["owner"] == after["owner"]
        if counted == HOLDING:
            return None if is_his else str(after["owner"])
        is_new = is_his and before is not None and not self.is_locked(before)
        return str(after["owner"]) if is_new and self.is_locked(after) else None

    def has_room(self, kind: str, who: str, one: Values) -> bool:
        return not self.lacks_room(kind, one, {**one, "owner": who, "pool": None})

    # --- what hangs together

    @staticmethod
    def there(one: Values) -> Values | None:
        return None if one["is_deleted"] else one

    def got(self, who: str | None, way: str) -> Values:
        """What goes with another owner (XFER-4)."""
        changed = {"obtained_at": self.now, "obtained_way": way, "is_followed_up": False}
        return {"owner": who, "pool": None, "pooled_at": None, **changed}

    def into(self, pool: str, one: Values) -> Values:
        """What goes with a pool (POOL-8)."""
        since = {"pooled_at": self.now, "previous_owner": one["owner"]}
        return {"owner": None, "pool": pool, **since, "is_followed_up": False}

    def follow(self, customers: Iterable[Key]) -> None:
        """Contacts follow their customer into and out of the pool, whoever has them (POOL-8)."""
        for key in customers:
            for contact in self.below(key, "contact"):
                if not self.rows[contact]["is_deleted"]:
                    self.give(contact, self.rows[key]["owner"])

    def give(self, key: Key, who: str | None) -> None:
        self.rows[key]["owner"] = who
        if who:
            self.rows[key]["seats"].pop(who, None)

    def below(self, key: Key, *kinds: str) -> list[Key]:
        """What belongs to a record, and what belongs to that."""
        direct = [k for k, one in self.rows.items() if one.get("of") == key]
        found = [k for one in direct for k in (one, *self.below(one))]
        return [k for k in found if k[0] in (kinds or (*POOLED, "contact", "follow_up"))]

    def go_along(self, key: Key, batch: Any, run: int) -> None:
        """Into the bin with what lives; out of it with what went there together (CUS-3)."""
        is_deleted = self.rows[key]["is_deleted"]
        for below in self.below(key):
            one = self.rows[below]
            if is_deleted and not one["is_deleted"]:
                one.update(is_deleted=True, batch=run)
            elif not is_deleted and one["is_deleted"] and one["batch"] == batch:
                one["is_deleted"] = False
        self.tell_anew(key)

    def tell_anew(self, key: Key) -> None:
        """A record tells of its follow-ups that are there, and those of its contacts (ACT-1)."""
        found = [
            self.rows[k]["at"]
            for k in self.below(key, "follow_up")
            if not self.rows[k]["is_deleted"]
        ]
        last = max(found, default=None)
        since = self.rows[key]["obtained_at"]
        self.rows[key].update(last_follow_up_at=last, is_followed_up=bool(last and last >= since))

    def close(self, run: Run, before: Mapping[Key, Values]) -> None:
        """Keep what the run wrote, for its undo."""
        run.wrote = {
            key: (before[key], deepcopy(one))
            for key, one in self.rows.items()
            if key in before and before[key] != one
        }
        for key, (was, new) in run.wrote.items():
            if was.get("pool") and not new.get("pool"):
                self.left[key] = (was["pool"], self.now)
        if run.wrote:
            self.runs[run.number] = run
