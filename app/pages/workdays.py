"""What the working calendar comes to: the next weeks by day, the next months by number (SET-1)."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from babel.dates import format_skeleton
from flask_babel import gettext as _

from app.spec import company, workdays
from app.spec.words import language
from app.spec.workdays import DAY, Calendar
from app.store.periods import period

WEEKS, MONTHS = 5, 12


def outlook() -> dict[str, Any]:
    """The calendar that holds now, from the company's today on."""
    calendar, today = workdays.calendar(), company.today()
    first, _after = period("this_week", today)
    days = [_day(calendar, first + n * DAY, today) for n in range(7 * WEEKS)]
    days[0]["text"] = _written(first, "Md")
    return {
        "next": _written(calendar.after(today), "MMMEd"),
        "head": [str(one.label) for one in workdays.WEEK.options],
        "weeks": [days[n : n + 7] for n in range(0, len(days), 7)],
        "months": list(_months(calendar, today)),
    }


def _day(calendar: Calendar, day: date, today: date) -> dict[str, Any]:
    works, name = calendar.works(day), calendar.made_up.get(day, calendar.holidays.get(day))
    state = _("Worked") if works else _("Day off")
    return {
        "iso": day.isoformat(),
        "text": str(day.day) if day.day > 1 else _written(day, "Md"),
        "state": state,
        "name": name or state if name is not None else "",
        "works": works,
        "is_today": day == today,
    }


def _months(calendar: Calendar, today: date) -> Iterator[dict[str, Any]]:
    first, after = period("this_month", today)
    for _n in range(MONTHS):
        yield {"label": _written(first, "yMMM"), "days": calendar.between(first, after)}
        first, after = period("next_month", first)


def _written(day: date, parts: str) -> str:
    """These parts of a date in the order of the reader's language."""
    return str(format_skeleton(parts, day, locale=language.get()))
