"""Two hosts that share nothing but the database and a store: what one began the other goes on with.

Architecture 1: nothing in process memory or on local disk may be needed by another process.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from app.jobs import importing
from app.operations.exporting import behaviour
from app.secrets import instance_keys
from app.store import listing
from tests.contract.calls import Api
from tests.contract.test_exports import asked, lines
from tests.contract.test_exports import fetch as file_of
from tests.contract.test_files import PDF, attach, fetch
from tests.contract.test_imports import csv_of, send
from tests.contract.test_jobs import fill, job_of
from tests.support.store import StoreServer
from tests.support.templates import dispose
from tests.support.web import COOKIE
from tests.support.working import work_off
from tests.support.worlds import World, make_app

ROWS = 45
pytestmark = pytest.mark.parametrize("server", ["postgresql"], indirect=True)
"""SQLite is one file on one host."""


class Host:
    """The application with folders of its own; as good as a ``World`` to whoever works there."""

    is_dirty = True

    def __init__(self, world: World, store: StoreServer, folder: Path) -> None:
        self._cookies, self._folder = world.cookies, folder
        settings = {"CRM_S3": store.place, **instance_keys(world.app.config)}
        (folder / "scratch").mkdir(parents=True)
        self.app: Flask = make_app(folder / "instance", world.server.url(world.name), settings)

    def client(self, username: str) -> FlaskClient:
        client = self.app.test_client()
        client.set_cookie(COOKIE, self._cookies[username])
        return client

    def api(self, username: str) -> Api:
        return Api(self, username)  # type: ignore[arg-type]

    @contextmanager
    def at_work(self) -> Iterator[Any]:
        """Meanwhile everything that is put aside lies here; all of the disk is gone afterwards."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tempfile, "tempdir", str(self._folder / "scratch"))
            yield self
        for path in self._folder.iterdir():
            shutil.rmtree(path)
        (self._folder / "scratch").mkdir()


@pytest.fixture
def hosts(
    world: World, store: StoreServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Host, Host]]:
    monkeypatch.setattr(behaviour, "AT_ONCE", 20)
    monkeypatch.setattr(importing, "AT_ONCE", 20)
    monkeypatch.setattr(listing, "BATCH", 20)
    world.is_dirty = True
    made = (Host(world, store, tmp_path / "one"), Host(world, store, tmp_path / "other"))
    yield made
    for host in made:
        dispose(host.app)


def test_a_file(hosts: tuple[Host, Host]) -> None:
    """Attached here, fetched there; its form is answered there once, too (BULK-8)."""
    one, other = hosts
    with one.at_work():
        made = attach(one.api("sales1a"), "customers/1", Idempotency_Key="once")
    with other.at_work():
        again = attach(other.api("sales1a"), "customers/1", Idempotency_Key="once")
        got = fetch(other.client("sales1a"), f"/customers/files/1/{made.json['id']}")
    assert (made.status_code, again.json["id"]) == (201, made.json["id"])
    assert got.data == PDF


def test_an_export(hosts: tuple[Host, Host], engine: Engine) -> None:
    """Asked for here, begun there and ended here, fetched there."""
    one, other = hosts
    ids = fill(engine, ROWS)
    with one.at_work():
        job, run = asked(one.api("manager"), ids)
    with other.at_work():
        work_off(other, chunks=2)  # type: ignore[arg-type]
    with one.at_work():
        work_off(one)  # type: ignore[arg-type]
    with other.at_work():
        assert job_of(other.api("manager"), job)["state"] == "done"
        assert [row[0] for row in lines(file_of(other.api("manager"), run).data)[1:]] == ids


def test_an_import(hosts: tuple[Host, Host]) -> None:
    """Uploaded here, done there, told here, undone there."""
    one, other = hosts
    sheet = csv_of([["Name"], *([f"From afar {n}"] for n in range(ROWS))])
    with one.at_work():
        sent = send(one.api("manager"), "customers", sheet)
        assert sent.status_code == 202, sent.text
    with other.at_work():
        work_off(other, chunks=1)  # type: ignore[arg-type]
    with one.at_work():
        work_off(one)  # type: ignore[arg-type]
        about = job_of(one.api("manager"), sent.json["job_id"])
        assert (about["state"], about["done"]) == ("done", ROWS)
        number = sent.json["import_id"]
        assert one.api("manager").get(f"/imports/{number}/report").json["created"] == ROWS
    with other.at_work():
        undone = other.api("manager").post(f"/operations/{sent.json['operation_id']}/undo", {})
        work_off(other)  # type: ignore[arg-type]
        assert undone.status_code in (200, 202), undone.text
    with one.at_work():
        named = {"col": "name", "opr": "ct", "value": "From afar"}
        found = one.api("manager").get("/customers/", filters=[named])
        assert found.json["count"] == 0
