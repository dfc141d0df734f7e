"""What other calendars read: events with their repeats, and what is due, as iCalendar (EVT).

What repeats stands on the clock of its own time zone, which the file describes; what doesn't stands
in UTC. Nothing is told that its reader may not read by now.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import or_, select

from app.extensions import db
from app.spec import clock, recurrence, recurring
from app.spec.catalogue import catalogue
from app.store import calendar, links, spans
from app.store.calendar_days import Entry, Span
from app.store.context import actor, operating
from app.store.policy import Policy

KEY = "event"
BEFORE, AHEAD = timedelta(days=60), timedelta(days=330)
"""How much of a calendar is read elsewhere: as far as anybody plans."""
MOST = 2_000
REFRESH = "PT1H"
DAY = timedelta(days=1)
FIELDS = ("ends_at", "is_all_day", "repeat", "timezone", "place", "description")
ALARM = "reminder_minutes"


def one(record: Any, policy: Policy, site: str) -> bytes:
    """A file with that event, as far as the policy lets its reader know it."""
    return _file([_event(record, policy, site)])


def of_reader(site: str) -> bytes:
    """The events of whoever reads, and what is due in his calendar besides, in a bounded time."""
    today = clock.today()
    span = Span(today - BEFORE, today + AHEAD)
    policy = Policy(actor(), catalogue.get(KEY), "list")
    found = [_event(record, policy, site) for record in _events(span, policy)]
    keys = [kind.key for entity, kind in calendar.kinds() if entity.key != KEY]
    other = calendar.entries(span, actor().user_id, keys, each=MOST).entries
    return _file([*found, *(_entry(e, site) for e in other if not e.is_over)])


def _events(span: Span, policy: Policy) -> Iterator[Any]:
    """His own and those that he takes part in, if he may list events and knows when they are."""
    entity, me = policy.entity, actor()
    known = {"starts_at", "lasts_until", "owner", "participants"} <= policy.plain.keys()
    if not me.rights.may(KEY, "list") or not known:
        return
    model = entity.model
    mine, theirs = links.ends(entity, entity.fields["participants"])  # type: ignore[arg-type]
    taking_part = select(mine).where(theirs == me.user_id)
    own = or_(model.owner_id == me.user_id, model.id.in_(taking_part))
    first, after = (
        clock.from_reader(datetime.combine(d, time())) for d in (span.first, span.after)
    )
    with operating("list", KEY):
        for condition in spans.conditions(model.starts_at, model.lasts_until, first, after):
            chosen = select(model).where(own, model.deleted_at.is_(None), condition)
            yield from db.session.scalars(chosen.order_by(model.starts_at.desc()).limit(MOST))


def _file(components: Iterable[Any]) -> bytes:
    from icalendar import Calendar

    made = Calendar()
    made.add("prodid", "-//Haina CRM//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    made.add("x-published-ttl", REFRESH)
    for component in components:
        made.add_component(component)
    made.add_missing_timezones()
    content: bytes = made.to_ical()
    return content


def _event(record: Any, policy: Policy, site: str) -> Any:
    """One event. What repeats is told by its first time and its rule."""
    from icalendar import Alarm

    told = {key: getattr(record, key) for key in (*FIELDS, ALARM) if key in policy.plain}
    what = recurring.of(
        record.starts_at,
        told.get("ends_at"),
        is_all_day=bool(told.get("is_all_day")),
        repeat=told.get("repeat"),
        zone=told.get("timezone"),
    )
    made = _component(f"{KEY}-{record.id}", record.title, site, f"/events/show/{record.id}")
    made.add("dtstamp", record.updated_at or record.starts_at)
    made.add("sequence", record.version - 1)
    for name, at in zip(("dtstart", "dtend"), _times(what), strict=True):
        made.add(name, at)
    if what.rule:
        made.add("rrule", _rule(what))
    for name, key in (("location", "place"), ("description", "description")):
        if told.get(key):
            made.add(name, told[key])
    if told.get(ALARM) is not None and not what.is_all_day:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", record.title)
        alarm.add("trigger", -timedelta(minutes=told[ALARM]))
        made.add_component(alarm)
    return made


def _component(name: str, title: str, site: str, path: str) -> Any:
    from icalendar import Event

    made = Event()
    made.add("uid", f"{name}@{site.partition('//')[2].partition('/')[0]}")
    made.add("summary", title)
    made.add("url", f"{site}{path}")
    return made


def _times(what: recurring.Happening) -> Sequence[datetime | date]:
    if what.is_all_day:
        first = what.first_day
        return (first, first + what.length + DAY)
    zone = what.clock if what.rule else UTC
    return (what.start.astimezone(zone), what.end.astimezone(zone))


def _rule(what: recurring.Happening) -> Any:
    """Its rule; the last day as RFC 5545 wants it beside a time: as a moment in UTC."""
    from icalendar import vRecur

    rule: recurrence.Rule = what.rule  # type: ignore[assignment]
    made = vRecur.from_ical(str(replace(rule, until=None)))
    if rule.until and what.is_all_day:
        made["UNTIL"] = [rule.until]
    elif rule.until:
        last = datetime.combine(rule.until, time(23, 59, 59), what.clock)
        made["UNTIL"] = [last.astimezone(UTC)]
    return made


def _entry(entry: Entry, site: str) -> Any:
    """What is due then: at a moment, or on a day."""
    title = f"{entry.kind.label}: {entry.title}"
    path = f"/{entry.entity.plural}/show/{entry.id}"
    made = _component(f"{entry.kind.key}-{entry.id}", title, site, path)
    start = entry.starts
    moment = start if isinstance(start, datetime) else datetime.combine(start, time(), UTC)
    made.add("dtstamp", moment.astimezone(UTC))
    made.add("sequence", entry.version - 1)
    made.add("dtstart", moment.astimezone(UTC) if isinstance(start, datetime) else start)
    return made
