"""ACT-1: several people note something of one record at once; it tells what happened last."""

import random
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from app.spec import clock
from app.spec.catalogue import catalogue
from tests.contract.calls import stored
from tests.races import naive
from tests.races.crowd import Elsewhere, Place, at_once, persist
from tests.support.worlds import World

PEOPLE = ("sales1a", "leader1", "manager", "admin")
ON = ({"customer": 1}, {"contact": 1})


def note(here: Elsewhere, who: str, seed: int, turns: int, is_naive: bool) -> list[int]:
    """Follow-ups of random hours, some of them taken back again; the numbers of those that stay."""
    if is_naive:
        naive.tell_what_came_last()
    api, chance, kept = here.api(who), random.Random(seed), []  # noqa: S311 - nothing secret
    for turn in range(turns):
        hours = chance.randrange(1, 1_000)
        said = {
            **chance.choice(ON),
            "text": f"{who} {turn}: {hours} hours ago",
            "happened_at": clock.iso(clock.now() - timedelta(hours=hours)),
        }
        made = persist(lambda said=said: api.post("/follow-ups/", said))
        assert made.status_code == 201, made.text
        number = made.json["id"]
        if chance.random() < 0.3:
            gone = persist(lambda number=number: api.delete(f"/follow-ups/{number}"))
            assert gone.status_code == 200, gone.text
        else:
            kept.append(number)
    return kept


def race(world: World, turns: int, *, is_naive: bool) -> list[Any]:
    crowd = [(who, n, turns, is_naive) for n, who in enumerate(PEOPLE)]
    return at_once(Place.of(world), note, crowd)


def told_and_true(engine: Engine) -> tuple[Any, Any]:
    """What the customer tells, and what it should."""
    table = catalogue.get("follow_up").model.__table__
    mine = (table.c.customer_id == 1) | (table.c.contact_id == 1)
    last = select(table.c.happened_at, table.c.text).where(mine, table.c.deleted_at.is_(None))
    with engine.connect() as connection:
        newest = connection.execute(
            last.order_by(table.c.happened_at.desc(), table.c.id.desc()).limit(1)
        ).one()
    row = stored(engine, "customer", 1)
    return (row["last_follow_up_at"], row["last_follow_up_text"]), tuple(newest)


def clear(engine: Engine) -> None:
    """Nothing was noted by now: what the company begins with happened just now."""
    table = catalogue.get("follow_up").model.__table__
    with engine.begin() as connection:
        connection.execute(table.delete())
        customer = catalogue.get("customer").model.__table__
        connection.execute(
            customer.update().values(last_follow_up_at=None, last_follow_up_text=None)
        )


def test_the_record_tells_what_happened_last(world: World, engine: Engine) -> None:
    clear(engine)
    kept = race(world, 12, is_naive=False)
    assert sum(map(len, kept)) > 20
    told, true = told_and_true(engine)
    assert told == true


@pytest.mark.prove
def test_the_record_tells_what_happened_last_at_length(world: World, engine: Engine) -> None:
    clear(engine)
    race(world, 80, is_naive=False)
    told, true = told_and_true(engine)
    assert told == true


def test_believing_whoever_writes_last_is_wrong(world: World, engine: Engine) -> None:
    """The race above on a careless program, on both databases."""
    for _try in range(5):
        clear(engine)
        race(world, 12, is_naive=True)
        told, true = told_and_true(engine)
        if told != true:
            return
    pytest.fail("the careless program told the truth five times")
