"""The primary contact (CUS-6): the first one by itself, another one by choice."""

import re

from sqlalchemy import Engine

from tests.contract.calls import Api, grant_fields, stored, user_ids, write
from tests.contract.test_recycle_bin import contacts_of
from tests.contract.test_views import Reader
from tests.generated.browser import Page, Person
from tests.support.statements import count_statements
from tests.support.worlds import World

MOBILE = "13912345678"
PLACES = re.compile(r"%\((\w+)\)s(?:::INTEGER(\[\])?)?")


def test_another_contact_becomes_the_primary_one(world: World, engine: Engine) -> None:
    """CUS-6: chosen on the tab of the contacts among one's own; recorded."""
    api = Api(world, "leader1")
    second = api.post("/contacts/", {"name": "Second", "customer": 1}).json["id"]
    first, seen = (stored(engine, "customer", 1)[key] for key in ("primary_contact_id", "version"))
    assert first not in (None, second), "the first one has become it by itself"
    leader, stranger = (Person(name, world.client(name)) for name in ("leader1", "sales2a"))
    form = Page(leader.get("/customers/show/1", tab="contacts").text).form("primary")
    form["chosen"] = str(second)
    answers = [leader.post("/customers/primary/1", form).status_code for _ in "ab"]
    assert answers == [302, 302]
    assert stored(engine, "customer", 1)["primary_contact_id"] == second
    assert stored(engine, "customer", 1)["version"] == seen + 1, "one form, one effect"
    told = Page(leader.get("/customers/show/1", tab="history").text).words
    assert "Primary contact" in told
    other = max(contacts_of(engine, 3))
    for wrong, status in ((other, 404), (987_654, 404), ("x", 400)):
        assert leader.post("/customers/primary/1", {"chosen": wrong}).status_code == status, wrong
    assert stranger.post("/customers/primary/1", {"chosen": first}).status_code == 404
    assert leader.post("/leads/primary/1", {"chosen": 1}).status_code == 405
    seen = stored(engine, "customer", 1)["version"]
    for wrong in (other, 987_654, None, "x"):
        answer = api.put("/customers/1", {"primary_contact": wrong}, seen)
        assert answer.status_code == 422, wrong
        assert list(answer.json["fields"]) == ["primary_contact"]
    for chosen in (first, second):
        answer = api.put("/customers/1", {"primary_contact": chosen, "remark": f"{chosen}"}, seen)
        assert answer.json["result"]["primary_contact"]["id"] == chosen
        seen += 1
        assert answer.json["result"]["version"] == seen, "one change"
    assert api.post("/customers/", {"name": "New", "primary_contact": first}).status_code == 422
    grant_fields(engine, "sales_manager", "customer", primary_contact={"level": 1})
    assert api.put("/customers/1", {"primary_contact": first}, seen).status_code == 422
    assert leader.post("/customers/primary/1", {"chosen": first}).status_code == 403
    assert 'data-form="primary"' not in leader.get("/customers/show/1", tab="contacts").text
    assert stored(engine, "customer", 1)["primary_contact_id"] == second


def test_it_is_told_with_its_telephone_as_its_reader_may(world: World, engine: Engine) -> None:
    """CUS-6, PERM-6: in the list and on the page, in full, as a mask or not at all."""
    number, owner = min(contacts_of(engine, 1)), user_ids(engine)["sales1a"]
    write(engine, "contact", number, mobile=MOBILE, owner_id=owner)
    write(engine, "customer", 1, primary_contact_id=number)
    seller = Reader(world, "sales1a")
    chosen = {"column": ["primary_contact"], "frozen": "1"}
    assert seller.post("/columns/customers/", chosen).status_code == 302

    def pages() -> list[str]:
        assert MOBILE not in Reader(world, "finance").client.get("/customers/show/1").text
        return [
            seller.open("all").text,
            seller.client.get("/customers/show/1?tab=details").text,
        ]

    assert [f'href="tel:{MOBILE}"' in page for page in pages()] == [True, True]
    grant_fields(engine, "salesperson", "contact", mobile={"mask": 1})
    assert [MOBILE in page for page in pages()] == [False, True]
    grant_fields(engine, "salesperson", "contact", mobile={"mask": 2})
    assert [(MOBILE in page, "139****5678" in page) for page in pages()] == [(False, True)] * 2
    grant_fields(engine, "salesperson", "contact", mobile={"level": 0})
    assert not any(MOBILE in page or "139****5678" in page for page in pages())


def test_whom_it_concerns_is_found_by_indexes(world: World, engine: Engine) -> None:
    """A contact that is written asks for the customers that it is or was one of; with a million of
    them a walk through all took most of a second, and most of the night's recycling."""
    api, number = Api(world, "admin"), min(contacts_of(engine, 1))
    seen = stored(engine, "contact", number)["version"]
    with count_statements() as said:
        assert api.put(f"/contacts/{number}", {"customer": 3}, seen).status_code == 200
    [asked] = [text for text in said if "min(contact.id)" in text]
    plan = planned(engine, asked)
    assert "ix_customer_primary_contact_id" in plan, plan
    assert "SCAN customer" not in plan, plan


def planned(engine: Engine, asked: str) -> str:
    """How the database would go about it if tables were too large to be walked."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            nothing = (None,) * asked.count("?")
            steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", nothing).all()
            return "\n".join(row.detail for row in steps)
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        values = {name: [1] if is_many else 1 for name, is_many in PLACES.findall(asked)}
        lines = connection.exec_driver_sql(f"EXPLAIN {asked}", values).all()
        return "\n".join(line for (line,) in lines)
