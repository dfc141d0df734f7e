"""Saved views for programs (LIST-4): the pages' rules with the API's verdicts (C27, C43, C48)."""

from sqlalchemy import Engine

from tests.contract.calls import Api, condition, grant_fields, role_ids
from tests.contract.test_views import RICH, Reader
from tests.support.worlds import World

VIEW = {
    "entity": "customers",
    "name": "大客户",
    "filters": [condition("level", "in", ["A"])],
    "order": "-name",
    "columns": ["name", "level"],
}


def test_a_view_is_made_read_changed_and_forgotten(world: World) -> None:
    """Contract §2: 201 with a place, If-Match, 412 for the slower one; the pages know it."""
    api = Api(world, "sales1a")
    assert api.get("/views/").json == {"count": 0, "count_exact": True, "ids": [], "result": []}
    made = api.post("/views/", VIEW, Idempotency_Key="one")
    assert (made.status_code, made.headers["ETag"]) == (201, '"1"')
    again = api.post("/views/", VIEW, Idempotency_Key="one")
    assert again.json == made.json
    place, number = made.headers["Location"].removeprefix("/api/v1"), made.json["id"]
    kept = made.json["result"]
    assert {key: kept[key] for key in VIEW} == VIEW
    assert kept["owner"]["username"] == "sales1a"
    assert Reader(world, "sales1a").open(number).status_code == 200
    assert api.send("PUT", place, {"name_en": "Key accounts"}).status_code == 428
    puts = [
        api.put(place, {"name_en": "Key accounts", "search": "科技"}, Idempotency_Key="two")
        for _ in range(2)
    ]
    assert puts[0].json == puts[1].json
    assert [answer.headers["ETag"] for answer in puts] == ['"2"', '"2"']
    changed = puts[0].json["result"]
    assert (changed["version"], changed["name"], changed["search"]) == (2, "大客户", "科技")
    assert changed["filters"] == VIEW["filters"]
    assert api.put(place, {"order": "name"}).status_code == 412
    assert api.get("/views/", entity="leads").json["ids"] == []
    assert api.get("/views/", entity="customers", page_size=1).json["ids"] == [number]
    assert api.delete(place).status_code == 412
    assert api.delete(place, 2).status_code == 200
    assert api.get(place).status_code == 404


def test_what_is_wrong_of_a_view_is_said(world: World) -> None:
    """Contract §1; whoever may not share or list is refused, and nothing is kept."""
    api = Api(world, "sales1a")
    for wrong, status in (
        ({"filters": [condition("nothing", "eq", 1)]}, 400),
        ({"filters": {"col": "level"}}, 422),
        ({"order": "remark"}, 400),
        ({"columns": ["nothing"]}, 400),
        ({"columns": [1]}, 422),
        ({"search": 1}, 422),
        ({"search": "x" * 999}, 400),
        ({"name": ""}, 422),
        ({"owner": 1}, 422),
        ({"audience": "all"}, 422),
        ({"entity": "nothing"}, 400),
        ({"entity": ["customers"]}, 400),
        ({"entity": "departments"}, 403),
    ):
        answer = api.post("/views/", {**VIEW, **wrong})
        assert answer.status_code == status, (wrong, answer.json)
    for asked in ({"entity": "nothing"}, {"page_size": 101}, {"unknown": 1}):
        assert api.get("/views/", **asked).status_code == 400, asked
    assert api.get("/views/").json["count"] == 0


def test_a_shared_view_tells_each_caller_what_he_may_ask(world: World, engine: Engine) -> None:
    """C43, C48: no value of a hidden field; only its owner and a super admin change it."""
    manager, seller, admin = (Api(world, name) for name in ("manager", "sales1a", "admin"))
    circle = {"audience": "some", "roles": [role_ids(engine)["salesperson"]]}
    made = manager.post("/views/", {**VIEW, **circle, "filters": [RICH]})
    assert made.status_code == 201, made.json
    number = made.json["id"]
    assert made.json["result"]["roles"][0]["id"] == circle["roles"][0]
    grant_fields(engine, "salesperson", "customer", annual_revenue={"level": 0})
    [seen] = seller.get("/views/").json["result"]
    assert (seen["id"], seen["name"]) == (number, "大客户")
    assert not {"filters", "search", "audience", "roles"} & set(seen)
    assert seller.put(f"/views/{number}", {"name": "x"}).status_code == 404
    assert seller.delete(f"/views/{number}").status_code == 404
    assert Api(world, "clerk1").get(f"/views/{number}").status_code == 404
    assert manager.put(f"/views/{number}", {"audience": "all"}).status_code == 200
    assert admin.put(f"/views/{number}", {"name_en": "Rich"}, 2).status_code == 200
    assert manager.put(f"/views/{number}", {"audience": "nobody"}, 3).status_code == 200
    assert seller.get("/views/").json["count"] == 0
