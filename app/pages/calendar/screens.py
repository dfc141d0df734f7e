"""What the calendar's pages show."""

from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_datetime, format_skeleton
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf

from app.admin.lists.rows import rows
from app.pages.calendar import telling
from app.pages.calendar.place import PEOPLE, VIEWS, Place
from app.spec import clock, workdays
from app.spec.catalogue import catalogue
from app.spec.entity import MY_PEOPLES
from app.spec.errors import NotFound
from app.spec.words import language
from app.spec.workdays import Calendar
from app.store import calendar, loading, preferences, titles
from app.store.calendar import MY_PEOPLE
from app.store.calendar_days import Entry, Found, More, Span
from app.store.context import actor, operating
from app.store.policy import Policy

OFF = "calendar.off"
"""Where everybody's switched-off kinds are kept."""
ROOM = 420
"""Entries of a kind that a view has room for, shared among its days."""
LEAST, MOST, PLAIN = 10, 100, 3
"""Of a kind and day: so many at least and at most, and so many in the plain list of a month."""


def switched_off() -> list[str]:
    """The kinds that the reader doesn't want to see."""
    kept = preferences.get(OFF).get(OFF)
    return [key for key in kept if isinstance(key, str)] if isinstance(kept, list) else []


def found(span: Span, person: int, *, each: int = 0) -> Found:
    """The entries of the kinds that the reader has switched on."""
    off = switched_off()
    shown = {kind.key for _entity, kind in calendar.kinds() if kind.key not in off}
    room = each or min(max(LEAST, ROOM // len(span.days)), MOST)
    return calendar.entries(span, person, shown, each=room)


def page(where: Place) -> dict[str, Any]:
    """The page with its switches, and its entries as a plain list."""
    off, span = switched_off(), where.span
    several = where.person == MY_PEOPLE and where.view == "month"
    told = found(span, where.person, each=PLAIN if several else 0)
    people = telling.names(told, where.person)
    days = telling.by_day(told, span.days)
    working = workdays.calendar()
    return {
        "title": _("Calendar"),
        "period": where.title,
        "where": where,
        "now": telling.wall(clock.now()),
        "today_url": where.url(day=clock.today()),
        "before_url": where.step(-1).url(),
        "after_url": where.step(1).url(),
        "views": [
            {"key": key, "label": str(label), "url": where.url(view=key),
             "active": key == where.view}
            for key, label in VIEWS.items()
        ],
        "people": _people(where),
        "hidden": [("csrf_token", generate_csrf()), *where.pairs],
        "kinds": [
            {"key": kind.key, "label": str(kind.label), "meaning": str(kind.meaning),
             "colour": kind.colour, "icon": entity.icon, "checked": kind.key not in off}
            for entity, kind in calendar.kinds()
        ],
        "creates": creates(where),
        "working": _working(working),
        "days": [
            _day(day, working) | {
                "entries": [_line(one, day, where, people) for one in entries],
                "rest": [_rest(more, where) for more in rest],
            }
            for day, (entries, rest) in days.items()
            if entries or rest or where.view != "month" or day == clock.today()
        ],
    }  # fmt: skip


def _people(where: Place) -> list[dict[str, Any]]:
    """Whose calendar can be looked at; nothing without subordinates."""
    me = actor()
    if not me.rights.people:
        return []
    known = titles.by_ids(catalogue.get("user"), me.rights.people)
    named = sorted(known.items(), key=lambda one: one[1])
    choices = [(str(me.user_id), _("My calendar")), (PEOPLE, str(MY_PEOPLES.label))]
    choices += [(str(number), name) for number, name in named]
    chosen = str(where.person or PEOPLE)
    return [{"value": v, "label": label, "chosen": v == chosen} for v, label in choices]


def creates(where: Place, at: datetime | None = None) -> list[dict[str, str]]:
    """What can be made for one's own calendar: forms, filled with the time of an empty place."""
    if where.person != actor().user_id:
        return []
    found = []
    for entity, kind in calendar.kinds():
        if kind.creates and actor().rights.may(entity.key, "create"):
            given = {kind.starts: f"{at:%Y-%m-%d %H:%M}"} if at else {}
            url = f"/{entity.plural}/add{'?' if given else ''}{urlencode(given)}"
            label = _("New: %(what)s", what=entity.one)
            found.append({"url": url, "label": label, "icon": entity.icon})
    return found


def new(where: Place, at: datetime) -> dict[str, Any]:
    """The choice of what to make for an empty place."""
    when = format_datetime(at, "medium", locale=language.get())
    return {"title": when, "choices": creates(where, at), "back_url": where.url()}


def _working(working: Calendar) -> dict[str, Any]:
    """The working calendar, as the script shades its days."""
    return {
        "week": sorted(working.week),
        "holidays": {day.isoformat(): name for day, name in working.holidays.items()},
        "made_up": {day.isoformat(): name for day, name in working.made_up.items()},
    }


def _day(day: date, working: Calendar) -> dict[str, Any]:
    return {
        "iso": day.isoformat(),
        "label": format_skeleton("MMMEd", day, locale=language.get()),
        "is_today": day == clock.today(),
        "is_off": not working.works(day),
        "name": working.made_up.get(day, working.holidays.get(day, "")),
    }


def _line(one: Entry, day: date, where: Place, people: Any) -> dict[str, Any]:
    begins = isinstance(one.starts, datetime) and not one.all_day and one.day == day
    return {
        "title": one.title,
        "time": telling.wall(one.starts)[11:16] if begins else "",
        "url": telling.page_of(one, where),
        "kind": str(one.kind.label),
        "icon": one.entity.icon,
        "colour": one.kind.colour,
        "urgency": "over" if one.is_over else one.urgency,
        "said": telling.urgency(one),
        "person": people.get(one.person_id, ""),
    }


def _rest(more: More, where: Place) -> dict[str, str]:
    return {"label": telling.rest(more), "url": telling.rest_url(more, where.person)}


def entry(one: Entry, where: Place) -> dict[str, Any]:
    """The facts of one entry, and the form that moves it, for whoever may."""
    policy = Policy(actor(), one.entity, "list", in_list=True)
    fields = [
        f for f in policy.readable.values()
        if f.fact or f.key in (one.kind.starts, one.kind.ends, one.kind.person)
    ]  # fmt: skip
    with operating("list", one.entity.key):
        records = loading.rows_of(policy, [one.id], fields)
    if not records:
        raise NotFound
    [line] = rows(policy, records, fields)
    may_move = (one.kind.key, one.id) in calendar.movable([one])
    return {
        "title": one.title,
        "kind": str(one.kind.label),
        "icon": one.entity.icon,
        "colour": one.kind.colour,
        "urgency": "over" if one.is_over else one.urgency,
        "said": telling.urgency(one),
        "facts": [
            (str(f.label), cell) for f, cell in zip(fields, line["cells"], strict=True) if cell
        ],
        "url": line["url"],
        "back_url": where.url(),
        "action": telling.page_of(one, where),
        "times": _times(one) if may_move else [],
        "note": _("It repeats: open the record and change all of its times there.")
        if one.is_series and one.kind.moves
        else "",
        "hidden": [("csrf_token", generate_csrf()), ("version", str(one.version))],
    }


def _times(one: Entry) -> list[dict[str, str]]:
    """The inputs of the form that moves an entry: when it begins and, if it has one, its end."""
    fields, kind = one.entity.fields, one.kind
    some = [("starts", kind.starts, one.starts), ("ends", kind.ends, one.ends)]
    return [
        {
            "name": name,
            "label": str(fields[key].label),
            "kind": fields[key].kind,
            "value": telling.wall(value)[:16].replace("T", " ") if value else "",
        }
        for name, key, value in some
        if key
    ]
