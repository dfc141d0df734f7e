"""Undo (BULK-5): what a run wrote goes back, what somebody changed meanwhile stays."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, update

from app.extensions import db
from app.operations import behaviour, selection
from app.operations.rules import Rules
from app.spec.catalogue import catalogue
from app.spec.errors import Conflict
from tests.contract.calls import Api, pool_ids, set_role, stored, user_ids, write
from tests.contract.test_bulk import LATER, NAMES, operations, rows_in
from tests.contract.test_jobs import fill, started
from tests.support.snapshot import VOLATILE, changed, snapshot
from tests.support.statements import count_statements
from tests.support.web import hidden_inputs
from tests.support.working import work_off
from tests.support.worlds import World

TRACES = ("history", "operation_", "outbox", "idempotency", "rotation")
"""Tables that tell of an undo, and whose turn it is next."""
STAMPS = {"version", "updated_at", "updated_by_id"}
BIN = {"deleted_at", "deleted_by_id", "delete_batch"}
FINAL = {"purge", "export"}


def contents(engine: Engine, left_out: set[str]) -> dict[str, list[Any]]:
    """All rows of all tables but the traces, without stamps."""
    found = {}
    with engine.connect() as connection:
        for table in db.metadata.sorted_tables:
            if not VOLATILE.search(table.name) and not table.name.startswith(TRACES):
                rows = connection.execute(table.select().order_by(*table.primary_key)).mappings()
                hidden = STAMPS | left_out
                found[table.name] = [
                    {k: v for k, v in row.items() if k not in hidden} for row in rows
                ]
    return found


def differences(before: dict[str, list[Any]], after: dict[str, list[Any]]) -> list[Any]:
    return [
        (
            name,
            [row for row in before[name] if row not in after[name]],
            [row for row in after[name] if row not in before[name]],
        )
        for name in before
        if before[name] != after[name]
    ]


def prepared(engine: Engine, slug: str) -> None:
    """Children, seats and a lock, so that there is something to carry along and to lose."""
    write(engine, "customer", 2, is_locked=True, lock_reason="tender")
    for contact in reversed(rows_in(engine, "contact", deleted_at=None)):
        write(engine, "customer", contact["customer_id"], primary_contact_id=contact["id"])
    people = user_ids(engine)
    seat = db.metadata.tables["team_seat"]
    with engine.begin() as connection:
        connection.execute(
            insert(seat),
            [
                {"entity": "customer", "record_id": 1, "user_id": people[who], "level": "write"}
                for who in ("sales1b", "clerk1")
            ],
        )
    if slug == "unlock":
        write(engine, "customer", 1, is_locked=True, lock_reason="talks")


CASES: list[tuple[str, str, dict[str, Any]]] = [
    *((slug, slug, {}) for slug in NAMES if slug not in FINAL),
    (
        "transfer and keep",
        "transfer",
        {
            "new_owner": "sales1b",
            "old_owner": "write",
            "until": LATER,
            "cascade": ["contacts"],
            "cascade_of": "all",
        },
    ),
    (
        "team with end",
        "add_team",
        {"users": ["sales1b", "sales2a"], "level": "read", "until": LATER, "cascade": ["contacts"]},
    ),
    ("in turn", "assign", {"to": ["sales1a", "sales1b"], "how": "round_robin"}),
]


@pytest.mark.parametrize(("slug", "more"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_undo_puts_everything_back(
    world: World, engine: Engine, slug: str, more: dict[str, Any]
) -> None:
    """Whatever a run did, afterwards all tables are as before; the dry run says the same."""
    prepared(engine, slug)
    who, _, ids, params = next(e for e in operations(pool_ids(engine)) if e[1] == slug)
    params = {**params, **more}
    api = Api(world, who)
    if slug == "remove_tags":
        assert api.bulk("customers", "add_tags", [1], params).json["done"] == 1
    if slug == "add_tags":  # a tag made along stays, though nobody has it any more
        assert api.bulk("customers", "add_tags", [2], params).json["done"] == 1
    left_out = BIN if slug == "restore" else set()
    before = contents(engine, left_out)
    run = api.bulk("customers", slug, ids, params).json
    assert run["done"] > 0
    if slug != "restore":
        assert differences(before, contents(engine, left_out))
    number = run["operation_id"]
    still = snapshot(engine, db.metadata)
    dry = api.post(f"/operations/{number}/undo", {"dry_run": True})
    assert dry.status_code == 200, dry.text
    assert changed(still, snapshot(engine, db.metadata)) == []
    undone = api.post(f"/operations/{number}/undo", {})
    assert undone.status_code == 200, undone.text
    assert undone.json["skipped"] == [] == dry.json["skipped"]
    assert undone.json["total"] == undone.json["done"] == run["done"] == dry.json["will_change"]
    stays = {"opinion"} if slug == "judge" else set()  # told as taken back: test_opinions
    assert {one[0] for one in differences(before, contents(engine, left_out))} == stays
    entries = rows_in(engine, "history", operation="undo", entity="customer")
    assert {e["operation_id"] for e in entries} == {undone.json["operation_id"]}
    assert len(entries) == run["done"]
    assert api.post(f"/operations/{number}/undo", {}).status_code == 409, "twice"
    again = api.post(f"/operations/{undone.json['operation_id']}/undo", {})
    assert again.status_code == 409, "an undo isn't undone"


def handed_over(world: World, who: str = "manager") -> tuple[Api, int]:
    """Six customers of sales1a and others transferred to sales1b by that person."""
    api = Api(world, who)
    run = api.bulk("customers", "transfer", [1, 2, 3, 4, 5, 6], {"new_owner": "sales1b"}).json
    assert run["done"] > 3, run
    return api, run["operation_id"]


def test_what_others_changed_meanwhile_stays(world: World, engine: Engine) -> None:
    """A third is changed, one is deleted: both stay as they are, with who and when."""
    api, number = handed_over(world)
    rows = api.get(f"/operations/{number}/report").json["rows"]
    one, two, three = changes = [row["id"] for row in rows if row["outcome"] == "done"][:3]
    other = Api(world, "admin")
    assert other.put(f"/customers/{one}", {"name": "Renamed"}, version=2).status_code == 200
    assert other.bulk("customers", "lock", [two], {"reason": "tender"}).json["done"] == 1
    assert other.bulk("customers", "delete", [three]).json["done"] == 1
    kept = [stored(engine, "customer", i) for i in changes]
    undone = api.post(f"/operations/{number}/undo", {}).json
    left = {skip["id"]: skip for skip in undone["skipped"]}
    assert set(left) == set(changes)
    assert {skip["code"] for skip in left.values()} == {"changed"}
    name = rows_in(engine, "user_account", username="admin")[0]["name"]
    assert all(name in skip["reason"] for skip in left.values()), left
    assert str(datetime.now(UTC).year) in left[one]["reason"]
    assert kept == [stored(engine, "customer", i) for i in changes]
    assert undone["done"] == undone["total"] - 3 > 0
    report = api.get(f"/operations/{undone['operation_id']}/report").json
    assert {row["id"] for row in report["rows"] if row["outcome"] == "skipped"} == set(changes)


def test_a_contact_that_went_along_keeps_its_customer(world: World, engine: Engine) -> None:
    """What went together goes back together: a changed contact keeps its customer where it is."""
    api = Api(world, "manager")
    contact = next(c for c in rows_in(engine, "contact", deleted_at=None) if c["customer_id"])
    parent, people = contact["customer_id"], user_ids(engine)
    params = {"new_owner": "sales2a", "cascade": ["contacts"], "cascade_of": "all"}
    number = api.bulk("customers", "transfer", [parent], params).json["operation_id"]
    after = stored(engine, "contact", contact["id"])
    assert after["owner_id"] == people["sales2a"]
    changed_it = Api(world, "admin").put(
        f"/contacts/{contact['id']}", {"email": "new@example.com"}, version=after["version"]
    )
    assert changed_it.status_code == 200
    undone = api.post(f"/operations/{number}/undo", {}).json
    assert [(s["id"], s["code"]) for s in undone["skipped"]] == [(parent, "changed")]
    assert stored(engine, "customer", parent)["owner_id"] == people["sales2a"]


def test_a_restored_record_with_a_new_contact_stays(world: World, engine: Engine) -> None:
    """Undoing "restore" deletes again: not when that would take along what somebody added."""
    api = Api(world, "manager")
    assert api.bulk("customers", "delete", [1, 2]).json["done"] == 2
    number = api.bulk("customers", "restore", [1, 2]).json["operation_id"]
    new = Api(world, "admin").post("/contacts/", {"name": "New one", "customer": 1})
    assert new.status_code == 201, new.text
    undone = api.post(f"/operations/{number}/undo", {}).json
    assert [skip["id"] for skip in undone["skipped"]] == [1]
    assert stored(engine, "customer", 1)["deleted_at"] is None
    assert stored(engine, "customer", 2)["deleted_at"] is not None


def test_a_dismissed_owner_and_a_taken_name_are_reasons(world: World, engine: Engine) -> None:
    api, number = handed_over(world)
    people = user_ids(engine)
    write(engine, "user", people["sales1a"], is_active=False)
    undone = api.post(f"/operations/{number}/undo", {}).json
    history = rows_in(engine, "history", operation="transfer", entity="customer")
    his = {e["record_id"] for e in history if e["changes"]["owner"][0] == people["sales1a"]}
    assert his
    assert {s["id"] for s in undone["skipped"] if s["code"] == "dismissed"} == his
    assert all(stored(engine, "customer", i)["owner_id"] == people["sales1b"] for i in his)
    assert undone["done"] == undone["total"] - len(his) > 0


class Cap(Rules):
    """Somebody may hold no more than so many more (POOL-9)."""

    def __init__(self, person: int, room: int) -> None:
        self.person, self.room = person, room
        self.got: set[int] = set()

    def before_change(self, _entity: Any, record_id: int, _before: Any, values: Any) -> None:
        if values.get("owner") == self.person and record_id not in self.got:
            if len(self.got) == self.room:
                raise Conflict(f"No more than {self.room}.")
            self.got.add(record_id)


def test_a_large_undo_after_all_that_can_happen(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A third changed by others, some deleted, an old owner disabled, the cap full: each says so.

    The dry run says the same of as many; whatever stays is exactly as it was.
    """
    people = user_ids(engine)
    ids = [*fill(engine, 500), *fill(engine, 120, owner_id=people["sales2a"], deal_status="won")]
    api, other = Api(world, "manager"), Api(world, "admin")
    _job, run = started(api, "transfer", ids, {"new_owner": "sales1b"})
    work_off(world)
    third, deleted, his = ids[::3], ids[1:90:3], [i for i in ids[500:] if i not in ids[::3]]
    assert other.bulk("customers", "bulk_edit", third, {"set": {"city": "杭州"}}).status_code == 200
    assert other.bulk("customers", "delete", deleted).json["done"] == len(deleted)
    write(engine, "user", people["sales2a"], is_active=False)
    room = 250
    cap = Cap(people["sales1a"], room)
    rules_of = behaviour.rules_of
    monkeypatch.setattr(
        behaviour, "rules_of", lambda e: cap if e.key == "customer" else rules_of(e)
    )
    before = {row["id"]: row for row in rows_in(engine, "customer")}
    left = {"changed": len(third) + len(deleted), "dismissed": len(his)}
    left["invalid"] = len(ids) - sum(left.values()) - room
    dry = api.post(f"/operations/{run}/undo", {"dry_run": True}).json
    assert dry["will_change"] == room
    told = Counter(one["code"] for one in dry["reasons"] for _each in range(one["count"]))
    assert told == Counter(left)
    cap.got.clear()
    undone = api.post(f"/operations/{run}/undo", {}).json["operation_id"]
    work_off(world)
    items = rows_in(engine, "operation_item", operation_id=undone)
    assert Counter(item["code"] for item in items if item["outcome"] == "skipped") == Counter(left)
    back = {item["record_id"] for item in items if item["outcome"] == "done"}
    assert back == cap.got
    now = {row["id"]: row for row in rows_in(engine, "customer")}
    assert {i for i, row in now.items() if row != before[i]} == back
    assert {now[i]["owner_id"] for i in back} == {people["sales1a"]}


def test_who_may_undo_and_until_when(world: World, engine: Engine) -> None:
    """404 for others, 403 without the permission, 400 for what is unknown, 410 when it is late."""
    api, number = handed_over(world)
    path = f"/operations/{number}/undo"
    for who in ("sales1a", "leader1"):
        assert Api(world, who).post(path, {}).status_code == 404
    assert api.post("/operations/999999/undo", {}).status_code == 404
    assert api.post(path, {"force": True}).status_code == 400
    assert api.post(path, {"dry_run": "yes"}).status_code == 400
    export = api.bulk("customers", "export", [1], {"format": "csv", "columns": "all"}).json
    assert api.post(f"/operations/{export['operation_id']}/undo", {}).status_code == 409
    before = snapshot(engine, db.metadata)
    set_role(engine, "manager", "salesperson")
    assert api.post(path, {}).status_code in (403, 404)
    set_role(engine, "manager", "sales_manager")
    run = db.metadata.tables["operation_run"]
    long_ago = datetime.now(UTC) - timedelta(days=30, minutes=1)
    with engine.begin() as connection:
        connection.execute(update(run).where(run.c.id == number).values(at=long_ago))
    assert api.post(path, {}).status_code == 410
    assert stored(engine, "customer", 1)["owner_id"] == user_ids(engine)["sales1b"]
    assert {"operation_run", "rights_version"} >= set(
        changed(before, snapshot(engine, db.metadata))
    )
    super_admin = Api(world, "admin")
    with engine.begin() as connection:
        connection.execute(update(run).where(run.c.id == number).values(at=datetime.now(UTC)))
    assert super_admin.post(path, {}).json["done"] > 0, "a super admin may undo anybody's"


def test_rows_out_of_his_scope_by_now_stay(world: World, engine: Engine) -> None:
    """The doer's scope shrank: what would lie outside it afterwards isn't touched (BULK-7)."""
    api = Api(world, "leader1")
    people = user_ids(engine)
    number = api.bulk("customers", "transfer", [1, 2], {"new_owner": "sales2a"}).json[
        "operation_id"
    ]
    other = rows_in(engine, "user_account", username="sales2a")[0]["department_id"]
    write(engine, "user", people["sales1a"], department_id=other)
    with engine.begin() as connection:
        version = db.metadata.tables["rights_version"]
        connection.execute(version.update().values(number=version.c.number + 1))
    before = snapshot(engine, db.metadata)
    dry = api.post(f"/operations/{number}/undo", {"dry_run": True}).json
    assert changed(before, snapshot(engine, db.metadata)) == []
    undone = api.post(f"/operations/{number}/undo", {}).json
    lost = {skip["id"] for skip in undone["skipped"] if skip["code"] == "not_permitted"}
    assert lost, undone
    assert undone["skipped"] == dry["skipped"]
    assert all(stored(engine, "customer", i)["owner_id"] == people["sales2a"] for i in lost)


def test_it_costs_the_same_for_five_hundred(world: World, engine: Engine) -> None:
    """Ten records or five hundred: the same statements, each of them set-based (BULK-6)."""
    api, table = Api(world, "manager"), catalogue.get("customer").model.__table__
    owner, now = user_ids(engine)["sales1a"], datetime.now(UTC).replace(microsecond=0)
    rows = [
        {"name": f"Many {i}", "owner_id": owner, "created_at": now, "updated_at": now}
        for i in range(510)
    ]
    with engine.begin() as connection:
        ids = list(connection.scalars(insert(table).returning(table.c.id), rows))
    asked = {}
    for some in (ids[:10], ids[10:]):
        params = {"new_owner": "sales1b", "old_owner": "read"}
        run = api.bulk("customers", "transfer", some, params).json
        assert run["done"] == len(some)
        with count_statements() as asked[len(some)]:
            undone = api.post(f"/operations/{run['operation_id']}/undo", {}).json
        assert undone["done"] == len(some)
    # COPY, by which PostgreSQL takes many rows, isn't counted: of history and report.
    assert len(asked[10]) - 2 <= len(asked[500]) <= len(asked[10]), str(asked[500])


def test_what_was_left_out_can_be_tried_again(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BULK-4: the dialog opens with just those rows and the settings of then; foreign runs: 404."""
    api, pools = Api(world, "manager"), pool_ids(engine)
    write(engine, "customer", 2, is_locked=True)
    params = {"pool": pools["Open customers"], "reason": "idle for long"}
    run = api.bulk("customers", "release", [1, 2], params).json
    assert [skip["id"] for skip in run["skipped"]] == [2]
    client, path = world.client("manager"), "/customers/bulk/release"
    report = client.get(f"{path}/report/{run['operation_id']}").text
    inputs = {"csrf_token": hidden_inputs(report)["csrf_token"], "again": run["operation_id"]}
    assert f'name="again" value="{run["operation_id"]}"' in report
    with monkeypatch.context() as smaller:
        smaller.setattr(selection, "MAX_IDS", 0)
        assert client.post(path, data=inputs).status_code == 400, "no page without bounds"
    dialog = client.post(path, data=inputs)
    assert dialog.status_code == 200
    assert "idle for long" in dialog.text
    assert hidden_inputs(dialog.text)["ids"] == "2"
    assert "again" not in hidden_inputs(dialog.text)
    write(engine, "customer", 2, is_locked=False)
    preview = client.post(path, data={**hidden_inputs(dialog.text), **params})
    assert client.post(path, data=hidden_inputs(preview.text)).status_code == 302
    assert stored(engine, "customer", 2)["pool_id"] == params["pool"]
    foreign = world.client("leader1")
    token = hidden_inputs(foreign.get("/customers/bulk/release?id=1").text)["csrf_token"]
    others = foreign.post(path, data={"csrf_token": token, "again": run["operation_id"]})
    assert others.status_code == 404


def test_the_pages_lead_there_and_back(world: World, engine: Engine) -> None:
    """BULK-9: My operations → undo → what would happen → done, once however often it is sent."""
    _api, number = handed_over(world)
    client, people = world.client("manager"), user_ids(engine)
    path = f"/operations/{number}/undo"
    mine = client.get("/operations/").text
    assert path in mine
    assert f'href="/customers/bulk/transfer/report/{number}"' in mine
    assert path not in world.client("leader1").get("/operations/").text
    report = client.get(f"/customers/bulk/transfer/report/{number}").text
    assert path in report
    assert client.get(path).status_code == 405
    before = snapshot(engine, db.metadata)
    preview = client.post(path, data=hidden_inputs(report))
    assert preview.status_code == 200
    assert changed(before, snapshot(engine, db.metadata)) == []
    for _twice in range(2):
        done = client.post(path, data=hidden_inputs(preview.text))
        assert done.status_code == 302, done.text
    undo = rows_in(engine, "operation_run", operation="undo")
    assert [run["undoes_id"] for run in undo] == [number]
    assert done.headers["Location"].endswith(f"/customers/bulk/undo/report/{undo[0]['id']}")
    assert client.get(done.headers["Location"]).status_code == 200
    mine = client.get("/operations/").text
    assert path not in mine
    assert f"/undo/report/{undo[0]['id']}" in mine
    told = {message["user_id"] for message in rows_in(engine, "outbox", kind="undo")}
    assert {people["sales1a"], people["sales1b"]} <= told
    assert world.client("sales1a").get("/notifications/").status_code == 200


SETS = {
    "level": "A",
    "source": "search_engine",
    "city": "杭州",
    "province": "浙江",
    "email": "office@example.com",
    "remark": "seen",
}


def test_rows_that_differ_in_different_columns(world: World, engine: Engine) -> None:
    """BULK-6: each of 64 rows lacks another set of the new values; all of it can be undone."""
    ids, table = fill(engine, 2 ** len(SETS)), catalogue.get("customer").model.__table__
    bits = list(enumerate(SETS.items()))
    with engine.begin() as connection:
        for place, record in enumerate(ids):
            has = {key: value for bit, (key, value) in bits if place >> bit & 1}
            if has:
                connection.execute(table.update().where(table.c.id == record).values(**has))
    before = contents(engine, set())
    api = Api(world, "admin")
    done = api.bulk("customers", "bulk_edit", ids, {"set": SETS}).json
    assert (done["done"], [skip["id"] for skip in done["skipped"]]) == (63, ids[-1:])
    for record in (ids[0], ids[5], ids[-1]):
        row = stored(engine, "customer", record)
        assert {key: row[key] for key in SETS} == SETS
    undone = api.post(f"/operations/{done['operation_id']}/undo", {"dry_run": False})
    assert undone.json["done"] == 63, undone.text
    assert differences(before, contents(engine, set())) == []


def test_disabling_is_taken_back(world: World, engine: Engine) -> None:
    """What is undone by its opposite, of a kind without a recycle bin; and the undo of enabling."""
    api, people = Api(world, "admin"), user_ids(engine)
    idle = people["audit"]
    for slug, before in (("disable", True), ("enable", False)):
        run = api.bulk("users", slug, [idle]).json
        assert run["done"] == 1, run
        assert stored(engine, "user", idle)["is_active"] is not before
        path = f"/operations/{run['operation_id']}/undo"
        assert api.post(path, {"dry_run": True}).json["will_change"] == 1
        assert api.post(path, {}).json["done"] == 1
        assert stored(engine, "user", idle)["is_active"] is before
        if slug == "disable":
            write(engine, "user", idle, is_active=False)
