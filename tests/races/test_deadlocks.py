"""Who loses a deadlock is asked again and never hears of it (R10, C87)."""

import threading
import time

import pytest
from sqlalchemy import Engine, select, text

from app.admin import deadlocks
from app.spec.catalogue import catalogue
from tests.contract.calls import Api, stored, user_ids
from tests.contract.test_bulk import rows_in
from tests.support.worlds import World

LATER = "SET LOCAL deadlock_timeout = '30s'"
"""Lets the request be the one that finds out, and so the one that PostgreSQL ends."""


WAITING = text(
    "select count(*) from pg_stat_activity"
    " where datname = current_database() and wait_event_type = 'Lock'"
)


def until_somebody_waits(engine: Engine) -> None:
    """Return when a transaction of this database waits for a lock; fail if none ever does."""
    until = time.monotonic() + 20
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while time.monotonic() < until:
            if connection.scalar(WAITING):
                return
            time.sleep(0.02)
    raise AssertionError("nobody waited")


@pytest.mark.parametrize("is_naive", [False, True], ids=["ours", "naive"])
def test_a_lost_request_is_begun_again(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch, is_naive: bool
) -> None:
    if world.server.kind == "sqlite":
        return  # one writer at a time: nobody locks crosswise
    if is_naive:
        monkeypatch.setattr(deadlocks, "LOST", frozenset())
    table, people = catalogue.get("customer").model.__table__, user_ids(engine)
    answers = []

    def transfer() -> None:
        api = Api(world, "manager")
        answers.append(api.bulk("customers", "transfer", [1, 3], {"new_owner": "leader1"}))

    with engine.begin() as other:
        other.execute(text(LATER))
        other.execute(select(table.c.id).where(table.c.id == 3).with_for_update())
        request = threading.Thread(target=transfer)
        request.start()
        until_somebody_waits(engine)  # it holds 1 and waits for 3
        other.execute(select(table.c.id).where(table.c.id == 1).with_for_update())
    request.join(20)
    [answer] = answers
    moved = stored(engine, "customer", 3)["owner_id"] == people["leader1"]
    told = rows_in(engine, "history", entity="customer", record_id=3)
    kept = [entry for entry in told if entry["operation_id"]]
    if is_naive:
        assert (answer.status_code, moved, kept) == (503, False, [])
    else:
        assert (answer.status_code, moved, len(kept)) == (200, True, 1), answer.text
        assert answer.json["done"] == 2
