"""C86, C89: everybody at work at once; no fault reaches anybody, every end is a legal one."""

import random
import time
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine

from app.extensions import db
from app.jobs import recycling as night
from app.spec import clock
from app.store import settings
from app.store.context import system_scope
from tests.contract.calls import pool_ids, stored, user_ids, write
from tests.contract.test_recycling import rule
from tests.races.crowd import Elsewhere, Place, at_once, replace
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
        later = [entry for entry in mine if entry["operation"] != "create"]
        assert row["version"] == 1 + len(later), "one entry per version"


def test_everybody_meddles_with_the_same_rows(world: World, engine: Engine) -> None:
    """The short form of C86 and C87: no deadlock reaches anybody."""
    check_meddled(engine, meddled(world, engine, 12))


@pytest.mark.prove
def test_everybody_meddles_for_long(world: World, engine: Engine) -> None:
    check_meddled(engine, meddled(world, engine, 300))


LOCKED = (1, 2, 3)
"""Customers with contacts, owned and locked: no night takes them, nobody puts them into a pool."""


def recycle_on(here: Elsewhere, turns: int, *, is_careless: bool) -> Any:
    """Night after night, as if it were forty days later: whatever somebody has is due."""
    replace("app.operations.recycling", "CHUNK", 5)
    if is_careless:
        replace("app.operations.recycling", "follow_parents", lambda *_given: None)
    with time_machine.travel(clock.now() + timedelta(days=40), tick=True):
        done = Counter[str]()
        for _ in range(turns):
            with here.app.app_context(), system_scope("a test does what is due"):
                settings.obey_now()
                done.update(night.run())
                db.session.commit()
    return {"recycled 200": done["recycled"]}


def undo_on(here: Elsewhere, seed: int, turns: int) -> Any:
    """Take back whatever run there is, whoever did it, nights among them."""
    api, dice, codes = here.api("admin"), random.Random(seed), Counter[str]()  # noqa: S311
    for turn in range(turns):
        number = dice.randint(1, 2 + 4 * turn)
        codes[f"undo {api.post(f'/operations/{number}/undo', {}).status_code}"] += 1
    return dict(codes)


def join_in(here: Elsewhere, part: str, *given: Any) -> Any:
    if part.endswith("recycle"):
        return recycle_on(here, *given, is_careless=part.startswith("carelessly"))
    does: Any = meddle if part == "meddle" else undo_on
    return does(here, *given)


def nights_among_people(
    world: World, engine: Engine, turns: int, nights: str = "recycle"
) -> list[int]:
    """The rows after people, undoers and nights have had their turns with them at once."""
    pool = rule(engine, quiet_days="30", warn_owner_days=0, warn_superior_days=0)
    ids = [*fill_pool(engine, 12), *range(1, 9)]
    for number in LOCKED:
        write(engine, "customer", number, is_locked=True)
    doers = ("admin", "manager", "leader1", "sales1a")
    crowd: list[Any] = [("meddle", who, ids, pool, seed, turns) for seed, who in enumerate(doers)]
    crowd += [(nights, turns), ("undo", 1, turns), ("undo", 2, turns)]
    told = Counter[str]()
    for codes in at_once(Place.of(world), join_in, crowd):
        told.update(codes)
    faults = [name for name in told if name.split()[1] not in {"200", "403", "404", "409"}]
    assert faults == [], told
    assert told["recycled 200"] > 0, "no night has taken anything"
    assert told["undo 200"] > 0, "nothing was taken back"
    return ids


def check_nights(engine: Engine, ids: list[int]) -> None:
    """As above; what is locked never went into a pool, and contacts lie there with theirs."""
    check_meddled(engine, ids)
    log, contact = db.metadata.tables["history"], db.metadata.tables["contact"]
    with engine.connect() as connection:
        of_locked = (log.c.entity == "customer", log.c.record_id.in_(LOCKED))
        entries = connection.execute(log.select().where(*of_locked)).all()
        contacts = connection.execute(contact.select().where(contact.c.customer_id.in_(ids))).all()
    assert [entry for entry in entries if "pool" in entry.changes] == []
    assert contacts
    for one in contacts:
        if stored(engine, "customer", one.customer_id)["pool_id"] and one.deleted_at is None:
            assert one.owner_id is None, f"contact {one.id} of a customer in a pool"


def test_nights_among_people(world: World, engine: Engine) -> None:
    """C86 with recycling: transfers, claims, releases, deletions, undos and nights at once."""
    check_nights(engine, nights_among_people(world, engine, 10))


@pytest.mark.prove
def test_nights_without_contacts_are_seen(world: World, engine: Engine) -> None:
    """C89b: the test above fails on a program that forgets them."""
    ids = nights_among_people(world, engine, 10, "carelessly recycle")
    with pytest.raises(AssertionError, match="of a customer in a pool"):
        check_nights(engine, ids)


@pytest.mark.prove
def test_nights_among_people_for_long(world: World, engine: Engine) -> None:
    check_nights(engine, nights_among_people(world, engine, 200))
