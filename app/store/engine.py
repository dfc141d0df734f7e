"""How connections behave (R10): SQLite's settings and its write transactions.

SQLite lets one writer in at a time. A transaction that may write says so at its start with
``BEGIN IMMEDIATE``, so two of them queue instead of losing updates or dying half-way; requests that
only read (GET) start a plain one and wait for nobody.
"""

import sqlite3
from collections.abc import Mapping
from contextvars import ContextVar
from time import monotonic
from typing import Any

from sqlalchemy import JSON, Connection, event, func, text, type_coerce
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Engine

from app.extensions import db

may_write: ContextVar[bool] = ContextVar("may_write", default=True)
"""False while a request is answered that can't write."""

PATIENCE = 20.0
"""Seconds a write transaction waits for its turn on SQLite before it is refused as busy."""

_BUSY_MS = 5000
"""Milliseconds any other statement waits on SQLite."""

_TURN_MS = 100
"""Milliseconds after which a waiting writer counts as newly come; see ``_begin_writing``."""

PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    f"busy_timeout={_BUSY_MS}",
    "foreign_keys=ON",
    "recursive_triggers=ON",
    "temp_store=MEMORY",
    "cache_size=-32000",
    "wal_autocheckpoint=8000",
    "journal_size_limit=67108864",
    "trusted_schema=OFF",
)


LAST_NUMBER = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
"""The last number that SQLite has given in the table of that name; PostgreSQL has sequences."""


def is_postgres() -> bool:
    """Whether this is PostgreSQL; if not, it is SQLite."""
    return db.engine.dialect.name == "postgresql"


def inserting(table: Any) -> Any:
    """An INSERT that can say what becomes of a row that is there already, in this database."""
    return (postgresql if is_postgres() else sqlite).insert(table)


def json_object(values: Mapping[str, Any]) -> Any:
    """These SQL values by name as one JSON value, in this database."""
    pairs = [one for pair in values.items() for one in pair]
    make = func.json_build_object if is_postgres() else func.json_object
    return type_coerce(make(*pairs), JSON)


def is_full(error: Exception) -> bool:
    """Whether the database says that its disk has no room left."""
    text = str(getattr(error, "orig", error)).lower()
    return "disk is full" in text or "no space left" in text


def be_patient(connection: Connection | None = None, *, minutes: int = 10) -> None:
    """Let statements of the transaction under way take longer than those of a request may (R10).

    That of the connection, or of the session; with 0 ``minutes`` as long as they like.
    """
    if is_postgres():
        for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
            (connection or db.session).execute(text(f"SET LOCAL {limit} = '{minutes}min'"))


@event.listens_for(Engine, "connect")
def _on_connect(connection: Any, record: Any) -> None:
    """Apply the settings and take the start of transactions into our own hands."""
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def _on_begin(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    if may_write.get():
        _begin_writing(connection)
    else:
        connection.exec_driver_sql("BEGIN")


def _begin_writing(connection: Connection) -> None:
    """Wait for the one place of a writer, no worse off than whoever came later (C89).

    SQLite asks again after 1, 2, 5 … and in the end only every 100 ms, so that those who have
    waited longest are overtaken by those who just came, some of them until their time is up.
    Waiting in short turns gives each the same chance; nothing has begun, so nothing is repeated.
    """
    raw: Any = connection.connection.dbapi_connection
    until = monotonic() + PATIENCE
    raw.execute(f"PRAGMA busy_timeout={_TURN_MS}")
    try:
        while _is_busy(raw) and monotonic() < until:
            pass
        if not raw.in_transaction:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        raw.execute(f"PRAGMA busy_timeout={_BUSY_MS}")


def _is_busy(raw: sqlite3.Connection) -> bool:
    """Try to begin; whether somebody else was writing all this turn."""
    try:
        raw.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as fault:
        return fault.sqlite_errorname.startswith("SQLITE_BUSY")
    return False
