"""Reminders of events: so many minutes before each of their times, to everybody in it (EVT, NOTE).

Each time and person once, however often the clock looks and whatever dies meanwhile; an event that
is moved reminds anew. What lasts whole days reminds as if it began at the hour of daily reminders.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import and_, or_, select

from app.extensions import db
from app.jobs.reminding import REMIND_AT
from app.operations.telling import AT_ONCE, at_the_record
from app.spec import clock, notices, recurring, routines
from app.spec.catalogue import catalogue
from app.spec.notices import Data, Notice
from app.spec.routines import Report, Routine
from app.spec.settings import value
from app.spec.words import Label
from app.store import access, door, links, outbox
from app.store.context import acting_as, system_scope
from app.store.organisation import User
from app.store.scope import member_of

KEY = "event"
DAY = timedelta(days=1)
LATE = DAY
"""So late a reminder is still of use, as long as the event isn't over."""
BEGUN = timedelta(hours=1)
"""And so long after the beginning of one that takes no time."""
BANDS = (60, 24 * 60, 7 * 24 * 60)
"""Minutes: what reminds shortly before isn't looked for a week ahead."""


@dataclass(frozen=True)
class Due:
    """A time of an event of which people are to be reminded now."""

    event: Any
    start: datetime

    @property
    def batch(self) -> str:
        return f"{self.event.id}:{clock.iso(self.start)}"


def run() -> Report:
    """Tell everybody whose reminder is due and who has not been told."""
    due = {(one.event.id, one.start): one for one in _due(clock.now())}
    people = _people({one.event.id: one.event.owner_id for one in due.values()})
    asked = [(one, user) for one in due.values() for user in people.get(one.event.id, ())]
    keys = {outbox.dedup_key(REMINDER, one.batch, user): (one, user) for one, user in asked}
    waiting = [keys[key] for key in keys.keys() - outbox.known(keys)]
    told = 0
    for user in sorted({user for _one, user in waiting}):
        told += _tell(user, [one for one, whose in waiting if whose == user])
    return {"messages": told}


def _tell(user_id: int, waiting: Sequence[Due]) -> int:
    """Tell one person of those that he may read by now; answers how many."""
    who, entity = access.load_actor(user_id), catalogue.get(KEY)
    with acting_as(who):
        readable = door.within(entity, sorted({one.event.id for one in waiting}), "read")
    told = 0
    for one in sorted(waiting, key=lambda due: due.start):
        if one.event.id in readable:
            data = {
                "entity": KEY,
                "record": one.event.id,
                "title": one.event.title,
                "starts": clock.iso(one.start),
                "is_all_day": bool(one.event.is_all_day),
                "zone": one.event.timezone,
            }
            told += outbox.tell_once(REMINDER, one.batch, [(user_id, data)])
    return told


def _due(now: datetime) -> Iterator[Due]:
    """The times of which people are to be reminded at that moment."""
    for row in _candidates(now):
        ahead = timedelta(minutes=row.reminder_minutes)
        what = recurring.of(
            row.starts_at,
            row.ends_at,
            is_all_day=row.is_all_day,
            repeat=row.repeat,
            zone=row.timezone,
        )
        with clock.in_zone(row.timezone or clock.DEFAULT_ZONE):
            near = recurring.occurrences(what, now - LATE - DAY, now + ahead + timedelta(minutes=1))
            for one in near:
                begins = _begins(one.start) if row.is_all_day else one.start
                over = max(one.end, begins + BEGUN)
                if now - LATE < begins - ahead <= now < over:
                    yield Due(row, one.start)


def _begins(midnight: datetime) -> datetime:
    """When the reminder of a whole day counts it to begin."""
    day = clock.local(midnight).date()
    return clock.from_reader(datetime.combine(day, time(value(REMIND_AT))))


def _candidates(now: datetime) -> Sequence[Any]:
    """The events that may have such a time, found by two indexes."""
    model = catalogue.get(KEY).model
    starts, lasts, minutes = model.starts_at, model.lasts_until, model.reminder_minutes
    told = (model.id, model.title, model.owner_id, starts, model.ends_at, minutes)
    columns = (*told, model.is_all_day, model.repeat, model.timezone)
    soon = [and_(minutes <= m, starts <= now + timedelta(minutes=m)) for m in BANDS]
    short = (lasts.is_(None), starts > now - LATE - DAY, starts <= now + 7 * DAY, or_(*soon))
    long = (lasts > now - LATE, starts <= now + 7 * DAY)
    found: list[Any] = []
    with system_scope("what is due is looked for among everybody's events"):
        for where in (short, long):
            chosen = select(*columns).where(minutes.is_not(None), model.deleted_at.is_(None))
            found += db.session.execute(chosen.where(*where)).all()
    return found


def _people(owners: dict[int, int]) -> dict[int, set[int]]:
    """Who is in each of these events, as far as he is still here (ORG-1)."""
    entity = catalogue.get(KEY)
    mine, theirs = links.ends(entity, entity.fields["participants"])  # type: ignore[arg-type]
    with system_scope("who takes part in events"):
        pairs = [*owners.items()]
        pairs += [(e, u) for e, u in db.session.execute(_linked(mine, theirs, owners))]
        people = sorted({user for _event, user in pairs if user})
        asked = select(User.id).where(User.is_active, member_of(User.id, people))
        active = set(db.session.scalars(asked))
    found: dict[int, set[int]] = {}
    for event, user in pairs:
        if user in active:
            found.setdefault(event, set()).add(user)
    return found


def _linked(mine: Any, theirs: Any, events: Iterable[int]) -> Any:
    return select(mine, theirs).where(member_of(mine, sorted(events)))


def _says(data: Data) -> str:
    start = datetime.fromisoformat(data["starts"])
    if data.get("is_all_day"):
        day = start.astimezone(clock.zone_of(data.get("zone") or "")).date().isoformat()
        return str(_("Reminder: %(title)s, on %(day)s", title=data["title"], day=day))
    return str(_("Reminder: %(title)s, at %(time)s", title=data["title"], time=clock.shown(start)))


REMINDER = notices.declare(
    Notice(
        "event_reminder",
        Label("Reminders of events", "日程提醒"),
        _says,
        at_the_record,
        AT_ONCE,
    )
)
ROUTINE = routines.declare(
    Routine(
        key="event_reminders",
        label=Label("Remind people of events", "发送日程提醒"),
        at="* * * * *",
        does=run,
        counted={"messages": Label("messages", "消息数")},
        catch_up=DAY,
        kept=timedelta(days=2),
    )
)
