"""C102: a name that frees up in the recycle bin goes to exactly one of those who want it."""

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from app.spec.catalogue import catalogue
from tests.contract.calls import Api
from tests.races.crowd import Elsewhere, Place, at_once, persist
from tests.support.worlds import World

NAME = "The one and only"


def want(here: Elsewhere, who: str, record: int) -> Any:
    """Bring the deleted one back, or make a new one of that name; what came of it."""
    api = here.api(who)
    if record:
        answer = persist(lambda: api.bulk("customers", "restore", [record]))
        return answer.status_code, (answer.json or {}).get("done", 0)
    answer = persist(lambda: api.post("/customers/", {"name": NAME}))
    return answer.status_code, int(answer.status_code == 201)


@pytest.mark.parametrize("turn", range(3))
def test_restoring_and_creating_one_name_at_once(world: World, engine: Engine, turn: int) -> None:
    """One of them has it afterwards; the others are told, and nobody meets a fault."""
    admin = Api(world, "admin")
    record = admin.post("/customers/", {"name": NAME}).json["id"]
    assert admin.bulk("customers", "delete", [record]).json["done"] == 1
    crowd = [("admin", record), ("manager", 0), ("leader1", 0), ("sales1a", 0)]
    answers = at_once(Place.of(world), want, crowd)
    assert sum(done for _status, done in answers) == 1, (turn, answers)
    assert set(Counter(status for status, _done in answers)) <= {200, 201, 404, 409}
    table = catalogue.get("customer").model.__table__
    alive = select(func.count()).where(table.c.name == NAME, table.c.deleted_at.is_(None))
    with engine.connect() as connection:
        assert connection.scalar(alive) == 1
