"""Merging, converting, editing the same records at once, and one telephone number twice (C84)."""

import itertools
import time
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from app.extensions import db
from app.spec.catalogue import catalogue
from tests.contract.calls import Api, stored, write
from tests.races import naive
from tests.races.crowd import PATIENCE, Elsewhere, Meeting, Place, Rendezvous, at_once, persist
from tests.support.worlds import World

PHONE = "13755556666"
CROWD = ("into 1", "into 2", "convert", "convert again", "into 5", "edit 5", "save", "save again")


def call(api: Api, what: str) -> Any:
    """What each of them does; those that want the same stand side by side in the crowd."""
    verb, _, which = what.partition(" ")
    if verb == "into":
        pair = [1, 2] if which in "12" else [4, 5]
        picks = {"remark": pair[0]} if which == "5" else {}
        params = {"survivor": int(which), "fields": picks}
        return api.bulk("customers", "merge", pair, params)
    if verb == "convert":
        return api.bulk("leads", "convert", [1], {"customer": 3, "contact": True})
    if verb == "edit":
        return api.put("/customers/5", {"remark": "mine"}, 1)
    return api.post("/customers/", {"name": f"Firm {what}", "mobile": PHONE})


def act(here: Elsewhere, what: str, naive_at: Rendezvous | Meeting | None) -> Any:
    """Careless programs look first and write later; who edits comes a moment after the merger."""
    if isinstance(naive_at, Meeting) and what == "edit 5":
        naive_at.looked.wait(PATIENCE)
    elif naive_at:
        pause = naive_at.meet if isinstance(naive_at, Rendezvous) else naive_at.pause
        naive.look_first_write_later(pause)
        naive.look_and_let_go("app.store.likenesses", "find", pause)
    elif what == "edit 5":
        time.sleep(0.5)
    api = here.api("admin")
    answer = persist(lambda: call(api, what))
    if isinstance(naive_at, Meeting):
        naive_at.acted.set()
    return what, answer.status_code


def places(*, is_naive: bool) -> list[Rendezvous | Meeting | None]:
    """Where the careless ones of the crowd wait for their opponents, pair by pair."""
    if not is_naive:
        return [None] * len(CROWD)
    pairs = [Rendezvous(2), Rendezvous(2), Meeting(), Rendezvous(2)]
    return [place for place in pairs for _one in range(2)]


def counted(engine: Engine, key: str, **where: Any) -> int:
    table = catalogue.get(key).model.__table__
    with engine.connect() as connection:
        conditions = [table.c[name] == value for name, value in where.items()]
        return connection.scalar(select(func.count()).select_from(table).where(*conditions)) or 0


def remarks(engine: Engine, record: int) -> list[Any]:
    """What the history says of a customer's remark: pairs of old and new."""
    history = db.metadata.tables["history"]
    mine = (history.c.entity == "customer", history.c.record_id == record)
    with engine.connect() as connection:
        told = connection.scalars(select(history.c.changes).where(*mine).order_by(history.c.id))
        return [changes["remark"] for changes in told if "remark" in changes]


@pytest.mark.parametrize("is_naive", [False, True], ids=["ours", "naive"])
def test_all_end_as_if_one_came_after_the_other(
    world: World, engine: Engine, is_naive: bool
) -> None:
    """One of two is left, one contact and one number, and the history tells every value there was.

    The careless program loses these bets.
    """
    for record in (1, 2, 3, 4, 5):
        write(engine, "customer", record, remark=f"of {record}", is_locked=False)
    crowd = [*zip(CROWD, places(is_naive=is_naive), strict=True)]
    answers = at_once(Place.of(world), act, crowd)
    alive = [i for i in (1, 2) if stored(engine, "customer", i)["deleted_at"] is None]
    name = stored(engine, "lead", 1)["name"]
    sound = {
        "merge x merge": len(alive) == 1,
        "convert x convert": counted(engine, "contact", name=name, customer_id=3) == 1,
        "merge x edit": all(b[0] == a[1] for a, b in itertools.pairwise(remarks(engine, 5))),
        "number x number": counted(engine, "customer", mobile=PHONE) == 1,
    }
    if is_naive:
        if world.server.kind == "postgresql":  # two merges lock crosswise: one begins again (R10)
            del sound["merge x merge"]
        assert not any(sound.values()), (sound, answers)
    else:
        assert all(sound.values()), (sound, answers)
        assert {status for _what, status in answers} <= {200, 201, 404, 409, 412, 422}, answers
        saved = [status for what, status in answers if what.startswith("save")]
        assert sorted(saved) == [201, 409]
