"""C86: several people tick steps of one task at once; nobody hinders another, none is lost."""

import time
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.contract.calls import Api, stored, user_ids
from tests.contract.test_bulk import rows_in
from tests.races import naive
from tests.races.crowd import Elsewhere, Place, at_once, persist
from tests.support.worlds import World

PEOPLE = ("sales1b", "sales1a", "leader1", "manager")
"""Owner, participant, managers."""
EACH = 6


def tick(here: Elsewhere, who: str, lines: list[int], pause: float) -> list[int]:
    """Tick steps of one's own, one by one; the answers' statuses. With a pause carelessly."""
    if pause:
        naive.count_and_let_go(lambda: time.sleep(pause))
    api = here.api(who)
    return [
        persist(
            lambda line=line: api.put(f"/tasks/3/checklist/{line}", {"is_done": True})
        ).status_code
        for line in lines
    ]


def race(world: World, each: int, *, is_naive: bool) -> list[Any]:
    """Everybody ticks his own steps of one list; the numbers of each one's steps.

    Of the careless those that come first in the list take longest to write what they have counted.
    """
    text = "\n".join(f"Step {number}" for number in range(each * len(PEOPLE)))
    answer = Api(world, "sales1b").post("/tasks/3/checklist", {"text": text})
    numbers = [one["id"] for one in answer.json["result"] if not one["is_done"]]
    theirs = [numbers[at :: len(PEOPLE)] for at in range(len(PEOPLE))]
    pauses = [naive.PAUSE * n * is_naive for n in range(len(PEOPLE), 0, -1)]
    crowd = list(zip(PEOPLE, theirs, pauses, strict=True))
    statuses = at_once(Place.of(world), tick, crowd)
    assert statuses == [[200] * each] * len(PEOPLE), "nobody is told that another was faster"
    return theirs


def test_two_tick_two_steps_of_one_task(world: World, engine: Engine) -> None:
    theirs, people = race(world, EACH, is_naive=False), user_ids(engine)
    done_by = {row["id"]: row["done_by_id"] for row in rows_in(engine, "checklist_line")}
    for who, lines in zip(PEOPLE, theirs, strict=True):
        assert {done_by[line] for line in lines} == {people[who]}
    total = EACH * len(PEOPLE)
    row = stored(engine, "task", 3)
    assert (row["checklist"], row["version"]) == (f"{total}/{total}", 1)


def test_counting_without_holding_is_wrong(world: World, engine: Engine) -> None:
    """The race above on a careless program, on both databases."""
    for attempt in range(1, 6):
        race(world, 1, is_naive=True)
        total = attempt * len(PEOPLE)
        if stored(engine, "task", 3)["checklist"] != f"{total}/{total}":
            return
    pytest.fail("the careless program told the truth five times")
