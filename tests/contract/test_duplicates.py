"""Duplicates (CUS-7, PERM-4, C84): found everywhere, told sparingly, asked about before saving."""

import json
from html import unescape
from typing import Any

import pytest
from sqlalchemy import Engine

from app.operations import likenesses
from app.spec.text import company_key
from tests.contract.calls import Api, grant_fields, stored, user_ids, write
from tests.contract.test_bulk import rows_in
from tests.support.statements import count_statements
from tests.support.web import csrf_token, hidden_inputs
from tests.support.worlds import World

PHONE, MAIL, COMPANY = "13712345678", "a@rare-domain.example", "Quite Rare Ltd."


def _out_of_reach(world: World, engine: Engine, key: str) -> int:
    """A record of sales2a's that sales1a doesn't see."""
    seen = Api(world, "sales1a").ids(f"{key}s")
    owner = user_ids(engine)["sales2a"]
    his = {row["id"] for row in rows_in(engine, key, owner_id=owner, deleted_at=None)}
    return min(his - seen)


def arranged(world: World, engine: Engine) -> dict[str, int]:
    """A foreign customer, a foreign lead, one in a pool, all with something in common."""
    foreign = _out_of_reach(world, engine, "customer")
    lead = _out_of_reach(world, engine, "lead")
    write(engine, "customer", foreign, mobile=PHONE)
    write(engine, "customer", 1, email=MAIL, email_domain="rare-domain.example")
    write(engine, "lead", lead, company=COMPANY, company_key=company_key(COMPANY))
    write(engine, "customer", 11, phone=PHONE)
    return {"customer": foreign, "lead": lead, "pool": 11, "mine": 1}


def looked(api: Api, plural: str = "customers", **values: Any) -> list[dict[str, Any]]:
    answer = api.post(f"/{plural}/duplicates", values)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json["duplicates"]
    return found


def test_they_are_found_everywhere_and_told_sparingly(world: World, engine: Engine) -> None:
    there, api = arranged(world, engine), Api(world, "sales1a")
    found = looked(api, phone=PHONE, email="b@rare-domain.example", name="QUITE  rare, ltd")
    told = {(one["entity"], one["id"]): one for one in found}
    assert told["customer", there["mine"]]["alike"] == ["domain"]
    strange = [one for one in found if one["id"] is None]
    names = {stored(engine, "customer", there["customer"])["name"]}
    names |= {stored(engine, "lead", there["lead"])["name"]}
    assert {one["label"] for one in strange} >= names
    assert all(set(one) == {"entity", "id", "label", "owner", "in_pool", "alike"} for one in found)
    assert {one["owner"] for one in strange if not one["in_pool"]} == {"Sales2A"}
    assert PHONE not in str(found)
    [entry] = rows_in(engine, "history", operation="duplicates_told")
    assert f"lead {there['lead']}" in str(entry["changes"])
    assert looked(api, mobile="13799999999", email="x@gmail.com") == []
    assert looked(api, "leads", company=COMPANY)[0]["entity"] == "lead"
    assert [one["entity"] for one in looked(api, phone=PHONE, besides=there["pool"])] == [
        "customer"
    ]


def test_beside_a_record_they_are_looked_for_when_asked(world: World, engine: Engine) -> None:
    """UI-5: with what the reader reads in full of it; showing the page alone looks for nothing."""
    arranged(world, engine)
    write(engine, "customer", 1, phone=PHONE)
    client = world.client("sales1a")

    def panel(page: str) -> dict[str, str]:
        found = page.partition('data-looks="/customers/duplicates" data-values="')[2]
        assert bool(found) is ('data-panel="duplicates"' in page)
        given = json.loads(unescape(found.partition('"')[0]) or "{}")
        return {**given, "csrf_token": hidden_inputs(page)["csrf_token"]} if given else {}

    form = panel(client.get("/customers/show/1?from=order=name").text)
    assert form["phone"] == PHONE
    assert not [row for row in rows_in(engine, "login_throttle") if row["key"][:5] == "alike"]
    answer = client.post("/customers/duplicates", data=form).text
    assert 'href="/customers/show/1"' not in answer
    assert answer.count("<li>") == 2
    assert 'class="nothing"' not in answer
    alone = client.post("/customers/duplicates", data={**form, "phone": "13799999999"})
    assert 'class="nothing"' in alone.text
    grant_fields(engine, "salesperson", "customer", phone={"mask": 2})
    assert "phone" not in panel(client.get("/customers/show/1").text)
    assert panel(world.client("finance").get("/customers/show/1").text) == {}


def test_nothing_hidden_is_told_by_a_hit(world: World, engine: Engine) -> None:
    """C43: whoever reads a field only as a mask can't try values on it."""
    arranged(world, engine)
    grant_fields(engine, "salesperson", "customer", mobile={"mask": 2})
    assert len(looked(Api(world, "sales1a"), mobile=PHONE)) == 1, "the one in a pool, by its phone"
    grant_fields(engine, "salesperson", "customer", mobile={"mask": 2}, phone={"level": 0})
    assert looked(Api(world, "sales1a"), mobile=PHONE) == []


def test_how_often_is_limited_and_who_may_look(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = Api(world, "sales1a")
    assert Api(world, "finance").post("/customers/duplicates", {}).status_code == 403
    assert api.post("/customers/duplicates", {"remark": "x"}).status_code == 400
    assert Api(world, "admin").post("/tags/duplicates", {}).status_code == 404
    monkeypatch.setattr(likenesses, "value", lambda _setting: 2)
    assert [api.post("/customers/duplicates", {}).status_code for _ in range(3)] == [200, 200, 429]


def test_saving_one_asks_first(world: World, engine: Engine) -> None:
    """By REST and in the form: 409 with what there is, then saved when confirmed."""
    there, api = arranged(world, engine), Api(world, "sales1a")
    body = {"name": "Brand new", "mobile": PHONE}
    refused = api.post("/customers/", body)
    assert (refused.status_code, refused.json["code"]) == (409, "lookalike")
    assert len(refused.json["duplicates"]) == 2
    assert api.post("/customers/?q=(namesakes:!t)", body).status_code == 201
    client = world.client("sales1a")
    form = client.get("/customers/add")
    typed = hidden_inputs(form.text) | {"name": "Typed", "mobile": "137-1234-5678"}
    page = client.post("/customers/add", data=typed)
    assert page.status_code == 409
    assert "Sales2A" in page.text
    assert f'name="confirmed" value="{typed["mobile"]}"' in page.text
    again = hidden_inputs(page.text) | typed | {"confirmed": typed["mobile"]}
    again["form_nonce"] = hidden_inputs(page.text)["form_nonce"]
    assert client.post("/customers/add", data=again).status_code == 302
    version = stored(engine, "customer", 2)["version"]
    assert api.put("/customers/2", {"mobile": PHONE}, version).status_code == 409
    assert api.put(f"/customers/{there['mine']}", {"remark": "x"}, 1).status_code == 200


def test_the_owner_is_asked_for_it_once_a_day(world: World, engine: Engine) -> None:
    there = arranged(world, engine)
    client = world.client("sales1a")
    token = csrf_token(client, "/notifications/")
    page = client.post("/customers/duplicates", data={"csrf_token": token, "mobile": PHONE})
    start = page.text.index("/duplicates/ask/")
    way = page.text[start : page.text.index('"', start)]
    asks = client.get(way)
    assert "Sales2A" in asks.text
    assert world.client("sales1b").get(way).status_code == 404
    assert client.get(way[:-2]).status_code == 404
    assert client.post(way, data=hidden_inputs(asks.text)).status_code == 302
    told = rows_in(engine, "outbox", kind="asked_for")
    assert [(m["user_id"], m["data"]["record"]) for m in told] == [
        (user_ids(engine)["sales2a"], there["customer"])
    ]
    second = client.get(way)
    assert client.post(way, data=hidden_inputs(second.text)).status_code == 409
    assert "Sales1A" in world.client("sales2a").get("/notifications/").text


def test_a_look_takes_the_same_statements_however_much_is_found(
    world: World, engine: Engine
) -> None:
    api, counts = Api(world, "sales1a"), []
    for prepare in (lambda: None, lambda: arranged(world, engine)):
        prepare()
        looked(api, mobile=PHONE)
        with count_statements() as seen:
            looked(api, mobile=PHONE, phone=PHONE, email=MAIL, name=COMPANY)
        counts.append(len(seen))
    assert counts[1] - counts[0] <= 5, "whether they are readable, whose, and the audit"
    assert counts[1] <= 10
