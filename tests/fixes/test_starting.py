"""What a process asks of the database at its start and when probed: locks given back, no writes."""

import subprocess
import sys
from pathlib import Path
from typing import Any, Never

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import text

from app.admin.security.readiness import is_key_shared
from app.extensions import db
from app.store import upgrade
from tests.support.statements import count_statements
from tests.support.templates import dispose
from tests.support.worlds import World, make_app


def _fail(**_arguments: Any) -> Never:
    raise RuntimeError("the migration fails")


def test_a_failing_migration_gives_its_lock_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C112: the next process would wait for ever, and a page would get that connection."""
    monkeypatch.setattr(flask_migrate, "upgrade", _fail)
    with world.app.app_context():
        db.session.execute(text("DELETE FROM installation WHERE key = 'upgraded_to'"))
        db.session.commit()
        with pytest.raises(RuntimeError, match="the migration fails"):
            upgrade.upgrade()
        if world.server.kind == "postgresql":  # which ends a connection in its own time
            db.session.execute(
                text("SELECT pg_advisory_xact_lock(:n)"), {"n": upgrade.ADVISORY_LOCK}
            )
            db.session.rollback()
        monkeypatch.undo()
        assert upgrade.upgrade()


def test_a_probe_writes_nothing_and_reads_no_migrations(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = app.test_client()
    assert client.get("/readyz").status_code == 200  # the first one may claim the key
    monkeypatch.setattr(upgrade, "STEPS", None)
    with count_statements() as asked:
        assert client.get("/readyz").status_code == 200
    assert asked
    assert all(statement.upper().startswith("SELECT") for statement in asked), asked


def test_a_missing_key_is_claimed_by_the_first(world: World) -> None:
    with world.app.app_context():
        db.session.execute(text("DELETE FROM installation WHERE key = 'session_key'"))
        db.session.commit()
        assert is_key_shared()
        kept = text("SELECT count(*) FROM installation WHERE key = 'session_key'")
        assert db.session.scalar(kept) == (1 if world.server.kind == "postgresql" else 0)


def test_a_process_without_a_store_loads_no_client_for_one() -> None:
    """It takes 37 MiB, and a fifth of a second of every start."""
    asking = "import sys; from app import create_app; create_app()"
    telling = f"{asking}; print([one for one in sys.modules if one.startswith('botocore')])"
    told = subprocess.check_output([sys.executable, "-c", telling], text=True)
    assert told.strip() == "[]"


def test_a_starting_process_sends_no_sql(world: World) -> None:
    """Architecture §3: tables and permissions come from the upgrade, the first request asks."""
    with count_statements() as asked:
        app = make_app(Path(world.app.config["CRM_INSTANCE"]), world.server.url(world.name))
    assert asked == []
    with app.app_context():
        assert app.extensions["sqlalchemy"].engine.pool.checkedout() == 0
    dispose(app)


def test_a_database_of_another_version_is_not_served(world: World) -> None:
    """Architecture §7: ``/readyz`` says so to whoever spreads the load, ``/healthz`` lives on."""
    with world.app.app_context():
        older = "UPDATE installation SET value = 'older' WHERE key = 'upgraded_to'"
        db.session.execute(text(older))
        db.session.commit()
    client = world.app.test_client()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["reason"]) == (503, "upgrade_due")
    assert int(answer.headers["Retry-After"]) > 0
    assert client.get("/healthz").status_code == 200


def test_connections_are_set_up(world: World) -> None:
    """R10: readers don't wait for the writer, links are kept, nothing waits for ever."""
    wanted = {
        "sqlite": {
            "PRAGMA journal_mode": "wal",
            "PRAGMA foreign_keys": 1,
            "PRAGMA recursive_triggers": 1,
            "PRAGMA trusted_schema": 0,
            "PRAGMA busy_timeout": 5000,
        },
        "postgresql": {
            "SHOW statement_timeout": "5s",
            "SHOW lock_timeout": "3s",
            "SHOW idle_in_transaction_session_timeout": "10s",
            "SHOW plan_cache_mode": "force_custom_plan",
        },
    }[world.server.kind]
    with world.app.app_context(), db.engine.connect() as connection:
        found = {asked: connection.exec_driver_sql(asked).scalar() for asked in wanted}
    assert found == wanted
