"""Tags (contract §2, §4, §5): by name wherever somebody reads, writes, filters or looks back."""

import io
from datetime import UTC, datetime
from typing import Any

import pytest
import python_calamine
from sqlalchemy import Engine, text

from app.extensions import db
from tests.contract.calls import Api, condition, write
from tests.support.snapshot import changed, snapshot
from tests.support.statements import count_statements
from tests.support.web import hidden_inputs
from tests.support.worlds import World

PLURALS = ["customers", "leads", "contacts"]


def tags_of(api: Api, plural: str, record_id: int) -> Any:
    return api.get(f"/{plural}/{record_id}").json["result"]["tags"]


@pytest.mark.parametrize("plural", PLURALS)
def test_tags_go_by_name_everywhere(world: World, engine: Engine, plural: str) -> None:
    api = Api(world, "leader1")
    done = api.bulk(plural, "add_tags", [1, 3], {"tags": ["VIP", "展会", "vip"]}).json
    assert (done["done"], tags_of(api, plural, 1)) == (2, ["VIP", "展会"])
    assert api.bulk(plural, "add_tags", [1], {"tags": ["ＶＩＰ"]}).json["skipped"][0]["code"] == (
        "unchanged"
    ), "however it is spelled"
    dry = api.bulk(plural, "remove_tags", [1, 4], {"tags": ["VIP"]}, dry_run=True).json
    assert dry["sample"] == [{"id": 1, "field": "tags", "old": ["VIP", "展会"], "new": ["展会"]}]
    assert api.bulk(plural, "remove_tags", [1], {"tags": ["VIP"]}).json["done"] == 1
    for operator, value, found in (
        ("any", ["VIP", "展会"], {1, 3}), ("all", ["vip", "展会"], {3}), ("all", ["no"], set()),
        ("none", ["VIP"], api.ids(plural) - {3}), ("not_empty", None, {1, 3}),
    ):  # fmt: skip
        assert api.ids(plural, condition("tags", operator, value)) == found, (operator, value)
    page = api.client.get(f"/{plural}/show/1?tab=history").text
    assert "VIP and 展会" in page or "VIP, 展会" in page, "what it was, by name"
    version = api.get(f"/{plural}/1").json["result"]["version"]
    put = api.put(f"/{plural}/1", {"tags": ["Gold", "展会"]}, version)
    assert put.json["result"]["tags"] == ["展会", "Gold"]
    assert api.put(f"/{plural}/1", {"tags": []}, version + 1).json["result"]["tags"] == []


def test_a_new_tag_needs_the_right_to_create_one(world: World, engine: Engine) -> None:
    """A dry run makes none; who may not make one is told which name is unknown."""
    manager, seller = Api(world, "manager"), Api(world, "sales1a")
    before = snapshot(engine, db.metadata)
    dry = manager.bulk("customers", "add_tags", [1], {"tags": ["Brand new"]}, dry_run=True).json
    assert dry["sample"][0]["new"] == ["Brand new"]
    assert changed(before, snapshot(engine, db.metadata)) == []
    for answer in (
        seller.bulk("customers", "add_tags", [1], {"tags": ["Brand new"]}),
        seller.put("/customers/1", {"tags": ["Brand new"]}),
        manager.bulk("customers", "remove_tags", [1], {"tags": ["Brand new"]}),
        manager.put("/customers/1", {"tags": ["x" * 41]}),
        manager.put("/customers/1", {"tags": [7]}),
        manager.post("/tags/", {"name": "one, two"}),
    ):
        assert answer.status_code == 422, answer.text
    assert manager.bulk("customers", "add_tags", [1], {"tags": ["Brand new"]}).json["done"] == 1
    assert seller.bulk("customers", "add_tags", [2], {"tags": ["brand NEW"]}).json["done"] == 1
    names = manager.get("/tags/", columns=["name", "uses"]).json["result"]
    assert [(one["name"], one["uses"]) for one in names] == [("Brand new", 2)]


def test_a_tag_in_use_stays_and_a_renamed_one_is_renamed_everywhere(
    world: World, engine: Engine
) -> None:
    """What uses it is counted and linked; records in the recycle bin don't hold it."""
    admin = Api(world, "admin")
    assert admin.bulk("customers", "add_tags", [1], {"tags": ["Old", "Other"]}).json["done"] == 1
    assert admin.put("/tags/1", {"name": "New"}).status_code == 200
    assert tags_of(admin, "customers", 1) == ["New", "Other"]
    assert admin.put("/tags/1", {"name": "other"}, 2).status_code == 409
    refused = admin.delete("/tags/1", 2)
    assert refused.status_code == 409
    assert "1 × Customers" in refused.json["message"]
    inputs = hidden_inputs(admin.client.get("/tags/bulk/delete?id=1").text)
    page = admin.client.post("/tags/bulk/delete", data={**inputs, "step": "preview", "ids": "1"})
    assert "/customers/list/?filters=" in page.text
    write(engine, "customer", 1, deleted_at=datetime.now(UTC))
    assert admin.delete("/tags/1", 2).status_code == 200
    write(engine, "customer", 1, deleted_at=None)
    assert tags_of(admin, "customers", 1) == ["Other"]


def test_forms_and_files_have_the_names(world: World, engine: Engine) -> None:
    admin = Api(world, "admin")
    admin.bulk("customers", "add_tags", [1], {"tags": ["Gold", "重点"]})
    form = admin.client.get("/customers/edit/1").text
    assert 'value="Gold, 重点"' in form
    inputs = hidden_inputs(form) | {"name": "Renamed", "tags": "Gold，Silver"}
    assert admin.client.post("/customers/edit/1", data=inputs).status_code == 302
    assert tags_of(admin, "customers", 1) == ["Gold", "Silver"]
    run = admin.bulk("customers", "export", [1], {"format": "xlsx", "columns": "all"}).json
    with admin.client.get(run["download"]) as answer:
        book = python_calamine.load_workbook(io.BytesIO(answer.data))
    [head, row] = book.get_sheet_by_index(0).to_python()
    assert "Gold" in str(row[head.index("Tags")])
    choices = admin.client.get("/customers/options/tags?q=sil").json
    assert [(one["value"], one["text"]) for one in choices] == [("Silver", "Silver")]


def test_many_rows_take_as_many_statements_as_few(world: World, engine: Engine) -> None:
    """BULK-6: tags are written set-based."""
    api = Api(world, "admin")
    api.bulk("customers", "add_tags", [8], {"tags": ["Gold", "Silver"]})
    counts = []
    for ids in ([1], [2, 3, 4, 5, 6]):
        with count_statements() as seen:
            run = api.bulk("customers", "add_tags", ids, {"tags": ["Gold", "Silver"]})
        assert run.json["done"] == len(ids)
        counts.append(len(seen))
    assert counts[0] == counts[1]
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM customer_tags")) == 14


def test_tags_are_merged_with_all_that_has_them(world: World, engine: Engine) -> None:
    """Living and deleted records, whoever owns them, and saved views; an entry for each."""
    admin, leader = Api(world, "admin"), Api(world, "leader1")
    for ids, tags in (([1, 2], ["Key"]), ([3], ["Key", "Important"]), ([4], ["VIP"])):
        assert leader.bulk("customers", "add_tags", ids, {"tags": tags}).json["done"] == len(ids)
    assert leader.bulk("leads", "add_tags", [1], {"tags": ["VIP"]}).json["done"] == 1
    assert leader.bulk("customers", "delete", [2]).json["done"] == 1
    filters = [condition("tags", "any", ["key", "VIP"])]
    made = leader.post("/views/", {"entity": "customers", "name": "x", "filters": filters})
    view = made.json["id"]
    known = {one["name"]: one["id"] for one in admin.get("/tags/").json["result"]}
    kept = {"survivor": known["Important"]}
    chosen = [known[name] for name in ("Key", "VIP", "Important")]
    assert Api(world, "manager").bulk("tags", "merge", chosen, kept).status_code == 403
    dry = admin.bulk("tags", "merge", chosen, kept, dry_run=True).json
    assert (dry["will_change"], dry["skipped"]) == (3, [])
    done = admin.bulk("tags", "merge", chosen, kept).json
    assert done["done"] == 3
    assert [tags_of(leader, "customers", i) for i in (1, 3, 4)] == [["Important"]] * 3
    assert tags_of(leader, "leads", 1) == ["Important"]
    assert leader.bulk("customers", "restore", [2]).json["done"] == 1
    assert tags_of(leader, "customers", 2) == ["Important"]
    assert "Important" in admin.client.get("/customers/show/1?tab=history").text
    seen = leader.get(f"/views/{view}").json["result"]
    assert (seen["filters"][0]["value"], seen["version"]) == (["Important"], 2)
    assert admin.get(f"/tags/{known['Key']}").status_code == 404
    gone = admin.bulk("tags", "merge", [known["Important"]], {"survivor": known["Key"]})
    assert gone.status_code == 422, "one that is deleted survives nothing"
    assert admin.post(f"/operations/{done['operation_id']}/undo", {}).status_code == 409
