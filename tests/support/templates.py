"""The migrated, filled database that every test's own database is a copy of.

The first process of a run that needs one makes it; the others wait and take it. Everybody of the
company is logged in once while it is made, so that no test pays for a password check.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fasteners
from flask import Flask

from app.store.upgrade import upgrade
from tests.support.catalogues import compile_catalogues
from tests.support.company import company
from tests.support.databases import Server
from tests.support.loader import load
from tests.support.web import cookie_of, log_in

TEMPLATE = "template"

Cookies = dict[str, str]
"""Username to the value of the session cookie."""


def prepare(server: Server, folder: Path, make_app: Callable[[str], Flask]) -> Cookies:
    """The template of that server, made if nobody has; answers everybody's login."""
    made = folder / f"{server.kind}.json"
    with fasteners.InterProcessLock(folder / f"{server.kind}.lock"):
        if not made.exists():
            made.write_text(json.dumps(_make(server, make_app)), encoding="utf-8")
    cookies: Cookies = json.loads(made.read_text(encoding="utf-8"))
    return cookies


def _make(server: Server, make_app: Callable[[str], Flask]) -> Cookies:
    compile_catalogues()
    server.create(TEMPLATE)
    app = make_app(server.url(TEMPLATE))
    with app.app_context():
        upgrade()
        load(company())
    cookies = {name: cookie_of(log_in(app.test_client(), name)) for name in company().users}
    dispose(app)
    server.settle(TEMPLATE)
    return cookies


def dispose(app: Flask) -> None:
    """Close every connection that the application keeps."""
    with app.app_context():
        database: Any = app.extensions["sqlalchemy"]
        database.session.remove()
        for engine in database.engines.values():
            engine.dispose()
