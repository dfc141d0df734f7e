"""Assigning by rule (TASK, POOL-3): to everybody with a role, by what each still has to do."""

import pytest
from sqlalchemy import Engine

from app.extensions import db
from tests.contract.calls import Api, role_ids, stored, user_ids, write
from tests.support.worlds import World

SALES = ("sales1a", "sales1b", "sales2a")


def open_tasks(engine: Engine, owners: list[str], *, status: str = "open") -> list[int]:
    """The first tasks, owned by these in turn; the numbers."""
    people, numbers = user_ids(engine), list(range(1, len(owners) + 1))
    for number, owner in zip(numbers, owners, strict=True):
        write(engine, "task", number, owner_id=people[owner], status=status)
    return numbers


def owners(engine: Engine, numbers: list[int]) -> list[str]:
    names = {number: name for name, number in user_ids(engine).items()}
    return [names[stored(engine, "task", number)["owner_id"]] for number in numbers]


def clear(engine: Engine) -> None:
    """Nobody has anything to do."""
    tasks, owner = db.metadata.tables["task"], user_ids(engine)["manager"]
    with engine.begin() as connection:
        connection.execute(tasks.update().values(status="done", owner_id=owner))


@pytest.mark.parametrize("how", ["equal", "round_robin", "load"])
def test_to_everybody_with_a_role(world: World, engine: Engine, how: str) -> None:
    """Six tasks for three salespeople: two each."""
    clear(engine)
    numbers = open_tasks(engine, ["leader1"] * 6)
    role = role_ids(engine)["salesperson"]
    api = Api(world, "manager")
    done = api.bulk("tasks", "assign", numbers, {"role": role, "how": how}).json
    assert done["done"] == 6, done
    assert sorted(owners(engine, numbers)) == sorted(SALES * 2)


def test_by_what_is_still_to_be_done(world: World, engine: Engine) -> None:
    """Who has finished a lot has room; who has a lot before him gets nothing."""
    clear(engine)
    numbers = open_tasks(engine, ["leader1"] * 2 + ["sales1a"] * 4 + ["sales1b"] * 4)
    for number in numbers[-4:]:
        write(engine, "task", number, status="done")
    given = {"to": ["sales1a", "sales1b"], "how": "load"}
    assert Api(world, "manager").bulk("tasks", "assign", numbers[:2], given).json["done"] == 2
    assert owners(engine, numbers[:2]) == ["sales1b", "sales1b"]


def test_people_and_a_role_together(world: World, engine: Engine) -> None:
    """Each once, disabled ones not; a role that nobody has is refused, and so is nobody at all."""
    clear(engine)
    numbers, people, roles = open_tasks(engine, ["leader1"] * 4), user_ids(engine), role_ids(engine)
    api = Api(world, "manager")
    write(engine, "user", people["sales2a"], is_active=False)
    given = {"to": ["sales1a", "clerk1"], "role": roles["salesperson"], "how": "equal"}
    assert api.bulk("tasks", "assign", numbers, given).json["done"] == 4
    assert sorted(owners(engine, numbers)) == ["clerk1", "sales1a", "sales1a", "sales1b"]
    with engine.begin() as connection:
        held = db.metadata.tables["user_role"]
        connection.execute(held.delete().where(held.c.role_id == roles["clerk"]))
    for wrong, field in (
        ({"role": roles["clerk"]}, "role"),
        ({"role": 987_654}, "role"),
        ({}, "to"),
    ):
        answer = api.bulk("tasks", "assign", numbers, {**wrong, "how": "equal"})
        assert answer.status_code == 422, answer.text
        assert field in answer.json["fields"]
    for wrong, field in (
        ({"role": roles["clerk"]}, "role"),
        ({}, "to"),
        ({"role": 987_654}, "role"),
    ):
        answer = Api(world, "admin").bulk("tasks", "assign", numbers, {**wrong, "how": "equal"})
        assert answer.status_code in (403, 422), answer.text
        if answer.status_code == 422:
            assert field in answer.json["fields"]
