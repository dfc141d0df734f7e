"""Repeats: on which days something that repeats takes place (EVT).

A rule is what calendars write as RRULE, restricted to what people can say in one sentence: nothing
below a day, few numbers, an end by day or by count. It is about days; the time of day comes from
the first time, kept on the clock of one time zone whatever that zone does with its clocks.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Literal

from dateutil import rrule
from flask_babel import lazy_gettext as _l

from app.spec.kinds import EARLIEST_YEAR, LATEST_YEAR, iso_date

DAILY, WEEKLY, MONTHLY, YEARLY = "DAILY", "WEEKLY", "MONTHLY", "YEARLY"
EVERY: Mapping[str, Literal[0, 1, 2, 3]] = {
    DAILY: rrule.DAILY,
    WEEKLY: rrule.WEEKLY,
    MONTHLY: rrule.MONTHLY,
    YEARLY: rrule.YEARLY,
}
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
LAST = -1
"""The last weekday of its kind in a month, the last day of a month."""
MOST_INTERVAL, MOST_TIMES = 99, 999
LONGEST = 200
"""Characters of a rule."""
_LAST_DAY = date(LATEST_YEAR, 12, 31)
_DAYS = {DAILY: 1, WEEKLY: 7, MONTHLY: 31, YEARLY: 366}
"""At most so many days lie between two of them."""
_BY = {
    DAILY: frozenset[str](),
    WEEKLY: frozenset({"BYDAY"}),
    MONTHLY: frozenset({"BYDAY", "BYMONTHDAY"}),
    YEARLY: frozenset({"BYDAY", "BYMONTHDAY", "BYMONTH"}),
}
_PARTS = ("FREQ", "INTERVAL", "BYMONTH", "BYMONTHDAY", "BYDAY", "UNTIL", "COUNT")
_WEEKDAY = re.compile(r"([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)")
_UNTIL = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T\d{6}Z?)?")


@dataclass(frozen=True)
class Rule:
    """How often, on which days, and until when."""

    every: str
    interval: int = 1
    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    weekdays: tuple[tuple[int, int], ...] = ()
    """Each with its place in the month, 0 for all of them, and its number, Monday being 0."""
    until: date | None = None
    """The last day on which it may take place."""
    count: int | None = None

    @property
    def is_endless(self) -> bool:
        return self.until is None and self.count is None

    def __str__(self) -> str:
        """The rule as it is stored: always in the same order, nothing that goes without saying."""
        parts = {
            "FREQ": self.every,
            "INTERVAL": str(self.interval) if self.interval > 1 else "",
            "BYMONTH": ",".join(map(str, self.months)),
            "BYMONTHDAY": ",".join(map(str, self.month_days)),
            "BYDAY": ",".join(f"{at or ''}{WEEKDAYS[day]}" for at, day in self.weekdays),
            "UNTIL": self.until.strftime("%Y%m%d") if self.until else "",
            "COUNT": str(self.count or ""),
        }
        return ";".join(f"{name}={value}" for name, value in parts.items() if value)


def parse(text: str) -> Rule:
    """The rule that somebody wrote; ValueError with a sentence naming the part that is wrong."""
    parts = _parts(text)
    every = parts.get("FREQ", "")
    if every not in EVERY:
        raise ValueError(_l("FREQ: one of DAILY, WEEKLY, MONTHLY and YEARLY."))
    for name in ("BYDAY", "BYMONTHDAY", "BYMONTH"):
        if name in parts and name not in _BY[every]:
            raise ValueError(_l("%(part)s doesn't go with FREQ=%(every)s.", part=name, every=every))
    if "UNTIL" in parts and "COUNT" in parts:
        raise ValueError(_l("UNTIL and COUNT: give one of them."))
    rule = Rule(
        every,
        _number(parts, "INTERVAL", 1, MOST_INTERVAL) or 1,
        _numbers(parts, "BYMONTH", 1, 12),
        _numbers(parts, "BYMONTHDAY", LAST, 31),
        _weekdays(parts, every),
        _until(parts["UNTIL"]) if "UNTIL" in parts else None,
        _number(parts, "COUNT", 1, MOST_TIMES),
    )
    if rule.weekdays and rule.month_days:
        raise ValueError(_l("BYDAY and BYMONTHDAY: give one of them."))
    if every == YEARLY and (rule.weekdays or rule.month_days) and not rule.months:
        raise ValueError(_l("BYMONTH: say in which month of the year."))
    return rule


@lru_cache(maxsize=4096)
def stored(text: str) -> Rule | None:
    """The rule that is stored; None for none, and for what is none."""
    try:
        return parse(text) if text else None
    except ValueError:
        return None


def _parts(text: str) -> dict[str, str]:
    if len(text) > LONGEST:
        raise ValueError(_l("At most %(n)s characters.", n=LONGEST))
    found: dict[str, str] = {}
    for part in text.strip().upper().removeprefix("RRULE:").rstrip(";").split(";"):
        name, equals, value = part.partition("=")
        if (name, value) == ("WKST", "MO"):  # as every week here begins
            continue
        if not equals or name not in _PARTS:
            raise ValueError(_l("%(part)s: a repeat has no such part.", part=part[:40] or "RRULE"))
        if name in found or not value:
            raise ValueError(_l("%(part)s: give it once, with a value.", part=name))
        found[name] = value
    return found


def _number(parts: Mapping[str, str], name: str, least: int, most: int) -> int | None:
    found = _numbers(parts, name, least, most)
    if len(found) > 1:
        raise ValueError(_l("%(part)s: give it once, with a value.", part=name))
    return found[0] if found else None


def _numbers(parts: Mapping[str, str], name: str, least: int, most: int) -> tuple[int, ...]:
    if name not in parts:
        return ()
    found = set()
    for one in parts[name].split(","):
        number = int(one) if re.fullmatch(r"[+-]?[0-9]{1,4}", one) else 0
        if not least <= number <= most or not number:
            if least < 0:
                raise ValueError(
                    _l("%(part)s: from 1 to %(most)s, or -1 for the last.", part=name, most=most)
                )
            raise ValueError(
                _l("%(part)s: from %(least)s to %(most)s.", part=name, least=least, most=most)
            )
        found.add(number)
    return tuple(sorted(found, key=lambda n: (n < 0, n)))


def _weekdays(parts: Mapping[str, str], every: str) -> tuple[tuple[int, int], ...]:
    found = set()
    for one in parts["BYDAY"].split(",") if "BYDAY" in parts else ():
        match = _WEEKDAY.fullmatch(one)
        place = int(match[1] or 0) if match else 0
        is_right = place == 0 if every == WEEKLY else place in (*range(1, 6), LAST)
        if match is None or not is_right:
            if every == WEEKLY:
                raise ValueError(_l("BYDAY: weekdays, as MO,WE."))
            raise ValueError(_l("BYDAY: weekdays with their place in the month, as 2TU or -1FR."))
        found.add((place, WEEKDAYS.index(match[2])))
    return tuple(sorted(found, key=lambda one: (one[0] < 0, one)))


def _until(text: str) -> date:
    found = _UNTIL.fullmatch(text.replace("-", ""))
    try:
        day = date(int(found[1]), int(found[2]), int(found[3])) if found else None
        day = day or date.fromisoformat(iso_date(text))
    except ValueError:
        day = None
    if day is None or not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        raise ValueError(_l("UNTIL: a date, as 20261231."))
    return day


def days(rule: Rule, begin: date, first: date, last: date) -> Iterator[date]:
    """The days of the rule from ``first`` to ``last`` for what begins on ``begin``, in order.

    Takes as long as there are days in between, however long ago it began.
    """
    end = _last_day(rule, begin)
    last, first = min(last, end or _LAST_DAY), max(first, begin)
    if first <= last:
        yield from (day for day in _walk(rule, begin, first, last) if day >= first)


def last_day(rule: Rule, begin: date) -> date | None:
    """The day on which it takes place for the last time; None when it never ends."""
    end = _last_day(rule, begin)
    if end is None or rule.until is None:
        return end
    for periods in (1, 9):  # a leap day may be eight years away
        back = timedelta(days=_DAYS[rule.every] * rule.interval * periods)
        if found := list(days(rule, begin, _earlier(end, back), end)):
            return found[-1]
    return begin


def _earlier(day: date, by: timedelta) -> date:
    return day - by if day - date.min > by else date.min


@lru_cache(maxsize=4096)
def _last_day(rule: Rule, begin: date) -> date | None:
    """A day after which it doesn't take place; the last of so many is counted once."""
    if rule.count is None:
        return rule.until
    end, left = begin, rule.count
    for day in _walk(rule, begin, begin, _LAST_DAY):
        if day >= begin:
            end, left = day, left - 1
        if not left:
            break
    return end


def _walk(rule: Rule, begin: date, first: date, last: date) -> Iterator[date]:
    """The days of the rule up to ``last``, from not long before ``first``."""
    weekdays = tuple(rrule.weekday(day, at or None) for at, day in rule.weekdays)
    months, month_days = rule.months, rule.month_days
    if rule.every == WEEKLY:
        weekdays = weekdays or (rrule.weekday(begin.weekday()),)
    elif rule.every != DAILY and not weekdays:
        month_days = month_days or (begin.day,)
    if rule.every == YEARLY:
        months = months or (begin.month,)
    found = rrule.rrule(
        EVERY[rule.every],
        dtstart=datetime.combine(_nearer(rule, begin, first), datetime.min.time()),
        until=datetime.combine(last, datetime.min.time()),
        interval=rule.interval,
        wkst=rrule.MO,
        bymonth=months or None,
        bymonthday=month_days or None,
        byweekday=weekdays or None,
    )
    return (moment.date() for moment in found)


def _nearer(rule: Rule, begin: date, first: date) -> date:
    """From where to walk: the beginning of a period of the rule shortly before ``first``."""
    step = rule.interval
    if rule.every == DAILY:
        return begin + timedelta(days=(first - begin).days // step * step)
    if rule.every == WEEKLY:
        monday = begin - timedelta(days=begin.weekday())
        return monday + timedelta(weeks=(first - monday).days // 7 // step * step)
    if rule.every == MONTHLY:
        apart = (first.year - begin.year) * 12 + first.month - begin.month
        year, month = divmod(begin.year * 12 + begin.month - 1 + apart // step * step, 12)
        return date(year, month + 1, 1)
    return date(begin.year + (first.year - begin.year) // step * step, 1, 1)
