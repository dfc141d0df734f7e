"""Conversion (LEAD-1, LEAD-2) and leads of which nothing comes (LEAD-4)."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from app.extensions import db
from app.operations import converting
from app.operations.rules import Rules
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import Conflict, Unavailable
from tests.contract.calls import Api, stored, user_ids, write
from tests.contract.test_bulk import rows_in, seats_of
from tests.contract.test_imports import send
from tests.contract.test_undo import contents, differences
from tests.support.snapshot import changed, snapshot
from tests.support.web import hidden_inputs
from tests.support.worlds import World

BIN = {"deleted_at", "deleted_by_id", "delete_batch"}


def leads(engine: Engine, who: str, number: int = 4) -> list[int]:
    """Somebody's leads, of companies that nobody knows yet."""
    owner = user_ids(engine)[who]
    mine = rows_in(engine, "lead", owner_id=owner, deleted_at=None)[:number]
    for row in mine:
        write(engine, "lead", row["id"], company=f"Company of lead {row['id']} GmbH", remark="hot")
    return [row["id"] for row in mine]


def seated(engine: Engine, lead: int, who: str) -> None:
    seat = {"entity": "lead", "record_id": lead, "user_id": user_ids(engine)[who], "level": "read"}
    with engine.begin() as connection:
        connection.execute(insert(db.metadata.tables["team_seat"]), [seat])


def test_leads_become_customers_and_back(world: World, engine: Engine) -> None:
    """Fields, tags, team and a contact; one name twice is told; undo leaves nothing behind."""
    api, ids = Api(world, "manager"), leads(engine, "sales1a")
    first, second = ids[:2]
    write(engine, "lead", second, company=f"COMPANY of lead {first}, gmbh")
    seated(engine, first, "finance")
    assert api.bulk("leads", "add_tags", [first], {"tags": ["Fair"]}).json["done"] == 1
    before, tables = snapshot(engine, db.metadata), contents(engine, BIN)
    dry = api.bulk("leads", "convert", ids, {"contact": True}, dry_run=True).json
    assert changed(before, snapshot(engine, db.metadata)) == []
    run = api.bulk("leads", "convert", ids, {"contact": True}).json
    assert [s["code"] for s in run["skipped"]] == ["duplicate"]
    assert (run["done"], run["skipped"]) == (dry["will_change"], dry["skipped"])
    lead = stored(engine, "lead", first)
    made = api.get(f"/customers/{lead['customer_id']}").json["result"]
    assert (lead["is_converted"], lead["version"]) == (True, 3)
    assert (made["name"], made["remark"], made["tags"]) == (lead["company"], "hot", ["Fair"])
    assert made["owner"]["username"] == "sales1a"
    assert made["primary_contact"]["label"] == lead["name"]
    assert set(seats_of(engine, made["id"])) == {user_ids(engine)["finance"]}
    again = api.bulk("leads", "convert", [first]).json
    assert [s["code"] for s in again["skipped"]] == ["converted"]
    undone = api.post(f"/operations/{run['operation_id']}/undo", {}).json
    assert (undone["done"], undone["skipped"]) == (run["done"], [])
    new = {name: rows for name, _old, rows in differences(tables, contents(engine, BIN))}
    assert "lead" not in new
    for name in ("customer", "contact"):
        assert len(new[name]) == run["done"]
        assert all(stored(engine, name, row["id"])["deleted_at"] for row in new[name])


def test_a_lead_joins_a_customer_and_what_is_used_stays(world: World, engine: Engine) -> None:
    api, ids = Api(world, "sales1a"), leads(engine, "sales1a", 2)
    run = api.bulk("leads", "convert", ids[:1], {"customer": 1, "contact": True}).json
    assert run["done"] == 1
    assert stored(engine, "lead", ids[0])["customer_id"] == 1
    other = api.bulk("leads", "convert", ids[1:]).json
    new = stored(engine, "lead", ids[1])["customer_id"]
    contact = api.post("/contacts/", {"name": "Late", "customer": new})
    assert contact.status_code == 201, contact.text
    kept = api.post(f"/operations/{other['operation_id']}/undo", {}).json
    assert kept["done"] == 0
    assert kept["skipped"][0]["code"] in ("blocked", "changed")
    assert api.post(f"/operations/{run['operation_id']}/undo", {}).json["done"] == 1
    assert not stored(engine, "lead", ids[0])["is_converted"]
    assert Api(world, "sales2a").bulk("leads", "convert", ids).status_code == 404
    foreign = api.bulk("leads", "convert", ids[:1], {"customer": 4})
    assert foreign.status_code == 422


def test_converted_leads_are_read_only_and_out_of_the_way(world: World, engine: Engine) -> None:
    """LEAD-2: their page says so; they have a view of their own, the first one is without them."""
    api, [lead, other] = Api(world, "sales1a"), leads(engine, "sales1a", 2)
    assert api.bulk("leads", "mark_invalid", [other], {"reason": "no_interest"}).json["done"] == 1
    refused = api.bulk("leads", "convert", [other]).json["skipped"]
    assert [s["code"] for s in refused] == ["invalid"]
    assert api.bulk("leads", "convert", [lead]).json["done"] == 1
    version = stored(engine, "lead", lead)["version"]
    assert api.put(f"/leads/{lead}", {"remark": "x"}, version).status_code == 409
    for slug, params in (("lock", {"reason": "x"}), ("mark_invalid", {"reason": "no_interest"})):
        left = api.bulk("leads", slug, [lead], params).json
        assert [s["code"] for s in left["skipped"]] == ["invalid"], slug
    manager = Api(world, "manager")
    assert [s["code"] for s in manager.bulk("leads", "delete", [lead]).json["skipped"]] == [
        "blocked"
    ]
    page = api.client.get(f"/leads/show/{lead}").text
    assert "/leads/edit/" not in page
    assert 'data-operation="convert"' not in page
    form = api.client.get(f"/leads/edit/{lead}")
    saved = api.client.post(f"/leads/edit/{lead}", data=hidden_inputs(form.text) | {"name": "New"})
    assert saved.status_code == 409
    row = f'data-id="{lead}"'
    assert row not in api.client.get("/leads/list/").text
    assert row in api.client.get("/leads/list/?view=converted").text
    assert row in api.client.get("/leads/list/?view=all").text
    assert f'data-id="{other}"' in api.client.get("/leads/list/?view=invalid").text
    assert api.bulk("leads", "reopen", [other]).json["done"] == 1
    assert f'data-id="{other}"' in api.client.get("/leads/list/").text


@pytest.mark.parametrize(("who", "verdict"), [("marketing", 403), ("clerk1", 403)])
def test_who_may_convert(world: World, who: str, verdict: int) -> None:
    assert Api(world, who).bulk("leads", "convert", [1]).status_code == verdict


def test_what_it_may_be_already_is_proposed(world: World, engine: Engine) -> None:
    """The dialog has the customer of the same name chosen, of those that the doer may read."""
    [lead, other] = leads(engine, "sales1a", 2)
    key = stored(engine, "customer", 1)["name_key"]
    write(engine, "lead", lead, company=stored(engine, "customer", 1)["name"], company_key=key)
    foreign = stored(engine, "customer", 4)
    write(engine, "lead", other, company=foreign["name"], company_key=foreign["name_key"])
    client = world.client("sales1a")
    page = client.get(f"/leads/bulk/convert?id={lead}").text
    assert '<option value="1" selected>' in page
    assert "/customers/show/1" in page
    page = client.get(f"/leads/bulk/convert?id={other}").text
    assert foreign["name"] not in page
    assert "selected" not in page
    seen = world.client("manager").get(f"/leads/bulk/convert?id={other}").text
    assert '<option value="4" selected>' in seen, "whoever may read it is offered it"


def test_each_of_many_becomes_one_of_its_own(world: World, engine: Engine) -> None:
    """LEAD-1: as many customers as leads, no contact that nobody asked for, a line for each."""
    api, ids = Api(world, "manager"), leads(engine, "sales1a")
    contacts = rows_in(engine, "contact")
    run = api.bulk("leads", "convert", ids).json
    assert (run["done"], run["skipped"]) == (len(ids), [])
    made = [stored(engine, "lead", one) for one in ids]
    assert all(lead["is_converted"] and lead["converted_at"] for lead in made)
    assert len({lead["customer_id"] for lead in made}) == len(ids)
    for lead in made:
        assert stored(engine, "customer", lead["customer_id"])["name"] == lead["company"]
    assert rows_in(engine, "contact") == contacts
    report = api.get(f"/operations/{run['operation_id']}/report").json["rows"]
    assert {(row["id"], row["outcome"]) for row in report} == {(one, "done") for one in ids}


def test_a_conversion_is_done_as_a_whole_or_not_at_all(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LEAD-1: the contact can't be written, so there is no customer and the lead stays a lead."""
    api, [lead, *_others] = Api(world, "sales1a"), leads(engine, "sales1a", 1)
    written, before = converting.insert_rows, snapshot(engine, db.metadata)

    def failing(entity: Entity, rows: Any, how: Any) -> list[int]:
        if entity.key == "contact":
            raise Unavailable
        return written(entity, rows, how)

    monkeypatch.setattr(converting, "insert_rows", failing)
    assert api.bulk("leads", "convert", [lead], {"contact": True}).status_code == 503
    assert changed(before, snapshot(engine, db.metadata)) == []
    monkeypatch.setattr(converting, "insert_rows", written)
    assert api.bulk("leads", "convert", [lead], {"contact": True}).json["done"] == 1


class Full(Rules):
    """Somebody may hold no more than so many more (POOL-9)."""

    def __init__(self, room: int) -> None:
        self.room = room

    def before_create(self, entity: Entity, values: Mapping[str, Any]) -> None:
        self.room -= 1
        if self.room < 0:
            raise Conflict("No room.")


def test_a_conversion_asks_whether_its_owner_may_have_one_more(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LEAD-1: per row, by the rules of what is to be made; who joins one that exists needs none."""
    api, ids = Api(world, "manager"), leads(engine, "sales1a", 2)
    rules_of = converting.rules_of

    def room_for(number: int) -> None:
        cap = Full(number)
        ruled = {"customer": cap}
        monkeypatch.setattr(converting, "rules_of", lambda e: ruled.get(e.key) or rules_of(e))

    room_for(1)
    dry = api.bulk("leads", "convert", ids, dry_run=True).json
    room_for(1)
    run = api.bulk("leads", "convert", ids).json
    assert run["skipped"] == dry["skipped"]
    [left] = run["skipped"]
    assert (left["id"], left["code"]) == (ids[1], "invalid")
    assert "No room." in left["reason"]
    assert not stored(engine, "lead", ids[1])["is_converted"]
    assert api.bulk("leads", "convert", ids[1:], {"customer": 1}).json["done"] == 1


HANDED_ON = {
    *("transfer", "assign", "claim", "release", "move_pool", "add_team", "remove_team", "export")
}
"""What may still be done to a converted lead: it changes hands, but nothing that it says."""
CHANGING = {
    "bulk_edit": {"set": {"remark": "x"}},
    "judge": {"level": "A"},
    "add_tags": {"tags": ["New"]},
    "remove_tags": {"tags": ["Fair"]},
    "lock": {"reason": "x"},
    "unlock": {},
    "mark_invalid": {"reason": "no_interest"},
    "reopen": {},
    "delete": {},
    "merge": {},
    "convert": {},
}


def test_no_way_leads_into_a_converted_lead(world: World, engine: Engine) -> None:
    """LEAD-2: no operation, form, cell, import or program changes it; files: see there."""
    api, [lead, other] = Api(world, "admin"), leads(engine, "sales1a", 2)
    declared = {v.slug for v in catalogue.get("lead").bulk_verbs if v.rows != "binned"}
    assert declared == CHANGING.keys() | HANDED_ON, "say of a new operation which it is"
    assert api.bulk("leads", "add_tags", [lead], {"tags": ["Fair"]}).json["done"] == 1
    assert api.bulk("leads", "lock", [lead], {"reason": "tender"}).json["done"] == 1
    assert api.bulk("leads", "convert", [lead]).json["done"] == 1

    def all_of_it() -> Any:
        history = rows_in(engine, "history", entity="lead", record_id=lead)
        return stored(engine, "lead", lead), api.get(f"/leads/{lead}").json, history

    before = all_of_it()
    for slug, params in CHANGING.items():
        given = {"survivor": other} if slug == "merge" else params
        ids = [lead, other] if slug == "merge" else [lead]
        run = api.bulk("leads", slug, ids, given, dry_run=True)
        assert lead in {one["id"] for one in run.json["skipped"]}, (slug, run.json)
        done = api.bulk("leads", slug, [lead], params) if slug != "merge" else None
        assert done is None or done.json["done"] == 0, slug
    kept = api.bulk("leads", "merge", [lead, other], {"survivor": lead}, dry_run=True).json
    assert kept["will_change"] == 0, "it takes nothing in either"
    version = stored(engine, "lead", lead)["version"]
    assert api.put(f"/leads/{lead}", {"remark": "x"}, version).status_code == 409
    assert api.delete(f"/leads/{lead}", version).status_code == 409
    cell = f"/leads/cell/{lead}/remark"
    given = {"csrf_token": api.headers["X-CSRFToken"], "row_version": version, "remark": "x"}
    script = {"Accept": "application/json"}
    assert api.client.post(cell, data=given, headers=script).status_code == 409
    file = f"编号,备注\n{lead},x\n".encode()
    sent = send(api, "leads", file, options={"mode": "update"}).json
    assert (sent["updated"], [one["line"] for one in sent["failed"]]) == (0, [2])
    assert all_of_it() == before


def test_a_converted_lead_still_changes_hands(world: World, engine: Engine) -> None:
    """LEAD-2, XFER-1: what belongs to a person can be handed over, with what he reads of it."""
    api, [lead, *_others] = Api(world, "manager"), leads(engine, "sales1a", 1)
    assert api.bulk("leads", "convert", [lead]).json["done"] == 1
    params = {"new_owner": "sales1b", "old_owner": "read"}
    assert api.bulk("leads", "transfer", [lead], params).json["done"] == 1
    run = api.bulk("leads", "assign", [lead], {"to": ["sales2a"]}).json
    assert stored(engine, "lead", lead)["owner_id"] == user_ids(engine)["sales2a"]
    assert api.post(f"/operations/{run['operation_id']}/undo", {}).json["done"] == 1, "and back"
    assert stored(engine, "lead", lead)["owner_id"] == user_ids(engine)["sales1b"]
    assert Api(world, "sales1a").get(f"/leads/{lead}").json["result"]["is_converted"]


@pytest.mark.parametrize("reason", [None, "", "because", "won"])
def test_invalid_needs_a_reason_of_the_dictionary(
    world: World, engine: Engine, reason: str | None
) -> None:
    """LEAD-4: nothing else, and not none; the reason is kept and shown."""
    api, [lead] = Api(world, "sales1a"), leads(engine, "sales1a", 1)
    params = {} if reason is None else {"reason": reason}
    assert api.bulk("leads", "mark_invalid", [lead], params).status_code == 422
    assert stored(engine, "lead", lead)["invalid_reason"] is None
    assert api.bulk("leads", "mark_invalid", [lead], {"reason": "no_interest"}).json["done"] == 1
    assert stored(engine, "lead", lead)["invalid_reason"] == "no_interest"
    assert api.bulk("leads", "reopen", [lead]).json["done"] == 1
    assert stored(engine, "lead", lead)["invalid_reason"] is None


def test_follow_ups_come_along_and_go_again(world: World, engine: Engine) -> None:
    """LEAD-1: copied as they were, each with its author; undo leaves those of the lead alone."""
    api, [lead, *_others] = Api(world, "manager"), leads(engine, "sales1a")
    for who, said in (("sales1a", "First call"), ("leader1", "Second call")):
        noted = Api(world, who).post("/follow-ups/", {"lead": lead, "text": said, "method": "call"})
        assert noted.status_code == 201
    mine = rows_in(engine, "follow_up", lead_id=lead, deleted_at=None)
    run = api.bulk("leads", "convert", [lead], {}).json
    assert run["done"] == 1
    customer = stored(engine, "lead", lead)["customer_id"]
    copies = rows_in(engine, "follow_up", customer_id=customer)
    told = ("text", "author_id", "method", "happened_at", "next_contact_at")
    assert [[c[key] for key in told] for c in copies] == [[m[key] for key in told] for m in mine]
    assert len(copies) == len(mine) >= 2
    assert stored(engine, "customer", customer)["last_follow_up_text"] == "Second call"
    assert api.post(f"/operations/{run['operation_id']}/undo", {}).json["done"] >= 1
    assert rows_in(engine, "follow_up", customer_id=customer, deleted_at=None) == []
    assert rows_in(engine, "follow_up", lead_id=lead, deleted_at=None) == mine


def test_follow_ups_join_the_customer_they_are_attached_to(world: World, engine: Engine) -> None:
    """LEAD-1: beside what was noted there; after undo it tells of its own last one again."""
    api, [lead, *_others] = Api(world, "manager"), leads(engine, "sales1a")
    assert api.post("/follow-ups/", {"customer": 1, "text": "Of its own"}).status_code == 201
    before = rows_in(engine, "follow_up", customer_id=1, deleted_at=None)
    assert api.post("/follow-ups/", {"lead": lead, "text": "Of the lead"}).status_code == 201
    run = api.bulk("leads", "convert", [lead], {"customer": 1}).json
    assert run["done"] == 1
    assert stored(engine, "customer", 1)["last_follow_up_text"] == "Of the lead"
    assert api.post(f"/operations/{run['operation_id']}/undo", {}).json["done"] >= 1
    assert rows_in(engine, "follow_up", customer_id=1, deleted_at=None) == before
    assert stored(engine, "customer", 1)["last_follow_up_text"] == "Of its own"
