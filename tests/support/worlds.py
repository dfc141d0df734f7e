"""One application and one database per worker and kind of database, renewed for every test."""

from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine, event, make_url, text

from app import create_app
from config import settings
from tests.support.databases import Server
from tests.support.templates import TEMPLATE, Cookies, dispose, prepare
from tests.support.web import COOKIE

WRITES = ("INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "WITH")
_numbers = count(1_000_000, 1_000)


def environment(instance: Path | str, url: str) -> dict[str, str]:
    """What the product reads of its surroundings: long logins, no throttle, work by hand.

    The keys are everybody's, the files belong to one database: others count theirs meanwhile.
    """
    database = Path(make_url(url).database or "").name
    return {
        "CRM_INSTANCE": str(instance),
        "CRM_FILES": str(Path(instance, "files", database)),
        "DATABASE_URL": url,
        "CRM_IDLE_MINUTES": str(24 * 60),
        "CRM_JOB_THREADS": "0",
        "CRM_CLOCK": "0",
        "CRM_LOGIN_PER_ACCOUNT": "1000000",
        "CRM_LOGIN_PER_ADDRESS": "1000000",
        "CRM_LOGIN_PER_NETWORK": "1000000",
    }


def make_app(instance: Path, url: str, overrides: Mapping[str, Any] | None = None) -> Flask:
    """The product as its start makes it, with the settings of the tests."""
    return create_app(
        {**settings(environment(instance, url)), "TESTING": True, **(overrides or {})}
    )


class World:
    """A worker's application on its own copy of the template."""

    def __init__(
        self,
        server: Server,
        folder: Path,
        worker: str,
        overrides: Mapping[str, Any] | None = None,
    ) -> None:
        self.server = server
        self.name = worker
        instance = folder / "instance"
        instance.mkdir(exist_ok=True)
        self.cookies: Cookies = prepare(server, folder, lambda url: make_app(instance, url))
        server.copy(TEMPLATE, self.name)
        self.app = make_app(instance, server.url(self.name), overrides)
        self.is_dirty = True
        with self.app.app_context():
            self._watch(self.database.engine)

    @property
    def database(self) -> Any:
        return self.app.extensions["sqlalchemy"]

    def renew(self) -> None:
        """Bring the template's content back, unless nothing was written since."""
        if not self.is_dirty:
            return
        dispose(self.app)
        self.server.renew(TEMPLATE, self.name)
        with self.app.app_context(), self.database.engine.begin() as connection:
            # What processes cache by this number must not survive from test to test.
            connection.execute(
                text("UPDATE rights_version SET number = :number"), {"number": next(_numbers)}
            )
        self.is_dirty = False

    def client(self, username: str) -> FlaskClient:
        """A browser in which that person is already logged in."""
        client = self.app.test_client()
        client.set_cookie(COOKIE, self.cookies[username])
        return client

    def close(self) -> None:
        dispose(self.app)
        self.server.drop(self.name)

    def _watch(self, engine: Engine) -> None:
        """Writes of this process are seen here; tests that write otherwise set ``is_dirty``."""

        @event.listens_for(engine, "before_cursor_execute")
        def note_write(_connection: Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
            if statement.lstrip().upper().startswith(WRITES):
                self.is_dirty = True
