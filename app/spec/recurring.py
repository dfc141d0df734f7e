"""When something takes place that may repeat: its occurrences within a span of time (EVT).

It keeps its time of day in the time zone it was entered in, also where clocks are changed. What
lasts whole days is a matter of days: it is on these days wherever its reader is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from app.spec import clock, recurrence
from app.spec.kinds import LATEST_YEAR
from app.spec.recurrence import Rule

ENDLESS = datetime(LATEST_YEAR, 12, 31, 23, 59, 59, tzinfo=UTC)
"""Until when something lasts that repeats for ever."""
SHORT = timedelta(hours=26)
"""What lasts no longer and doesn't repeat is found by its start alone; a day can have 25 hours."""
MOST = 1_000
_LAST_SECOND = time(23, 59, 59)


@dataclass(frozen=True)
class Occurrence:
    """One of its times: from when to when; of whole days midnight and last second, on the reader's
    clock."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Happening:
    """What takes place from ``start`` to ``end``, and by its rule again."""

    start: datetime
    end: datetime
    is_all_day: bool = False
    rule: Rule | None = None
    zone: str = ""
    """Where its times of day are meant; the reader's zone when it says nothing."""

    @property
    def clock(self) -> ZoneInfo:
        return clock.zone_of(self.zone) if self.zone else clock.readers_zone()

    @property
    def first_day(self) -> date:
        return self.start.astimezone(self.clock).date()

    @property
    def length(self) -> timedelta:
        """How long one of its occurrences lasts; of whole days, how many follow on the first."""
        if not self.is_all_day:
            return self.end - self.start
        return self.end.astimezone(self.clock).date() - self.first_day


def of(
    start: datetime,
    end: datetime | None = None,
    *,
    is_all_day: bool = False,
    repeat: str | None = None,
    zone: str | None = None,
) -> Happening:
    """What is stored in the columns of a record; without an end it takes no time."""
    rule = recurrence.stored(repeat or "")
    return Happening(start, max(end or start, start), bool(is_all_day), rule, zone or "")


def occurrences(
    what: Happening, first: datetime, after: datetime, limit: int = MOST
) -> list[Occurrence]:
    """Its occurrences that touch the span from ``first`` to before ``after``, in order.

    At most so many. The work grows with the span, not with how long it has been repeating.
    """
    found = (one for one in _near(what, first, after) if _touches(one, first, after))
    return list(islice(found, limit))


def last_end(what: Happening) -> datetime | None:
    """When the last of its occurrences is over; None when it repeats for ever."""
    if what.rule is None:
        return what.end
    day = recurrence.last_day(what.rule, what.first_day)
    return None if day is None else _on(what, day, what.clock).end


def lasts_until(what: Happening) -> datetime | None:
    """What is stored to find it by (``app/store/spans.py``); None for what its start finds."""
    if what.rule is None and what.end - what.start <= SHORT:
        return None
    return last_end(what) or ENDLESS


def is_on_a_day_of_its_rule(what: Happening) -> bool:
    """Whether it begins on one of the days on which it repeats."""
    day = what.first_day
    return what.rule is None or day in recurrence.days(what.rule, day, day, day)


def _near(what: Happening, first: datetime, after: datetime) -> Iterator[Occurrence]:
    """Its occurrences around the span, with some before and after."""
    on = clock.readers_zone() if what.is_all_day else what.clock
    begin = what.first_day
    if what.rule is None:
        yield _on(what, begin, on)
        return
    margin = what.length + timedelta(days=2)
    low, high = (one.astimezone(UTC).date() for one in (first, after))
    earliest = low - margin if low - date.min > margin else date.min
    for day in recurrence.days(what.rule, begin, earliest, high + timedelta(days=2)):
        yield _on(what, day, on)


def _on(what: Happening, day: date, on: ZoneInfo) -> Occurrence:
    """The occurrence that begins on that day. A time that clocks leave out is an hour later."""
    if what.is_all_day:
        last = datetime.combine(day + what.length, _LAST_SECOND, on)
        return Occurrence(_utc(datetime.combine(day, time(), on)), _utc(last))
    local = what.start.astimezone(what.clock)
    if day == local.date():
        return Occurrence(what.start, what.end)
    start = _utc(datetime.combine(day, local.time(), what.clock))
    return Occurrence(start, start + what.length)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _touches(one: Occurrence, first: datetime, after: datetime) -> bool:
    return one.start < after and (one.end > first or one.start >= first)
