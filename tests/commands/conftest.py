"""A command line per test, on an empty database of each kind."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from tests.support.databases import Server
from tests.support.templates import dispose
from tests.support.worlds import make_app

PASSWORD = "Lanterns on the river 2026"


@pytest.fixture
def fresh(empty_database: str, tmp_path: Path) -> Iterator[Flask]:
    """The product on a database without any table."""
    application = make_app(tmp_path, empty_database)
    yield application
    dispose(application)


@pytest.fixture
def run(fresh: Flask) -> FlaskCliRunner:
    return fresh.test_cli_runner()


@pytest.fixture(scope="session")
def _demo_apps(_servers: dict[str, Server]) -> Iterator[dict[str, Flask]]:
    """The demo companies of this process, by kind of database; closed before their servers."""
    made: dict[str, Flask] = {}
    yield made
    for kind, application in made.items():
        dispose(application)
        _servers[kind].drop(demo_name())


@pytest.fixture
def demo_app(server: Server, _demo_apps: dict[str, Flask], tmp_path: Path) -> Flask:
    """The product on a small demo company that is made once, for tests that only look at it."""
    if server.kind not in _demo_apps:
        server.create(demo_name())
        application = _demo_apps[server.kind] = make_app(tmp_path, server.url(demo_name()))
        size = ["--customers", "200", "--today", "2026-11-21", "--password", PASSWORD]
        answer = application.test_cli_runner().invoke(args=["crm", "demo", *size])
        assert answer.exit_code == 0, answer.output
    return _demo_apps[server.kind]


def demo_name() -> str:
    return f"demo_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
