"""Conversion (LEAD-1, LEAD-2) and leads of which nothing comes (LEAD-4)."""

import pytest
from sqlalchemy import Engine, insert

from app.extensions import db
from tests.contract.calls import Api, stored, user_ids, write
from tests.contract.test_bulk import rows_in, seats_of
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
    """LEAD-2: on no way; they have a view of their own, and the first one is without them."""
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
    write(engine, "lead", other, company_key=stored(engine, "customer", 4)["name_key"])
    client = world.client("sales1a")
    page = client.get(f"/leads/bulk/convert?id={lead}").text
    assert '<option value="1" selected>' in page
    assert "/customers/show/1" in page
    foreign = stored(engine, "customer", 4)["name"]
    assert foreign not in client.get(f"/leads/bulk/convert?id={other}").text
