"""Everything lies on one real disk, and that is full (C94)."""

import io
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from werkzeug.test import TestResponse

from app.operations.exporting import behaviour
from app.spec.errors import StorageFull
from app.store import jobs
from tests.contract.calls import Api, user_ids
from tests.contract.test_bulk import rows_in
from tests.contract.test_exports import asked, fetch, lines
from tests.contract.test_imports import HEAD, csv_of, send
from tests.contract.test_jobs import fill, job_of, started
from tests.races.test_jobs import counts, let_leases_end
from tests.support.databases import Server, SqliteServer
from tests.support.own_postgres import OwnPostgres
from tests.support.privileges import lacking
from tests.support.serving import PLACE, Browser, gunicorn, wait
from tests.support.small_disk import SmallDisk, mounted
from tests.support.templates import TEMPLATE, prepare
from tests.support.web import submit
from tests.support.working import work_off
from tests.support.worlds import World, make_app

MEGABYTES = {"sqlite": 40, "postgresql": 320}
"""PostgreSQL has its own databases, and its log of what is written."""
ROWS = 1_500
MOST = 400
"""So many records of this size find room in what is kept open, at most."""
LARGE = "备" * 2_000


class Small:
    """The application with its database, files and scratch on the small disk."""

    def __init__(self, world: World, disk: SmallDisk, postgres: OwnPostgres | None) -> None:
        self.world, self.disk, self.postgres = world, disk, postgres
        with world.app.app_context():
            self.engine: Engine = world.database.engine


@contextmanager
def disk_of(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Skips where one may not mount a disk."""
    try:
        disk = mounted(folder / f"disk-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}", megabytes)
    except PermissionError as reason:
        lacking("small disk", reason)
    try:
        yield disk
    finally:
        disk.unmount()


@pytest.fixture
def small(
    server: Server, shared_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Small]:
    """On both databases; PostgreSQL's own cluster lies on the disk as well."""
    with ExitStack() as open_things:
        disk = open_things.enter_context(disk_of(shared_folder, MEGABYTES[server.kind]))
        overrides = {"CRM_FILES": str(disk.folder / "files")}
        postgres = None
        if server.kind == "sqlite":
            world = _on_sqlite(server, disk, shared_folder, overrides)
        else:
            postgres = OwnPostgres(disk.folder / "data")
            open_things.callback(postgres.close)
            world = World(postgres.server, tmp_path, "small", overrides)
        open_things.callback(world.close)
        scratch = disk.folder / "scratch"
        scratch.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(scratch))
        monkeypatch.setattr(behaviour, "AT_ONCE", 20)
        yield Small(world, disk, postgres)


def _on_sqlite(server: Any, disk: SmallDisk, folder: Path, overrides: dict[str, Any]) -> World:
    instance = folder / "instance"
    instance.mkdir(exist_ok=True)
    prepare(server, folder, lambda url: make_app(instance, url))
    there = SqliteServer(disk.folder)
    shutil.copyfile(server.path(TEMPLATE), there.path(TEMPLATE))
    return World(there, folder, "small", overrides)


def save(api: Api, name: str) -> TestResponse:
    return api.post("/customers/", {"name": name, "remark": LARGE}, Idempotency_Key=name)


def save_until_refused(api: Api) -> tuple[list[str], TestResponse]:
    """The names that were taken while there was room in what is open, and the refusal."""
    for number in range(MOST):
        answer = save(api, f"Small {number}")
        if answer.status_code != 201:
            return [f"Small {n}" for n in range(number)], answer
    raise AssertionError("the disk is never full")


def is_whole(small: Small) -> bool:
    """Whether the database itself says that nothing of it is damaged."""
    if small.postgres is not None:
        small.postgres.die()
        small.postgres.start()  # which reads its log to the end
        return True
    with sqlite3.connect(small.world.server.path("small")) as connection:  # type: ignore[attr-defined]
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


DATA = csv_of([HEAD, *([f"导入{n}", None] for n in range(50))])


def attach(api: Api) -> TestResponse:
    file = {"file": (io.BytesIO(b"x" * 100_000), "notes.txt")}
    return api.client.post("/api/v1/customers/1/files", data=file, headers=api.headers)


def refuses(small: Small, api: Api) -> list[str]:
    """Every way to write answers 507, and reading goes on; what was taken before, by name."""
    taken, refused = save_until_refused(api)
    assert (refused.status_code, refused.json["code"]) == (507, StorageFull.code)
    assert submit(api.client, "/customers/add", name="页", remark=LARGE).status_code == 507
    assert send(api, "customers", DATA).status_code == 507
    assert attach(api).status_code == 507
    for path in ("/customers/list/", "/customers/show/1", "/api/v1/customers/1"):
        assert api.client.get(path).status_code == 200
    with suppress(DBAPIError):  # a thread logs it, and looks again
        work_off(small.world)
    return taken


def goes_on(small: Small, api: Api, taken: list[str], *work: int) -> None:
    """What was taken is known by its key, what wasn't goes in, the jobs end."""
    for name in [*taken, f"Small {len(taken)}"]:
        answer = save(api, name)
        assert answer.status_code == 201, answer.text
        assert ("Idempotent-Replayed" in answer.headers) is (name in taken)
    assert send(api, "customers", DATA).status_code == 200
    assert attach(api).status_code == 201
    let_leases_end(small.engine)
    for number in work:
        if job_of(api, number)["state"] in jobs.CLOSED:
            assert job_of(api, number)["error"]["code"] == StorageFull.code
            assert api.post(f"/jobs/{number}/retry", {}).status_code == 200
    work_off(small.world)


def test_nothing_is_lost_on_a_full_disk(small: Small) -> None:
    """Jobs in the middle, files and scratch included; the database says that it is whole."""
    engine, api = small.engine, Api(small.world, "manager")
    mine, moving = user_ids(engine)["sales1b"], fill(engine, ROWS)
    job, run = started(api, "transfer", moving, {"new_owner": "sales1b"})
    work_off(small.world, chunks=1)
    export, exported = asked(api, fill(engine, 40))
    small.disk.fill()
    taken = refuses(small, api)
    found = counts(engine, run, mine)
    assert len(set(found.values())) == 1, f"half a chunk: {found}"
    assert found["moved"] < ROWS
    small.disk.make_room()
    goes_on(small, api, taken, job, export)
    assert set(counts(engine, run, mine).values()) == {ROWS}
    assert len(lines(fetch(api, exported).data)) == 40 + 1
    if small.postgres is not None:
        lose_the_log(small.postgres, small.disk, api)
    assert is_whole(small)
    names = [row["name"] for row in rows_in(engine, "customer", remark=LARGE)]
    assert sorted(names) == sorted([*taken, f"Small {len(taken)}"])


def lose_the_log(postgres: OwnPostgres, disk: SmallDisk, api: Api) -> None:
    """PostgreSQL ends itself when its log finds no room: 503 until somebody starts it again."""
    ask = postgres.server.connection.execute
    ask("ALTER SYSTEM SET restart_after_crash = off")  # else it may be there again for a moment
    ask("SELECT pg_reload_conf()")
    disk.fill()
    with suppress(psycopg.Error):
        for _segment in range(100):
            ask("SELECT pg_logical_emit_message(true, '', 'x')")
            ask("SELECT pg_switch_wal()")
    wait(lambda: not postgres.is_running, "its log found room")
    for answer in (save(api, "Lost"), api.get("/customers/")):
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["Retry-After"]) > 0
    disk.make_room()
    postgres.start()
    assert api.post("/customers/", {"name": "Found"}).status_code == 201


@pytest.mark.parametrize("server", [pytest.param("sqlite", id="log")], indirect=True)
def test_a_log_without_room_stops_nobody(world: World, shared_folder: Path, tmp_path: Path) -> None:
    """Whatever the processes say finds no room: people are served, and told of faults as ever."""
    options = ("--access-logfile", "-", "--workers", "1")
    with disk_of(shared_folder, 1) as disk, (disk.folder / "log").open("ab") as said:
        disk.fill()
        with gunicorn(world, tmp_path, *options, said=said) as served:
            manager = Browser(served.base, "manager")
            assert manager.ask(PLACE, {"name": "x"}).status == 201
            assert manager.ask(f"{PLACE}987654").status == 404
            assert manager.ask(PLACE, {"name": 1}).status == 422
        assert (disk.folder / "log").stat().st_size == 0, "there was room"
