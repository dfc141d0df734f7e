"""A form that fills itself: from a copy, and from a block of pasted text (UI-15)."""

import json
from time import process_time
from typing import Any

import pytest
from sqlalchemy import Engine

from app.admin import pasting
from app.spec.catalogue import catalogue
from tests.contract.calls import grant_fields
from tests.generated.browser import Page, Person
from tests.support.worlds import World

CARD = """公司：杭州海纳科技有限公司
电话：0571-88886666 手机: 138 0013 8000
邮箱：info@haina.example
网址：www.haina.example
地址：浙江省杭州市西湖区文三路1号
统一社会信用代码：91330106MA27XXXX1X
我们下周再谈"""
SIGNATURE = """Anna Schmidt, Purchasing Manager
Schmidt GmbH | Phone: +49 30 123456
anna@schmidt.example
Lead source: Search engine"""


def person(world: World, name: str) -> Person:
    return Person(name, world.client(name))


def read(entity: str, text: str) -> tuple[dict[str, Any], str]:
    fields = catalogue.get(entity).fields
    return pasting.read({k: f for k, f in fields.items() if not f.system}, text)


def test_a_labelled_text_is_read_in_both_languages() -> None:
    found, rest = read("customer", CARD)
    assert found == {
        "name": "杭州海纳科技有限公司",
        "phone": "0571-88886666",
        "mobile": "13800138000",
        "email": "info@haina.example",
        "website": "https://www.haina.example",
        "address": "浙江省杭州市西湖区文三路1号",
    }
    assert rest == "统一社会信用代码：91330106MA27XXXX1X\n我们下周再谈", "a wrong code stays text"
    found, rest = read("lead", SIGNATURE)
    assert found["name"] == "Anna Schmidt"
    assert found["company"] == "Schmidt GmbH"
    assert found["phone"] == "+49-30-123456"
    assert found["source"] == "search_engine"
    assert rest == "Purchasing Manager"
    found, _rest = read("contact", "王小明 采购经理\nM: 13800138000\nE: w@haina.example")
    assert found == {"name": "王小明", "position": "采购经理", "mobile": "13800138000",
                     "email": "w@haina.example"}  # fmt: skip


def test_one_line_as_chats_have_it_is_told_apart() -> None:
    line = "李四 经理 杭州飞鸟网络有限公司 13700001111 浙江省杭州市 西湖区文三路1号"
    found, rest = read("lead", line)
    assert found == {"name": "李四", "company": "杭州飞鸟网络有限公司", "mobile": "13700001111",
                     "address": "浙江省杭州市 西湖区文三路1号"}  # fmt: skip
    assert rest == "经理"


@pytest.mark.parametrize("text", [
    "", "\n\n", "：：：", "a\x00b", "|" * 4000, "公司：" * 1500, "1" * 5000, "省市区" * 1600,
    "@" * 5000, "a@" * 2500, "http://" * 700, ("x " * 30 + ":") * 80, "😀\u202e手机：13800138000",
    "a" * 5000, "1\n" * 2500, "a." * 2500, " 手机:1" * 800,
])  # fmt: skip
def test_no_text_is_too_strange(text: str) -> None:
    """Work that grows with the text and no faster, and what is found fits the form (C61)."""
    for entity in catalogue:
        found, _rest = pasting.read(entity.fields, text[: pasting.LONGEST])
        assert set(found) <= set(entity.fields)
    plain = seconds("王五，绍兴的老客户，下周再谈。" * 400)
    assert seconds(text) < 15 * plain, "beside a plain text of that length"


def seconds(text: str) -> float:
    """The shortest of three readings for every entity."""
    taken = []
    for _ in range(3):
        start = process_time()
        for entity in catalogue:
            pasting.read(entity.fields, text[: pasting.LONGEST])
        taken.append(process_time() - start)
    return min(taken)


def test_pasting_fills_the_form_and_saves_nothing(world: World) -> None:
    client = person(world, "sales1a")
    before = json.loads(client.ask("customers").text)["count"]
    form = Page(client.get("/customers/add").text).form("add")
    for key, value in {"pasted": CARD, "then": "paste", "phone": "021-5555666"}.items():
        form[key] = value
    answer = client.client.post("/customers/add", data=form)
    assert answer.status_code == 200
    filled = Page(answer.text).form("add")
    assert filled["name"] == "杭州海纳科技有限公司"
    assert filled["phone"] == "021-5555666", "what was typed stays"
    assert "我们下周再谈" in filled["pasted"]
    assert "13800138000" not in filled["pasted"]
    assert json.loads(client.ask("customers").text)["count"] == before
    filled.pop("then", None)
    assert client.client.post("/customers/add", data=filled).status_code == 302
    form["pasted"] = "x" * (pasting.LONGEST + 1)
    assert client.client.post("/customers/add", data=form).status_code == 422
    nobody = person(world, "audit")
    assert nobody.post("/customers/add", {"pasted": CARD, "then": "paste"}).status_code == 403
    for path, offers in (("/leads/add", True), ("/announcements/add", False), ("/tags/add", False)):
        assert ('name="pasted"' in person(world, "admin").get(path).text) == offers, path


def test_a_copy_takes_what_may_be_taken(world: World, engine: Engine) -> None:
    """Unique, system and masked fields stay empty; the copy belongs to whoever makes it."""
    owner, leader = person(world, "sales1a"), person(world, "leader1")
    values = {"city": "Hangzhou", "mobile": "13800138000"}
    assert owner.fill("/customers/edit/1", "edit", values).status_code == 302
    form = Page(leader.get("/customers/add", copy=1).text).form("add")
    assert (form["city"], form["mobile"]) == ("Hangzhou", "13800138000")
    assert form["name"] == ""
    assert form["owner"] == str(own_id(world, "leader1"))
    for copy, status in (("9", 404), ("987654", 404), ("x", 400)):
        assert owner.get("/customers/add", copy=copy).status_code == status, copy
    assert person(world, "sales2a").get("/customers/add", copy=3).status_code == 404
    assert person(world, "audit").get("/customers/add", copy=1).status_code == 403
    assert 'href="/customers/add?copy=1"' in owner.get("/customers/show/1").text
    assert "copy=1" not in person(world, "audit").get("/customers/show/1").text
    grant_fields(engine, "salesperson", "customer", mobile={"mask": 2})
    veiled = Page(owner.get("/customers/add", copy=1).text).form("add")
    assert (veiled["city"], veiled["mobile"]) == ("Hangzhou", "")


def test_one_after_the_other_belongs_to_the_same_record(world: World) -> None:
    """UI-6: save and new keeps what the address gave the form, and nothing of what was typed."""
    owner = person(world, "sales1a")
    page = Page(owner.get("/contacts/add", customer=1).text)
    [address] = [has["action"] for tag, has in page.attributes if has.get("data-form") == "add"]
    form = page.form("add")
    form["name"], form["then"] = "Jane Roe", "new"
    answer = owner.client.post(address, data=form)
    assert (answer.status_code, answer.location) == (302, "/contacts/add?customer=1")
    following = Page(owner.get(answer.location).text).form("add")
    assert (following["customer"], following["name"]) == ("1", "")


def own_id(world: World, name: str) -> int:
    table = catalogue.get("user").model.__table__
    with world.app.app_context(), world.database.engine.connect() as connection:
        found = connection.scalar(table.select().with_only_columns(table.c.id).where(
            table.c.username == name))  # fmt: skip
    return int(found)
