"""What a calendar shows: entries on their days, and how many there is no room for (TASK, C24)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l

from app.spec import clock
from app.spec.calendar import CalendarKind
from app.spec.entity import Entity
from app.spec.errors import BadRequest

DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)
MOST_DAYS = 400
"""A longer time is no question for a calendar."""


@dataclass(frozen=True)
class Span:
    """From the first day up to the one ``after`` it, in the reader's time zone."""

    first: date
    after: date

    def __post_init__(self) -> None:
        if not 0 < (self.after - self.first).days <= MOST_DAYS:
            raise BadRequest(_l("A calendar shows 1 to %(n)s days.", n=MOST_DAYS))

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(self.first + n * DAY for n in range((self.after - self.first).days))


@dataclass(frozen=True)
class Entry:
    """One record in the calendar, as far as its reader may know it."""

    entity: Entity
    kind: CalendarKind
    id: int
    title: str
    starts: datetime | date
    """A moment, or a day for what has no time."""
    ends: datetime | date | None
    all_day: bool
    is_over: bool
    """Nothing is left to do."""
    person_id: int
    owner_id: int | None
    version: int
    is_series: bool = False
    """One of several times at which it takes place."""

    @property
    def day(self) -> date:
        """The reader's day on which it begins."""
        return _day(self.starts)

    @property
    def last_day(self) -> date:
        """The reader's day on which it is over; what ends at midnight doesn't last into the day
        that begins then."""
        if self.ends is None or self.ends <= self.starts:
            return self.day
        if isinstance(self.ends, datetime) and not self.all_day:
            return _day(self.ends - MOMENT)
        return _day(self.ends)

    @property
    def urgency(self) -> str:
        """``late`` for what was to be done before today, ``today``, or nothing (TODO)."""
        if not self.kind.is_due or self.is_over:
            return ""
        today = clock.today()
        return "late" if self.day < today else "today" if self.day == today else ""


@dataclass(frozen=True)
class More:
    """So many entries of a kind that a day doesn't show."""

    entity: Entity
    kind: CalendarKind
    day: date
    number: int
    is_least: bool = False
    """There are more still: they weren't counted."""


@dataclass(frozen=True)
class Found:
    """What a calendar shows: entries in the order of time, and what it leaves out of each day."""

    entries: Sequence[Entry] = ()
    more: Sequence[More] = ()


@dataclass
class Days:
    """The entries of each kind and day, those that the database has counted and those that it
    couldn't count."""

    span: Span
    told: dict[tuple[str, date], list[Entry]] = field(default_factory=dict)
    besides: dict[tuple[str, date], dict[int, int]] = field(default_factory=dict)
    """How many of how many weren't read, for want of room."""
    uncounted: set[tuple[str, date]] = field(default_factory=set)
    kinds: dict[str, tuple[Entity, CalendarKind]] = field(default_factory=dict)

    def add(self, entries: Iterable[Entry]) -> None:
        """Take in the entries of a record; what began before stands on the first day."""
        for one in entries:
            self.kinds[one.kind.key] = (one.entity, one.kind)
            place = one.kind.key, max(one.day, self.span.first)
            self.told.setdefault(place, []).append(one)

    def leave_out(self, kind: CalendarKind, day: date, number: int, of: int) -> None:
        """So many more, of so many counted together, stand on that day and weren't read."""
        self.besides.setdefault((kind.key, day), {})[of] = number

    def count_no_further(self, kind: CalendarKind, day: date) -> None:
        """There are more on that day than anybody has counted."""
        self.uncounted.add((kind.key, day))

    def found(self, each: int) -> Found:
        """The first so many of each kind and day, and the numbers of the others."""
        shown: list[Entry] = []
        more = []
        for key, day in sorted({**self.told, **self.besides}):
            some = sorted(self.told.get((key, day), ()), key=_order)
            shown += some[:each]
            unread = sum(self.besides.get((key, day), {}).values())
            number = unread + max(len(some) - each, 0)
            if number:
                is_least = (key, day) in self.uncounted
                more.append(More(*self.kinds[key], day, number, is_least))
        return Found(sorted(shown, key=_order), more)


def _order(entry: Entry) -> tuple[Any, ...]:
    """By day; on each what lasts all day first, then by time."""
    moment = entry.starts if isinstance(entry.starts, datetime) else None
    timed = (not entry.all_day, moment.timestamp() if moment and not entry.all_day else 0)
    return (entry.day, *timed, entry.kind.key, entry.id)


def _day(when: datetime | date) -> date:
    return clock.local(when).date() if isinstance(when, datetime) else when
