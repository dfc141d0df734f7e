"""Jobs among workers that pause and are killed (C91): no row twice, none half, none lost."""

import random
import time
from collections.abc import Callable, Iterator
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
from app.store.engine import may_write
from tests.contract.calls import Api, user_ids
from tests.contract.test_jobs import fill, started
from tests.races import naive
from tests.races.brood import brood
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


def toil(here: Elsewhere, half: tuple[str, str] | None = None, gap: Any = None) -> None:
    """The life of a worker that will be killed; a naive one commits a chunk's first ``half``."""
    if half:
        naive.commit_halfway(*half, gap)
    runner = Runner(here.app)
    while True:
        runner.run_due()
        time.sleep(0.01)


@contextmanager
def workers_to_kill(
    world: World, half: tuple[str, str] | None
) -> Iterator[Callable[[Engine, int, float], None]]:
    """What kills one more worker, so many seconds after its so manieth chunk.

    With a ``half`` they are naive, and killed as soon as they have committed half of a chunk.
    """
    gap = CONTEXT.Event() if half else None
    with brood(Place.of(world), toil, half, gap) as workers:

        def kill(engine: Engine, chunks: int, after: float) -> None:
            if gap:
                gap.clear()
            with workers.one():
                if gap:
                    assert gap.wait(60), "it never came to the half"
                else:
                    until_chunks(engine, chunks)
                    time.sleep(after)

        yield kill


def until_chunks(engine: Engine, chunks: int) -> None:
    """Return when some worker holds a job and has done so many chunks more, or never will."""
    job, until = db.metadata.tables["job"], time.monotonic() + 10
    held = select(func.count()).where(job.c.lease_until.is_not(None))
    written = select(func.coalesce(func.sum(job.c.done), 0))
    token = may_write.set(False)  # looking must not keep the workers waiting
    try:
        with engine.connect() as connection:
            wanted = (connection.scalar(written) or 0) + max((chunks - 1) * CHUNK + 1, 0)
            while time.monotonic() < until:
                if connection.scalar(held) and (connection.scalar(written) or 0) >= wanted:
                    return
                connection.rollback()
                time.sleep(0.005)
    finally:
        may_write.reset(token)


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
    """Transfer and undo, so many workers of each killed at random moments; true at each of them."""
    api, chance = Api(world, "manager"), random.Random(seed)  # noqa: S311 - no secret
    people, left = user_ids(engine), {"sales1b": kills, "sales1a": kills}
    part_way = 0
    with workers_to_kill(world, half) as kill:
        while max(left.values()) > 0:
            ids = fill(engine, ROWS)
            job, run = started(api, "transfer", ids, {"new_owner": "sales1b"})
            for owner in left:
                while state(engine, job)[0] in jobs.OPEN:
                    if left[owner] > 0:
                        kill(engine, left[owner] % 3, chance.uniform(0.0, 0.2))
                    else:
                        work_off(world)
                    left[owner] -= 1
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
            set_aside(engine)
    assert part_way > kills / 4, "most kills came too early or too late"


def set_aside(engine: Engine) -> None:
    """The rows of a turn are not counted in the next."""
    table = catalogue.get("customer").model.__table__
    with engine.begin() as connection:
        mine = table.c.name.startswith("Many ")
        connection.execute(update(table).where(mine).values(name="Once " + table.c.name))


def test_killed_workers_leave_nothing_half_or_twice(world: World, engine: Engine) -> None:
    """The short form of C91: a dozen of a transfer, a dozen of its undo."""
    kill_workers(world, engine, 12)


@ON_SQLITE
def test_a_chunk_in_two_halves_would_be_caught(world: World, engine: Engine) -> None:
    """C89b: the test above sees the fault that it is about."""
    with pytest.raises(AssertionError, match="half done"):
        kill_workers(world, engine, 1, half=("app.store.runs", "count"))


@pytest.mark.prove
@pytest.mark.parametrize("seed", range(5))
def test_four_hundred_killed_workers(world: World, engine: Engine, seed: int) -> None:
    """The whole of C91, in five parts: two hundred of each."""
    kill_workers(world, engine, 40, seed)
