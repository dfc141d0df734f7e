"""Entries of a calendar as its page and its script get them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from flask_babel import gettext as _

from app.admin import state
from app.admin.navigation import CALENDAR
from app.admin.page import here
from app.pages.calendar.place import Place
from app.spec import clock
from app.spec.calendar import CalendarKind
from app.spec.catalogue import catalogue
from app.spec.conditions import Condition, any_of, condition
from app.spec.plurals import ngettext
from app.store import calendar, titles
from app.store.calendar import MY_PEOPLE
from app.store.calendar_days import DAY, Entry, Found, More, Span

URGENCIES = ("late", "today")


def names(found: Found, person: int) -> Mapping[int, str]:
    """Who the people of the entries are, when there may be several."""
    if person != MY_PEOPLE:
        return {}
    return titles.by_ids(catalogue.get("user"), {one.person_id for one in found.entries})


def urgency(entry: Entry) -> str:
    """In words what its colour says (UI-9)."""
    said = {"late": _("overdue"), "today": _("today"), "over": _("finished")}
    return said.get("over" if entry.is_over else entry.urgency, "")


def page_of(entry: Entry, place: Place) -> str:
    """The address of the entry's facts, from which one comes back."""
    path = f"{CALENDAR}entry/{entry.kind.key}/{entry.id}"
    return f"{path}?{urlencode(place.pairs)}"


def rest_url(more: More, person: int) -> str:
    """The list of all entries of that kind on that day: more than a day of a calendar shows."""
    kind = more.kind
    asked = calendar.Ask(more.entity, kind, Span(more.day, more.day + DAY), person)
    conditions = (*kind.conditions, asked.whose, *_on(more.day, kind))
    return state.ListState(f"/{more.entity.plural}/list/", conditions=conditions).url()


def _on(day: date, kind: CalendarKind) -> list[Condition]:
    """That it is on that day; of what may last or repeat, that it can be."""
    said = day.isoformat()
    if not kind.lasts:
        return [condition(kind.starts, "eq", said)]
    going_on = any_of(condition(kind.ends, "ge", said), condition(kind.lasts, "ge", said))
    return [condition(kind.starts, "le", said), going_on]


def rest(more: More) -> str:
    """How much a day leaves out, in words."""
    if more.is_least:
        return _("At least %(num)s more: %(kind)s", num=f"{more.number:,}", kind=more.kind.label)
    return str(
        ngettext(
            "%(num)d more: %(kind)s", "%(num)d more: %(kind)s", more.number, kind=more.kind.label
        )
    )


def for_script(found: Found, place: Place) -> list[dict[str, Any]]:
    """What the script draws: each entry at the reader's local time, without a zone."""
    people, movable = names(found, place.person), calendar.movable(found.entries)
    told = [_entry(one, place, people, movable) for one in found.entries]
    return told + [_rest(one, place.person) for one in found.more]


def _entry(
    one: Entry, place: Place, people: Mapping[int, str], movable: set[tuple[str, int]]
) -> dict[str, Any]:
    return {
        "id": f"{one.kind.key}:{one.id}:{one.day}",
        "kind": one.kind.key,
        "number": one.id,
        "version": one.version,
        "title": one.title,
        "person": people.get(one.person_id, ""),
        "start": wall(one.starts, all_day=one.all_day),
        "end": _end(one),
        "allDay": one.all_day,
        "over": one.is_over,
        "urgency": "" if one.is_over else one.urgency,
        "said": urgency(one),
        "series": one.is_series,
        "movable": (one.kind.key, one.id) in movable,
        "url": here(page_of(one, place)),
    }


def _rest(more: More, person: int) -> dict[str, Any]:
    """What a day leaves out, as a line of its own that leads to the list of all."""
    return {
        "id": f"rest:{more.kind.key}:{more.day}",
        "kind": more.kind.key,
        "title": rest(more),
        "start": more.day.isoformat(),
        "allDay": True,
        "rest": True,
        "url": here(rest_url(more, person)),
    }


def wall(when: datetime | date, *, all_day: bool = False) -> str:
    """A time as the reader's clock shows it."""
    if not isinstance(when, datetime):
        return when.isoformat()
    here_ = clock.local(when)
    return here_.date().isoformat() if all_day else here_.replace(tzinfo=None).isoformat()


def _end(one: Entry) -> str | None:
    """When it is over; of whole days the day after the last one, as the script counts."""
    if one.ends is None:
        return None
    return (one.last_day + DAY).isoformat() if one.all_day else wall(one.ends)


def by_day(found: Found, days: Sequence[date]) -> dict[date, tuple[list[Entry], list[More]]]:
    """What stands on each of these days; what lasts for several stands on each of its own."""
    told: dict[date, tuple[list[Entry], list[More]]] = {day: ([], []) for day in days}
    for one in found.entries:
        day = max(one.day, days[0])
        while day <= min(one.last_day, days[-1]):
            told[day][0].append(one)
            day += DAY
    for more in found.more:
        told[more.day][1].append(more)
    return told
