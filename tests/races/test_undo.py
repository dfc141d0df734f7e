"""BULK-5: several people undo the same run at once; it goes back once, and the others are told."""

from collections import Counter
from typing import Any

from sqlalchemy import Engine, func, select

from app.extensions import db
from tests.contract.calls import Api
from tests.races import naive
from tests.races.crowd import Elsewhere, Place, Rendezvous, at_once, persist
from tests.support.worlds import World

PROCESSES = 4


def undo_it(here: Elsewhere, number: int, naive_at: Rendezvous | None) -> int:
    if naive_at:
        naive.undo_without_looking(naive_at.meet)
    api = here.api("admin")
    status: int = persist(lambda: api.post(f"/operations/{number}/undo", {})).status_code
    return status


def undo_race(world: World, engine: Engine, *, is_naive: bool) -> tuple[Counter[int], list[int]]:
    """The answers, and how many entries each record got."""
    run = Api(world, "manager").bulk("customers", "transfer", [1, 2], {"new_owner": "sales2a"})
    number = run.json["operation_id"]
    naive_at = Rendezvous(PROCESSES) if is_naive else None
    crowd: list[Any] = [(number, naive_at)] * PROCESSES
    answers = Counter(at_once(Place.of(world), undo_it, crowd))
    history = db.metadata.tables["history"]
    with engine.connect() as connection:
        entries = connection.scalars(
            select(func.count()).where(history.c.operation == "undo").group_by(history.c.record_id)
        ).all()
    return answers, list(entries)


def test_only_one_of_several_undoes(world: World, engine: Engine) -> None:
    answers, entries = undo_race(world, engine, is_naive=False)
    assert answers == {200: 1, 409: PROCESSES - 1}
    assert entries == [1, 1]


def test_without_the_lock_several_would(world: World, engine: Engine) -> None:
    """C89b: the test above sees the fault that it is about."""
    answers, _entries = undo_race(world, engine, is_naive=True)
    assert answers[200] > 1
