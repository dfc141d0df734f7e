"""``flask crm doctor`` passes a healthy installation and names what is wrong with a sick one."""

import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import column, delete, table, text

from app.admin.theme import sentences
from app.commands import surroundings
from app.commands.findings import good
from app.extensions import db
from app.spec.catalogue import catalogue
from app.store import search_index
from tests.support.store import SECRET, StoreServer
from tests.support.worlds import World, make_app

Doctor = Callable[..., Result]


@pytest.fixture(autouse=True)
def _files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Front-end files are as a start leaves them: building them is tested elsewhere."""
    monkeypatch.setattr(surroundings, "front_end", lambda: good("front end", "not looked at"))
    sentences.build()


@pytest.fixture
def doctor(world: World) -> Doctor:
    return lambda *words: world.app.test_cli_runner().invoke(args=["crm", "doctor", *words])


def lines(answer: Result, sign: str) -> list[str]:
    return [line for line in answer.stdout.splitlines() if line.startswith(sign)]


def test_a_healthy_installation_passes(doctor: Doctor) -> None:
    answer = doctor()
    assert answer.exit_code == 0, answer.output
    assert lines(answer, "✗") == []
    subjects = {line.split()[1].rstrip(":") for line in lines(answer, "✓")}
    wanted = {"database", "upgrade", "search", "numbers", "key", "front", "catalogue", "disk"}
    assert wanted <= subjects


def test_warnings_fail_in_production(doctor: Doctor) -> None:
    assert lines(doctor(), "!")
    assert doctor("--production").exit_code == 1


def test_a_database_that_was_not_upgraded_is_named(run: FlaskCliRunner) -> None:
    answer = run.invoke(args=["crm", "doctor"])
    assert answer.exit_code == 1
    assert any("flask crm upgrade" in line for line in lines(answer, "✗"))


def test_a_database_that_is_away_is_one_line(tmp_path: Path) -> None:
    app = make_app(tmp_path, "postgresql://nobody@127.0.0.1:1/nothing")
    answer = app.test_cli_runner().invoke(args=["crm", "doctor"])
    assert answer.exit_code == 1
    assert [line for line in lines(answer, "✗") if "database" in line]
    assert "nobody@" not in answer.output


def test_a_missing_index_entry_is_named(world: World, doctor: Doctor) -> None:
    with world.app.app_context():
        key = "id" if world.server.kind == "postgresql" else "rowid"
        side = table(search_index.side_table(catalogue.get("lead")), column(key))
        db.session.execute(delete(side).where(side.c[key] == 1))
        db.session.commit()
    answer = doctor()
    assert answer.exit_code == 1
    assert any("rebuild-search" in line for line in lines(answer, "✗"))
    rebuilt = world.app.test_cli_runner().invoke(args=["crm", "rebuild-search", "leads"])
    assert rebuilt.exit_code == 0, rebuilt.output
    assert doctor().exit_code == 0


def test_numbers_that_would_come_twice_are_named(world: World, doctor: Doctor) -> None:
    with world.app.app_context():
        if world.server.kind == "postgresql":
            db.session.execute(text("SELECT setval(pg_get_serial_sequence('lead', 'id'), 1)"))
        else:
            db.session.execute(text("UPDATE sqlite_sequence SET seq = 1 WHERE name = 'lead'"))
        db.session.commit()
    world.is_dirty = True
    answer = doctor()
    assert answer.exit_code == 1
    assert any(line.startswith("✗ numbers: lead") for line in answer.stdout.splitlines())


def test_a_key_that_others_read_is_named(fresh: Flask, run: FlaskCliRunner) -> None:
    path = Path(fresh.config["CRM_INSTANCE"]) / "keys" / "session"
    path.chmod(path.stat().st_mode | stat.S_IROTH)
    answer = run.invoke(args=["crm", "doctor"])
    assert any("chmod 600" in line for line in lines(answer, "✗"))


def test_the_store_of_files_is_tried(doctor: Doctor, store: StoreServer) -> None:
    """It can be written to, read and emptied; nothing stays, and nobody is told its secret."""
    answer = doctor()
    assert [line for line in lines(answer, "✓") if line.startswith("✓ files: haina/files/ at ")]
    assert store.keys() == set()
    for method in ("PUT", "GET", "DELETE"):
        store.fault(method, status=403, code="AccessDenied")
        answer = doctor()
        assert answer.exit_code == 1
        (line,) = lines(answer, "✗")
        assert line.startswith("✗ files")
        assert "CRM_S3" in line
        assert SECRET not in answer.output
        store.empty()


def test_files_that_anybody_could_read_on_the_way_are_named(
    doctor: Doctor, world: World, store: StoreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surroundings, "_is_kept", lambda _place: True)
    away = replace(store.place, endpoint="http://s3.example.com")
    monkeypatch.setitem(world.app.config, "CRM_S3", away)
    assert [line for line in lines(doctor(), "!") if line.startswith("! files")]


def test_a_folder_that_cannot_be_written_is_named(
    doctor: Doctor, world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "files").touch()  # whoever is root may write everywhere but into a file
    monkeypatch.setitem(world.app.config, "CRM_FILES", str(tmp_path / "files"))
    assert [line for line in lines(doctor(), "✗") if "CRM_FILES" in line]
