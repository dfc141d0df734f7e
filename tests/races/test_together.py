"""C86, C89: everybody at work at once; no fault reaches anybody, every end is a legal one."""

import random
import time
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Engine

from app.extensions import db
from tests.contract.calls import pool_ids, stored, user_ids
from tests.races.crowd import Elsewhere, Place, at_once
from tests.races.test_claims import fill_pool
from tests.support.worlds import World

PEOPLE = ("manager", "leader1", "sales1a", "sales1b", "sales2a", "admin")
READS = ("/customers/list/", "/leads/list/?search=Lead", "/contacts/list/", "/api/v1/contacts/")


def read_on(here: Elsewhere, who: str, seconds: float) -> Any:
    """Open lists and pages as fast as they come."""
    client, codes = here.client(who), Counter[str]()
    until, turn = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        codes[str(client.get(READS[turn % len(READS)]).status_code)] += 1
        turn += 1
    return "read", dict(codes), 0.0


def write_on(here: Elsewhere, who: str, seconds: float) -> Any:
    """Create and edit as fast as it goes; answers the longest wait too."""
    api, codes, longest, turn = here.api(who), Counter[str](), 0.0, 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.monotonic()
        made = api.post("/leads/", {"name": f"{who} {turn}"})
        codes[str(made.status_code)] += 1
        if made.status_code == 201:
            saved = api.put(f"/leads/{made.json['id']}", {"remark": "x" * 500})
            codes[str(saved.status_code)] += 1
        longest = max(longest, time.monotonic() - began)
        turn += 1
    return "write", dict(codes), longest


def work_on(here: Elsewhere, kind: str, who: str, seconds: float) -> Any:
    return (read_on if kind == "read" else write_on)(here, who, seconds)


def busy(world: World, seconds: float) -> list[Any]:
    crowd = [(kind, PEOPLE[i % 6], seconds) for i in range(8) for kind in ("read", "write")]
    return at_once(Place.of(world), work_on, crowd)


def check_busy(answers: list[Any]) -> None:
    """Nobody heard of a locked database, and everybody got something done."""
    for kind, codes, _longest in answers:
        expected = {"200"} if kind == "read" else {"201", "200"}
        assert set(codes) <= expected, (kind, codes)
        assert sum(codes.values()) > 0


def test_eight_write_while_eight_read(world: World) -> None:
    """The short form."""
    check_busy(busy(world, 4))


@pytest.mark.prove
def test_eight_write_while_eight_read_for_a_minute(world: World) -> None:
    """The whole of C89."""
    check_busy(busy(world, 60))


def meddle(here: Elsewhere, who: str, ids: list[int], pool: int, seed: int, turns: int) -> Any:
    """Whatever comes to mind with whatever rows: claim, transfer, assign, release, delete, back."""
    api, dice, codes = here.api(who), random.Random(seed), Counter[str]()  # noqa: S311
    verbs: list[tuple[str, dict[str, Any]]] = [
        ("claim", {}),
        ("release", {"pool": pool}),
        ("transfer", {"new_owner": dice.choice(PEOPLE[:5]), "old_owner": "read"}),
        ("assign", {"to": list(PEOPLE[2:5]), "how": dice.choice(["equal", "round_robin", "load"])}),
        ("delete", {}),
        ("restore", {}),
        ("bulk_edit", {"set": {"level": dice.choice("ABC")}}),
    ]
    for _ in range(turns):
        slug, params = dice.choice(verbs)
        answer = api.bulk("customers", slug, dice.sample(ids, 5), params)
        codes[f"{slug} {answer.status_code}"] += 1
    return dict(codes)


def meddled(world: World, engine: Engine, turns: int) -> list[int]:
    """The rows after everybody has had his turns with them."""
    ids, pool = fill_pool(engine, 20), pool_ids(engine)["Open customers"]
    crowd = [
        (("admin", "manager", "leader1", "admin", "sales1a", "manager")[i], ids, pool, i, turns)
        for i in range(6)
    ]
    faults = [
        (name, number)
        for codes in at_once(Place.of(world), meddle, crowd)
        for name, number in codes.items()
        if name.split()[1] not in {"200", "403", "404", "409"}
    ]
    assert faults == []
    return ids


def check_meddled(engine: Engine, ids: list[int]) -> None:
    """One owner or one pool; the history's owners follow each other without a gap."""
    table = db.metadata.tables["history"]
    assert user_ids(engine)
    with engine.connect() as connection:
        where = (table.c.entity == "customer", table.c.record_id.in_(ids))
        rows = connection.execute(table.select().where(*where).order_by(table.c.id)).mappings()
        entries = [dict(row) for row in rows]
    assert entries
    for record in ids:
        row = stored(engine, "customer", record)
        mine = [entry for entry in entries if entry["record_id"] == record]
        chain = [e["changes"]["owner"] for e in mine if "owner" in e["changes"]]
        assert all(after[0] == before[1] for before, after in pairwise(chain)), chain
        if chain:
            assert chain[0][0] is None
            assert chain[-1][1] == row["owner_id"]
        assert (row["owner_id"] is None) is (row["pool_id"] is not None)
        assert row["version"] == 1 + len(mine), "one entry per version"


def test_everybody_meddles_with_the_same_rows(world: World, engine: Engine) -> None:
    """The short form of C86 and C87: no deadlock reaches anybody."""
    check_meddled(engine, meddled(world, engine, 12))


@pytest.mark.prove
def test_everybody_meddles_for_long(world: World, engine: Engine) -> None:
    check_meddled(engine, meddled(world, engine, 300))
