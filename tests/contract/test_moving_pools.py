"""POOL-1: a pool's admins move records to another pool of their kind."""

from typing import Any

import pytest
from sqlalchemy import Engine, select

from app.extensions import db
from tests.contract.calls import Api, pool_ids, set_role, stored, user_ids, write
from tests.contract.test_claiming import codes, pooled
from tests.support.working import work_off
from tests.support.worlds import World

KEPT = ("owner_id", "previous_owner_id", "pooled_at", "obtained_at", "obtained_way")


def entries(engine: Engine, number: int) -> list[Any]:
    log = db.metadata.tables["history"]
    where = (log.c.entity == "customer", log.c.record_id == number)
    with engine.connect() as connection:
        return list(connection.execute(select(log).where(*where).order_by(log.c.id)).mappings())


def test_into_another_pool_and_back(world: World, engine: Engine) -> None:
    """One entry with the reason; owner, previous owner and time stay; undo brings it back."""
    pools, people = pool_ids(engine), user_ids(engine)
    write(engine, "contact", 3, customer_id=11, owner_id=None)
    write(engine, "customer", 11, previous_owner_id=people["sales1b"], is_locked=True)
    before, aim = stored(engine, "customer", 11), pools["Customers of Sales 2"]
    admin, given = Api(world, "leader1"), {"pool": aim, "reason": "They are in Ningbo"}
    dry = admin.bulk("customers", "move_pool", [11], given, dry_run=True).json
    assert dry["will_change"] == 1
    assert [(s["field"], s["new"]["id"]) for s in dry["sample"]] == [("pool", aim)]
    answer = admin.bulk("customers", "move_pool", [11], given)
    assert answer.json["done"] == 1, answer.text
    after = stored(engine, "customer", 11)
    assert after["pool_id"] == aim
    assert {key: after[key] for key in KEPT} == {key: before[key] for key in KEPT}
    assert stored(engine, "contact", 3)["owner_id"] is None
    [entry] = [one for one in entries(engine, 11) if one["operation"] == "move_pool"]
    assert entry["changes"]["pool"] == [pools["Open customers"], aim]
    assert entry["changes"]["reason"] == [None, "They are in Ningbo"]
    assert admin.get("/customers/11").status_code == 404, "he isn't in that pool"
    assert Api(world, "sales2a").get("/customers/11").status_code == 200
    undone = admin.post(f"/operations/{answer.json['operation_id']}/undo", {})
    assert undone.json["done"] == 1, undone.text
    assert stored(engine, "customer", 11)["pool_id"] == pools["Open customers"]


def test_each_row_has_its_result(world: World, engine: Engine) -> None:
    """Rows that lie there already, that were claimed meanwhile, that have an owner."""
    pools = pool_ids(engine)
    ids, there = pooled(engine, 2), pooled(engine, 1, "Customers of Sales 2")
    root = Api(world, "admin")
    assert Api(world, "sales1b").bulk("customers", "claim", ids[:1]).json["done"] == 1
    answer = root.bulk(
        "customers", "move_pool", [*ids, *there, 1], {"pool": pools["Customers of Sales 2"]}
    )
    assert answer.json["done"] == 1
    said = {skip["id"]: skip["code"] for skip in answer.json["skipped"]}
    assert said[there[0]] == "same_pool"
    assert said[1] == "not_permitted"
    assert set(said) == {ids[0], there[0], 1}


def test_only_open_pools_of_the_same_kind(world: World, engine: Engine) -> None:
    pools, admin = pool_ids(engine), Api(world, "leader1")
    for wrong in ("Open leads", "Closed customers"):
        answer = admin.bulk("customers", "move_pool", [11], {"pool": pools[wrong]})
        assert answer.status_code == 422, wrong
    assert admin.bulk("customers", "move_pool", [11], {}).status_code == 422


@pytest.mark.parametrize("person", ["sales1a", "manager", "audit", "sales2a"])
def test_members_move_nothing(world: World, engine: Engine, person: str) -> None:
    """Without the operation 403; with it, but no admin of that pool: not permitted or not found."""
    given = {"pool": pool_ids(engine)["Customers of Sales 2"]}
    answer = Api(world, person).bulk("customers", "move_pool", [11], given)
    if person == "manager":
        assert codes(answer) == ["not_permitted"]
        strangers = Api(world, person).bulk("customers", "move_pool", [12], given)
        assert strangers.status_code == 404, "he isn't in that pool at all"
    else:
        assert answer.status_code == 403
    assert stored(engine, "customer", 11)["pool_id"] == pool_ids(engine)["Open customers"]


def test_a_pool_admin_needs_the_role_too(world: World, engine: Engine) -> None:
    set_role(engine, "leader1", "salesperson")
    given = {"pool": pool_ids(engine)["Customers of Sales 2"]}
    answer = Api(world, "leader1").bulk("customers", "move_pool", [11], given)
    assert answer.status_code == 403


def test_all_of_a_pool_by_a_job(world: World, engine: Engine) -> None:
    """The whole of a pool, so that it can be closed: by filter, more than a request takes."""
    ids, pools = pooled(engine, 600), pool_ids(engine)
    number, aim = pools["Open customers"], pools["Customers of Sales 2"]
    root = Api(world, "admin")
    answer = root.post(
        "/customers/bulk/move_pool",
        {
            "filters": [{"col": "pool", "opr": "eq", "value": number}],
            "expected_count": 601,
            "params": {"pool": aim},
        },
    )
    assert answer.status_code == 202, answer.text
    work_off(world)
    assert {stored(engine, "customer", i)["pool_id"] for i in ids[:3] + ids[-3:]} == {aim}
    version = stored(engine, "pool", number)["version"]
    write(engine, "customer", 14, pool_id=None)  # one in the recycle bin keeps its pool open
    assert root.put(f"/pools/{number}", {"is_enabled": False}, version).status_code == 200
