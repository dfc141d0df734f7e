"""Reminders of events: before each of their times, to everybody in it (EVT, NOTE).

What lasts whole days reminds as if it began at the hour of daily reminders.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.extensions import db
from app.jobs.reminding import REMIND_AT
from app.operations.telling import AT_ONCE, at_the_record
from app.rules import ahead
from app.rules.ahead import Due
from app.spec import clock, notices, recurring, routines
from app.spec.catalogue import catalogue
from app.spec.notices import Data, Notice
from app.spec.routines import Report, Routine
from app.spec.settings import value
from app.spec.words import Label
from app.store.context import system_scope

KEY = "event"
DAY = timedelta(days=1)
BEGUN = timedelta(hours=1)
"""So long after its beginning one that takes no time still reminds."""


def run() -> Report:
    """Tell everybody whose reminder is due and who has not been told."""
    return {"messages": ahead.tell(REMINDER, catalogue.get(KEY), _due(clock.now()))}


def _due(now: datetime) -> Iterator[Due]:
    """The times of which people are to be reminded at that moment."""
    for row in _candidates(now):
        before = timedelta(minutes=row.reminder_minutes)
        what = recurring.of(
            row.starts_at,
            row.ends_at,
            is_all_day=row.is_all_day,
            repeat=row.repeat,
            zone=row.timezone,
        )
        with clock.in_zone(row.timezone or clock.DEFAULT_ZONE):
            last = now + before + timedelta(minutes=1)
            for one in recurring.occurrences(what, now - ahead.LATE - DAY, last):
                begins = _begins(one.start) if row.is_all_day else one.start
                is_over = now >= max(one.end, begins + BEGUN)
                if ahead.is_time(begins, row.reminder_minutes, now) and not is_over:
                    yield Due(row.id, row.owner_id, one.start, _about(row, one.start))


def _about(row: Any, start: datetime) -> Data:
    return {
        "title": row.title,
        "starts": clock.iso(start),
        "is_all_day": bool(row.is_all_day),
        "zone": row.timezone,
    }


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
    short = (lasts.is_(None), ahead.soon(starts, minutes, now - ahead.LATE - DAY, now))
    long = (lasts > now - ahead.LATE, starts <= now + ahead.FURTHEST, minutes.is_not(None))
    found: list[Any] = []
    with system_scope("what is due is looked for among everybody's events"):
        for where in (short, long):
            chosen = select(*columns).where(model.deleted_at.is_(None), *where)
            found += db.session.execute(chosen).all()
    return found


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
