"""POOL-1, POOL-4, POOL-8: who may do what in a pool; what entering and leaving it do."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from app.extensions import db
from app.spec import clock
from app.spec.catalogue import catalogue
from tests.contract.calls import Api, pool_ids, set_role, stored, user_ids, write
from tests.contract.test_claiming import pooled, rule
from tests.support.statements import count_statements
from tests.support.worlds import World

KINDS = [("customer", "Open customers"), ("lead", "Open leads")]
PLACES = ("admin of the pool", "member", "neither")
DONE = {
    "claim": ("admin of the pool", "member"),
    "assign": ("admin of the pool", "member"),
    "delete": ("admin of the pool",),
    "export": ("admin of the pool",),
    "move_pool": ("admin of the pool",),
}
"""POOL-1, POOL-3: by operation who may, as far as his role grants it at all."""
ROLES = {
    "sales_manager": frozenset(DONE),
    "salesperson": frozenset({"claim"}),
    "clerk": frozenset[str](),
    "auditor": frozenset[str](),
}
"""By role which of these it grants (contract §7)."""


def place(engine: Engine, key: str, pool: int, person: int, where: str) -> None:
    """Make him an admin of the pool, or a member among others, or leave him out."""
    admins, members = db.metadata.tables["pool_admins"], db.metadata.tables["pool_members"]
    other, version = user_ids(engine)["finance"], db.metadata.tables["rights_version"]
    with engine.begin() as connection:
        for table in (admins, members):
            connection.execute(table.delete().where(table.c.pool_id == pool))
        chosen = {"admin of the pool": admins, "member": members}.get(where)
        connection.execute(members.insert().values(pool_id=pool, user_id=other))
        if chosen is not None:
            connection.execute(chosen.insert().values(pool_id=pool, user_id=person))
        connection.execute(version.update().values(number=version.c.number + 1))


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("key", "pool"), KINDS)
def test_role_and_place_decide_together(
    world: World, engine: Engine, key: str, pool: str, role: str, where: str
) -> None:
    """C41: the role needs the operation, and the pool's own lists decide on its rows."""
    plural, number = catalogue.get(key).plural, pool_ids(engine)[pool]
    [row] = pooled(engine, 1, pool, key)
    set_role(engine, "sales1b", role)
    place(engine, key, number, user_ids(engine)["sales1b"], where)
    api, aim = Api(world, "sales1b"), {"name": "Aim", "kind": plural, "is_enabled": True}
    other = Api(world, "admin").post("/pools/", aim).json["id"]
    params: dict[str, Any] = {
        "assign": {"to": ["sales1a"], "how": "equal"},
        "export": {"format": "csv"},
        "move_pool": {"pool": other},
    }
    assert api.get(f"/{plural}/{row}").status_code == (404 if where == "neither" else 200)
    for slug, those in DONE.items():
        answer = api.bulk(plural, slug, [row], params.get(slug), dry_run=True)
        if slug not in ROLES[role]:
            assert answer.status_code == 403, (slug, answer.text)
        elif where == "neither":
            assert answer.status_code == 404, (slug, answer.text)
        else:
            assert answer.json["will_change"] == int(where in those), (slug, answer.text)


SECRET = {"remark": "secret-remark", "address": "secret-road", "wechat": "secret"}


@pytest.mark.parametrize(("key", "pool"), KINDS)
def test_nothing_of_it_leaks_by_any_way(world: World, engine: Engine, key: str, pool: str) -> None:
    """C24: counts, lists, search, REST, timeline, files, history of what isn't one's own."""
    plural, number = catalogue.get(key).plural, pool_ids(engine)[pool]
    own = {k: v for k, v in SECRET.items() if k in catalogue.get(key).fields}
    [row] = pooled(engine, 1, pool, key, **own)
    member, ways = Api(world, "sales1a"), {}
    for tab in ("", "timeline", "details", "files", "history", "team", "comments", "opinions"):
        ways[f"tab {tab}"] = member.client.get(f"/{plural}/show/{row}?tab={tab}").text
    ways["list"] = member.client.get(f"/{plural}/list/?search=secret").text
    ways["search"] = member.client.get("/search/?q=secret").text
    ways["REST"] = member.get(f"/{plural}/{row}").text
    ways["claim"] = member.bulk(plural, "claim", [row], dry_run=True).text
    ways["pool"] = member.client.get(f"/pools/show/{number}").text
    for way, text in ways.items():
        assert [value for value in own.values() if value in text] == [], way
    for tail in ("follow-ups", "files", "opinions", "comments"):
        answer = member.get(f"/{plural}/{row}/{tail}")
        assert answer.status_code in (404, 403, 405), (tail, answer.text)
    place(engine, key, number, 0, "neither")
    assert member.get(f"/{plural}/{row}").status_code == 404
    assert member.client.get(f"/{plural}/show/{row}").status_code == 404
    assert "Pooled" not in member.client.get("/pools/list/").text


def history(engine: Engine, key: str, number: int, operation: str) -> list[dict[str, Any]]:
    log = db.metadata.tables["history"]
    where = (log.c.entity == key, log.c.record_id == number, log.c.operation == operation)
    with engine.connect() as connection:
        return list(connection.scalars(select(log.c.changes).where(*where)))


@pytest.mark.parametrize(("key", "pool"), KINDS)
def test_every_word_of_entering_and_leaving(
    world: World, engine: Engine, key: str, pool: str
) -> None:
    """POOL-4, POOL-8, LEAD-3: somebody else releases it; the owner before is the previous one."""
    plural, people = catalogue.get(key).plural, user_ids(engine)
    number, now = pool_ids(engine)[pool], clock.now()
    write(engine, key, 3, is_followed_up=True, obtained_way="created")
    given = {"pool": number, "reason": "He moved away"}
    assert Api(world, "leader1").bulk(plural, "release", [3], given).json["done"] == 1
    row = stored(engine, key, 3)
    assert (row["owner_id"], row["pool_id"], row["is_followed_up"]) == (None, number, False)
    assert row["previous_owner_id"] == people["sales1b"], "not who clicked"
    entered = clock.from_reader(row["pooled_at"]) if row["pooled_at"].tzinfo else now
    assert abs(entered - now) < timedelta(minutes=5)
    [entry] = history(engine, key, 3, "release")
    assert entry["owner"] == [people["sales1b"], None]
    assert entry["reason"] == [None, "He moved away"]
    assert Api(world, "sales1a").bulk(plural, "claim", [3]).json["done"] == 1
    row = stored(engine, key, 3)
    assert (row["owner_id"], row["pool_id"], row["pooled_at"]) == (people["sales1a"], None, None)
    assert (row["obtained_way"], row["is_followed_up"]) == ("claimed", False)
    [entry] = history(engine, key, 3, "claim")
    assert entry["owner"] == [None, people["sales1a"]]
    assert entry["pool"] == [number, None]


def test_released_where_one_is_no_member(world: World, engine: Engine) -> None:
    """POOL-4 asks for a pool of the kind that is open; whoever gives it away needn't be in it."""
    number = pool_ids(engine)["Customers of Sales 2"]
    api = Api(world, "sales1a")
    assert api.bulk("customers", "release", [1], {"pool": number}).json["done"] == 1
    assert api.get("/customers/1").status_code == 404
    assert Api(world, "sales2a").get("/customers/1").status_code == 200


@pytest.mark.parametrize(("limit", "most"), [(None, 8), (50, 11)])
def test_a_claim_takes_so_many_statements(
    world: World, engine: Engine, limit: int | None, most: int
) -> None:
    """As many as are recorded in docs/performance.md: a limit holds its row and counts in it."""
    rule(engine, claim_limit=limit)
    first, second = pooled(engine, 2)
    api = Api(world, "sales1a")
    assert api.bulk("customers", "claim", [first]).json["done"] == 1
    with count_statements() as seen:
        assert api.bulk("customers", "claim", [second]).json["done"] == 1
    assert len(seen) == most, str(seen)
