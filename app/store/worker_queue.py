"""The queue that workers of their own listen to: Procrastinate's tables in our database.

A job is put there by the queue's own function on the connection of the transaction under way, so
one that is rolled back was never queued (architecture §6). On SQLite there is no such queue.
"""

from importlib import metadata, resources
from typing import Any

import psycopg
from sqlalchemy import text

from app.extensions import db
from app.store.engine import is_postgres
from app.store.installation import Installation

PACKAGE = "procrastinate"
PREFIX = "procrastinate_"
"""How its tables, types and functions are called."""
NAME, TASK = "crm", "crm.job"


def version() -> str:
    return metadata.version(PACKAGE)


def create() -> None:
    """Make the queue's tables, or bring those of an older version up to this one.

    In the transaction under way.
    """
    if not is_postgres():
        return
    have = db.session.get(Installation, PACKAGE)
    if have is None:
        _execute((resources.files(f"{PACKAGE}.sql") / "schema.sql").read_text("utf-8"))
        db.session.add(Installation(key=PACKAGE, value=version()))
    elif have.value != version():
        for script in _newer(have.value):
            _execute(script)
        have.value = version()
    db.session.flush()


def _newer(than: str) -> list[str]:
    """The package's own migrations since that version, in their order."""
    files = resources.files(f"{PACKAGE}.sql") / "migrations"
    found = {file.name: file for file in files.iterdir() if file.name.endswith(".sql")}
    return [
        found[name].read_text("utf-8")
        for name in sorted(found)
        if _parts(name.split("_", 1)[0]) > _parts(than)
    ]


def _parts(number: str) -> tuple[int, ...]:
    return tuple(int(part) for part in number.split("."))


def _execute(script: str) -> None:
    """A script of several statements, none of them with parameters."""
    raw: Any = db.session.connection().connection.driver_connection
    assert isinstance(raw, psycopg.Connection)  # noqa: S101 - for the type checker
    raw.execute(script.encode())


def put(number: int) -> None:
    """Queue a job, in the transaction under way."""
    db.session.execute(
        text(
            "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(:queue, :task, 0, NULL, NULL, "
            "jsonb_build_object('number', CAST(:number AS integer)), NULL)"
            "::procrastinate_job_to_defer_v1])"
        ),
        {"queue": NAME, "task": TASK, "number": number},
    )
