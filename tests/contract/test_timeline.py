"""The timeline of a record: all sources in one order, each in its scope, page by page (ACT-2)."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, text

from app.spec import clock
from app.spec.catalogue import catalogue
from tests.contract.calls import Api, user_ids, write
from tests.generated.browser import Page, Person
from tests.generated.test_queries import LIMITS
from tests.support.statements import count_statements
from tests.support.web import hidden_inputs
from tests.support.worlds import World

PAGE = "/customers/show/1"
STRANGER = 8
"""A contact of marketing's, out of the reach of salespeople."""


@pytest.fixture
def engine(world: World) -> Engine:
    with world.app.app_context():
        found: Engine = world.database.engine
        return found


@pytest.fixture
def person(world: World) -> Person:
    return Person("sales1a", world.client("sales1a"))


def note_many(engine: Engine, count: int, **where: int) -> None:
    """So many follow-ups of some days, several at the same moment."""
    table, now = catalogue.get("follow_up").model.__table__, clock.now()
    author = user_ids(engine)["sales1b"]
    rows = [
        {
            "version": 1, "text": f"Note {n:04}", "author_id": author,
            "happened_at": now - timedelta(hours=n // 3), "created_at": now, **where,
        }
        for n in range(count)
    ]  # fmt: skip
    with engine.begin() as connection:
        connection.execute(insert(table), rows)


def change_many(engine: Engine, count: int, entity: str = "customer", number: int = 1) -> None:
    """So many saves, one after the other, an hour between them."""
    table, now = catalogue.get("audit").model.__table__, clock.now()
    key = "city" if entity == "customer" else "position"
    rows = [
        {
            "at": now - timedelta(hours=count - n), "operation": "edit", "entity": entity,
            "record_id": number, "subject": "Customer 01", "surface": "ui", "ip": "",
            "request_id": f"request {n}", "changes": {key: [f"Town {n}", f"Town {n + 1}"]},
            "actor_id": user_ids(engine)["sales1a"],
        }
        for n in range(count)
    ]  # fmt: skip
    with engine.begin() as connection:
        connection.execute(insert(table), rows)


def items(page: str) -> list[str]:
    """What is told, from the newest to the oldest: the text of each entry."""
    found = re.findall(r'<li class="timeline-item.*?</li>', page, re.DOTALL)
    return [" ".join(re.sub("<[^>]+>", " ", one).split()) for one in found]


def walk(reader: Person, **asked: Any) -> list[str]:
    """All of it, page by page."""
    page, found = reader.get(PAGE, **asked).text, []
    while True:
        found += items(page)
        older = re.search(r'hx-get="([^"]+)"[^>]*hx-select="\.timeline-part"', page)
        if older is None:
            return found
        page = reader.client.get(older[1].replace("&amp;", "&")).text


def told(found: Sequence[str], word: str) -> list[str]:
    return [one for one in found if word in one]


def test_all_of_it_in_one_order_and_each_once(person: Person, engine: Engine) -> None:
    """Keyset pages: nothing twice, nothing left out, also where many have one moment."""
    note_many(engine, 47, customer_id=1)
    note_many(engine, 20, contact_id=1)
    change_many(engine, 35)
    first = items(person.get(PAGE).text)
    assert len(first) == 20
    found = walk(person)
    assert len(found) > 100
    notes = [int(one.partition("Note ")[2][:4]) for one in told(found, "Note ")]
    assert sorted(notes) == sorted([*range(47), *range(20)])
    assert [n // 3 for n in notes] == sorted(n // 3 for n in notes)
    towns = [int(one.rpartition("Town ")[2]) for one in told(found, "Town ")]
    assert towns == list(range(35, 0, -1))
    between = [one for one in found if "Note " in one or "Town " in one]
    assert between != [*told(found, "Note "), *told(found, "Town ")], "the sources are not mixed"


def test_every_source_keeps_its_scope(world: World, person: Person, engine: Engine) -> None:
    """PERM-3: of children only those that may be read, with what was noted of them."""
    write(engine, "contact", STRANGER, customer_id=1)
    note_many(engine, 1, contact_id=STRANGER)
    change_many(engine, 1, "contact", STRANGER)
    assert told(walk(person), "Note 0000") == []
    assert told(walk(person), "Town") == []
    manager = Person("admin", world.client("admin"))
    assert len(told(walk(manager), "Note 0000")) == 1
    assert "Contact 08" in told(walk(manager), "Note 0000")[0]
    assert len(told(walk(manager), "Town")) == 1


def test_pools_show_their_members_no_past(world: World, engine: Engine) -> None:
    """POOL-1: what a pool shows its members are columns."""
    note_many(engine, 1, customer_id=11)
    member, admin = (Person(who, world.client(who)) for who in ("sales1a", "leader1"))
    page = member.get("/customers/show/11")
    assert page.status_code == 200
    assert "Note 0000" not in page.text
    assert "data-timeline" not in page.text
    assert "Note 0000" in admin.get("/customers/show/11").text


def test_hidden_fields_stay_hidden_in_the_past(world: World, engine: Engine) -> None:
    """PERM-6: changes of a field are told to whoever may read the field."""
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE role_grant SET fields = :hidden WHERE entity = 'customer'"),
            {"hidden": '{"city": {"level": 0}}'},
        )
        connection.execute(text("UPDATE rights_version SET number = number + 1"))
    change_many(engine, 3)
    found = walk(Person("sales1a", world.client("sales1a")))
    assert found
    assert told(found, "Town") == []
    assert len(told(walk(Person("admin", world.client("admin"))), "Town")) == 3


@pytest.mark.parametrize(
    ("asked", "notes", "towns"),
    [
        ({"kind": "follow_up"}, 12, 0),
        ({"kind": "changes"}, 0, 6),
        ({"kind": "ownership"}, 0, 0),
        ({"kind": "files"}, 0, 0),
        ({"words": "note 0003"}, 1, 0),
        ({"words": "NOTE"}, 12, 0),
        ({"words": "Town"}, 0, 0),
        ({"words": "0003%"}, 0, 0),
        ({"since": "2998-01-01"}, 0, 0),
        ({"until": "2020-01-01"}, 0, 0),
        ({"since": "2020-01-01", "until": "2998-01-01"}, 12, 6),
    ],
)
def test_filters(
    person: Person, engine: Engine, asked: Mapping[str, str], notes: int, towns: int
) -> None:
    """By kind, words, period; words look into what people wrote, not into changes (C43)."""
    note_many(engine, 12, customer_id=1)
    change_many(engine, 6)
    found = walk(person, **asked)
    assert (len(told(found, "Note ")), len(told(found, "Town "))) == (notes, towns)


def test_by_person(person: Person, engine: Engine) -> None:
    """Who wrote it, or who changed it."""
    note_many(engine, 2, customer_id=1)
    change_many(engine, 3)
    people = user_ids(engine)
    author = walk(person, person=people["sales1b"])
    assert (len(told(author, "Note ")), len(told(author, "Town "))) == (2, 0)
    editor = walk(person, person=people["sales1a"])
    assert (len(told(editor, "Note ")), len(told(editor, "Town "))) == (0, 3)


@pytest.mark.parametrize(
    "asked",
    [
        {"kind": "nonsense"},
        {"since": "yesterday"},
        {"until": "2026-02-30"},
        {"after": "x"},
        {"after": "2026-01-01 history 1"},
        {"after": "2026-01-01T00:00:00Z history one"},
        {"person": "me"},
        {"person": "9" * 30},
        {"after": f"2026-01-01T00:00:00Z history {'9' * 30}"},
        {"after": "9999-12-31T23:59:59-12:00 history 1"},
        {"words": "a\x00b"},
        {"words": "x" * 101},
    ],
)
def test_what_cannot_be_asked(person: Person, asked: Mapping[str, str]) -> None:
    assert person.get(PAGE, **asked).status_code == 400


def test_days_begin_at_the_readers_midnight(world: World, person: Person, engine: Engine) -> None:
    """Asia/Shanghai: 16:00 UTC is tomorrow there."""
    api = Api(world, "sales1a")
    for moment in ("2026-03-01T15:59:00Z", "2026-03-01T16:01:00Z"):
        said = {"customer": 1, "text": f"At {moment}", "happened_at": moment}
        assert api.post("/follow-ups/", said).status_code == 201
    dates = re.findall(r'timeline-day"><time datetime="([^"]+)"', person.get(PAGE).text)
    assert {"2026-03-01", "2026-03-02"} <= set(dates)
    assert len(walk(person, since="2026-03-02", until="2026-03-02")) == 1


def test_a_long_past_costs_no_more_statements(person: Person, engine: Engine) -> None:
    """Issue: the same statements with 10 entries and with very many; the page within its budget."""
    note_many(engine, 10, customer_id=1)
    person.get(PAGE)
    with count_statements() as few:
        assert person.get(PAGE).status_code == 200
    note_many(engine, 600, customer_id=1)
    note_many(engine, 300, contact_id=1)
    change_many(engine, 600)
    with count_statements() as many:
        assert person.get(PAGE).status_code == 200
    assert len(many) == len(few), f"{few}\n\n{many}"
    assert len(many) <= LIMITS["detail"], str(many)


def test_texts_are_text(person: Person) -> None:
    """C50: what was typed is shown as it was, addresses of the web as links."""
    said = '<img src=x onerror=alert(1)> https://tea.example/?a=1&b="2" {{7*7}}\nand more'
    form = Page(person.get(PAGE).text).form("composer")
    data = {**{k: v for k, v in form.items() if k != "file"}, "text": said}
    assert person.client.post("/customers/compose/1", data=data).status_code == 302
    page = person.get(PAGE).text
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert 'href="https://tea.example/?a=1&amp;b=' in page
    assert "{{7*7}}<br>and more" in page
    assert datetime.fromisoformat(re.findall(r'<time datetime="([^"]+Z)"', page)[0])


def test_tasks_stand_in_it_for_whoever_sees_them(world: World, person: Person) -> None:
    """ACT-2, contract §6: a task goes by its own scope, not by the record that it is about."""
    api = Api(world, "leader1")
    for title, participants in (("Ask for an offer", []), ("Visit them", ["sales1a"])):
        values = {"title": title, "customer": 1, "participants": participants}
        assert api.post("/tasks/", values).status_code == 201
    leader = Person("leader1", world.client("leader1"))
    assert len(told(walk(leader), "Ask for an offer")) == 1
    assert told(walk(person), "Ask for an offer") == []
    assert len(told(walk(person), "Visit them")) == 1
    assert len(told(walk(leader, kind="task", words="offer"), "Ask")) == 1
    assert told(walk(leader, kind="follow_up"), "Visit them") == []


def test_what_one_wrote_is_changed_from_the_timeline(world: World, engine: Engine) -> None:
    """UI-5: one's own entries lead to their form and back here, as long as that may be changed."""
    given = {"customer": 1, "text": "Tpyo", "happened_at": clock.iso(clock.now())}
    mine = Api(world, "sales1a").post("/follow-ups/", given).json["id"]
    theirs = Api(world, "manager").post("/follow-ups/", given).json["id"]
    client = world.client("sales1a")
    way = f"/follow-ups/edit/{mine}?next=%2Fcustomers%2Fshow%2F1"
    page = client.get(PAGE).text
    assert f'href="{way}"' in page
    assert f"/follow-ups/edit/{theirs}" not in page
    form = client.get(way).text
    assert f'href="{PAGE}" class="btn btn-quiet" data-cancel' in form
    answer = client.post(way, data=hidden_inputs(form) | {"text": "Typo"})
    assert (answer.status_code, answer.location) == (302, PAGE)
    assert "Typo" in client.get(PAGE).text
    abroad = client.get(f"/follow-ups/edit/{mine}?next=https://evil.example/").text
    assert f'href="/follow-ups/show/{mine}" class="btn btn-quiet" data-cancel' in abroad
    write(engine, "follow_up", mine, created_at=clock.now() - timedelta(hours=25))
    assert f"/follow-ups/edit/{mine}" not in client.get(PAGE).text
