"""Forgetting what nobody will ask for again: old keys of requests, ended logins, old counters.

By the clock once an hour, and with ``flask crm upgrade`` (docs/decisions/0009).
"""

import logging
from collections.abc import Callable
from datetime import timedelta

from app.spec import columns, routines
from app.spec.routines import Report, Routine
from app.spec.settings import Chapter, Setting, declare, value
from app.spec.words import Label
from app.store import due_runs, exports, idempotency, imports, mails, settings
from app.store.accounts import sweep_logins
from app.store.attempts import sweep_attempts
from app.store.engine import is_postgres
from app.store.separate import writing

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


def sweep() -> Report:
    """Short deletions, each in its own transaction; call with no transaction under way.

    Done twice, the second time finds nothing. Answers how much was forgotten. What one of them
    can't do keeps none of the others; the first fault is raised when all have been tried.
    """
    settings.obey_now()
    found, faults = {}, []
    for key, forget in _sweeps().items():
        try:
            found[key] = forget()
        except Exception as fault:  # raised below: the others don't depend on this one
            log.exception("what is old of %s stays", key)
            faults.append(fault)
    _tidy_file()
    if faults:
        raise faults[0]
    return found


def _sweeps() -> dict[str, Callable[[], int]]:
    return {
        "keys": idempotency.sweep,
        "logins": lambda: sweep_logins(timedelta(days=value(LOGIN_DAYS))),
        "counters": sweep_attempts,
        "imports": lambda: imports.sweep(timedelta(days=value(IMPORT_DAYS))),
        "exports": exports.sweep,
        "runs": due_runs.sweep,
        "mails": mails.sweep,
    }


def _tidy_file() -> None:
    """Let SQLite look after its statistics (R10); PostgreSQL does that by itself."""
    if not is_postgres():
        with writing() as connection:
            connection.exec_driver_sql("PRAGMA optimize")


SWEEP = routines.declare(
    Routine(
        key="sweep",
        label=Label("Forget what is out of date", "清理过期数据"),
        at="17 * * * *",
        does=sweep,
        counted={
            "keys": Label("request keys", "请求编号"),
            "logins": Label("ended sessions", "已结束的登录会话"),
            "counters": Label("login counters", "登录计数"),
            "imports": Label("imported files", "导入的文件"),
            "exports": Label("exported files", "导出的文件"),
            "runs": Label("old runs of scheduled tasks", "定时任务的旧记录"),
            "mails": Label("old e-mails", "旧邮件"),
        },
        catch_up=timedelta(hours=2),
    )
)
