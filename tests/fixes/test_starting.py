"""What a process asks of the database at its start and when probed: locks given back, no writes."""

from typing import Any, Never

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import text

from app.admin.security.readiness import is_key_shared
from app.extensions import db
from app.store import upgrade
from tests.support.statements import count_statements
from tests.support.worlds import World


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
        if world.server.kind == "postgresql":
            held = db.session.scalar(
                text(
                    "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
                    "WHERE locktype = 'advisory' AND granted AND d.datname = current_database()"
                )
            )
            assert held == 0
        monkeypatch.undo()
        assert upgrade.upgrade()


def test_a_probe_writes_nothing_and_reads_no_migrations(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = app.test_client()
    assert client.get("/readyz").status_code == 200  # the first one may claim the key
    monkeypatch.setattr(upgrade, "ScriptDirectory", None)
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
