"""Merge and un-merge (CUS-7): what comes together, what goes back, what stays as it is."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from app.extensions import db
from tests.contract.calls import Api, condition, set_role, stored, user_ids, write
from tests.contract.test_bulk import rows_in, seats_of
from tests.support.web import hidden_inputs
from tests.support.worlds import World

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
CODE = "91330106MA2ABCDE2X"


def arranged(engine: Engine) -> dict[str, int]:
    """Three customers with different values, teams, contacts and marks."""
    people = user_ids(engine)
    write(engine, "customer", 1, name="Alpha", name_key="alpha", remark=None, level=None)
    write(engine, "customer", 2, level="B", credit_code=CODE, remark="second")
    write(engine, "customer", 3, level="A", remark="third", owner_id=people["sales1b"])
    write(engine, "contact", 1, customer_id=2)
    write(engine, "lead", 1, customer_id=3)
    rows: dict[str, dict[str, Any]] = {
        "team_seat": {"level": "write"},
        "star": {"at": MOMENT},
        "private_tag": {"tag": "mine"},
        "private_note": {"text": "call later", "written_at": MOMENT},
    }
    with engine.begin() as connection:
        file = {"entity": "customer", "record_id": 3, "name": "offer.pdf", "size": 1, "sha256": "0"}
        more = {"content_type": "application/pdf", "storage": "f" * 32, "created_at": MOMENT}
        connection.execute(insert(db.metadata.tables["attachment"]), [{**file, **more}])
        for table, more in rows.items():
            place = {"entity": "customer", "record_id": 2, "user_id": people["finance"]}
            connection.execute(insert(db.metadata.tables[table]), [{**place, **more}])
    return people


def test_what_belonged_to_several_belongs_to_the_survivor(world: World, engine: Engine) -> None:
    people, admin = arranged(engine), Api(world, "admin")
    params = {"survivor": 1, "fields": {"level": 3, "name": 2}}
    name = stored(engine, "customer", 2)["name"]
    run = admin.bulk("customers", "merge", [2, 3], params).json
    assert (run["total"], run["done"], run["skipped"]) == (3, 3, [])
    row = stored(engine, "customer", 1)
    assert (row["name"], row["level"], row["credit_code"]) == (name, "A", CODE)
    assert row["remark"] == "second", "the first in which it is filled"
    assert stored(engine, "contact", 1)["customer_id"] == 1
    assert stored(engine, "lead", 1)["customer_id"] == 1
    seats = {user: seat[0] for user, seat in seats_of(engine, 1).items()}
    assert seats[people["finance"]] == "write"
    assert seats[people["sales1b"]] == "read", "whose it was reads on"
    for table in ("star", "private_tag", "private_note"):
        assert {r["record_id"] for r in rows_in(engine, table)} >= {1, 2}, table
    assert {file["record_id"] for file in rows_in(engine, "attachment")} == {1, 3}
    old = admin.client.get("/customers/show/3")
    assert (old.status_code, old.headers["Location"]) == (302, "/customers/show/1")
    assert admin.get("/customers/3").status_code == 404
    told = admin.client.get("/customers/show/1?tab=history").text
    assert name in told
    for label in ("Team", "Merged with"):
        assert f"<dt>{label}</dt>" in told, "the team that came along hides nobody"
    again = admin.bulk("customers", "merge", [1, 2], {"survivor": 1})
    assert again.status_code == 404, "what has gone is not there to be merged"


def test_undo_leaves_what_was_changed_since(world: World, engine: Engine) -> None:
    """A contact edited meanwhile keeps its customer, and so that one stays where it went."""
    arranged(engine)
    admin = Api(world, "admin")
    run = admin.bulk("customers", "merge", [1, 2, 3], {"survivor": 1}).json
    version = stored(engine, "contact", 1)["version"]
    assert admin.put("/contacts/1", {"position": "CEO"}, version).status_code == 200
    dry = admin.post(f"/operations/{run['operation_id']}/undo", {"dry_run": True}).json
    undone = admin.post(f"/operations/{run['operation_id']}/undo", {}).json
    assert [(s["id"], s["code"]) for s in undone["skipped"]] == [(2, "changed")]
    assert dry.get("skipped", undone["skipped"]) == undone["skipped"]
    assert stored(engine, "customer", 2)["deleted_at"] is not None
    assert stored(engine, "customer", 3)["deleted_at"] is None
    assert stored(engine, "lead", 1)["customer_id"] == 3
    assert stored(engine, "contact", 1)["customer_id"] == 1
    assert stored(engine, "customer", 1)["credit_code"] is None
    assert [file["record_id"] for file in rows_in(engine, "attachment")] == [3]


def test_marks_go_back_with_what_they_were_put_on(world: World, engine: Engine) -> None:
    """CUS-7: the survivor keeps what it had and what its owner wrote anew, nothing else."""
    people, admin = arranged(engine), Api(world, "admin")
    mine = {"entity": "customer", "record_id": 1}
    with engine.begin() as connection:
        for who, tag in (("finance", "mine"), ("finance", "older"), ("legal", "hers")):
            word = {**mine, "user_id": people[who], "tag": tag}
            connection.execute(insert(db.metadata.tables["private_tag"]), [word])
        star = {**mine, "record_id": 3, "user_id": people["legal"], "at": MOMENT}
        connection.execute(insert(db.metadata.tables["star"]), [star])
    before = {name: marks_on(engine, name) for name in ("star", "private_tag", "private_note")}
    run = admin.bulk("customers", "merge", [1, 2, 3], {"survivor": 1}).json
    assert run["done"] == 3
    for name, marks in before.items():
        assert {(1, *mark[1:]) for mark in marks} <= set(marks_on(engine, name)), name
    [copied] = [r["id"] for r in rows_in(engine, "private_note") if r["record_id"] == 1]
    finance = world.client("finance")
    token = hidden_inputs(finance.get("/customers/show/1").text)["csrf_token"]
    anew = {"csrf_token": token, "text": "called", "note": copied}
    assert finance.post("/customers/note/1", data=anew).status_code == 302
    held = [tag for record, who, tag in marks_on(engine, "private_tag")
            if (record, who) == (1, people["finance"])]  # fmt: skip
    more = {"csrf_token": token, "tags": ", ".join([*held, "anew"])}
    assert finance.post("/customers/mark/1", data=more).status_code == 302
    undone = admin.post(f"/operations/{run['operation_id']}/undo", {}).json
    assert undone["skipped"] == []
    before["private_note"] = sorted([*before["private_note"], (1, people["finance"], "called")])
    before["private_tag"] = sorted([*before["private_tag"], (1, people["finance"], "anew")])
    for name, marks in before.items():
        assert marks_on(engine, name) == marks, name


def marks_on(engine: Engine, name: str) -> list[tuple[Any, ...]]:
    """The marks of a kind: on what, whose, which."""
    said = {"private_tag": "tag", "private_note": "text"}.get(name, "entity")
    return sorted((r["record_id"], r["user_id"], r[said]) for r in rows_in(engine, name))


@pytest.mark.parametrize(
    ("ids", "params", "verdict"),
    [
        ([1, 2], {"survivor": 4242}, 422),
        ([1, 2], {"survivor": 1, "fields": {"level": 3}}, 422),
        ([1, 2], {"survivor": 1, "fields": {"owner": 2}}, 422),
        ([1, 2], {"survivor": 1, "fields": {"level": "x"}}, 422),
        ([1, 2], {}, 422),
        ([1, 4242], {"survivor": 1}, 404),
        ([], {"survivor": 1}, 413),
    ],
)
def test_what_can_not_be_merged(
    world: World, ids: list[int], params: dict[str, Any], verdict: int
) -> None:
    api = Api(world, "admin")
    if not ids:
        ids = [api.post("/leads/", {"name": f"L{n}"}).json["id"] for n in range(11)]
        params, plural = {"survivor": ids[0]}, "leads"
    else:
        plural = "customers"
    assert api.bulk(plural, "merge", ids, params).status_code == verdict


def test_one_out_of_reach_and_one_locked_stay(world: World, engine: Engine) -> None:
    """Managers are granted it here: what lies in a foreign department stays theirs."""
    write(engine, "customer", 2, is_locked=True)
    table = db.metadata.tables["role_grant"]
    with engine.begin() as connection:
        rows = connection.execute(table.select().where(table.c.entity == "customer")).mappings()
        for row in [dict(r) for r in rows if "bulk_edit" in r["operations"]]:
            more = [*row["operations"], "merge"]
            connection.execute(
                table.update()
                .where(table.c.entity == "customer", table.c.role_id == row["role_id"])
                .values(operations=more)
            )
    set_role(engine, "leader1", "sales_manager", "auditor")
    leader = Api(world, "leader1")
    foreign = leader.ids("customers", condition("owner", "eq", user_ids(engine)["sales2a"]))
    ids = [1, 2, 3, min(foreign)]
    run = leader.bulk("customers", "merge", ids, {"survivor": 1}).json
    assert {s["id"]: s["code"] for s in run["skipped"]} == {
        2: "locked",
        min(foreign): "not_permitted",
    }
    assert run["done"] == 2


def test_the_dialog_shows_them_side_by_side(world: World, engine: Engine) -> None:
    arranged(engine)
    client = world.client("admin")
    token = hidden_inputs(client.get("/customers/bulk/delete?id=1").text)["csrf_token"]
    page = client.post("/customers/bulk/merge", data={"csrf_token": token, "ids": ["1", "2", "3"]})
    assert page.status_code == 200
    for piece in ('name="survivor"', 'name="pick-level"', CODE, "second", "third"):
        assert piece in page.text, piece
    assert 'name="pick-short_name"' not in page.text, "nothing to choose where all are empty"
    hidden = hidden_inputs(page.text) | {"ids": ["1", "2", "3"], "step": "preview"}
    chosen = {"survivor": "1", "pick-level": "3", "pick-remark": "2"}
    dry = client.post("/customers/bulk/merge", data={**hidden, **chosen})
    assert dry.status_code == 200
    assert 'name="pick-level" value="3"' in dry.text
    run = hidden_inputs(dry.text) | {"ids": ["1", "2", "3"]}
    done = client.post("/customers/bulk/merge", data=run)
    assert done.status_code == 302, done.text
    row = stored(engine, "customer", 1)
    assert (row["level"], row["remark"]) == ("A", "second")
