"""Through what the numbers are looked at (REP-5): whose, over which days, compared with what.

All of it stands in the address, ``?who=&when=&versus=…``, and the last choice is remembered.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from app.admin import state
from app.spec import clock
from app.spec.conditions import Condition, condition
from app.spec.entity import Entity
from app.spec.errors import BadRequest, Invalid
from app.spec.kinds import iso_date
from app.spec.metrics import Metric
from app.store import periods
from app.store.figures import Rows

ME, MINE, MY_DEPARTMENT, MY_DEPARTMENTS = "me", "me_and_my_people", "my_department", "below"
CHOSEN, ALL = "chosen", "all"
WHO: dict[str, Any] = {
    ME: _l("Me"),
    MINE: _l("Me and my people"),
    MY_DEPARTMENT: _l("My department"),
    MY_DEPARTMENTS: _l("My department and below"),
    CHOSEN: _l("Chosen people and departments"),
    ALL: _l("Everybody"),
}
TOKENS = {
    ME: ("@me",),
    MINE: ("@me", "@my_people"),
    MY_DEPARTMENT: ("@my_department",),
    MY_DEPARTMENTS: ("@my_department_below",),
}
CUSTOM = "custom"
WHEN: dict[str, Any] = {
    "today": _l("Today"),
    "yesterday": _l("Yesterday"),
    "this_week": _l("This week"),
    "last_week": _l("Last week"),
    "this_month": _l("This month"),
    "last_month": _l("Last month"),
    "this_quarter": _l("This quarter"),
    "last_quarter": _l("Last quarter"),
    "this_year": _l("This year"),
    "last_year": _l("Last year"),
    "last_7_days": _l("Last 7 days"),
    "last_30_days": _l("Last 30 days"),
    "last_90_days": _l("Last 90 days"),
    CUSTOM: _l("Other dates"),
}
PREVIOUS, LAST_YEAR = "previous", "last_year"
VERSUS: dict[str, Any] = {
    PREVIOUS: _l("the period before"),
    LAST_YEAR: _l("the same period last year"),
}
MOST_CHOSEN = 100
LONGEST = timedelta(days=20 * 366)
KEPT = "dashboard.lens"
"""The preference that keeps the last choice."""
KEYS = frozenset({"who", "when", "versus", "from", "to", "people", "departments"})

Days = tuple[date, date]
"""First day, and the day after the last."""


@dataclass(frozen=True)
class Lens:
    """Whose numbers, when, and compared with when; the defaults are those of REP-5."""

    who: str = MINE
    when: str = "this_month"
    versus: str = PREVIOUS
    first: date | None = None
    last: date | None = None
    people: tuple[int, ...] = ()
    departments: tuple[int, ...] = ()

    @cached_property
    def days(self) -> Days:
        """The period, on the reader's calendar."""
        if self.first and self.last:
            return self.first, self.last + timedelta(days=1)
        return periods.period(self.when, clock.today())

    @cached_property
    def days_before(self) -> Days:
        """The period it is compared with."""
        compared = periods.last_year if self.versus == LAST_YEAR else periods.before
        return compared(self.when, *self.days)

    def pairs(self) -> list[tuple[str, str]]:
        """The arguments of the address; reading them back gives the same lens."""
        own = {
            "who": self.who,
            "when": self.when,
            "versus": self.versus,
            "from": self.first.isoformat() if self.first else "",
            "to": self.last.isoformat() if self.last else "",
        }
        several = [("people", str(one)) for one in self.people]
        several += [("departments", str(one)) for one in self.departments]
        return [(key, value) for key, value in own.items() if value] + several

    def url(self, path: str, **further: str) -> str:
        """That page seen through this lens."""
        return f"{path}?{urlencode([*self.pairs(), *further.items()])}"

    def rows(self, entity: Entity, metric: Metric, days: Days | None = None) -> Rows:
        """The rows behind a metric: its own filter, these people, that period (REP-2)."""
        frame = (*self._whose(metric.person), *within(metric, days or self.days))
        return Rows(entity, metric.conditions, frame)

    def _whose(self, person: str) -> Iterable[Condition]:
        if not person or self.who == ALL:
            return
        chosen = [*self.people, *(f"@department:{one}" for one in self.departments)]
        yield condition(person, "in", list(TOKENS.get(self.who, chosen)))


def within(metric: Metric, days: Days) -> Iterable[Condition]:
    """The period as conditions on the metric's date; none for a number as of now."""
    if metric.date:
        first, after = days
        yield condition(metric.date, "ge", first.isoformat())
        yield condition(metric.date, "lt", after.isoformat())


def read(args: MultiDict[str, str]) -> Lens:
    """The lens of an address; BadRequest for what is none of its values, Invalid for dates."""
    found = Lens(
        who=_one_of(WHO, args.get("who") or Lens.who),
        when=_one_of(WHEN, args.get("when") or Lens.when),
        versus=_one_of(VERSUS, args.get("versus") or Lens.versus),
        people=_ids(args.getlist("people")),
        departments=_ids(args.getlist("departments")),
    )
    if found.who != CHOSEN:
        found = replace(found, people=(), departments=())
    elif not found.people and not found.departments:
        found = replace(found, who=Lens.who)
    return _with_dates(found, args) if found.when == CUSTOM else found


def stored(kept: Any) -> Lens:
    """The lens that was remembered; the default when it is none any more."""
    if not isinstance(kept, list):
        return Lens()
    try:
        return read(MultiDict((str(key), str(value)) for key, value in kept))
    except (BadRequest, Invalid, TypeError, ValueError):
        return Lens()


def _with_dates(lens: Lens, args: Mapping[str, str]) -> Lens:
    """The days as typed, in either order; a missing one is today."""
    typed = (_date(key, args.get(key, "")) for key in ("from", "to"))
    first, last = sorted(typed)
    if last - first > LONGEST:
        raise Invalid(fields={"to": [_l("At most 20 years.")]})
    return replace(lens, first=first, last=last)


def _date(key: str, text: str) -> date:
    if not text.strip():
        return clock.today()
    try:
        found = date.fromisoformat(iso_date(text))
    except ValueError:
        raise Invalid(fields={key: [_l("This must be a date, as 2026-11-21.")]}) from None
    if not 1980 <= found.year <= 2100:
        raise Invalid(fields={key: [_l("This must be a date, as 2026-11-21.")]})
    return found


def _one_of(known: Mapping[str, Any], value: str) -> str:
    if value not in known:
        raise BadRequest(_l("There is no choice %(name)s.", name=value))
    return value


def _ids(texts: Iterable[str]) -> tuple[int, ...]:
    found = tuple(sorted({state.whole(text, 0) for text in texts if text}))
    if len(found) > MOST_CHOSEN:
        raise BadRequest(_l("At most %(n)s can be chosen.", n=MOST_CHOSEN))
    return found
