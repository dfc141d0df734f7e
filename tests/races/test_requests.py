"""A bulk operation within a request, its process killed at any statement of it (C90, BULK-6).

Where one transaction would take 100,000 rows, ours takes 500; the others are chunks of a job (C91).
"""

import os
import signal
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select

from app.extensions import db
from app.operations.behaviour import CHUNK
from app.store import runs
from tests.contract.calls import user_ids
from tests.contract.test_jobs import fill
from tests.races.crowd import CONTEXT, PATIENCE, Elsewhere, Place, at_once, replace
from tests.support.worlds import World

POINTS = 8
NEVER = 10**6


def transfer(here: Elsewhere, ids: list[int], fatal: int, *, is_naive: bool = False) -> int:
    """Transfer them; whoever executes the statement of that number dies. Answers how many it took.

    The commit counts as one, too: then everything has been written, and nothing is there.
    """
    if is_naive:
        replace("app.operations.engine", "note", _note_and_commit)
    api, number = here.api("manager"), count(1)
    last = [0]

    def take(*_: Any) -> None:
        last[0] = next(number)
        if last[0] == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", take)
    event.listen(Engine, "commit", take)
    assert api.bulk("customers", "transfer", ids, {"new_owner": "sales1b"}).json["done"] == CHUNK
    return last[0]


def _note_and_commit(number: int, outcome: Any) -> None:
    """What tells of a chunk is committed by itself, after its rows."""
    db.session.commit()
    runs.note_first(number, ({"record_id": c.id, "outcome": "done"} for c in outcome.changes))


def killed(place: Place, *arguments: Any) -> None:
    process = CONTEXT.Process(target=_life, args=(place, *arguments))
    process.start()
    process.join(PATIENCE)
    assert process.exitcode == -signal.SIGKILL


def _life(place: Place, ids: list[int], fatal: int, is_naive: bool) -> None:
    transfer(Elsewhere(place), ids, fatal, is_naive=is_naive)


def told(engine: Engine, ids: list[int]) -> dict[str, int]:
    """How many of these rows were moved, by everything that tells of it."""
    tables, owner = db.metadata.tables, user_ids(engine)["sales1b"]
    customer, history, item = (tables[n] for n in ("customer", "history", "operation_item"))
    mine = history.c.entity == "customer", history.c.record_id.in_(ids)
    parts = {
        "moved": select(func.count()).where(customer.c.id.in_(ids), customer.c.owner_id == owner),
        "versions": select(func.sum(customer.c.version - 1)).where(customer.c.id.in_(ids)),
        "history": select(func.count()).where(*mine),
        "records": select(func.count(history.c.record_id.distinct())).where(*mine),
        "report": select(func.count()).where(item.c.record_id.in_(ids), item.c.outcome == "done"),
    }
    with engine.connect() as connection:
        columns = (part.scalar_subquery().label(key) for key, part in parts.items())
        return dict(connection.execute(select(*columns)).mappings().one())


def kill_at_each_point(world: World, engine: Engine, points: int, *, is_naive: bool) -> list[int]:
    """How many rows were moved each time, when at all that tells of them says the same."""
    place = Place.of(world)
    [statements] = at_once(place, transfer, [(fill(engine, CHUNK), NEVER)])
    found = []
    for point in range(points):
        ids = fill(engine, CHUNK)
        killed(place, ids, statements - statements * point // points, is_naive)
        said = told(engine, ids)
        assert len(set(said.values())) == 1, said
        found.append(said["moved"])
    return found


def test_a_killed_request_has_done_all_of_it_or_nothing(world: World, engine: Engine) -> None:
    """C90: whatever it was at; what was not committed is not there, and its rows aren't held."""
    moved = kill_at_each_point(world, engine, POINTS, is_naive=False)
    assert set(moved) <= {0, CHUNK}
    assert 0 in moved
    ids = fill(engine, CHUNK)
    at_once(Place.of(world), transfer, [(ids, NEVER)])
    assert set(told(engine, ids).values()) == {CHUNK}


@pytest.mark.prove
def test_a_request_is_killed_at_a_hundred_statements(world: World, engine: Engine) -> None:
    """The whole of C90."""
    assert set(kill_at_each_point(world, engine, 100, is_naive=False)) <= {0, CHUNK}


@pytest.mark.parametrize("server", [pytest.param("sqlite", id="naive")], indirect=True)
def test_what_is_committed_in_halves_would_be_caught(world: World, engine: Engine) -> None:
    """C89b: the test above sees the fault that it is about."""
    with pytest.raises(AssertionError, match="moved"):
        kill_at_each_point(world, engine, 30, is_naive=True)
