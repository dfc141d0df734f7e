"""Jobs among workers that pause and are killed (C91): no row twice, none half, none lost."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, update

from app.extensions import db
from app.jobs.runner import Runner
from app.operations.behaviour import CHUNK
from app.spec.catalogue import catalogue
from app.store import jobs
from tests.contract.calls import Api, user_ids
from tests.contract.test_jobs import fill, started
from tests.races import naive
from tests.races.crowd import CONTEXT, Elsewhere, Place, Rendezvous, at_once
from tests.support.working import work_off
from tests.support.worlds import World

WORKERS = 4
ROWS = 6_000
ON_SQLITE = pytest.mark.parametrize("server", [pytest.param("sqlite", id="naive")], indirect=True)
"""For the naive variants: what commits in halves does so on every database; in neither half."""


def counts(engine: Engine, run: int, owner: int) -> dict[str, int]:
    """How far a run is, by everything that tells of it: one statement, so one moment."""
    history, item = db.metadata.tables["history"], db.metadata.tables["operation_item"]
    table, job = catalogue.get("customer").model.__table__, db.metadata.tables["job"]
    at_run = db.metadata.tables["operation_run"]
    entry = history.c.operation_id == run, history.c.entity == "customer"
    name = table.c.name.startswith("Many ")
    parts = {
        "moved": select(func.count()).where(name, table.c.owner_id == owner),
        "versions": select(func.sum(table.c.version - 1)).where(name),
        "job": select(job.c.done).where(job.c.operation_id == run),
        "run": select(at_run.c.done).where(at_run.c.id == run),
        "items": select(func.count()).where(item.c.operation_id == run, item.c.outcome == "done"),
        "history": select(func.count()).where(*entry),
        "records": select(func.count(history.c.record_id.distinct())).where(*entry),
    }
    with engine.connect() as connection:
        columns = (part.scalar_subquery().label(key) for key, part in parts.items())
        return dict(connection.execute(select(*columns)).mappings().one())


def state(engine: Engine, number: int) -> tuple[str, int]:
    job = db.metadata.tables["job"]
    with engine.connect() as connection:
        row = connection.execute(select(job).where(job.c.id == number)).one()
        return row.state, row.done + row.skipped


def scramble(here: Elsewhere, number: int, naive_at: Rendezvous | None) -> None:
    """Work on one job although others do: leases end as soon as they begin."""
    jobs.LEASE = timedelta(minutes=-1)
    if naive_at:
        naive.work_without_a_lease(naive_at.meet)
    runner = Runner(here.app)
    while runner.run(number):
        time.sleep(0.01)


def scrambled(world: World, engine: Engine, rows: int, *, is_naive: bool) -> dict[str, int]:
    ids = fill(engine, rows)
    job, run = started(Api(world, "manager"), "transfer", ids, {"new_owner": "sales1b"})
    naive_at = Rendezvous(WORKERS) if is_naive else None
    crowd: list[Any] = [(job, naive_at)] * WORKERS
    at_once(Place.of(world), scramble, crowd)
    found = counts(engine, run, user_ids(engine)["sales1b"])
    return found | {"settled": state(engine, job)[1], "rows": rows}


def test_workers_that_take_it_from_each_other_do_each_row_once(
    world: World, engine: Engine
) -> None:
    found = scrambled(world, engine, 3_000, is_naive=False)
    assert set(found.values()) == {3_000}, found


def test_without_the_lease_they_would_not(world: World, engine: Engine) -> None:
    """C89b: the test above sees the fault that it is about."""
    found = scrambled(world, engine, 1_500, is_naive=True)
    assert set(found.values()) != {1_500}, found


def toil(place: Place, ready: Any, half: tuple[str, str] | None = None, gap: Any = None) -> None:
    """The life of a worker that will be killed; a naive one commits a chunk's first ``half``."""
    if half:
        naive.commit_halfway(*half, gap)
    runner = Runner(Elsewhere(place).app)
    ready.set()
    while True:
        runner.run_due()
        time.sleep(0.01)


@contextmanager
def worker_to_kill(place: Place, *half: Any) -> Iterator[None]:
    """A worker in a process of its own, ready when this begins and killed when it ends."""
    ready = CONTEXT.Event()
    worker = CONTEXT.Process(target=toil, args=(place, ready, *half))
    worker.start()
    try:
        assert ready.wait(60)
        yield
    finally:
        worker.kill()
        worker.join(10)
    assert worker.exitcode == -9


def killed(place: Place, engine: Engine, chunks: int, after: float) -> None:
    """A worker of its own process, killed so many seconds after its so manieth chunk."""
    job, until = db.metadata.tables["job"], time.monotonic() + 10
    held = select(func.count()).where(job.c.lease_until.is_not(None))
    written = select(func.coalesce(func.sum(job.c.done), 0))
    with worker_to_kill(place), engine.connect() as connection:
        wanted = (connection.scalar(written) or 0) + max((chunks - 1) * CHUNK + 1, 0)
        while time.monotonic() < until:
            if connection.scalar(held) and (connection.scalar(written) or 0) >= wanted:
                break
            connection.rollback()
            time.sleep(0.005)
        connection.rollback()
        time.sleep(after)


def killed_halfway(place: Place, half: tuple[str, str]) -> None:
    """A naive worker that is killed after it has committed half of its first chunk."""
    gap = CONTEXT.Event()
    with worker_to_kill(place, half, gap):
        assert gap.wait(60), "it never came to the half"


def let_leases_end(engine: Engine) -> None:
    """As time would; workers that came to nothing don't count against the job."""
    with engine.begin() as connection:
        table = db.metadata.tables["job"]
        connection.execute(update(table).values(lease_until=None, attempts=0))


def kill_workers(
    world: World,
    engine: Engine,
    kills: int,
    seed: int = 0,
    half: tuple[str, str] | None = None,
) -> None:
    """Transfer and undo with workers killed at random moments; true at each of them."""
    place, api, chance = Place.of(world), Api(world, "manager"), random.Random(seed)  # noqa: S311 - no secret
    people, left = user_ids(engine), kills
    part_way = 0
    while left > 0:
        ids = fill(engine, ROWS)
        job, run = started(api, "transfer", ids, {"new_owner": "sales1b"})
        for owner in ("sales1b", "sales1a"):
            while state(engine, job)[0] in jobs.OPEN:
                if left > 0 and half:
                    killed_halfway(place, half)
                elif left > 0:
                    killed(place, engine, left % 3, chance.uniform(0.0, 0.2))
                else:
                    work_off(world)
                left -= 1
                found = counts(engine, run, people[owner])
                before = found.pop("versions") - (ROWS if owner == "sales1a" else 0)
                assert {*found.values(), before} == {found["job"]}, f"half done: {found}"
                part_way += 0 < found["job"] < ROWS
                let_leases_end(engine)
            assert state(engine, job) == ("done", ROWS)
            if owner == "sales1b":
                answer = api.post(f"/operations/{run}/undo", {})
                assert answer.status_code == 202, answer.text
                job, run = answer.json["job_id"], answer.json["operation_id"]
        api.bulk("customers", "delete", ids[:1])
        with engine.begin() as connection:
            table = catalogue.get("customer").model.__table__
            mine = table.c.name.startswith("Many ")
            connection.execute(update(table).where(mine).values(name="Once " + table.c.name))
    assert part_way > kills / 8, "most kills came too early or too late"


def test_killed_workers_leave_nothing_half_or_twice(world: World, engine: Engine) -> None:
    """The short form of C91."""
    kill_workers(world, engine, 4)


@ON_SQLITE
def test_a_chunk_in_two_halves_would_be_caught(world: World, engine: Engine) -> None:
    """C89b: the test above sees the fault that it is about."""
    with pytest.raises(AssertionError, match="half done"):
        kill_workers(world, engine, 1, half=("app.store.runs", "count"))


@pytest.mark.prove
@pytest.mark.parametrize("seed", range(5))
def test_two_hundred_killed_workers(world: World, engine: Engine, seed: int) -> None:
    """The whole of C91, in five parts."""
    kill_workers(world, engine, 40, seed)
