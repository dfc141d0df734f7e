"""Two moves in a tree at the same moment must not close a circle between them."""

from threading import Barrier, BrokenBarrierError, Event, Thread
from typing import Any

import pytest
from sqlalchemy import Engine, text

from app.rules import organisation
from tests.contract.calls import Api, user_ids
from tests.support.worlds import World

PATIENCE = 20


def _places(engine: Engine, plural: str) -> tuple[int, int, int]:
    """Somebody who stands alone; the middle of a chain; its lower end."""
    if plural == "users":
        people = user_ids(engine)
        return people["finance"], people["manager"], people["leader1"]
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT name, id FROM department"))
        numbers = {name: number for name, number in rows}  # noqa: C416 - rows are not pairs to mypy
    return numbers["Marketing"], numbers["Sales"], numbers["Sales 1"]


@pytest.mark.parametrize(("plural", "field"), [("departments", "parent"), ("users", "superior")])
def test_two_halves_of_a_circle_at_once(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch, plural: str, field: str
) -> None:
    """The second one waits, sees the first move, and is refused (it passed before)."""
    alone, middle, end = _places(engine, plural)
    is_first_checked, both_checked = Event(), Barrier(2)
    check = organisation._refuse_circle

    def check_and_wait(*arguments: Any, **more: Any) -> None:
        check(*arguments, **more)
        is_first_checked.set()
        try:
            both_checked.wait(1.5)
        except BrokenBarrierError:
            return  # the other one is kept waiting, as it should be

    monkeypatch.setattr(organisation, "_refuse_circle", check_and_wait)
    told: dict[int, int] = {}

    def move(api: Api, number: int, below: int) -> None:
        version = api.get(f"/{plural}/{number}").headers["ETag"].strip('"')
        told[number] = api.put(f"/{plural}/{number}", {field: below}, int(version)).status_code

    apis = Api(world, "admin"), Api(world, "admin")
    first = Thread(target=move, args=(apis[0], alone, end))
    second = Thread(target=move, args=(apis[1], middle, alone))
    first.start()
    assert is_first_checked.wait(PATIENCE)
    second.start()
    for thread in (first, second):
        thread.join(PATIENCE)
    assert told == {alone: 200, middle: 422}
