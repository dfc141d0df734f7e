"""Follow-ups: what the record tells, who takes them back, what is refused (ACT-1, ACT-3)."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from werkzeug.test import TestResponse

from app.rules.last_follow_up import LONGEST
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.text import shortened
from tests.contract.calls import Api, stored, user_ids, write
from tests.contract.test_imports import csv_of, send
from tests.generated.browser import Page, Person
from tests.support.statements import count_statements
from tests.support.worlds import World

PDF = b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\n%%EOF\n"
CUSTOMER, CONTACT, LEAD = 1, 1, 1
"""All of sales1a's; the contact is at the customer."""


@pytest.fixture
def api(world: World) -> Api:
    return Api(world, "sales1a")


@pytest.fixture
def engine(world: World) -> Engine:
    with world.app.app_context():
        found: Engine = world.database.engine
        return found


def log(api: Api, said: str, **values: Any) -> int:
    """A follow-up on the customer, unless it is said to be on something else."""
    where = {} if values.keys() & {"lead", "contact", "customer"} else {"customer": CUSTOMER}
    answer = api.post("/follow-ups/", {"text": said, **where, **values})
    assert answer.status_code == 201, answer.text
    number: int = answer.json["id"]
    return number


def refused(api: Api, **values: Any) -> TestResponse:
    answer = api.post("/follow-ups/", {"text": "Something", **values})
    assert answer.status_code != 201
    return answer


def told(engine: Engine, key: str = "customer", number: int = CUSTOMER) -> tuple[Any, ...]:
    """What a record tells of its last follow-up."""
    row = stored(engine, key, number)
    return row["last_follow_up_text"], row["last_follow_up_at"], row["is_followed_up"]


def ago(**span: float) -> datetime:
    return clock.now() - timedelta(**span)


def forget(engine: Engine) -> None:
    """As if nobody had ever written to the customer and the lead."""
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM follow_up"))
    for key in ("customer", "lead"):
        write(
            engine, key, 1, last_follow_up_at=None, last_follow_up_text=None, is_followed_up=False
        )


def history_of(engine: Engine, entity: str, number: int) -> list[tuple[str, Mapping[str, Any]]]:
    table = catalogue.get("audit").model.__table__
    chosen = select(table.c.operation, table.c.changes).where(
        table.c.entity == entity, table.c.record_id == number
    )
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(chosen.order_by(table.c.id))]


def test_the_record_tells_of_the_one_that_happened_last(api: Api, engine: Engine) -> None:
    """ACT-1: written later but happened earlier, it changes nothing but that he was followed up."""
    forget(engine)
    before = stored(engine, "customer", CUSTOMER)["version"]
    last = ago(hours=1)
    log(api, "The second call", happened_at=clock.iso(last))
    log(api, "The first call", happened_at=clock.iso(ago(hours=2)))
    assert told(engine) == ("The second call", last, True)
    log(api, "x" * 5_000)
    assert told(engine)[0] == shortened("x" * 5_000, LONGEST)
    assert stored(engine, "customer", CUSTOMER)["version"] == before, "somebody may be editing it"
    assert len(history_of(engine, "customer", CUSTOMER)) == 1, "it was not changed by anybody"


@pytest.mark.parametrize("way", ["edit", "bulk"])
def test_a_contact_takes_along_what_was_noted_of_it(world: World, engine: Engine, way: str) -> None:
    """ACT-1: with another customer, that one tells it, and the one it has left doesn't any more."""
    forget(engine)
    api, other = Api(world, "manager"), 2
    write(engine, "customer", other, last_follow_up_at=None, last_follow_up_text=None)
    log(api, "Called the customer", happened_at=clock.iso(ago(hours=3)))
    log(api, "Met her", contact=CONTACT, happened_at=clock.iso(ago(hours=1)))
    assert told(engine)[0] == "Met her"
    if way == "edit":
        version = stored(engine, "contact", CONTACT)["version"]
        answer = api.put(f"/contacts/{CONTACT}", {"customer": other}, version)
    else:
        answer = api.bulk("contacts", "bulk_edit", [CONTACT], {"set": {"customer": other}})
    assert answer.status_code == 200, answer.text
    assert told(engine)[0] == "Called the customer"
    assert told(engine, "customer", other)[0] == "Met her"


def test_a_contact_tells_its_customer(api: Api, engine: Engine) -> None:
    """ACT-1: a follow-up on a contact also touches its customer."""
    forget(engine)
    number = log(api, "Met her", contact=CONTACT)
    assert told(engine)[::2] == ("Met her", True)
    assert api.delete(f"/follow-ups/{number}").status_code == 200
    assert told(engine) == (None, None, False)


@pytest.mark.parametrize(("key", "number"), [("customer", CUSTOMER), ("lead", LEAD)])
def test_what_is_taken_back_is_no_longer_told(
    world: World, engine: Engine, key: str, number: int
) -> None:
    """ACT-1: deleting, changing and restoring one tell the record anew."""
    forget(engine)
    api = Api(world, "leader1")
    first = log(api, "First", happened_at=clock.iso(ago(hours=3)), **{key: number})
    last = log(api, "Last", happened_at=clock.iso(ago(hours=2)), **{key: number})
    assert told(engine, key, number)[0] == "Last"
    assert api.put(f"/follow-ups/{last}", {"text": "The very last"}).status_code == 200
    assert told(engine, key, number)[0] == "The very last"
    assert api.put(f"/follow-ups/{first}", {"text": "In the beginning"}).status_code == 200
    assert told(engine, key, number)[0] == "The very last"
    moved = {"happened_at": clock.iso(ago(hours=4))}
    assert api.put(f"/follow-ups/{last}", moved, version=2).status_code == 200
    assert told(engine, key, number)[0] == "In the beginning"
    assert api.delete(f"/follow-ups/{first}", version=2).status_code == 200
    assert told(engine, key, number)[0] == "The very last"
    assert api.bulk("follow-ups", "restore", [first]).json["done"] == 1
    assert told(engine, key, number)[0] == "In the beginning"
    assert api.bulk("follow-ups", "delete", [first, last]).json["done"] == 2
    assert told(engine, key, number) == (None, None, False)


def test_followed_up_means_since_it_was_obtained(api: Api, engine: Engine) -> None:
    """ACT-1: what the former owner noted doesn't count for the present one."""
    forget(engine)
    old = log(api, "By the former owner")
    new = log(api, "By the present one")
    write(engine, "follow_up", old, created_at=ago(days=9))
    write(engine, "customer", CUSTOMER, obtained_at=ago(days=5))
    assert api.delete(f"/follow-ups/{new}").status_code == 200
    assert told(engine)[::2] == ("By the former owner", False)


def test_the_next_contact_is_a_change_like_any_other(api: Api, engine: Engine) -> None:
    """ACT-1: written only when given, with version and history; given back when it is deleted."""
    forget(engine)
    write(engine, "customer", CUSTOMER, next_contact_at=None)
    soon, later = (clock.now() + timedelta(days=n) for n in (1, 5))
    log(api, "Call tomorrow", next_contact_at=clock.iso(soon), happened_at=clock.iso(ago(hours=2)))
    row = stored(engine, "customer", CUSTOMER)
    assert row["next_contact_at"] == soon
    assert told(engine)[0] == "Call tomorrow"
    operation, changes = history_of(engine, "customer", CUSTOMER)[-1]
    assert (operation, dict(changes)) == ("edit", {"next_contact_at": [None, clock.iso(soon)]})
    log(api, "Nothing planned", happened_at=clock.iso(ago(hours=3)))
    assert stored(engine, "customer", CUSTOMER)["next_contact_at"] == soon, "it was not given"
    number = log(api, "Next week", next_contact_at=clock.iso(later))
    assert stored(engine, "customer", CUSTOMER)["next_contact_at"] == later
    assert api.put(f"/follow-ups/{number}", {"text": "Next week, perhaps"}).status_code == 200
    write(engine, "customer", CUSTOMER, next_contact_at=soon + timedelta(hours=1))
    assert api.delete(f"/follow-ups/{number}", version=2).status_code == 200
    kept = stored(engine, "customer", CUSTOMER)["next_contact_at"]
    assert kept == soon + timedelta(hours=1), "somebody has set another one since"
    number = log(api, "Next week", next_contact_at=clock.iso(later))
    assert api.delete(f"/follow-ups/{number}").status_code == 200
    assert stored(engine, "customer", CUSTOMER)["next_contact_at"] == soon


def test_editing_the_text_doesnt_plan_again(api: Api, engine: Engine) -> None:
    """ACT-1: what was planned is only written again when it is changed."""
    planned, other = (clock.now() + timedelta(days=n) for n in (2, 3))
    number = log(api, "Call", next_contact_at=clock.iso(planned))
    write(engine, "customer", CUSTOMER, next_contact_at=other)
    assert api.put(f"/follow-ups/{number}", {"text": "Called"}).status_code == 200
    changed = {"text": "Called her", "happened_at": clock.iso(ago(hours=1))}
    assert api.put(f"/follow-ups/{number}", changed, version=2).status_code == 200
    assert stored(engine, "customer", CUSTOMER)["next_contact_at"] == other
    again = {"next_contact_at": clock.iso(planned + timedelta(hours=1))}
    assert api.put(f"/follow-ups/{number}", again, version=3).status_code == 200
    assert stored(engine, "customer", CUSTOMER)["next_contact_at"] == planned + timedelta(hours=1)


def test_a_plan_that_has_come_keeps_nobody_from_editing(api: Api, engine: Engine) -> None:
    """Only what is entered now has to lie ahead."""
    number = log(api, "Call", next_contact_at=clock.iso(clock.now() + timedelta(hours=1)))
    write(engine, "follow_up", number, next_contact_at=ago(minutes=5))
    person = Person("sales1a", api.client)
    assert person.fill(f"/follow-ups/edit/{number}", "edit", {"text": "Called"}).status_code == 302


def test_authors_have_a_day_and_managers_any_time(world: World, engine: Engine) -> None:
    """ACT-3: 24 hours for the author; managers in scope delete; nobody edits another's."""
    author, leader, other = (Api(world, who) for who in ("sales1a", "leader1", "sales2a"))
    number = log(author, "Mine")
    for who in (leader, Api(world, "sales1b"), other):
        assert who.put(f"/follow-ups/{number}", {"text": "Not mine"}).status_code == 404
    write(engine, "follow_up", number, created_at=ago(hours=23, minutes=50))
    assert author.put(f"/follow-ups/{number}", {"text": "In time"}).status_code == 200
    write(engine, "follow_up", number, created_at=ago(hours=24, minutes=1))
    late = author.put(f"/follow-ups/{number}", {"text": "Too late"}, version=2)
    assert (late.status_code, late.json["code"]) == (409, "conflict")
    answer = author.delete(f"/follow-ups/{number}", version=2)
    assert answer.status_code == 409
    assert "24 hours" in answer.json["message"]
    admin = Api(world, "admin")
    assert admin.put(f"/follow-ups/{number}", {"text": "Set right"}, version=2).status_code == 200
    assert leader.delete(f"/follow-ups/{number}", version=3).status_code == 200
    operations = [operation for operation, _changes in history_of(engine, "follow_up", number)]
    assert operations == ["create", "edit", "edit", "delete"], "both are recorded"


@pytest.mark.parametrize(
    ("values", "status", "fields"),
    [
        ({}, 422, {"lead", "customer", "contact"}),
        ({"customer": 1, "contact": 1}, 422, {"customer", "contact"}),
        ({"customer": 6}, 201, None),
        ({"customer": 7}, 422, {"customer"}),
        ({"customer": 9}, 422, {"customer"}),
        ({"customer": 11}, 422, {"customer"}),
        ({"customer": 1, "text": "x" * 5_001}, 422, {"text"}),
        ({"customer": 1, "text": "  "}, 422, {"text"}),
        ({"customer": 1, "happened_at": "2998-01-01T00:00:00Z"}, 422, {"happened_at"}),
        ({"customer": 1, "next_contact_at": "2026-01-01T00:00:00Z"}, 422, {"next_contact_at"}),
        ({"customer": 1, "author": "sales1b"}, 403, None),
        ({"customer": 1, "method": "telepathy"}, 422, {"method"}),
        ({"customer": 1, "contacts": [8]}, 422, {"contacts"}),
    ],
)
def test_what_is_refused(
    api: Api, values: Mapping[str, Any], status: int, fields: set[str] | None
) -> None:
    """One record, within reach as a whole: own, by a seat; not foreign, deleted or in a pool."""
    answer = api.post("/follow-ups/", {"text": "Something", **values})
    assert answer.status_code == status, answer.text
    if fields is not None:
        assert set(answer.json["fields"]) == fields


def test_what_is_closed_is_not_followed_up(api: Api, engine: Engine) -> None:
    """LEAD-2: a converted lead is read-only."""
    write(engine, "lead", LEAD, is_converted=True)
    answer = refused(api, lead=LEAD)
    assert (answer.status_code, answer.json["code"]) == (409, "conflict")
    page = api.client.get(f"/leads/show/{LEAD}").text
    assert "data-composer" not in page
    assert 'data-kind="follow_up"' in page, "what was noted is still read"


def test_a_seat_reads_and_writes_follow_ups(world: World, engine: Engine) -> None:
    """PERM-3: read-only members see and log follow-ups; when the seat ends both end."""
    api = Api(world, "sales1a")
    of_it = {"col": "customer", "opr": "eq", "value": 6}
    number = log(api, "By a member", customer=6)
    assert api.get(f"/follow-ups/{number}").status_code == 200
    assert number in api.ids("follow-ups", of_it)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM team_seat"))
    assert api.get(f"/follow-ups/{number}").status_code == 404
    assert api.ids("follow-ups", of_it) == set()


@pytest.mark.parametrize("planned", [False, True])
@pytest.mark.parametrize("on", ["customer", "lead", "contact"])
def test_saving_takes_ten_statements(world: World, on: str, *, planned: bool) -> None:
    """Issue: saving a follow-up ≤ 10 statements, even where two records change with it."""
    person = Person("sales1a", world.client("sales1a"))
    page = f"/{catalogue.get(on).plural}/show/1"
    values = {"text": "Called", "method": "call", "result": "interested"}
    for day in (1, 2):  # the second is counted
        if planned:
            values["next_contact_at"] = f"2998-01-0{day}T09:00"
        form = composer_of(person, page)
        with count_statements() as asked:
            answer = person.client.post(page.replace("show", "compose"), data={**form, **values})
        assert answer.status_code == 302, Page(answer.text).words
    assert len(asked) <= 10, str(asked)


def composer_of(person: Person, page: str) -> dict[str, Any]:
    """What its form holds, no file chosen."""
    form = Page(person.get(page).text).form("composer")
    return {key: value for key, value in form.items() if key != "file"}


def test_the_composer_keeps_what_was_typed(world: World, engine: Engine) -> None:
    """Wrong once, right then; sent twice, written once (BULK-8); with a file of a Chinese name."""
    forget(engine)
    person = Person("sales1a", world.client("sales1a"))
    page, place = f"/customers/show/{CUSTOMER}", f"/customers/compose/{CUSTOMER}"
    form = composer_of(person, page)
    wrong = {**form, "text": "<b>Called</b>", "next_contact_at": "2020-01-01T09:00"}
    answer = person.client.post(place, data=wrong)
    assert answer.status_code == 422
    assert "This must be in the future." in answer.text
    again = Page(answer.text).form("composer")
    assert again["text"] == "<b>Called</b>"
    right = {**again, "next_contact_at": "", "file": (io.BytesIO(PDF), "合同（最终）.pdf")}
    assert person.client.post(place, data=right).status_code == 302
    right["file"] = (io.BytesIO(PDF), "合同（最终）.pdf")
    assert person.client.post(place, data=right).status_code == 302
    found = person.get(page).text
    assert found.count("&lt;b&gt;Called&lt;/b&gt;") == 1
    assert found.count("合同（最终）.pdf") == 1
    assert told(engine)[0] == "<b>Called</b>"


def test_a_refused_file_leaves_nothing(world: World, engine: Engine) -> None:
    """C64: a follow-up comes with all of its files or not at all."""
    person = Person("sales1a", world.client("sales1a"))
    form = Page(person.get(f"/customers/show/{CUSTOMER}").text).form("composer")
    for name, content in (("x.svg", b"<svg onload=alert(1)>"), ("x.pdf", b"no pdf")):
        data = {**form, "text": "With a file", "file": (io.BytesIO(content), name)}
        answer = person.client.post(f"/customers/compose/{CUSTOMER}", data=data)
        assert answer.status_code == 422
        assert Page(answer.text).form("composer")["text"] == "With a file"
    with engine.connect() as connection:
        said = connection.scalars(text("SELECT text FROM follow_up")).all()
        assert "With a file" not in said
        assert connection.scalar(text("SELECT count(*) FROM attachment")) == 0


def test_whoever_may_not_write_has_no_composer(world: World) -> None:
    """Finance reads customers and what was noted of them; it is 403 for them to write."""
    person = Person("finance", world.client("finance"))
    page = person.get(f"/customers/show/{CUSTOMER}").text
    assert 'data-kind="follow_up"' in page
    assert "data-composer" not in page
    assert person.post(f"/customers/compose/{CUSTOMER}", {"text": "x"}).status_code == 403
    seller = Person("sales1a", world.client("sales1a"))
    assert seller.post("/customers/compose/7", {"text": "x"}).status_code == 404
    assert seller.post("/departments/compose/1", {"text": "x"}).status_code == 404


def test_what_is_imported_tells_of_the_past(world: World, engine: Engine) -> None:
    """ACT-4: by name of the record, author and method; old plans are kept and change no record."""
    forget(engine)
    write(engine, "customer", CUSTOMER, next_contact_at=None)
    api = Api(world, "leader1")
    names = {"customer": "Customer 01", "contact": "Contact 01"}
    head = ["Text", "Customer", "Contact", "Author", "Method", "Time", "Next contact time"]
    rows = [
        [
            "Long ago",
            names["customer"],
            "",
            "sales1b",
            "Visit",
            "2025-03-01 10:00",
            "2025-04-01 10:00",
        ],
        ["Later", names["customer"], "", "", "打电话", "2025-05-01 10:00", ""],
        ["With her", "", names["contact"], "sales1a", "", "2025-06-01 10:00", ""],
        ["Nowhere", "", "", "", "", "2025-03-01 10:00", ""],
        ["For a stranger", names["customer"], "", "sales2a", "", "2025-03-01 10:00", ""],
        ["Tomorrow", names["customer"], "", "", "", "2998-03-01 10:00", ""],
    ]
    answer = send(api, "follow-ups", csv_of([head, *rows]))
    assert answer.status_code == 200, answer.text
    assert (answer.json["created"], len(answer.json["failed"])) == (3, 3), answer.text
    happened = datetime(2025, 6, 1, 2, tzinfo=UTC)
    assert told(engine) == ("With her", happened, True)
    assert stored(engine, "customer", CUSTOMER)["next_contact_at"] is None
    people = user_ids(engine)
    with engine.connect() as connection:
        table = catalogue.get("follow_up").model.__table__
        found = connection.execute(select(table.c.text, table.c.author_id)).all()
    assert sorted(found) == sorted(
        [
            ("Long ago", people["sales1b"]),
            ("Later", people["leader1"]),
            ("With her", people["sales1a"]),
        ]
    )
