"""When a record that nobody looks after goes back into a pool by itself (POOL-5, POOL-6).

A clock says since when something hasn't happened and which records it doesn't run for; how many
days it takes is a setting of each pool. Which day a record goes is decided here alone: pages,
lists, warnings, forecast and the run ask the same functions, in Python of a row that is read and
in SQL (``app/store/recycling.py``) of those that aren't.

A day is one of the company's zone. A record whose clock began on a day D goes with the first run
on a day after D + N: with N = 30 and a last follow-up on the 1st of June, in the night to the 2nd
of July.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from app.spec import clock, company
from app.spec.errors import DeclarationError
from app.spec.words import Label

RUN_AT = time(2)
"""When the run begins, by the company's clock (POOL-10)."""
LEVEL = "level"
"""The field that may give each of its choices days of its own."""
OTHERS = "*"
"""In the place of a level: every other one, and records without any."""
LIST = "recycled_"
"""How the keys of the to-do lists of what is about to go begin; then comes the plural."""
SOON = "@soon"
"""In a condition: within the days in which a pool warns of it."""
FILLED = object()
"""Any value but none."""
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Exemption:
    """Records that a clock doesn't run for: those with this value in that column."""

    column: str
    value: Any = FILLED
    chosen: str = ""
    """The setting of a pool that switches it on; "" for always."""

    def holds(self, record: Any) -> bool:
        """Whether a record that is read is exempt."""
        found = getattr(record, self.column)
        return found is not None if self.value is FILLED else bool(found == self.value)


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Something that is to happen within so many days, or the record goes back into its pool."""

    key: str
    says: Callable[[int], Label]
    """Why a record goes, given the days: written into its history."""
    since: tuple[str, ...]
    """The columns with the moments since which it runs: the latest counts."""
    days: str
    """The setting of a pool with its days; empty there: it doesn't run."""
    unless: tuple[Exemption, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """What it needs of a record: an entity without these doesn't know this clock."""
        return (*self.since, *(one.column for one in self.unless if not one.chosen))


CLOCKS: dict[str, Clock] = {}
"""Every clock by its key, in the order in which they are asked."""
KEPT: dict[str, tuple[Exemption, ...]] = {}
"""By entity the records that never go by themselves."""


def declare(one: Clock) -> Clock:
    """Let pools recycle by this clock; a key is taken once."""
    if one.key in CLOCKS:
        raise DeclarationError(one.key, "key", "another clock has this name")
    if not one.since:
        raise DeclarationError(one.key, "since", "say since when it runs")
    CLOCKS[one.key] = one
    return one


def keep(entity: str, *exemptions: Exemption) -> None:
    """Never recycle these records of that entity."""
    KEPT[entity] = exemptions


def clocks_of(model: Any) -> list[Clock]:
    """The clocks that records of that kind have all columns for."""
    return [one for one in CLOCKS.values() if all(hasattr(model, name) for name in one.columns)]


@dataclass(frozen=True, kw_only=True)
class PoolRules:
    """What one pool recycles: its settings as they are stored, or as somebody has edited them."""

    pool: int
    kind: str
    """The plural of the entity that it holds."""
    position: int = 0
    members: frozenset[int] | None = None
    """The people whose records it takes; None: everybody's."""
    days: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """By setting of days: the days by level, or for the ``OTHERS``; nothing where it is empty."""
    chosen: frozenset[str] = frozenset()
    """The settings of exemptions that are on."""
    owner_days: int = 0
    superior_days: int = 0

    @property
    def recycles(self) -> bool:
        return any(self.days.values())

    def exempts(self, one: Clock, model: Any) -> tuple[Exemption, ...]:
        """The exemptions of a clock that hold in this pool, for that kind of records."""
        wanted = (e for e in one.unless if not e.chosen or e.chosen in self.chosen)
        return tuple(e for e in wanted if hasattr(model, e.column))

    def concerns(self, owner: int | None) -> bool:
        """Whether the pool takes records of that owner at all."""
        return owner is not None and (self.members is None or owner in self.members)


live: ContextVar[Sequence[PoolRules]] = ContextVar("recycling", default=())
"""The rules of all enabled pools that recycle, in their order: of the rights' version at hand."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """When and why a record goes, and where."""

    day: date
    rules: PoolRules
    clock: Clock
    days: int

    @property
    def reason(self) -> Label:
        return self.clock.says(self.days)


def rules_for(kind: str) -> list[PoolRules]:
    """The rules for a kind of records, those first that take a record first."""
    return [rules for rules in live.get() if rules.kind == kind]


def leaving(entity: Any, record: Any, rules: Sequence[PoolRules] | None = None) -> Leaving | None:
    """When a record that is read goes into which pool; None for never, as things stand.

    Of several pools the one that takes it earliest; on one day the first by order.
    """
    if getattr(record, "pool_id", None) or is_kept(entity, record):
        return None
    first = free_on(record)
    if first is None:
        return None
    found: Leaving | None = None
    for some in rules_for(entity.plural) if rules is None else rules:
        if some.concerns(record.owner_id):
            for one in leavings(entity, record, some, first):
                found = one if found is None or one.day < found.day else found
    return found


def is_kept(entity: Any, record: Any) -> bool:
    """Whether it is one of those that never go by themselves."""
    return any(one.holds(record) for one in KEPT.get(entity.key, ()))


def leavings(entity: Any, record: Any, rules: PoolRules, first: date) -> Iterator[Leaving]:
    """When each clock of a pool lets a record go, but not before that day."""
    for one in clocks_of(entity.model):
        days = days_for(rules.days.get(one.days), getattr(record, LEVEL, None))
        if days and not any(e.holds(record) for e in rules.exempts(one, entity.model)):
            due = day_of(began(record, one)) + (days + 1) * DAY
            yield Leaving(max(due, first), rules, one, days)


def days_for(days: Mapping[str, int] | None, level: str | None) -> int | None:
    """The days that hold for a level; None where the clock doesn't run for it."""
    return days.get(level or OTHERS, days.get(OTHERS)) if days else None


def began(record: Any, one: Clock) -> datetime:
    """Since when a clock runs for a record."""
    moments = [moment for name in one.since if (moment := getattr(record, name)) is not None]
    found: datetime = max(moments) if moments else record.created_at
    return found


def free_on(record: Any) -> date | None:
    """The day of the next run that may take a record: after its lock; None while that is for good.

    POOL-5: a locked one is never taken, for as long as the lock holds (CUS-2).
    """
    if not getattr(record, "is_locked", False):
        return next_run()
    if record.locked_until is None:
        return None
    day = day_of(record.locked_until)
    ends = day if record.locked_until <= run_on(day) else day + DAY
    return max(ends, next_run())


def days_left(entity: Any, record: Any) -> int | None:
    """In how many days a record goes; None for never, as things stand."""
    found = leaving(entity, record)
    return (found.day - company.today()).days if found else None


def reads() -> frozenset[str]:
    """The columns of a record from which its days are found."""
    kept = (one.column for some in KEPT.values() for one in some)
    clocks = (
        name for one in CLOCKS.values() for name in (*one.since, *(e.column for e in one.unless))
    )
    return frozenset({LEVEL, "created_at", "is_locked", "locked_until", *kept, *clocks})


def day_of(moment: datetime) -> date:
    """The company's day of a moment."""
    return moment.astimezone(clock.zone_of(company.time_zone())).date()


def midnight(day: date) -> datetime:
    """The first moment of a day of the company's."""
    return _at(day, time())


def run_on(day: date) -> datetime:
    """When the run of that day begins."""
    return _at(day, RUN_AT)


def next_run(now: datetime | None = None) -> date:
    """The day of the next run."""
    now = now or clock.now()
    today = day_of(now)
    return today if now < run_on(today) else today + DAY


def _at(day: date, hour: time) -> datetime:
    local = datetime.combine(day, hour, tzinfo=clock.zone_of(company.time_zone()))
    return local.astimezone(UTC)
