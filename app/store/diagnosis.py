"""Facts about the database for whoever looks after it: settings, counts, clocks, numbering.

Nothing is written and no record is looked at; ``flask crm doctor`` judges what is found here.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, select, table, text

from app.spec.catalogue import catalogue
from app.store import search_index
from app.store.engine import LAST_NUMBER, PRAGMAS, is_postgres
from app.store.history import History

OLDEST_POSTGRES = 15
TIME_OUTS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
_SYNCHRONOUS = {"0": "OFF", "1": "NORMAL", "2": "FULL", "3": "EXTRA"}


@dataclass(frozen=True)
class Setting:
    """A setting of the database as it is, and as we need it."""

    name: str
    found: str
    wanted: str
    is_right: bool


@dataclass(frozen=True)
class Numbers:
    """Two numbers that have to agree, and of what they are."""

    name: str
    first: int
    second: int


def server(connection: Connection) -> tuple[str, str]:
    """The kind of database and its version."""
    if is_postgres():
        return "PostgreSQL", str(connection.scalar(text("SHOW server_version")))
    return "SQLite", str(connection.scalar(select(func.sqlite_version())))


def settings(connection: Connection) -> list[Setting]:
    """What R10 asks of a connection, as this one has it."""
    if is_postgres():
        return _postgres_settings(connection)
    wanted = dict(pragma.split("=") for pragma in PRAGMAS)
    found = {
        name: str(connection.exec_driver_sql(f"PRAGMA {name}").scalar())
        for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    }
    found["synchronous"] = _SYNCHRONOUS.get(found["synchronous"], found["synchronous"])
    found["foreign_keys"] = "ON" if found["foreign_keys"] == "1" else "OFF"
    return [
        Setting(name, value, wanted[name], value.casefold() == wanted[name].casefold())
        for name, value in found.items()
    ]


def _postgres_settings(connection: Connection) -> list[Setting]:
    number = int(connection.scalar(text("SHOW server_version_num")) or 0) // 10_000
    encoding = str(connection.scalar(text("SHOW server_encoding")))
    limits = {name: str(connection.scalar(text(f"SHOW {name}"))) for name in TIME_OUTS}
    return [
        Setting("version", str(number), f"{OLDEST_POSTGRES} or newer", number >= OLDEST_POSTGRES),
        Setting("encoding", encoding, "UTF8", encoding == "UTF8"),
        *(Setting(name, value, "a limit", value != "0") for name, value in limits.items()),
    ]


def is_superuser(connection: Connection) -> bool:
    """Whether we are connected as a superuser of the server: more than the program needs."""
    if not is_postgres():
        return False
    mine = text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    return bool(connection.scalar(mine))


def skew(connection: Connection) -> float:
    """Seconds that the database's clock is ahead of this machine's."""
    if is_postgres():
        theirs = connection.scalar(select(func.clock_timestamp()))
    else:
        seconds = connection.scalar(text("SELECT (julianday('now') - 2440587.5) * 86400.0"))
        theirs = datetime.fromtimestamp(float(seconds or 0), UTC)
    return (theirs - datetime.now(UTC)).total_seconds() if theirs else 0.0


def indexed(connection: Connection) -> list[Numbers]:
    """Per searched entity: its records, and the records in its search index."""
    found = []
    for entity in filter(search_index.is_searched, catalogue):
        records = select(func.count()).select_from(entity.model.__table__)
        side = select(func.count()).select_from(table(search_index.side_table(entity)))
        found.append(
            Numbers(entity.plural, connection.scalar(records) or 0, connection.scalar(side) or 0)
        )
    return found


def numbered(connection: Connection) -> list[Numbers]:
    """Per table: the highest id in it, and the last number that was given."""
    found = []
    models: list[Any] = [*(entity.model for entity in catalogue), History]
    for rows in dict.fromkeys(model.__table__ for model in models):
        highest = connection.scalar(select(func.coalesce(func.max(rows.c.id), 0))) or 0
        found.append(Numbers(rows.name, highest, _last_number(connection, rows.name)))
    return found


def _last_number(connection: Connection, name: str) -> int:
    if is_postgres():
        last = text("SELECT pg_sequence_last_value(pg_get_serial_sequence(:name, 'id'))")
    else:
        last = LAST_NUMBER
    return connection.scalar(last, {"name": name}) or 0
