"""Files of exports while their writers are killed: whole or not there, whole in the end (C91)."""

import hashlib
import io
import itertools
import random

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import Engine, func, select

from app.extensions import db
from app.store import jobs
from tests.contract.calls import Api
from tests.contract.test_jobs import fill
from tests.races.test_jobs import ON_SQLITE, let_leases_end, state, workers_to_kill
from tests.support.working import work_off
from tests.support.worlds import World

ROWS = 8_001
"""Two chunks of rows, and the packing."""
HALF = ("app.operations.exporting.files", "note")


def stored(engine: Engine) -> tuple[int, int, int]:
    """Portions, exports that say they are written, lines of the audit log about them."""
    part, file, log = (db.metadata.tables[n] for n in ("export_part", "export_file", "history"))
    with engine.connect() as connection:
        return (
            connection.scalar(select(func.count()).select_from(part)) or 0,
            connection.scalar(select(func.count()).where(file.c.written_at.is_not(None))) or 0,
            connection.scalar(select(func.count()).where(log.c.operation == "export")) or 0,
        )


def kill_writers(
    world: World, engine: Engine, kills: int, seed: int = 0, *, is_naive: bool = False
) -> None:
    """Exports whose writers are killed at random moments; true at each of them.

    A naive one stores the file first and what belongs to it later: it is killed in between.
    """
    api, chance = Api(world, "manager"), random.Random(seed)  # noqa: S311 - no secret
    ids, under_way, left = fill(engine, ROWS), 0, kills
    with workers_to_kill(world, HALF if is_naive else None) as kill:
        for files in itertools.count():
            params = {"format": "xlsx", "columns": "all"}
            answer = api.bulk("customers", "export", ids, params).json
            job, run = answer["job_id"], answer["operation_id"]
            portions = stored(engine)[0]
            for attempt in range(1, jobs.LEASE.seconds):
                if left > 0 and attempt < 8:
                    kill(engine, 0, chance.uniform(0.0, 0.7 if left % 2 else 0.05))
                    left -= 1
                else:
                    work_off(world)
                is_over = state(engine, job)[0] in jobs.CLOSED
                check_file(api, engine, run, files, portions, is_over=is_over)
                under_way += not is_over
                let_leases_end(engine)
                if is_over:
                    break
            check_book(api, run, ids)
            if left <= 0:
                break
    assert under_way, "every kill came too late"


def check_file(
    api: Api, engine: Engine, run: int, files: int, portions: int, *, is_over: bool
) -> None:
    """Before its job is over nothing of a file is there, not for anybody."""
    found = stored(engine)
    assert found[1:] == (files + is_over,) * 2, f"half a file: {found}"
    assert (found[0] > portions) == is_over, "portions of a file that isn't there"
    file = api.client.get(f"/api/v1/operations/{run}/file")
    assert file.status_code == (200 if is_over else 404)
    file.close()


def check_book(api: Api, run: int, ids: list[int]) -> None:
    """What was stored is what was logged, with each row once."""
    file = api.client.get(f"/api/v1/operations/{run}/file", buffered=True)
    about = api.get(f"/exports/{run}").json
    assert about["sha256"] == hashlib.sha256(file.data).hexdigest()
    book = CalamineWorkbook.from_filelike(io.BytesIO(file.data))
    assert [row[0] for row in book.get_sheet_by_index(0).to_python()[1:]] == ids


def test_killed_writers_leave_no_half_file(world: World, engine: Engine) -> None:
    """The short form."""
    kill_writers(world, engine, 12)


@ON_SQLITE
def test_a_file_stored_before_it_is_noted_would_be_caught(world: World, engine: Engine) -> None:
    """C89b: the test above sees the fault that it is about."""
    with pytest.raises(AssertionError, match="half a file"):
        kill_writers(world, engine, 1, is_naive=True)


@pytest.mark.prove
@pytest.mark.parametrize("seed", range(5))
def test_two_hundred_killed_writers(world: World, engine: Engine, seed: int) -> None:
    """The whole, in five parts."""
    kill_writers(world, engine, 40, seed)
