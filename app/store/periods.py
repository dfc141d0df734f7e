"""Named periods of the calendar (LIST-2, REP-5): half-open, Monday first, in the reader's zone."""

import re
from datetime import date, timedelta

from flask_babel import lazy_gettext as _l

from app.spec.errors import BadRequest

N_DAYS = re.compile(r"(last|next|over)_(\d{1,4})_days(?:_ago)?")
LONG_AGO = date(1900, 1, 1)
_UNITS = ("day", "week", "month", "quarter", "year")


def period(name: str, today: date) -> tuple[date, date]:
    """First day of the period and first day after it; 400 for a name that is none.

    ``last_7_days`` are the seven days up to and including today, ``next_7_days`` start today;
    ``over_7_days_ago`` is everything before these seven days.
    """
    near = {"today": 0, "yesterday": -1, "tomorrow": 1}
    if name in near:
        start = today + timedelta(days=near[name])
        return start, start + timedelta(days=1)
    several = N_DAYS.fullmatch(name)
    if several and name.endswith("_ago") == (several[1] == "over"):
        span = timedelta(days=int(several[2]))
        after = today + timedelta(days=1)
        days = {"last": (after - span, after), "next": (today, today + span)}
        return days.get(several[1], (LONG_AGO, after - span))
    when, _, unit = name.partition("_")
    if when not in ("last", "this", "next") or unit not in _UNITS[1:]:
        raise BadRequest(_l("There is no period called %(name)s.", name=name))
    steps = {"last": -1, "this": 0, "next": 1}[when]
    return _starting(unit, today, steps), _starting(unit, today, steps + 1)


def is_open(name: str) -> bool:
    """Whether the period has no beginning: a time in it is long ago."""
    return name.startswith("over_")


def _starting(unit: str, today: date, steps: int) -> date:
    """The first day of the unit that lies so many steps from the one of today."""
    if unit == "week":
        return today - timedelta(days=today.weekday()) + timedelta(weeks=steps)
    months = {"month": 1, "quarter": 3, "year": 12}[unit]
    index = today.year * 12 + today.month - 1
    index = (index // months + steps) * months
    return date(index // 12, index % 12 + 1, 1)


def before(name: str, start: date, after: date) -> tuple[date, date]:
    """The period of equal kind just before the given one: last month before this month (REP-5)."""
    unit = name.partition("_")[2]
    if unit in _UNITS[1:]:
        return _starting(unit, start, -1), start
    return start - (after - start), start


def year_before(name: str, day: date) -> date:
    """The day that stands for this one a year earlier; weeks keep their Mondays."""
    if name.endswith("_week"):
        return day - timedelta(weeks=52)
    if (day.month, day.day) == (2, 29):
        return date(day.year - 1, 2, 28)
    return day.replace(year=day.year - 1)


def last_year(name: str, start: date, after: date) -> tuple[date, date]:
    """The same period of the year before; of 29 February the last day of that month."""
    last = after - timedelta(days=1)
    return year_before(name, start), year_before(name, last) + timedelta(days=1)


def edges(start: date, after: date) -> tuple[str, tuple[date, ...]]:
    """The period cut into days, weeks, months or years, not too many; unit and all the edges.

    Weeks, months and years begin with the calendar's, the first and the last may be short.
    """
    days = (after - start).days
    unit = next(unit for unit, most in _CUTS if days <= most)
    if unit == "day":
        return unit, tuple(start + timedelta(days=n) for n in range(days + 1))
    found, edge = [start], _starting(unit, start, 1)
    while edge < after:
        found.append(edge)
        edge = _starting(unit, edge, 1)
    return unit, (*found, after)


_CUTS = (("day", 35), ("week", 100), ("month", 1_200), ("year", 1_000_000))
