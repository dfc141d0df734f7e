"""When a task was done, and that whoever gets one hears of it (TASK, NOTE)."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.operations.rules import Rules
from app.operations.telling import AT_ONCE, at_the_record
from app.spec import clock
from app.spec.entity import Entity
from app.spec.errors import Invalid
from app.spec.notices import Data, Notice, declare
from app.spec.plurals import ngettext
from app.spec.words import Label, either

OPEN, DONE = "open", "done"
JOINED = "task_joined"
"""As what participants are told."""

_REMINDS = ("due_at", "reminder_minutes")


class TaskRules(Rules):
    looks_at = ("status", *_REMINDS)

    def before_create(self, entity: Entity, values: dict[str, Any]) -> None:
        _check_reminder(values)
        _note_when(values)

    def before_change(
        self, entity: Entity, record_id: int, before: Mapping[str, Any], values: dict[str, Any]
    ) -> None:
        if values.keys() & {*_REMINDS}:
            _check_reminder({**before, **values})
        if values.get("status", before.get("status")) != before.get("status"):
            _note_when(values)

    def workload(self, entity: Entity) -> Sequence[Any]:
        """What is done or cancelled is nobody's load any more."""
        return (entity.model.status == OPEN,)


def _check_reminder(task: Mapping[str, Any]) -> None:
    """Invalid for a reminder that would never come."""
    if task.get("reminder_minutes") is not None and task.get("due_at") is None:
        raise Invalid(fields={"due_at": [_l("The reminder needs to know when it is due.")]})


def _note_when(values: dict[str, Any]) -> None:
    """The moment at which it was done goes with its being done."""
    values["done_at"] = clock.now() if values.get("status") == DONE else None


def _assigned(data: Data) -> str:
    who, count = either(*data["by_name"]), data["count"]
    if count == 1 and data.get("title"):
        text = _("%(who)s gave you a task: %(title)s", who=who, title=data["title"])
    else:
        text = ngettext(
            "%(who)s gave you %(num)d task.", "%(who)s gave you %(num)d tasks.", count, who=who
        )
    return f"{text} {data.get('message') or ''}".strip()


declare(
    Notice(
        "task_assigned",
        Label("Tasks given to you", "分配给您的任务"),
        _assigned,
        at_the_record,
        AT_ONCE,
    )
)


def _joined(data: Data) -> str:
    who = either(*data["by_name"])
    return str(_("%(who)s lets you take part in a task: %(title)s", who=who, title=data["title"]))


declare(
    Notice(
        JOINED,
        Label("Tasks you take part in", "邀请您参与的任务"),
        _joined,
        at_the_record,
        AT_ONCE,
    )
)
