"""Imports whose workers are killed (C77, C91): no row twice, none half, none lost."""

import itertools
import random

import pytest
from sqlalchemy import Engine, func, select

from app.extensions import db
from app.spec.catalogue import catalogue
from app.store import jobs
from tests.contract.calls import Api
from tests.contract.test_imports import csv_of, send
from tests.races.test_jobs import ON_SQLITE, let_leases_end, state, workers_to_kill
from tests.support.working import work_off
from tests.support.worlds import World

ROWS = 1_800
HALF = ("app.operations.importing.applying", "_note")


def counts(engine: Engine, run: int, file: int) -> dict[str, int]:
    """How far an import is, by everything that tells of it: one statement, so one moment."""
    history, item = db.metadata.tables["history"], db.metadata.tables["operation_item"]
    table, job = catalogue.get("customer").model.__table__, db.metadata.tables["job"]
    at_run, sent = db.metadata.tables["operation_run"], db.metadata.tables["import_file"]
    entry = history.c.operation_id == run, history.c.entity == "customer"
    line = db.metadata.tables["import_line"]
    parts = {
        "made": select(func.count()).where(table.c.name.startswith("Sent "), table.c.id > 14),
        "job": select(job.c.done).where(job.c.operation_id == run),
        "run": select(at_run.c.done).where(at_run.c.id == run),
        "file": select(sent.c.created).where(sent.c.id == file),
        "items": select(func.count()).where(item.c.operation_id == run, item.c.outcome == "done"),
        "history": select(func.count()).where(*entry),
        "left out": select(sent.c.skipped + sent.c.failed).where(sent.c.id == file),
        "lines": select(func.count()).where(line.c.import_id == file),
    }
    with engine.connect() as connection:
        columns = (part.scalar_subquery().label(key) for key, part in parts.items())
        return dict(connection.execute(select(*columns)).mappings().one())


def kill_importers(
    world: World,
    engine: Engine,
    kills: int,
    seed: int = 0,
    half: tuple[str, str] | None = None,
) -> None:
    """Files whose importers are killed at random moments; true at each of them."""
    api, chance = Api(world, "manager"), random.Random(seed)  # noqa: S311 - no secret
    part_way, left, wrong = 0, kills, -(-ROWS // 9)
    with workers_to_kill(world, half) as kill:
        for turn in itertools.count(1):
            before = counts(engine, 0, 0)["made"]
            begun = send(api, "customers", file_of(seed, turn)).json
            while state(engine, begun["job_id"])[0] in jobs.OPEN:
                if left > 0:
                    kill(engine, left % 3, chance.uniform(0.0, 0.1))
                else:
                    work_off(world)
                left -= 1
                found = counts(engine, begun["operation_id"], begun["import_id"])
                assert found.pop("left out") == found.pop("lines"), "half a portion of the report"
                found["made"] -= before
                assert len(set(found.values())) == 1, f"half a portion: {found}"
                part_way += 0 < found["job"] < ROWS - wrong - 1
                let_leases_end(engine)
            assert state(engine, begun["job_id"]) == ("done", ROWS - wrong)
            assert found["made"] == ROWS - wrong - 1
            if left <= 0:
                break
    assert part_way, "every kill came too early or too late"


def file_of(seed: int, turn: int) -> bytes:
    """Rows that no other file has; every ninth is wrong, and one is repeated two portions later."""
    rows = [[f"Sent {seed:02}{turn:03}{n:05}", "" if n % 9 else "bad"] for n in range(ROWS)]
    return csv_of([["Name", "Mobile"], *rows[:-1], rows[1]])


def test_killed_importers_leave_nothing_half_or_twice(world: World, engine: Engine) -> None:
    """The short form."""
    kill_importers(world, engine, 12)


@ON_SQLITE
def test_a_portion_in_two_halves_would_be_caught(world: World, engine: Engine) -> None:
    """C89b: the test above sees the fault that it is about."""
    with pytest.raises(AssertionError, match="half a portion"):
        kill_importers(world, engine, 1, half=HALF)


@pytest.mark.prove
@pytest.mark.parametrize("seed", range(5))
def test_two_hundred_killed_importers(world: World, engine: Engine, seed: int) -> None:
    """The whole, in five parts."""
    kill_importers(world, engine, 40, seed)
