"""Bulk operations (contract §5, BULK, XFER, POOL): every one that exists, dry run and run."""

import io
import json
import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import python_calamine
from sqlalchemy import Engine, func, insert, select

from app.extensions import db
from app.spec.catalogue import catalogue
from app.store import runs
from tests.contract.calls import (
    Api,
    condition,
    filters_of,
    pool_ids,
    stored,
    user_ids,
    write,
)
from tests.support.snapshot import changed, snapshot
from tests.support.statements import count_statements
from tests.support.web import hidden_inputs
from tests.support.worlds import World

LATER = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def seats_of(engine: Engine, record: int, key: str = "customer") -> dict[int, Any]:
    """Person to level and end, as stored."""
    table = db.metadata.tables["team_seat"]
    with engine.connect() as connection:
        rows = connection.execute(
            table.select().where(table.c.entity == key, table.c.record_id == record)
        )
        return {row.user_id: (row.level, row.until) for row in rows}


def instant(stored: Any) -> datetime:
    """A time as the database tells it: in UTC, whether it says so or not."""
    return stored if stored.tzinfo else stored.replace(tzinfo=UTC)


def rows_in(engine: Engine, table_name: str, **where: Any) -> list[dict[str, Any]]:
    table = db.metadata.tables[table_name]
    conditions = [table.c[key] == value for key, value in where.items()]
    with engine.connect() as connection:
        found = connection.execute(table.select().where(*conditions).order_by(*table.primary_key))
        return [dict(row) for row in found.mappings()]


def operations(pools: dict[str, int]) -> list[tuple[str, str, list[int], dict[str, Any]]]:
    """Every operation of the customer, with rows it takes and rows it leaves out."""
    return [
        ("manager", "transfer", [1, 3, 4], {"new_owner": "sales1b", "message": "yours"}),
        ("leader1", "assign", [3, 11], {"to": ["sales1a", "sales1b"], "how": "equal"}),
        ("sales1a", "claim", [11], {}),
        ("manager", "release", [1, 2, 4], {"pool": pools["Open customers"], "reason": "idle"}),
        ("admin", "move_pool", [1, 11], {"pool": pools["Customers of Sales 2"]}),
        ("manager", "lock", [1, 2], {"reason": "tender"}),
        ("manager", "unlock", [1, 2], {}),
        ("manager", "set_deal_status", [1, 3], {"status": "won"}),
        ("sales1a", "judge", [1, 2], {"level": "A", "note": "In talks"}),
        ("manager", "add_tags", [1, 3], {"tags": ["VIP", "展会"]}),
        ("manager", "remove_tags", [1, 2], {"tags": ["Gold"]}),
        ("manager", "add_team", [1, 3], {"users": ["sales2a"], "level": "read"}),
        ("manager", "remove_team", [2, 3], {"users": ["sales2a"]}),
        ("manager", "bulk_edit", [1, 2], {"set": {"level": "A", "source": "referral"}}),
        ("admin", "merge", [1, 2, 3], {"survivor": 1, "fields": {"remark": 3}}),
        ("manager", "delete", [1, 3], {}),
        ("manager", "restore", [9, 10], {}),
        ("admin", "purge", [9, 14], {}),
        ("manager", "export", [1, 3], {"format": "csv", "columns": "all"}),
    ]


NAMES = [entry[1] for entry in operations(defaultdict(int))]


def test_the_list_above_has_every_operation() -> None:
    assert set(NAMES) == {verb.slug for verb in catalogue.get("customer").bulk_verbs}


@pytest.mark.parametrize("slug", NAMES)
def test_dry_run_and_run_say_the_same(world: World, engine: Engine, slug: str) -> None:
    """BULK-2: the same verdict per row; nothing is written before; the report has every row."""
    write(engine, "customer", 2, is_locked=True)
    write(engine, "customer", 1, source="referral", level="A")
    found = [entry for entry in operations(pool_ids(engine)) if entry[1] == slug]
    who, _, ids, params = found[0]
    api = Api(world, who)
    if slug == "remove_tags":
        assert api.bulk("customers", "add_tags", [1], params).json["done"] == 1
    before = snapshot(engine, db.metadata)
    dry = api.bulk("customers", slug, ids, params, dry_run=True)
    assert dry.status_code == 200, dry.text
    assert changed(before, snapshot(engine, db.metadata)) == []
    keys = {"dry_run", "total", "will_change", "skipped", "reasons", "notified", "sample"}
    assert set(dry.json) - {"receivers"} == keys
    assert dry.json["dry_run"] is True
    run = api.bulk("customers", slug, ids, params)
    assert run.status_code == 200, run.text
    expected = {"operation_id", "total", "done", "skipped", "failed"}
    assert set(run.json) == expected | ({"download"} if slug == "export" else set())
    assert run.json["total"] == dry.json["total"] == len(ids)
    assert run.json["done"] == dry.json["will_change"] > 0
    assert run.json["skipped"] == dry.json["skipped"]
    assert run.json["failed"] == []
    assert sum(reason["count"] for reason in dry.json["reasons"]) == len(dry.json["skipped"])
    report = api.client.get(f"/api/v1/operations/{run.json['operation_id']}/report").json
    assert {row["id"] for row in report["rows"]} == set(ids)
    assert sum(row["outcome"] == "done" for row in report["rows"]) == run.json["done"]
    written = rows_in(engine, "history", operation=slug, entity="customer")
    if slug != "export":
        assert len(written) == run.json["done"], "one entry per row"


def test_transfer_hands_over_and_remembers(world: World, engine: Engine) -> None:
    """XFER: owner, obtained, history, one message per receiver; the doer may lose the row."""
    api, people = Api(world, "leader1"), user_ids(engine)
    params = {"new_owner": "sales2a", "old_owner": "remove", "message": "please call"}
    run = api.bulk("customers", "transfer", [1, 2, 3], params).json
    assert run["done"] == 3
    row = stored(engine, "customer", 1)
    assert (row["owner_id"], row["version"]) == (people["sales2a"], 2)
    assert row["obtained_way"] == "transferred"
    assert abs(datetime.now(UTC) - instant(row["obtained_at"])) < timedelta(minutes=5)
    assert people["sales1a"] not in seats_of(engine, 1)
    assert api.get("/customers/1").status_code == 404, "a hand-over may push it out of reach"
    messages = rows_in(engine, "outbox")
    assert [(m["user_id"], m["kind"], m["data"]["count"]) for m in messages] == [
        (people["sales2a"], "transfer", 3)
    ]
    page = world.client("sales2a").get("/notifications/").text
    assert "please call" in page
    assert "3" in page
    assert world.client("sales2a").get("/notifications/unread").text.strip() == "1"
    assert "please call" not in world.client("sales1a").get("/notifications/").text


@pytest.mark.parametrize("level", ["read", "write"])
def test_transfer_keeps_the_former_owner_in_the_team(
    world: World, engine: Engine, level: str
) -> None:
    api, people = Api(world, "manager"), user_ids(engine)
    params = {"new_owner": "sales1b", "old_owner": level, "until": LATER}
    assert api.bulk("customers", "transfer", [1], params).json["done"] == 1
    seat = seats_of(engine, 1)[people["sales1a"]]
    assert seat[0] == level
    assert seat[1] is not None
    former = Api(world, "sales1a")
    assert former.get("/customers/1").status_code == 200
    verdict = 200 if level == "write" else 404
    assert former.put("/customers/1", {"short_name": "x"}, 2).status_code == verdict
    past = {**params, "new_owner": "sales1a", "until": YESTERDAY}
    assert api.bulk("customers", "transfer", [1], past).status_code == 422


@pytest.mark.parametrize(("whose", "moved"), [("old_owner", {1}), ("all", {1, 3})])
def test_transfer_takes_contacts_along(
    world: World, engine: Engine, whose: str, moved: set[int]
) -> None:
    """Contact 3 of a colleague hangs on customer 1: it goes only when all are meant."""
    write(engine, "contact", 3, customer_id=1)
    people = user_ids(engine)
    params = {"new_owner": "sales2a", "cascade": ["contacts"], "cascade_of": whose}
    assert Api(world, "manager").bulk("customers", "transfer", [1], params).json["done"] == 1
    owners = {i: stored(engine, "contact", i)["owner_id"] for i in (1, 3)}
    assert {i for i, owner in owners.items() if owner == people["sales2a"]} == moved
    nothing = {"new_owner": "sales1a"}
    assert Api(world, "manager").bulk("customers", "transfer", [1], nothing).json["done"] == 1
    assert stored(engine, "contact", 1)["owner_id"] == people["sales2a"]


def test_transfer_to_the_same_owner_is_skipped(world: World) -> None:
    answer = Api(world, "manager").bulk("customers", "transfer", [1], {"new_owner": "sales1a"})
    assert [s["code"] for s in answer.json["skipped"]] == ["same_owner"]


@pytest.mark.parametrize("how", ["equal", "round_robin", "load"])
def test_assign_spreads(world: World, engine: Engine, how: str) -> None:
    """POOL-3: every receiver gets his share; turns go on between runs."""
    api, people = Api(world, "manager"), user_ids(engine)
    params = {"to": ["sales1b", "sales2a"], "how": how}
    assert api.bulk("customers", "assign", [1, 2, 4, 5], params).json["done"] == 4
    owners = [stored(engine, "customer", i)["owner_id"] for i in (1, 2, 4, 5)]
    counts = {name: owners.count(people[name]) for name in ("sales1b", "sales2a")}
    expected = {"load": {"sales1b": 3, "sales2a": 1}}
    # sales1b had one customer, sales2a two that live: three and one make four and three
    assert counts == expected.get(how, {"sales1b": 2, "sales2a": 2})
    if how == "round_robin":
        assert api.bulk("customers", "assign", [1], params).json["done"] <= 1
        first = stored(engine, "customer", 1)["owner_id"]
        assert api.bulk("customers", "assign", [2], params).json["done"] <= 1
        assert stored(engine, "customer", 2)["owner_id"] != first
    told = {m["user_id"] for m in rows_in(engine, "outbox")}
    assert told == {people["sales1b"], people["sales2a"]}


def test_claim_moves_the_customer_and_its_contacts(world: World, engine: Engine) -> None:
    """POOL-2, POOL-8: the claimer owns it, it has left the pool, children follow."""
    write(engine, "contact", 3, customer_id=11, owner_id=None)
    api, people = Api(world, "sales1a"), user_ids(engine)
    assert api.bulk("customers", "claim", [11]).json["done"] == 1
    row = stored(engine, "customer", 11)
    assert (row["owner_id"], row["pool_id"]) == (people["sales1a"], None)
    assert row["obtained_way"] == "claimed"
    assert abs(datetime.now(UTC) - instant(row["obtained_at"])) < timedelta(minutes=5)
    assert stored(engine, "contact", 3)["owner_id"] == people["sales1a"]
    assert api.get("/customers/11").json["result"]["owner"]["username"] == "sales1a"


def test_a_late_claim_names_who_was_faster(world: World, engine: Engine) -> None:
    """Contract §5: `taken` with the new owner's name, only for members of that pool."""
    assert Api(world, "sales1b").bulk("customers", "claim", [11]).json["done"] == 1
    late = Api(world, "sales1a").bulk("customers", "claim", [11])
    assert late.status_code == 200
    assert [s["code"] for s in late.json["skipped"]] == ["taken"]
    assert "Sales1B" in late.json["skipped"][0]["reason"]
    assert Api(world, "sales2a").bulk("customers", "claim", [12]).json["done"] == 1
    stranger = Api(world, "sales1a").bulk("customers", "claim", [12])
    assert stranger.status_code == 404, "not a member of the pool that it left"
    assert Api(world, "sales1a").bulk("customers", "claim", [11, 3]).status_code == 404


def test_release_leaves_locked_ones_and_checks_the_pool(world: World, engine: Engine) -> None:
    """POOL-4: the former owner is remembered, the row is gone from everybody's list."""
    write(engine, "customer", 2, is_locked=True)
    pools, people = pool_ids(engine), user_ids(engine)
    api = Api(world, "sales1a")
    for wrong in ("Open leads", "Closed customers"):
        answer = api.bulk("customers", "release", [1], {"pool": pools[wrong]})
        assert answer.status_code == 422, wrong
    answer = api.bulk("customers", "release", [1, 2], {"pool": pools["Open customers"]})
    assert answer.json["done"] == 1
    assert [(s["id"], s["code"]) for s in answer.json["skipped"]] == [(2, "locked")]
    row = stored(engine, "customer", 1)
    assert (row["owner_id"], row["pool_id"]) == (None, pools["Open customers"])
    assert row["previous_owner_id"] == people["sales1a"]
    assert stored(engine, "contact", 1)["owner_id"] is None, "children follow into the pool"
    assert 1 not in Api(world, "manager").ids("customers")
    write(engine, "customer", 2, locked_until=datetime.now(UTC) - timedelta(seconds=1))
    answer = api.bulk("customers", "release", [2], {"pool": pools["Open customers"]})
    assert answer.json["done"] == 1, "a lock that has ended locks nothing"


def test_team_members_come_and_go(world: World, engine: Engine) -> None:
    """CUS-4: level and end; the owner and those who have the same seat stay as they are."""
    api, people = Api(world, "sales1a"), user_ids(engine)
    params = {"users": ["sales2a", "sales1a"], "level": "write", "until": LATER}
    assert api.bulk("customers", "add_team", [1, 2], params).json["done"] == 2
    assert people["sales1a"] not in seats_of(engine, 1)
    assert seats_of(engine, 1)[people["sales2a"]][0] == "write"
    again = api.bulk("customers", "add_team", [1, 2], params).json
    assert [s["code"] for s in again["skipped"]] == ["unchanged", "unchanged"]
    assert Api(world, "sales2a").get("/customers/1").status_code == 200
    both = {**params, "users": ["sales2a", "legal"]}
    assert api.bulk("customers", "add_team", [1, 2], both).json["done"] == 2
    for name in both["users"]:  # who has his seat already doesn't hear of it again
        told = rows_in(engine, "outbox", user_id=people[name])
        assert [m["data"]["count"] for m in told] == [2]
    assert people["sales2a"] not in seats_of(engine, 1, "contact")
    along = {**params, "level": "read", "cascade": ["contacts"]}
    assert api.bulk("customers", "add_team", [1], along).json["done"] == 1
    assert seats_of(engine, 1, "contact")[people["sales2a"]][0] == "read"
    assert api.bulk("customers", "remove_team", [1, 3], {"users": ["sales2a"]}).status_code == 404
    gone = api.bulk("customers", "remove_team", [1], {"users": ["sales2a"]}).json
    assert gone["done"] == 1
    assert Api(world, "sales2a").get("/customers/1").status_code == 404
    past = {"users": ["sales2a"], "level": "read", "until": YESTERDAY}
    assert api.bulk("customers", "add_team", [1], past).status_code == 422


def test_bulk_edit_follows_the_rules_of_the_form(world: World, engine: Engine) -> None:
    api = Api(world, "manager")
    wrong: list[dict[str, Any]] = [{}, {"nope": 1}, {"email": "x"}, {"owner": "sales1b"}]
    wrong += [{"credit_code": "91330106MA2CFQ0K44"}, {"is_locked": True}, {"level": "Z"}]
    before = snapshot(engine, db.metadata)
    for values in wrong:
        answer = api.bulk("customers", "bulk_edit", [1, 3], {"set": values})
        assert answer.status_code == 422, values
    assert changed(before, snapshot(engine, db.metadata)) == []
    answer = api.bulk("customers", "bulk_edit", [1, 3], {"set": {"level": "A", "remark": None}})
    assert answer.json["done"] == 2
    assert stored(engine, "customer", 1)["version"] == 2
    again = api.bulk("customers", "bulk_edit", [1, 3], {"set": {"level": "A"}}).json
    assert [s["code"] for s in again["skipped"]] == ["unchanged", "unchanged"]


def test_delete_takes_children_and_restore_brings_them_back(world: World, engine: Engine) -> None:
    """CUS-3, C102: only what went along comes back; a taken name and a dead parent are said."""
    api = Api(world, "manager")
    assert api.delete("/contacts/2").status_code == 200
    assert api.bulk("customers", "delete", [1, 2]).json["done"] == 2
    assert stored(engine, "contact", 1)["deleted_at"] is not None
    answer = api.bulk("contacts", "restore", [2])
    assert [s["code"] for s in answer.json["skipped"]] == ["parent_deleted"]
    taken = catalogue.get("customer").model.__table__
    with engine.connect() as connection:
        key = connection.scalar(select(taken.c.name_key).where(taken.c.id == 1))
    write(engine, "customer", 4, name_key=key)
    answer = api.bulk("customers", "restore", [1, 2])
    assert answer.json["done"] == 1
    assert [(s["id"], s["code"]) for s in answer.json["skipped"]] == [(1, "duplicate")]
    write(engine, "customer", 4, name_key="free again")
    assert api.bulk("customers", "restore", [1]).json["done"] == 1
    assert stored(engine, "contact", 1)["deleted_at"] is None
    assert stored(engine, "contact", 2)["deleted_at"] is not None, "deleted by itself before"


def test_leads_and_contacts_have_their_operations_too(world: World, engine: Engine) -> None:
    """Derived for every entity: what one declares works there."""
    api, pools = Api(world, "leader1"), pool_ids(engine)
    assert api.bulk("leads", "claim", [11]).json["done"] == 1
    answer = api.bulk("leads", "release", [11], {"pool": pools["Open leads"]})
    assert answer.json["done"] == 1
    answer = api.bulk("leads", "assign", [11], {"to": ["sales1a"], "how": "equal"})
    assert answer.json["done"] == 1
    assert api.bulk("contacts", "transfer", [1], {"new_owner": "sales1b"}).json["done"] == 1
    assert api.bulk("contacts", "claim", [1]).status_code == 404


def test_the_count_that_travels(world: World, engine: Engine) -> None:
    """BULK-1: taken in the operation's scope minus the exceptions; moved → 409 with the count."""
    api = Api(world, "manager")
    both: dict[str, Any] = {"filters": [condition("level", "empty")]}
    both["params"] = {"set": {"level": "A"}}
    total = api.post("/customers/bulk/bulk_edit", {**both, "dry_run": True}).json["total"]
    assert total == 7
    before = snapshot(engine, db.metadata)
    for counted in (total + 1, total - 1, 0):
        answer = api.post("/customers/bulk/bulk_edit", {**both, "expected_count": counted})
        assert (answer.status_code, answer.json["count"]) == (409, total)
    for wrong in ("7", 7.0, True, -1.5):
        answer = api.post("/customers/bulk/bulk_edit", {**both, "expected_count": wrong})
        assert answer.status_code == 400, wrong
    assert changed(before, snapshot(engine, db.metadata)) == []
    minus = {**both, "except": [1, 2], "expected_count": total - 2}
    assert api.post("/customers/bulk/bulk_edit", minus).json["done"] == total - 2
    assert stored(engine, "customer", 1)["level"] is None


def test_readable_rows_outside_the_operations_scope_are_reported(world: World) -> None:
    """Ids: `not_permitted`, and the others are done; a filter takes the operation's scope."""
    api = Api(world, "sales1a")
    answer = api.bulk("customers", "add_team", [1, 6], {"users": ["sales1b"]})
    assert answer.json["done"] == 1
    assert [(s["id"], s["code"]) for s in answer.json["skipped"]] == [(6, "not_permitted")]
    answer = api.bulk("customers", "add_team", params={"users": ["finance"]}, filters=[])
    assert answer.json["total"] == 2


def test_more_than_ten_thousand_rows(world: World, engine: Engine) -> None:
    """A dry run has a verdict for all; the list counts up to its cap and says so (LIST-1)."""
    table = catalogue.get("lead").model.__table__
    owner = user_ids(engine)["manager"]
    now = datetime.now(UTC)
    row = {"owner_id": owner, "created_at": now, "updated_at": now}
    with engine.begin() as connection:
        connection.execute(insert(table), [{**row, "name": f"L{i}"} for i in range(10_001)])
    api = Api(world, "manager")
    before = snapshot(engine, db.metadata)
    dry = api.bulk("leads", "delete", filters=[], dry_run=True).json
    assert (dry["total"], dry["will_change"], len(dry["sample"])) == (10_008, 10_008, 0)
    assert "looked_at" not in dry
    assert changed(before, snapshot(engine, db.metadata)) == []
    page = api.get("/leads/", page_size=1).json
    assert (page["count"], page["count_exact"]) == (10_000, False)
    exact = api.get("/leads/", page_size=1, exact_count=True).json
    assert (exact["count"], exact["count_exact"]) == (10_008, True)
    assert "10,000+" in api.client.get("/leads/list/").text
    too_many = api.bulk("leads", "delete", list(range(1, 20_002)))
    assert too_many.status_code in (400, 413)
    with engine.begin() as connection:
        connection.execute(insert(table), [{**row, "name": f"M{i}"} for i in range(40_000)])
    before = snapshot(engine, db.metadata)
    dry = api.bulk("leads", "delete", filters=[], dry_run=True).json
    assert (dry["total"], dry["will_change"], dry["looked_at"]) == (50_008, 50_000, 50_000)
    assert changed(before, snapshot(engine, db.metadata)) == []


def test_answers_are_cut_where_the_contract_says(world: World, engine: Engine) -> None:
    """§2, §5: a page of 20; of a dry run 100 left out and 20 changed; a run names them all.

    LIST-8: 20 choices at once, in four statements at most (performance.md).
    """
    table, people = catalogue.get("customer").model.__table__, user_ids(engine)
    now = datetime.now(UTC)
    row = {"owner_id": people["manager"], "created_at": now, "updated_at": now}
    rows = [{**row, "name": f"Ltd {i}"} for i in range(130)]
    with engine.begin() as connection:
        ids = list(connection.scalars(insert(table).returning(table.c.id), rows))
    api = Api(world, "manager")
    assert len(api.get("/customers/").json["ids"]) == 20
    assert len(api.client.get("/contacts/options/customer?q=").json) == 20
    with count_statements() as asked:
        assert len(api.client.get("/contacts/options/customer?q=Customer").json) > 5
    assert len(asked) <= 4, str(asked)
    to_himself, level = {"new_owner": "manager"}, {"set": {"level": "A"}}
    dry = api.bulk("customers", "transfer", ids, to_himself, dry_run=True).json
    assert (dry["total"], dry["will_change"], len(dry["skipped"])) == (130, 0, 100)
    assert [(r["code"], r["count"]) for r in dry["reasons"]] == [("same_owner", 130)]
    assert all(set(one) == {"id", "code", "reason"} and one["reason"] for one in dry["skipped"])
    assert set(dry["reasons"][0]) == {"code", "text", "count"}
    sample = api.bulk("customers", "bulk_edit", ids, level, dry_run=True).json["sample"]
    assert len(sample) == 20
    assert sample[0] == {"id": ids[0], "field": "level", "old": None, "new": "A"}
    assert len(api.bulk("customers", "transfer", ids, to_himself).json["skipped"]) == 130


def test_a_pool_obeys_its_own_lists(world: World, engine: Engine) -> None:
    """POOL-1: its admins assign, delete, restore, export; a member who may elsewhere does not."""
    given = {"assign": {"to": ["sales1a"], "how": "equal"}, "export": {"format": "csv"}}
    rows = {"assign": 11, "delete": 11, "export": 11, "restore": 14}
    admin, member = Api(world, "leader1"), Api(world, "manager")
    for slug, number in rows.items():
        rest: dict[str, Any] = {"params": given.get(slug, {}), "dry_run": True}
        dry = admin.bulk("customers", slug, [number], **rest)
        assert (dry.status_code, dry.json.get("will_change")) == (200, 1), (slug, dry.text)
        answer = member.bulk("customers", slug, [number], **rest)
        if slug == "assign":  # whoever may assign and is a member (POOL-3)
            assert answer.json["will_change"] == 1
        elif slug == "restore":
            assert answer.status_code == 404
        else:
            assert [one["code"] for one in answer.json["skipped"]] == ["not_permitted"], slug
    seller = Api(world, "sales1a").bulk("customers", "assign", [11], given["assign"])
    assert seller.status_code == 403, "a member without the operation"
    assert admin.bulk("customers", "delete", [11]).json["done"] == 1
    assert stored(engine, "customer", 11)["deleted_at"] is not None


def test_reports_as_json_and_workbook(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BULK-4: every row with its outcome; counts by address; no transaction waits for a reader."""
    write(engine, "customer", 2, is_locked=True)
    api = Api(world, "sales1a")
    pool = pool_ids(engine)["Open customers"]
    run = api.bulk("customers", "release", [1, 2], {"pool": pool}).json["operation_id"]
    described = api.client.get(f"/api/v1/operations/{run}").json
    assert {key: described[key] for key in ("total", "done", "skipped", "failed")} == {
        "total": 2,
        "done": 1,
        "skipped": 1,
        "failed": 0,
    }
    rows = api.client.get(f"/api/v1/operations/{run}/report?format=json").json["rows"]
    assert [(r["id"], r["outcome"], r["code"]) for r in rows] == [
        (1, "done", ""),
        (2, "skipped", "locked"),
    ]
    monkeypatch.setattr(runs, "PAGE", 1)
    with world.app.app_context():
        pool_of_connections = db.engine.pool
    with api.client.get(f"/api/v1/operations/{run}/report") as answer:
        pieces = [(piece, pool_of_connections.checkedout()) for piece in answer.iter_encoded()]
    assert json.loads(b"".join(piece for piece, _open in pieces))["rows"] == rows
    assert [is_open for _piece, is_open in pieces] == [0] * 4
    with api.client.get(f"/api/v1/operations/{run}/report?format=xlsx") as answer:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(answer.data))
        cells = book.get_sheet_by_index(0).to_python()
    assert len(cells) == 3
    assert api.client.get(f"/api/v1/operations/{run}/report?format=pdf").status_code == 400


def test_three_steps_in_the_browser(world: World, engine: Engine) -> None:
    """BULK-2: settings, dry run, run; nothing is written before the last; twice is once."""
    client, people = world.client("manager"), user_ids(engine)
    token = hidden_inputs(client.get("/notifications/").text)["csrf_token"]
    wanted = filters_of(condition("owner", "eq", "sales1a"))
    chosen = {"all": "1", "filters": wanted, "search": "", "csrf_token": token}
    first = client.post("/customers/bulk/transfer", data=chosen)
    assert first.status_code == 200
    before = snapshot(engine, db.metadata)
    settings = {**hidden_inputs(first.text), "new_owner": str(people["sales1b"])}
    settings |= {"old_owner": "remove", "cascade_of": "old_owner"}
    second = client.post("/customers/bulk/transfer", data=settings)
    assert second.status_code == 200, second.text
    assert changed(before, snapshot(engine, db.metadata)) == []
    confirmed = hidden_inputs(second.text)
    assert confirmed["expected_count"] == "2"
    write(engine, "customer", 3, owner_id=people["sales1a"])
    moved = client.post("/customers/bulk/transfer", data=confirmed)
    assert moved.status_code == 409, "the number has changed since it was shown"
    again = hidden_inputs(moved.text)
    assert (again["step"], again["new_owner"]) == ("run", confirmed["new_owner"])
    assert again["expected_count"] != confirmed["expected_count"], "asked again, with the new one"
    write(engine, "customer", 3, owner_id=people["sales1b"])
    third = client.post("/customers/bulk/transfer", data=confirmed)
    again = client.post("/customers/bulk/transfer", data=confirmed)
    assert (third.status_code, again.status_code) == (302, 302)
    assert third.location == again.location
    assert stored(engine, "customer", 1)["version"] == 2
    assert client.get(third.location).status_code == 200


def test_a_dry_run_names_records_as_the_list_does(world: World, engine: Engine) -> None:
    """UI-8: in the reader's language, those that would change and those left out."""
    client, people = world.client("manager"), user_ids(engine)
    for number, name in ((1, "Goes & Co."), (2, "Stays Ltd.")):
        write(engine, "customer", number, name_en=name)
    write(engine, "customer", 2, owner_id=people["sales1b"])
    token = hidden_inputs(client.get("/notifications/").text)["csrf_token"]
    first = client.post("/customers/bulk/transfer", data={"ids": [1, 2], "csrf_token": token})
    settings = {**hidden_inputs(first.text), "ids": [1, 2], "new_owner": str(people["sales1b"])}
    settings |= {"old_owner": "remove", "cascade_of": "old_owner"}
    [sample, left] = [
        re.findall(rf'href="/customers/show/{number}"[^>]*>([^<]*)<', page)
        for page in (client.post("/customers/bulk/transfer", data=settings).text,)
        for number in (1, 2)
    ]
    assert (set(sample), set(left)) == ({"Goes &amp; Co."}, {"Stays Ltd."})


def test_one_history_entry_per_row_with_old_and_new(world: World, engine: Engine) -> None:
    """AUDIT-1: who, when, from where, operation, old → new, in the same transaction."""
    api, people = Api(world, "manager"), user_ids(engine)
    run = api.bulk("customers", "transfer", [1, 3], {"new_owner": "leader1"}).json
    entries = rows_in(engine, "history", operation_id=run["operation_id"], entity="customer")
    assert [e["record_id"] for e in entries] == [1, 3]
    assert entries[0]["changes"]["owner"] == [people["sales1a"], people["leader1"]]
    assert {e["actor_id"] for e in entries} == {people["manager"]}
    assert {(e["surface"], e["ip"]) for e in entries} == {("api", "127.0.0.1")}
    page = hidden_inputs(api.client.get("/customers/edit/5").text) | {"name": "By a form"}
    assert api.client.post("/customers/edit/5", data=page).status_code == 302
    [entry] = rows_in(engine, "history", entity="customer", record_id=5, operation="edit")
    assert (entry["surface"], entry["ip"]) == ("ui", "127.0.0.1")
    assert entry["request_id"]
    with engine.connect() as connection:
        total = connection.scalar(select(func.count()).select_from(db.metadata.tables["history"]))
    assert total


def test_people_and_records_are_told_as_everywhere(world: World, engine: Engine) -> None:
    """§2 in §5: whoever hears of it with his username, linked records with their labels."""
    api, people = Api(world, "manager"), user_ids(engine)
    dry = api.bulk("customers", "transfer", [1], {"new_owner": "sales1b"}, dry_run=True).json
    told = {"id": people["sales1b"], "label": "Sales1b", "username": "sales1b"}
    receiver = next(n["user"] for n in dry["notified"] if n["user"]["id"] == people["sales1b"])
    assert receiver | {"label": ""} == told | {"label": ""}
    assert receiver["label"]
    moved = next(one for one in dry["sample"] if one["field"] == "owner")
    assert moved["new"] == receiver
    assert moved["old"]["username"] == "sales1a"


def test_edit_is_bulk_edit(world: World, engine: Engine) -> None:
    """§5 writes ``edit {set: …}``: the same operation, with the same permission."""
    done = Api(world, "admin").bulk("customers", "edit", [1, 2], {"set": {"level": "C"}})
    assert (done.status_code, done.json["done"]) == (200, 2), done.text
    assert stored(engine, "customer", 2)["level"] == "C"
    assert Api(world, "clerk1").bulk("customers", "edit", [1], {"set": {}}).status_code == (
        Api(world, "clerk1").bulk("customers", "bulk_edit", [1], {"set": {}}).status_code
    )


def test_an_export_has_the_columns_that_were_named(world: World, engine: Engine) -> None:
    """§5: in that order; a column that isn't his to read, or none at all, is refused."""
    api = Api(world, "manager")
    run = api.bulk("customers", "export", [1], {"format": "csv", "columns": ["owner", "name"]})
    assert run.status_code == 200, run.text
    with api.client.get(run.json["download"]) as answer:
        text = answer.data.decode("utf-8-sig")
    assert text.splitlines()[0].count(",") == 1
    assert "Customer 01" in text.splitlines()[1].split(",")[1]
    for wrong in (["nothing"], [], ["name", "name"], [1], "half"):
        answer = api.bulk("customers", "export", [1], {"format": "csv", "columns": wrong})
        assert (answer.status_code, list(answer.json["fields"])) == (422, ["columns"]), wrong


def test_a_report_speaks_the_language_of_whoever_reads_it(world: World, engine: Engine) -> None:
    """UI-8, BULK-4: page, JSON and workbook; a sentence that an earlier version kept stays."""
    api, ids = Api(world, "admin"), sorted(user_ids(engine)[who] for who in ("admin", "sales1a"))
    run = api.bulk("users", "disable", ids).json["operation_id"]
    names = {"zh": ("线索", "客户"), "en": ("Leads", "Customers")}
    own = {"zh": "不能停用自己。", "en": "Nobody disables himself."}
    client = world.client("admin")
    for language, (leads, customers) in names.items():
        set_language(engine, language)
        rows = {r["id"]: r["reason"] for r in api.get(f"/operations/{run}/report").json["rows"]}
        mine, his = (rows[user_ids(engine)[who]] for who in ("admin", "sales1a"))
        assert mine == own[language]
        assert leads in his
        assert customers in his
        page = client.get(f"/users/bulk/disable/report/{run}").text
        assert mine in page
        book = api.client.get(f"/api/v1/operations/{run}/report?format=xlsx", buffered=True)
        sheet = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(book.data))
        told = {line[0]: line[3] for line in sheet.get_sheet_by_index(0).to_python()[1:]}
        assert told == rows
    table = db.metadata.tables["operation_item"]
    with engine.begin() as connection:
        connection.execute(table.update().values(reason="{Acme} was faster."))
    assert {r["reason"] for r in api.get(f"/operations/{run}/report").json["rows"]} == {
        "{Acme} was faster."
    }


def set_language(engine: Engine, language: str) -> None:
    """Everybody reads that from now on."""
    table = db.metadata.tables["user_account"]
    with engine.begin() as connection:
        connection.execute(table.update().values(language=language))
