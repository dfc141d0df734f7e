"""The list of follow-ups is walked: what they belong to is looked up as they are come to (R9)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert, text

from app.entities.follow_up import FollowUp
from tests.contract.calls import user_ids
from tests.support.worlds import World

MANY = 3_000
"""So many that a planner would rather read all customers at once than ask for each."""


@pytest.mark.parametrize("server", ["postgresql"], indirect=True)
@pytest.mark.parametrize("who", ["admin", "audit"])
def test_no_table_of_parents_is_read_whole(world: World, engine: Engine, who: str) -> None:
    """With a million customers that took 1.4 s for each of the two parts of the list.

    On PostgreSQL: SQLite never reads ahead what a correlated EXISTS asks for.
    """
    now, owner = datetime.now(UTC), user_ids(engine)["sales1a"]
    row = {"customer_id": 1, "author_id": owner, "text": "Called", "created_at": now}
    rows = [{**row, "happened_at": now - timedelta(minutes=n)} for n in range(MANY)]
    with engine.begin() as connection:
        connection.execute(insert(FollowUp.__table__), rows)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    plans: list[str] = []

    @event.listens_for(Engine, "before_cursor_execute")
    def explain(_conn: Any, cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "WITH matched" in statement and "FROM follow_up" in statement:
            cursor.execute(f"EXPLAIN {statement}", parameters)
            plans.append("\n".join(line for (line,) in cursor.fetchall()))

    try:
        assert world.client(who).get("/follow-ups/list/").status_code == 200
    finally:
        event.remove(Engine, "before_cursor_execute", explain)
    assert len(plans) == 1
    assert "SubPlan" in plans[0]
    assert "hashed SubPlan" not in plans[0]
