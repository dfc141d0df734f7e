"""CUS-5: several people judge one record at once; all is kept, the newest of each counts."""

from typing import Any

from sqlalchemy import Engine

from tests.contract.test_bulk import rows_in
from tests.races.crowd import Elsewhere, Place, at_once, persist
from tests.support.worlds import World

JUDGES = ("sales1a", "leader1", "clerk1", "service")
"""Three of one department, and somebody of another one."""
LEVELS, TURNS = "ABC", 12


def judge_often(here: Elsewhere, who: str, start: int) -> Any:
    api = here.api(who)
    answers = [
        persist(
            lambda turn=turn: api.bulk(  # type: ignore[misc]
                "customers", "judge", [1], {"level": LEVELS[(start + turn) % len(LEVELS)]}
            )
        )
        for turn in range(TURNS)
    ]
    return [answer.json.get("done") for answer in answers]


def test_one_opinion_of_a_department_counts(world: World, engine: Engine) -> None:
    crowd = [(who, start) for start, who in enumerate(JUDGES)]
    answers = at_once(Place.of(world), judge_often, crowd)
    assert answers == [[1] * TURNS] * len(JUDGES)
    rows = rows_in(engine, "opinion", entity="customer", record_id=1)
    assert len(rows) == TURNS * len(JUDGES), "every one is kept"
    newest = {row["department_id"]: row for row in sorted(rows, key=lambda row: row["id"])}
    assert len(newest) == 2
    assert {row["id"] for row in rows if row["is_current"]} == {r["id"] for r in newest.values()}
    differ = len({row["value"] for row in newest.values()}) == 2
    assert {row["id"] for row in rows if row["is_disputed"]} == (
        {row["id"] for row in newest.values()} if differ else set()
    )
