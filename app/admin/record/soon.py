"""When somebody may be contacted next, to choose by one tap: working days only (ACT-1)."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from flask_babel import format_date
from flask_babel import gettext as _

from app.spec import clock, workdays

MORNING = time(9)


def choices() -> list[dict[str, str]]:
    """Mornings on the reader's clock, each day once: what it is called, which day, the input's
    value."""
    found: dict[date, str] = {}
    for label, day in _days(clock.today()):
        found.setdefault(day, label)
    return [
        {
            "label": label,
            "day": format_date(day, "full"),
            "value": datetime.combine(day, MORNING).strftime("%Y-%m-%dT%H:%M"),
        }
        for day, label in found.items()
    ]


def _days(today: date) -> Iterator[tuple[str, date]]:
    """The next working day, and the working days on or after three days, Monday and a month."""
    calendar, one = workdays.calendar(), timedelta(days=1)
    first = calendar.after(today)
    yield _("Tomorrow") if first == today + one else _("Next working day"), first
    yield _("In 3 days"), calendar.after(today + 2 * one)
    yield _("Next week"), calendar.after(today + (6 - today.weekday()) * one)
    yield _("In a month"), calendar.after(_in_a_month(today) - one)


def _in_a_month(day: date) -> date:
    """The same day of the next month; its last one where it has no such day."""
    first_of_next = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    last = (first_of_next + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return first_of_next.replace(day=min(day.day, last.day))
