"""What admins hear of routines that keep failing (C99)."""

from datetime import datetime

from flask_babel import gettext as _

from app.extensions import db
from app.spec.notices import Channel, Data, Notice, declare
from app.spec.roles import SUPER_ADMIN, SYSTEM_ADMIN
from app.spec.routines import ROUTINES
from app.spec.words import Label
from app.store import access, outbox
from app.store.context import system_scope

ALARMING = 3
"""So many failures of one due time in a row are worth a message."""


def _says(data: Data) -> str:
    routine = ROUTINES.get(data["routine"])
    name = routine.label if routine else data["routine"]
    return str(_("The scheduled task “%(name)s” has failed three times.", name=name))


FAILED = declare(
    Notice(
        key="routine_failed",
        label=Label("A scheduled task keeps failing", "定时任务多次失败"),
        says=_says,
        leads_to=lambda _data: "/clock/",
        channels=frozenset({Channel.IN_APP, Channel.MAIL}),
    )
)


def raise_alarm(routine: str, due_at: datetime, attempts: int) -> None:
    """Tell everybody who looks after the installation, once per due time; commits."""
    if attempts < ALARMING:
        return
    admins, batch = access.holders_of(SUPER_ADMIN, SYSTEM_ADMIN), f"{routine}:{due_at:%Y%m%d%H%M%S}"
    note = {"routine": routine, "due_at": due_at.isoformat()}
    with system_scope("who looks after the installation hears of what fails"):
        outbox.tell_once(FAILED, batch, [(admin, note) for admin in admins])
        db.session.commit()
