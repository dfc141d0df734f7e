"""Locks that end are a to-do list of their own (CUS-2, TODO)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine

from app.store import todos
from app.store.todos import Who
from tests.contract.calls import user_ids, write
from tests.contract.test_todos import person
from tests.support.worlds import World

NOON = datetime.fromisoformat("2026-11-23T12:00:00+08:00")
DAY = timedelta(days=1)


def tabs_of(world: World, name: str, who: Who = Who.MINE) -> dict[str, int]:
    """How many records stand in each tab that waits, for that person."""
    with world.app.app_context(), time_machine.travel(NOON, tick=False), person(name):
        asks = [todos.asked("customer_locks", tab, who) for tab in ("today", "soon")]
        return dict(zip(("today", "soon"), todos.counts(asks), strict=True))


def lock(engine: Engine, number: int, until: Any, owner: str = "sales1a", **more: Any) -> None:
    held = {"is_locked": True, "locked_until": until, "owner_id": user_ids(engine)[owner]}
    write(engine, "customer", number, **{**held, **more})


@pytest.mark.parametrize(
    ("until", "tab"),
    [
        (NOON - timedelta(hours=1), None),
        (NOON + timedelta(hours=1), "today"),
        (NOON + DAY, "soon"),
        (NOON + 6 * DAY, "soon"),
        (NOON + 7 * DAY, None),
        (None, None),
    ],
)
def test_what_ends_within_a_week(world: World, engine: Engine, until: Any, tab: str | None) -> None:
    """CUS-2: what still holds, on the reader's days; a lock for good never ends."""
    lookers = (("sales1a", Who.MINE), ("leader1", Who.MY_PEOPLE))
    before = [tabs_of(world, *one) for one in lookers]
    lock(engine, 1, until)
    lock(engine, 3, until, owner="sales2a")
    for one, was in zip(lookers, before, strict=True):
        now = tabs_of(world, *one)
        more = {key: n - was[key] for key, n in now.items() if n != was[key]}
        assert more == ({tab: 1} if tab else {})


def test_nothing_of_what_was_unlocked_or_deleted(world: World, engine: Engine) -> None:
    was = tabs_of(world, "sales1a")
    lock(engine, 1, NOON + DAY, is_locked=False)
    lock(engine, 2, NOON + DAY, deleted_at=NOON)
    assert tabs_of(world, "sales1a") == was
