"""How connections behave (R10): SQLite's settings and its write transactions.

SQLite lets one writer in at a time. A transaction that may write says so at its start with
``BEGIN IMMEDIATE``, so two of them queue instead of losing updates or dying half-way; requests that
only read (GET) start a plain one and wait for nobody.
"""

from contextvars import ContextVar
from sqlite3 import Connection as SQLiteConnection
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine

may_write: ContextVar[bool] = ContextVar("may_write", default=True)
"""False while a request is answered that can't write."""

PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "busy_timeout=5000",
    "foreign_keys=ON",
    "recursive_triggers=ON",
    "temp_store=MEMORY",
    "cache_size=-32000",
    "journal_size_limit=67108864",
    "trusted_schema=OFF",
)


@event.listens_for(Engine, "connect")
def _on_connect(connection: Any, record: Any) -> None:
    """Apply the settings and take the start of transactions into our own hands."""
    if not isinstance(connection, SQLiteConnection):
        return
    connection.isolation_level = None
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def _on_begin(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if may_write.get() else "BEGIN")
