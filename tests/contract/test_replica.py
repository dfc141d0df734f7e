"""Exports with a read replica: whole, no older than rights, and written without it all the same."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from app.operations.exporting import behaviour
from app.store import listing, replica
from app.store.replica import PRIMARY, Source
from config import settings
from tests.contract.calls import Api, user_ids, write
from tests.contract.test_exports import FEW, MANY, asked, fetch, lines, outcomes
from tests.contract.test_jobs import fill, job_of
from tests.support.replicas import Pair, started_pair
from tests.support.working import work_off
from tests.support.worlds import World

READ = 3 * 2
"""Of each part of a file its records, and their tags."""


@pytest.fixture(scope="module")
def pair(shared_folder: Path) -> Iterator[Pair]:
    """Skips where the servers of the wheel can't be had."""
    try:
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        made = started_pair(shared_folder / f"pair-{worker}")
    except ImportError as reason:
        pytest.skip(f"no PostgreSQL with a replica: install the wheel ({reason})")
    yield made
    made.close()


@pytest.fixture(scope="module")
def _world(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    urls = {"DATABASE_URL": pair.primary.url("one"), "DATABASE_REPLICA_URL": pair.url("one")}
    binds = settings(urls)
    overrides = {"SQLALCHEMY_BINDS": binds["SQLALCHEMY_BINDS"]}
    world = World(pair.primary, tmp_path_factory.mktemp("pair"), "one", overrides)
    yield world
    world.close()


@pytest.fixture
def world(_world: World, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """An application with a replica that runs and is waited for as long as it takes."""
    monkeypatch.setattr(behaviour, "AT_ONCE", FEW)
    monkeypatch.setattr(listing, "BATCH", 20)
    monkeypatch.setattr(replica, "PATIENCE", 120)
    pair.start()
    _world.renew()
    pair.catch_up()
    yield _world
    with _world.app.app_context():
        _world.database.session.remove()
    pair.start()


@pytest.fixture
def there(world: World) -> Engine:
    """The connections to the replica."""
    with world.app.app_context():
        found: Engine = world.database.engines[replica.NAME]
        return found


@contextmanager
def read_from(engine: Engine) -> Iterator[list[str]]:
    """What is read of customers over these connections meanwhile."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "FROM customer" in statement:
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def exported(world: World, api: Api, ids: list[int]) -> list[list[Any]]:
    """The rows of a file that a job has written."""
    job, run = asked(api, ids)
    work_off(world)
    assert job_of(api, job)["state"] == "done"
    return lines(fetch(api, run).data)[1:]


def test_rows_are_read_from_the_replica(world: World, engine: Engine, there: Engine) -> None:
    """The same file; the primary has only what decides."""
    ids, api = fill(engine, MANY), Api(world, "leader1")
    job, run = asked(api, ids)
    with read_from(there) as replicated, read_from(engine) as own:
        work_off(world)
    assert (len(replicated), own) == (READ, [])
    assert job_of(api, job)["done"] == MANY
    rows = lines(fetch(api, run).data)[1:]
    with pytest.MonkeyPatch.context() as patch, read_from(there) as replicated:
        patch.setattr(replica, "source", Source)
        assert exported(world, api, ids) == rows
    assert replicated == []
    with read_from(there) as replicated:
        api.bulk("customers", "export", ids[:FEW], {"format": "csv", "columns": "all"})
        api.get("/customers/")
    assert replicated == [], "what a request shows is read where it was written"


def test_the_gate_stands_before_the_replica(world: World, engine: Engine, there: Engine) -> None:
    """PERM-4: one statement, one scope, whichever server answers it (C40)."""
    ids, api = fill(engine, MANY), Api(world, "leader1")
    _job, run = asked(api, ids)
    write(engine, "customer", ids[0], owner_id=user_ids(engine)["sales2a"])
    with read_from(there) as replicated:
        work_off(world)
    assert len(replicated) == READ
    assert [row[0] for row in lines(fetch(api, run).data)[1:]] == ids[1:]
    assert outcomes(api, run) == {"done": MANY - 1, "skipped": 1}


@pytest.mark.parametrize("is_careless", [False, True])
def test_a_replica_that_is_behind(
    world: World,
    engine: Engine,
    there: Engine,
    pair: Pair,
    monkeypatch: pytest.MonkeyPatch,
    is_careless: bool,
) -> None:
    """It would give out what its reader may not have any more: the primary answers (C40)."""
    monkeypatch.setattr(replica, "PATIENCE", 0)
    ids, api = fill(engine, MANY), Api(world, "leader1")
    _job, run = asked(api, ids)
    pair.catch_up()
    pair.pause()
    try:
        if is_careless:
            monkeypatch.setattr(replica, "behind", lambda *_: 0)
        write(engine, "customer", ids[0], owner_id=user_ids(engine)["sales2a"])
        with read_from(there) as replicated:
            work_off(world)
    finally:
        pair.resume()
    assert len(replicated) == (READ if is_careless else 0)
    found = [row[0] for row in lines(fetch(api, run).data)[1:]]
    assert (ids[0] in found) is is_careless
    assert found[-1] == ids[-1]


def test_a_replica_that_is_nearly_there_is_waited_for(
    world: World, engine: Engine, there: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, api = fill(engine, MANY), Api(world, "leader1")
    pair.pause()
    looks: list[float] = []

    def glance(seconds: float) -> None:
        looks.append(seconds)
        pair.resume()

    monkeypatch.setattr(replica, "sleep", glance)
    with read_from(there) as replicated:
        rows = exported(world, api, ids)
    assert looks
    assert (len(replicated), [row[0] for row in rows]) == (READ, ids)


def test_a_replica_that_stays_behind_is_waited_for_once(
    world: World, engine: Engine, there: Engine, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file costs its reader so many seconds more, not each of its parts."""
    ids, api = fill(engine, MANY), Api(world, "leader1")
    monkeypatch.setattr(replica, "PATIENCE", 1)
    now = iter(range(1_000_000))
    monkeypatch.setattr(replica, "monotonic", lambda: next(now) / 2)
    looks: list[float] = []
    monkeypatch.setattr(replica, "sleep", looks.append)
    pair.pause()
    try:
        write(engine, "customer", ids[0], city="Elsewhere")
        with read_from(there) as replicated:
            rows = exported(world, api, ids)
    finally:
        pair.resume()
    assert (len(looks), replicated, len(rows)) == (1, [], MANY)


def test_a_replica_that_is_down(
    world: World, engine: Engine, pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody notices but who reads the log; it isn't asked for ever."""
    ids, api = fill(engine, 5 * FEW), Api(world, "leader1")
    pair.die()
    assert [row[0] for row in exported(world, api, ids)] == ids
    told = [one for one in caplog.records if one.name == replica.log.name]
    assert len(told) == replica.MOST_FAULTS


def test_a_replica_that_dies_in_the_middle(
    world: World, engine: Engine, there: Engine, pair: Pair
) -> None:
    """Each row is there once, whoever answered."""
    ids, api = fill(engine, MANY), Api(world, "leader1")
    asked_for: list[str] = []

    def die(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "FROM customer" in statement:
            asked_for.append(statement)
            if len(asked_for) == 2:
                pair.die()

    event.listen(there, "before_cursor_execute", die)
    try:
        rows = exported(world, api, ids)
    finally:
        event.remove(there, "before_cursor_execute", die)
    assert len(asked_for) == 2
    assert [row[0] for row in rows] == ids


def test_only_a_replica_of_this_database_is_asked(world: World, there: Engine, pair: Pair) -> None:
    """The primary itself, a replica's other database: whatever the address says by mistake."""
    pair.catch_up()
    other = create_engine(there.url.set(database="postgres"))
    with world.app.app_context(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(replica, "PATIENCE", 0)
        for wrong in (world.database.engine, other):
            assert Source(wrong).read(lambda server: server) == PRIMARY
            world.database.session.rollback()
    other.dispose()


def test_nothing_is_written_over_the_replicas_connections(world: World, pair: Pair) -> None:
    """Not even when its address is that of the primary."""
    url = pair.primary.url("one")
    found = settings({"DATABASE_URL": url, "DATABASE_REPLICA_URL": url})["SQLALCHEMY_BINDS"]
    options = found[replica.NAME]
    engine = create_engine(options.pop("url"), **options)
    with engine.connect() as connection, pytest.raises(DBAPIError, match="read-only"):
        connection.execute(text("UPDATE customer SET name = 'x'"))
    engine.dispose()


def test_the_doctor_looks_at_the_replica(world: World, there: Engine, pair: Pair) -> None:
    run = world.app.test_cli_runner().invoke
    assert "✓ replica: " in run(args=["crm", "doctor"]).stdout
    pair.die()
    assert "! replica: doesn't answer" in run(args=["crm", "doctor"]).stdout
