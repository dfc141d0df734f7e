"""C81, POOL-9: eight processes give one person records at once; he never has one too many."""

import random
from collections import Counter
from typing import Any

from sqlalchemy import Engine, select

from app.extensions import db
from app.spec.catalogue import catalogue
from tests.contract.calls import pool_ids, user_ids
from tests.contract.test_caps import fill, held, limit
from tests.races import naive
from tests.races.crowd import Elsewhere, Place, Rendezvous, at_once, persist
from tests.support.worlds import World

PERSON, FORMER = "sales1a", "sales2a"
MOST, PROCESSES, WANTED = 50, 8, 96
WAYS = ("claim", "assign", "create", "transfer")
BATCH = 4


def give(
    here: Elsewhere, way: str, ids: list[int], seed: int, naive_at: Rendezvous | None
) -> Counter[str]:
    """Give him all of these in small batches, one way; how many each answer was about."""
    if naive_at:
        naive.count_rooms_early(naive_at.meet)
    api = here.api(PERSON if way in ("claim", "create") else "manager")
    params = {"assign": {"to": [PERSON], "how": "load"}, "transfer": {"new_owner": PERSON}}
    random.Random(seed).shuffle(ids)  # noqa: S311 - no secret
    told: Counter[str] = Counter()
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        if way == "create":
            for number in some:
                body = {"name": f"Made {number}"}
                answer = persist(lambda body=body: api.post("/customers/", body))
                told[str(answer.status_code)] += 1
            continue
        answer = persist(lambda some=some: api.bulk("customers", way, some, params.get(way, {})))
        assert answer.status_code == 200, answer.text
        told["done"] += answer.json["done"]
        told.update(skip["code"] for skip in answer.json["skipped"])
    return told


def race(world: World, engine: Engine, processes: int, *, is_naive: bool) -> list[Counter[str]]:
    """Everybody at once, each with records of his own, so that only the person is shared."""
    limit(world, MOST)
    pools, people = pool_ids(engine), user_ids(engine)
    sources: dict[str, dict[str, Any]] = {
        "claim": {"pool_id": pools["Open customers"]},
        "assign": {"owner_id": people[FORMER]},
        "transfer": {"owner_id": people[FORMER]},
    }
    naive_at = Rendezvous(processes) if is_naive else None
    crowd = []
    for number in range(processes):
        way = WAYS[number % len(WAYS)] if not is_naive else "claim"
        share = WANTED // processes
        ids = (
            fill(engine, share, **sources[way])
            if way in sources
            else [*range(number * 100, number * 100 + share)]
        )
        crowd.append((way, ids, number, naive_at))
    return at_once(Place.of(world), give, crowd)


def test_never_one_too_many(world: World, engine: Engine) -> None:
    """Exactly fifty; whatever was refused says why, and every "done" is true."""
    before = held(engine)
    answers = race(world, engine, PROCESSES, is_naive=False)
    told = sum(answers, Counter[str]())
    assert held(engine) == MOST
    assert told["done"] + told["201"] == MOST - before
    assert set(told) <= {"done", "201", "422", "over_cap"}, told
    assert told["over_cap"] + told["422"] == WANTED - (MOST - before)
    check_history(engine)


def check_history(engine: Engine) -> None:
    """As many entries as changes of hands: nobody was given anything and had it taken away."""
    table, history = catalogue.get("customer").model.__table__, db.metadata.tables["history"]
    with engine.connect() as connection:
        rows = connection.execute(select(table.c.id, table.c.version)).all()
        entries = Counter(
            connection.scalars(select(history.c.record_id).where(history.c.entity == "customer"))
        )
    assert all(entries[number] in (version, version - 1) for number, version in rows)


def test_counted_before_waiting_he_would_have_more(world: World, engine: Engine) -> None:
    """C89b: the test above sees the fault that it is about; each believes that two have room."""
    fill(engine, MOST - held(engine) - 2, owner_id=user_ids(engine)[PERSON])
    race(world, engine, 5, is_naive=True)
    assert held(engine) > MOST


def test_two_people_crosswise(world: World, engine: Engine) -> None:
    """C87: A's to B and B's to A at once: no deadlock reaches anybody."""
    limit(world, MOST)
    people = user_ids(engine)
    crowd = [
        (
            ("transfer", "assign")[number % 2],
            people,
            number,
            fill(engine, 20, owner_id=people[FORMER]),
        )
        for number in range(4)
    ]
    answers = at_once(Place.of(world), cross, crowd)
    assert all(set(codes) == {200} for codes in answers), answers
    assert held(engine, "sales1a") <= MOST
    assert held(engine, "sales1b") <= MOST


def cross(here: Elsewhere, way: str, people: Any, number: int, ids: list[int]) -> list[int]:
    """Give them to two people, in the one order or the other."""
    pair = ["sales1a", "sales1b"][:: 1 if number < 2 else -1]
    api = here.api("manager")
    codes = []
    for start in range(0, len(ids), 5):
        some = ids[start : start + 5]
        params: dict[str, Any] = {"to": pair, "how": "equal"}
        if way == "transfer":
            params = {"new_owner": pair[start // 5 % 2]}
        answer = persist(lambda some=some, params=params: api.bulk("customers", way, some, params))
        codes.append(answer.status_code)
    return codes
