"""Reminders of tasks: before they are due, to everybody who takes part (TASK, NOTE).

What is done or cancelled by then reminds nobody.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import select

from app.extensions import db
from app.operations.telling import AT_ONCE, at_the_record
from app.rules import ahead
from app.rules.ahead import Due
from app.rules.tasks import OPEN
from app.spec import clock, notices, routines
from app.spec.catalogue import catalogue
from app.spec.notices import Data, Notice
from app.spec.routines import Report, Routine
from app.spec.words import Label
from app.store.context import system_scope

KEY = "task"


def run() -> Report:
    """Tell everybody whose reminder is due and who has not been told."""
    return {"messages": ahead.tell(REMINDER, catalogue.get(KEY), _due(clock.now()))}


def _due(now: datetime) -> Iterator[Due]:
    """The open tasks of which people are to be reminded at that moment, found by one index."""
    model = catalogue.get(KEY).model
    due_at, minutes = model.due_at, model.reminder_minutes
    soon = ahead.soon(due_at, minutes, now - ahead.LATE, now)
    asked = select(model.id, model.owner_id, model.title, due_at, minutes)
    asked = asked.where(model.deleted_at.is_(None), model.status == OPEN, soon)
    with system_scope("what is due is looked for among everybody's tasks"):
        rows = db.session.execute(asked).all()
    for row in rows:
        if ahead.is_time(row.due_at, row.reminder_minutes, now):
            about = {"title": row.title, "due": clock.iso(row.due_at)}
            yield Due(row.id, row.owner_id, row.due_at, about)


def _says(data: Data) -> str:
    due = clock.shown(datetime.fromisoformat(data["due"]))
    return str(_("Reminder: %(title)s, due at %(time)s", title=data["title"], time=due))


REMINDER = notices.declare(
    Notice(
        "task_reminder",
        Label("Reminders of tasks", "任务提醒"),
        _says,
        at_the_record,
        AT_ONCE,
    )
)
ROUTINE = routines.declare(
    Routine(
        key="task_reminders",
        label=Label("Remind people of tasks", "发送任务提醒"),
        at="* * * * *",
        does=run,
        counted={"messages": Label("messages", "消息数")},
        catch_up=timedelta(days=1),
        kept=timedelta(days=2),
    )
)
