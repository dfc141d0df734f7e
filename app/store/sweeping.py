"""Forgetting what nobody will ask for again: old keys of requests, ended logins, old counters.

Until the nightly clock exists, ``flask crm upgrade`` sweeps, and so does a process on its first
writing request and then once an hour (docs/decisions/0009).
"""

import logging
import time
from datetime import timedelta
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from app.spec import columns
from app.spec.settings import Chapter, Setting, declare, value
from app.spec.words import Label
from app.store import idempotency, imports, settings
from app.store.accounts import sweep_logins
from app.store.attempts import sweep_attempts

EVERY = 3600.0
"""Seconds between two sweeps of one process."""
NEXT = "next_sweep"
LOGIN_DAYS: Setting[int] = declare(
    "login_days",
    columns.integer(
        "Ended sessions are kept for (days)",
        "已结束的登录会话保留（天）",
        default=30,
        minimum=7,
        maximum=3650,
        help=Label("The audit log keeps every login for good.", "审计日志会永久保留每次登录。"),
    ),
    Chapter.RETENTION,
)
IMPORT_DAYS: Setting[int] = declare(
    "import_days",
    columns.integer(
        "Imported files are kept for (days)",
        "导入的文件保留（天）",
        default=30,
        minimum=1,
        maximum=3650,
        help=Label(
            "After that failed rows can no longer be fetched; the import can still be undone.",
            "到期后不能再下载失败行；撤销不受影响。",
        ),
    ),
    Chapter.RETENTION,
)

log = logging.getLogger("crm.sweep")


def sweep() -> None:
    """Short deletions, each in its own transaction; call with no transaction under way."""
    settings.obey_now()
    idempotency.sweep()
    sweep_logins(timedelta(days=value(LOGIN_DAYS)))
    sweep_attempts()
    imports.sweep(timedelta(days=value(IMPORT_DAYS)))


def sweep_when_due(memory: dict[str, Any]) -> None:
    """Sweep when this process has not for an hour; ``memory`` is the application's, for the time.

    A busy or unreachable database is only noted: whoever asked for something else is not troubled.
    """
    now = time.monotonic()
    if now < memory.get(NEXT, 0.0):
        return
    memory[NEXT] = now + EVERY
    try:
        sweep()
    except SQLAlchemyError as error:
        log.warning("not swept: %s", type(error).__name__)
