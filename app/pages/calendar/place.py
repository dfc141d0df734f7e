"""Where in a calendar somebody is: everything stands in the address (LIST-3)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_date, format_skeleton
from flask_babel import lazy_gettext as _l

from app.admin import state
from app.admin.navigation import CALENDAR
from app.spec import clock
from app.spec.errors import BadRequest
from app.spec.kinds import in_living_memory
from app.spec.words import Label, language
from app.store import calendar
from app.store.calendar import MY_PEOPLE
from app.store.calendar_days import DAY, Span
from app.store.context import actor
from app.store.periods import period

VIEWS = {
    "month": Label("Month", "月"),
    "week": Label("Week", "周"),
    "day": Label("Day", "日"),
    "list": Label("List", "列表"),
}
PEOPLE = "people"
"""The word for all of one's people in an address."""
KEYS = frozenset({"view", "date", "person"})


@dataclass(frozen=True)
class Place:
    """A view of a calendar: which days, and whose."""

    view: str
    day: date
    person: int
    is_chosen: bool = True
    """The address says which view; else the window's width may decide."""

    @property
    def span(self) -> Span:
        """The days that the view shows, whole weeks from Monday (LIST-2)."""
        if self.view == "day":
            return Span(self.day, self.day + DAY)
        first, after = period("this_week", self.day)
        if self.view == "month":
            first, after = period("this_month", self.day)
            first -= first.weekday() * DAY
            after += -after.weekday() % 7 * DAY
        return Span(first, after)

    @property
    def title(self) -> str:
        """The month, week or day in words."""
        tongue = language.get()
        if self.view == "month":
            return str(format_skeleton("yMMMM", self.day, locale=tongue))
        if self.view == "day":
            return str(format_date(self.day, "full", locale=tongue))
        span = self.span
        return f"{_written(span.first)} – {_written(span.after - DAY)}"

    def step(self, by: int) -> "Place":
        """The same view so many months, weeks or days on."""
        if self.view == "day":
            return replace(self, day=self.day + by * DAY)
        if self.view != "month":
            return replace(self, day=self.day + timedelta(weeks=by))
        index = self.day.year * 12 + self.day.month - 1 + by
        return replace(self, day=date(index // 12, index % 12 + 1, 1))

    def url(self, **changes: Any) -> str:
        """The address of this place, or of one that differs from it."""
        where = replace(self, **changes)
        said = {"view": where.view, "date": where.day.isoformat()}
        if where.person != actor().user_id:
            said["person"] = str(where.person or PEOPLE)
        return f"{CALENDAR}?{urlencode(said)}"

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The same as a form carries it."""
        person = str(self.person or PEOPLE)
        return [("view", self.view), ("date", self.day.isoformat()), ("person", person)]


def _written(day: date) -> str:
    return str(format_date(day, "long", locale=language.get()))


def read(args: Mapping[str, str]) -> Place:
    """The place that an address or a form names; BadRequest and NotFound for none."""
    view = args.get("view", "month")
    if view not in VIEWS:
        raise BadRequest
    day = a_day(args["date"]) if args.get("date") else clock.today()
    return Place(view, day, whose(args), is_chosen="view" in args)


def whose(args: Mapping[str, str]) -> int:
    """Whose calendar: the reader's own unless something else is said; NotFound for a stranger's."""
    said = args.get("person", "")
    person = MY_PEOPLE if said == PEOPLE else state.whole(said or None, 0) or actor().user_id
    return calendar.whose(person)


def a_time(said: str) -> datetime:
    """A time on the reader's clock, as ``2026-11-23T09:00``; BadRequest for none."""
    a_day(said[:10])
    try:
        return datetime.strptime(said, "%Y-%m-%dT%H:%M")  # noqa: DTZ007 - the reader's own clock
    except ValueError:
        raise BadRequest(_l("This is no time: %(said)s", said=said[:30])) from None


def a_day(said: str) -> date:
    """A day as ``2026-11-23``; BadRequest for anything else, and for days nobody plans."""
    try:
        if len(said) != len("2026-11-23"):
            raise ValueError
        return in_living_memory(date.fromisoformat(said))
    except ValueError:
        raise BadRequest(_l("There is no such day.")) from None
