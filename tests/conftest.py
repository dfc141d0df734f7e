"""What every test may ask for: databases, people, pages. ``tests/support`` says how it is made.

A test that takes ``world``, ``app``, ``client`` or ``log_in_as`` runs once per kind of database,
each time on a fresh copy of the small company of ``tests.support.company``. The product is imported
by the fixtures that need it, so that a plain unit test starts at once.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine

from tests.oracle import Oracle
from tests.support.chromium import ARGUMENTS, find_chromium
from tests.support.company import company
from tests.support.databases import FOLDER, RUN, Server, SqliteServer, start_postgres, sweep

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.support.store import StoreServer
    from tests.support.worlds import World

pytest_plugins = ["tests.support.halves"]

# No test asserts on seconds, an example of a property neither: the machine may be busy.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


def pytest_configure(config: pytest.Config) -> None:
    """Name the run and make its folder once, before any worker process starts.

    The folder is not pytest's own: other runs shut that against the user who runs PostgreSQL.
    """
    if not hasattr(config, "workerinput"):
        folder = Path(tempfile.mkdtemp(prefix="haina-test-"))
        folder.chmod(0o755)
        os.environ[RUN] = folder.name.removeprefix("haina-test-")
        os.environ[FOLDER] = str(folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        sweep()
        shutil.rmtree(os.environ[FOLDER], ignore_errors=True)


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """One folder for all processes of this run."""
    return Path(os.environ[FOLDER])


@pytest.fixture(scope="session")
def _servers(shared_folder: Path) -> Iterator[dict[str, Server]]:
    """The servers that this process has asked for so far; they are kept to the end."""
    servers: dict[str, Server] = {"sqlite": SqliteServer(shared_folder)}
    yield servers
    for server in servers.values():
        server.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def server(
    request: pytest.FixtureRequest, _servers: dict[str, Server], shared_folder: Path
) -> Server:
    """A kind of database; PostgreSQL skips, saying why, where none can be had."""
    kind: str = request.param
    if kind not in _servers:
        try:
            _servers[kind] = start_postgres(shared_folder)
        except (ImportError, OSError) as reason:
            pytest.skip(f"no PostgreSQL: set TEST_DATABASE_URL or install the wheel ({reason})")
    return _servers[kind]


@pytest.fixture(scope="session")
def _worlds(_servers: dict[str, Server]) -> "Iterator[dict[str, World]]":
    """The worlds of this process, one per kind of database; closed before their servers."""
    worlds: dict[str, World] = {}
    yield worlds
    for world in worlds.values():
        world.close()


@pytest.fixture
def world(server: Server, _worlds: "dict[str, World]", shared_folder: Path) -> "Iterator[World]":
    """The application with a database of its own: ``.app``, ``.server``, ``.client(username)``."""
    from tests.support.worlds import World  # loads the product

    if server.kind not in _worlds:
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        _worlds[server.kind] = World(server, shared_folder, worker)
    world = _worlds[server.kind]
    world.renew()
    yield world
    with world.app.app_context():
        world.database.session.remove()


@pytest.fixture(scope="session")
def _store() -> "Iterator[StoreServer]":
    """The store of this process; its server starts with the first test that wants one."""
    from tests.support.store import StoreServer  # loads a large library

    server = StoreServer()
    yield server
    server.close()


@pytest.fixture
def store(
    world: "World", _store: "StoreServer", monkeypatch: pytest.MonkeyPatch
) -> "Iterator[StoreServer]":
    """An S3-compatible store, empty, that has the content of the application's files."""
    monkeypatch.setitem(world.app.config, "CRM_S3", _store.place)
    yield _store
    _store.empty()


@pytest.fixture
def app(world: "World") -> Flask:
    return world.app


@pytest.fixture
def engine(world: "World") -> Engine:
    """The connections of the application under test, for looking behind its back."""
    with world.app.app_context():
        engine: Engine = world.database.engine
        return engine


@pytest.fixture
def client(world: "World") -> FlaskClient:
    """A browser in which nobody is logged in."""
    return world.app.test_client()


@pytest.fixture
def log_in_as(world: "World") -> Callable[[str], FlaskClient]:
    """``log_in_as("sales1a")``: that person's browser, already logged in; costs no statement."""
    return world.client


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    """The second opinion on the small company under the reviewed table."""
    return Oracle(company())


@pytest.fixture
def empty_database(server: Server) -> Iterator[str]:
    """The address of a database without any table, for first starts and migrations."""
    name = f"empty_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    server.create(name)
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def live_url(world: "World") -> Iterator[str]:
    """The address of a real server on loopback that serves this test's application."""
    from waitress.server import create_server  # only browser tests serve

    web: Any = create_server(world.app, host="127.0.0.1", port=0, threads=4)

    def serve() -> None:
        with suppress(OSError):  # closing pulls its sockets away while it looks at them
            web.run()

    thread = Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{web.effective_port}"
    web.close()
    thread.join(timeout=5)


PATIENCE = 20_000
"""Milliseconds that a busy machine may take for a page or a change of it."""


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """A headless Chromium; skips, saying why, where none is installed."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium on this machine: .ci/run installs one where it may")
    from playwright.sync_api import expect, sync_playwright  # only browser tests pay for it

    from app.admin import assets

    assets.build()  # a fresh checkout has no style sheets yet
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def page(browser: "Browser", live_url: str) -> "Iterator[Page]":
    """A fresh browser window; relative addresses go to the live server."""
    context = browser.new_context(base_url=live_url, locale="zh-CN", timezone_id="Asia/Shanghai")
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


@pytest.fixture
def page_as(world: "World", page: "Page", live_url: str) -> "Callable[[str], Page]":
    """``page_as("manager")``: the window with that person logged in."""
    from tests.support.web import COOKIE  # next to its one use

    def log_in(username: str) -> "Page":
        page.context.add_cookies(
            [{"name": COOKIE, "value": world.cookies[username], "url": live_url}]
        )
        return page

    return log_in
