"""The night's recycling stepped through what people do with the same records (C86, C41).

As in ``test_crossings``: the first has done its writing and is held before it commits, the second
has to wait and looks again. On PostgreSQL also the other way: the night has chosen its rows, and
somebody is through with one of them before it locks them.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, select

from app.jobs import recycling as night
from app.operations.recycling import Night
from app.spec import clock
from app.store.runs import OperationRun
from tests.contract.calls import Api, stored, user_ids, write
from tests.contract.test_recycling import obtained, rule
from tests.races.test_crossings import (
    WAIT,
    Call,
    Gate,
    bulk_call,
    check_chain,
    held_before_commit,
)
from tests.support.mailbox import as_the_clock
from tests.support.worlds import World

SOON = 0.4
MINE = 1
"""A customer of sales1a's that is due."""


@pytest.fixture
def due(world: World, engine: Engine) -> Callable[[], None]:
    """Let it be due tonight, and nothing else; answers the night."""
    rule(engine, quiet_days="30")
    obtained(engine, {MINE: 50}, clock.now())
    return lambda: as_the_clock(world, night.run)


@contextmanager
def held_in_the_night(gate: Gate, where: str) -> Iterator[None]:
    """Stop the night when it has chosen its rows (``take``), or written them (``taken``)."""
    take = Night.take

    def slow(self: Night, *given: Any) -> int:
        if where == "take":
            gate.pass_by()
        took = take(self, *given)
        if where == "taken":
            gate.pass_by()
        return took

    Night.take = slow  # type: ignore[method-assign]
    try:
        yield
    finally:
        Night.take = take  # type: ignore[method-assign]


def crossed(
    first: Callable[[], Any], second: Callable[[], Any], held: str, *, waits: bool = True
) -> dict[str, Any]:
    """Both answers; the second began while the first was held, and waited unless it was early.

    Who ``waits`` not sees things as they were, as somebody does who came before.
    """
    gate, answers = Gate(), {}

    def do(name: str, does: Callable[[], Any]) -> None:
        answers[name] = does()

    threads = [
        threading.Thread(target=do, args=("first", first)),
        threading.Thread(target=do, args=("second", second)),
    ]
    gate.thread = threads[0]
    with held_before_commit(gate) if held == "commit" else held_in_the_night(gate, held):
        threads[0].start()
        assert gate.reached.wait(WAIT), answers
        threads[1].start()
        threads[1].join(WAIT if held == "take" else SOON)
        had_to_wait = threads[1].is_alive()
        gate.opened.set()
        for thread in threads:
            thread.join(WAIT)
    if waits:
        assert had_to_wait is (held != "take"), "the second waits for the first one's commit"
    return answers


def noted(api: Api) -> Any:
    return api.post("/follow-ups/", {"text": "Rang up", "customer": MINE})


SAVED: dict[str, tuple[str, Call]] = {
    "locked": ("sales1a", bulk_call("lock", [MINE], reason="Ours")),
    "followed up": ("sales1a", noted),
    "transferred": ("manager", bulk_call("transfer", [MINE], new_owner="sales2a")),
    "won": ("manager", bulk_call("set_deal_status", [MINE], status="won")),
    "deleted": ("manager", bulk_call("delete", [MINE])),
}
"""What keeps a record from being taken, and by whom."""


@pytest.mark.parametrize("how", SAVED)
@pytest.mark.parametrize("held", ["commit", "take"])
def test_what_was_saved_in_the_last_moment_stays(
    world: World, engine: Engine, due: Callable[[], None], how: str, held: str
) -> None:
    """It is looked at again under the lock: whatever somebody did with it meanwhile counts."""
    who, call = SAVED[how]
    api = Api(world, who)
    if held == "take":
        if world.server.kind == "sqlite":
            return  # writers queue as a whole: nobody comes in between
        answer = crossed(due, lambda: call(api), held)["second"]
    else:
        answer = crossed(lambda: call(api), due, held)["first"]
    assert answer.status_code in (200, 201), answer.text
    row = stored(engine, "customer", MINE)
    assert row["pool_id"] is None, "recycled all the same"
    check_chain(engine, MINE) if how == "transferred" else None


LATE: dict[str, tuple[str, Call]] = {
    "transfer": ("manager", bulk_call("transfer", [MINE], new_owner="sales1b")),
    "assign": ("manager", bulk_call("assign", [MINE], to=["sales1b"], how="equal")),
    "release": ("manager", lambda api: api.bulk(
        "customers", "release", [MINE], {"pool": pool_ids_of(api)})),
    "claim": ("sales1b", bulk_call("claim", [MINE])),
    "lock": ("sales1a", bulk_call("lock", [MINE], reason="Ours")),
    "delete": ("manager", bulk_call("delete", [MINE])),
}  # fmt: skip


def pool_ids_of(api: Api) -> int:
    return min(api.ids("pools", {"col": "name", "opr": "eq", "value": "Open customers"}))


@pytest.mark.parametrize("how", LATE)
def test_whoever_comes_too_late_finds_it_in_the_pool(
    world: World, engine: Engine, due: Callable[[], None], how: str
) -> None:
    """The end is a legal one, and the answer says what it is."""
    who, call = LATE[how]
    api = Api(world, who)
    answer = crossed(due, lambda: call(api), "taken", waits=how != "claim")["second"]
    row = stored(engine, "customer", MINE)
    check_chain(engine, MINE)
    if answer.status_code == 200 and answer.json["done"]:
        assert how in ("assign", "claim"), "out of the pool, by whoever may"
        assert row["owner_id"] == user_ids(engine)["sales1b"]
    else:
        assert answer.status_code in (200, 404), answer.text
        assert (row["owner_id"], row["pool_id"] is None) == (None, False)


def last_night(engine: Engine) -> int:
    runs = OperationRun.__table__
    with engine.connect() as connection:
        found = select(runs.c.id).where(runs.c.operation == "recycle").order_by(runs.c.id.desc())
        return int(connection.scalars(found).first() or 0)


def test_the_undo_of_a_night_and_the_next_one(
    world: World, engine: Engine, due: Callable[[], None]
) -> None:
    """Back to its owner, and taken again as it is due still; by the night after the next at last,
    when this one came before the undo was through."""
    due()
    first, api = last_night(engine), Api(world, "leader1")
    path = f"/operations/{first}/undo"
    answer = crossed(lambda: api.post(path, {}), due, "commit", waits=False)["first"]
    assert answer.json["done"] == 1, answer.text
    check_chain(engine, MINE)
    due()
    assert last_night(engine) > first
    assert stored(engine, "customer", MINE)["owner_id"] is None
    check_chain(engine, MINE)


def test_the_undo_of_an_earlier_run_while_the_night_takes(
    world: World, engine: Engine, due: Callable[[], None]
) -> None:
    """What the night takes has changed since: it stays where it is, and the doer is told."""
    api = Api(world, "manager")
    run = api.bulk("customers", "transfer", [MINE], {"new_owner": "sales1b"}).json["operation_id"]
    obtained(engine, {MINE: 50}, clock.now())
    undo = crossed(due, lambda: api.post(f"/operations/{run}/undo", {}), "taken")["second"]
    assert [skip["code"] for skip in undo.json["skipped"]] in (["changed"], ["gone"]), undo.text
    assert stored(engine, "customer", MINE)["owner_id"] is None
    check_chain(engine, MINE)


def test_the_undo_of_a_night_whose_rows_went_on(
    world: World, engine: Engine, due: Callable[[], None]
) -> None:
    """C86: one was claimed at that very moment, one moved on long ago; the third goes back."""
    obtained(engine, {1: 50, 2: 50, 3: 50}, clock.now())
    due()
    number, admin, other = last_night(engine), Api(world, "admin"), Api(world, "sales2a")
    assert Api(world, "manager").bulk("customers", "claim", [2]).json["done"] == 1
    claim = bulk_call("claim", [3])
    undone = crossed(
        lambda: claim(other), lambda: admin.post(f"/operations/{number}/undo", {}), "commit"
    )["second"]
    assert undone.json["done"] == 1, undone.text
    assert {skip["id"]: skip["code"] for skip in undone.json["skipped"]} == {
        2: "changed", 3: "changed"
    }  # fmt: skip
    people = user_ids(engine)
    owners = [stored(engine, "customer", number)["owner_id"] for number in (1, 2, 3)]
    assert owners == [people[name] for name in ("sales1a", "manager", "sales2a")]
    for record in (1, 2, 3):
        check_chain(engine, record)


def test_a_night_that_does_not_look_again_would_take_it(
    world: World, engine: Engine, due: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """C89b: the tests above see the fault that they are about."""
    if world.server.kind == "sqlite":
        return  # nobody comes in between there
    monkeypatch.setattr(Night, "_held", lambda _self, ids: dict.fromkeys(ids, ""))
    who, call = SAVED["locked"]
    api = Api(world, who)
    crossed(due, lambda: call(api), "take")
    assert stored(engine, "customer", MINE)["pool_id"] is not None
    assert stored(engine, "customer", MINE)["is_locked"], "locked, and recycled"


def test_what_comes_back_is_watched_again(
    world: World, engine: Engine, due: Callable[[], None]
) -> None:
    """An undo gives back the old clock too: nobody gains days by it."""
    due()
    before = stored(engine, "customer", MINE)["obtained_at"]
    assert Api(world, "admin").post(f"/operations/{last_night(engine)}/undo", {}).json["done"] == 1
    row = stored(engine, "customer", MINE)
    assert row["obtained_at"] == before
    write(engine, "customer", MINE, is_locked=True)
    due()
    assert stored(engine, "customer", MINE)["pool_id"] is None, "unless it was locked"
