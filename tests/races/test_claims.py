"""POOL-2, C80, C81: one owner each, whoever grabs; nobody gets more than the pool allows."""

import random
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, func, insert, select

from app.extensions import db
from app.spec.catalogue import catalogue
from tests.contract.calls import pool_ids, user_ids, write
from tests.races import naive
from tests.races.crowd import Elsewhere, Place, Rendezvous, at_once, persist
from tests.support.worlds import World

PEOPLE = ("sales1a", "sales1b", "sales2a", "leader1", "manager", "admin")
PROCESSES = 16
BATCH = 30


def fill_pool(engine: Engine, number: int) -> list[int]:
    """So many customers in the pool that is open to everybody."""
    table = catalogue.get("customer").model.__table__
    pool, now = pool_ids(engine)["Open customers"], datetime.now(UTC)
    rows = [
        {"name": f"Pool {i}", "pool_id": pool, "created_at": now, "updated_at": now}
        for i in range(number)
    ]
    with engine.begin() as connection:
        return list(connection.scalars(insert(table).returning(table.c.id), rows))


def claim_all(
    here: Elsewhere, who: str, ids: list[int], seed: int, naive_at: Rendezvous | None
) -> Any:
    """Claim everything in batches, everybody in an order of his own; answers whom and what won."""
    if naive_at:
        naive.look_first_write_later(naive_at.meet)
    api = here.api(who)
    batches = [ids[i : i + BATCH] for i in range(0, len(ids), BATCH)]
    random.Random(seed).shuffle(batches)  # noqa: S311 - no secret
    won: list[int] = []
    codes: Counter[str] = Counter()
    for batch in batches:
        answer = persist(lambda batch=batch: api.bulk("customers", "claim", batch))
        codes[str(answer.status_code)] += 1
        if answer.status_code == 200:
            left = {skip["id"] for skip in answer.json["skipped"]}
            codes.update(skip["code"] for skip in answer.json["skipped"])
            won += [i for i in batch if i not in left]
    return who, won, dict(codes)


def claim_race(world: World, engine: Engine, number: int, processes: int, *, is_naive: bool) -> Any:
    ids = fill_pool(engine, number)
    naive_at = Rendezvous(processes) if is_naive else None
    crowd = [(PEOPLE[i % len(PEOPLE)], ids, i, naive_at) for i in range(processes)]
    return at_once(Place.of(world), claim_all, crowd)


def winners(answers: list[Any]) -> Counter[int]:
    return Counter(i for _who, won, _codes in answers for i in won)


def check_claims(engine: Engine, answers: list[Any], number: int) -> None:
    """Every customer one winner, every "won" true, one entry per row, nobody saw a fault."""
    table, history = catalogue.get("customer").model.__table__, db.metadata.tables["history"]
    people = user_ids(engine)
    won = winners(answers)
    assert len(won) == number
    assert set(won.values()) == {1}, "somebody else was told the same"
    with engine.connect() as connection:
        owners = {
            row.id: (row.owner_id, row.pool_id, row.version)
            for row in connection.execute(select(table).where(table.c.id.in_(won)))
        }
        entries = connection.execute(
            select(history.c.record_id, func.count())
            .where(history.c.operation == "claim", history.c.record_id.in_(won))
            .group_by(history.c.record_id)
        ).all()
    for who, mine, codes in answers:
        assert set(codes) <= {"200", "taken"}, codes
        assert all(owners[i] == (people[who], None, 2) for i in mine)
    assert sorted(entries) == [(i, 1) for i in sorted(won)]


def test_every_customer_has_exactly_one_claimer(world: World, engine: Engine) -> None:
    """The short form: 16 processes on 300 customers."""
    check_claims(engine, claim_race(world, engine, 300, PROCESSES, is_naive=False), 300)


def test_without_the_lock_two_would_win(world: World, engine: Engine) -> None:
    """C89b: the test above sees the fault that it is about."""
    answers = claim_race(world, engine, 60, 5, is_naive=True)
    assert max(winners(answers).values()) > 1


@pytest.mark.prove
def test_ten_thousand_customers_have_exactly_one_claimer(world: World, engine: Engine) -> None:
    """The whole of C80."""
    check_claims(engine, claim_race(world, engine, 10_000, PROCESSES, is_naive=False), 10_000)


LIMIT = 50


def claim_part(
    here: Elsewhere, who: str, ids: list[int], size: int, naive_at: Rendezvous | None
) -> Any:
    """Claim one's part in batches of that size; answers what was told to be won."""
    if naive_at:
        naive.count_claims_and_let_go(naive_at.meet)
    api, won = here.api(who), list[int]()
    for start in range(0, len(ids), size):
        batch = ids[start : start + size]
        answer = persist(lambda batch=batch: api.bulk("customers", "claim", batch))
        assert answer.status_code == 200, answer.text
        assert {s["code"] for s in answer.json["skipped"]} <= {"taken", "claims_used"}
        won += sorted(set(batch) - {skip["id"] for skip in answer.json["skipped"]})
    return won


def limit_race(world: World, engine: Engine, processes: int, *, is_naive: bool) -> list[list[int]]:
    """One person claims from many processes at once; what each of them was told to have won."""
    write(engine, "pool", pool_ids(engine)["Open customers"], claim_limit=LIMIT)
    ids = fill_pool(engine, LIMIT + 30)
    naive_at = Rendezvous(processes) if is_naive else None
    parts = [ids[i::processes] for i in range(processes)]
    crowd = [
        ("sales1a", part, len(part) if is_naive else 1 + i % 3, naive_at)
        for i, part in enumerate(parts)
    ]
    return at_once(Place.of(world), claim_part, crowd)


def owned(engine: Engine, who: str) -> set[int]:
    table = catalogue.get("customer").model.__table__
    with engine.connect() as connection:
        mine = select(table.c.id).where(table.c.owner_id == user_ids(engine)[who])
        return set(connection.scalars(mine.where(table.c.obtained_way == "claimed")))


def test_nobody_claims_more_than_the_period_allows(world: World, engine: Engine) -> None:
    """C81: one person with 50 claims, 8 processes; never 51, and all 50 are to be had."""
    won = [i for some in limit_race(world, engine, 8, is_naive=False) for i in some]
    assert len(won) == LIMIT
    assert owned(engine, "sales1a") == set(won)
    with engine.connect() as connection:
        counted = connection.scalars(select(db.metadata.tables["claim_count"].c.used)).all()
    assert counted == [LIMIT]


def test_without_the_held_count_there_would_be_more(world: World, engine: Engine) -> None:
    """C89b: counting first and writing later goes over the limit."""
    limit_race(world, engine, 8, is_naive=True)
    assert len(owned(engine, "sales1a")) > LIMIT
