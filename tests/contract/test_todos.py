"""To-do lists (TODO): counts that are lists, seen from one's scope; marks, and their end.

The oracle beside is a loop over plain rows; it knows days, owners and marks, and nothing of SQL.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, insert, select, update

from app.extensions import db
from app.spec import clock
from app.spec.catalogue import catalogue
from app.store import access, todos
from app.store.context import acting_as, system_scope
from app.store.organisation import User
from app.store.todos import ToDoMark, Who
from tests.contract.calls import Api, filters_of, grant_fields, user_ids, write
from tests.oracle import Oracle
from tests.support.statements import count_statements
from tests.support.web import csrf_token
from tests.support.worlds import World

ROW = re.compile(r'<tr data-id="(\d+)"')
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
READERS = (
    *(2 * [("manager", "my_people")]),
    ("leader1", "my_people"),
    ("sales1a", "mine"),
    ("sales1b", "mine"),
    ("manager", "mine"),
    ("marketing", "mine"),
    ("clerk1", "my_people"),
    ("finance", "mine"),
    ("people", "mine"),
)
"""Somebody, and whose to-dos he looks at; mostly where there are some."""
BELOW = {
    "manager": {"leader1", "sales1a", "sales1b", "sales2a", "clerk1"},
    "leader1": {"sales1a", "sales1b", "clerk1"},
}
TABS = {
    "contact_customers": ("today", "overdue", "done", "handled"),
    "customers_given": ("open", "done", "handled"),
}
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/Los_Angeles")
MOMENTS = (
    datetime(2026, 11, 23, 3, 0, tzinfo=UTC),
    datetime(2026, 3, 29, 0, 30, tzinfo=UTC),  # the night that is an hour short in Europe
    datetime(2026, 10, 25, 1, 30, tzinfo=UTC),  # the hour that there is twice
    datetime(2024, 2, 29, 16, 30, tzinfo=UTC),
)
HOURS = st.sampled_from([None, -50, -26, -10, -1, 0, 1, 10, 26])
SITUATION = st.fixed_dictionaries(
    {
        "next_contact_at": HOURS,
        "last_follow_up_at": HOURS,
        "obtained_at": HOURS,
        "obtained_way": st.sampled_from(
            [None, "created", "imported", "assigned", "transferred", "claimed"]
        ),
        "is_followed_up": st.sampled_from([None, False, True]),
        "mark": st.sampled_from(["", "holds", "other time", "other person"]),
    }
)
LIVE = (1, 2, 3, 4, 5, 6, 7, 8)


@contextmanager
def person(name: str, zone: str = "Asia/Shanghai") -> Iterator[None]:
    """As that person, on a clock of his zone."""
    with system_scope("who is it"):
        number = db.session.scalar(select(User.id).where(User.username == name))
    token = clock.zone.set(zone)
    try:
        with acting_as(access.load_actor(number)):
            yield
    finally:
        clock.zone.reset(token)


def expected(row: Mapping[str, Any], key: str, zone: str, now: datetime) -> set[str]:
    """The tabs of that list which a row belongs to: the second opinion."""

    def day(moment: datetime) -> Any:
        return moment.astimezone(ZoneInfo(zone)).date()

    today, planned, last = day(now), row["next_contact_at"], row["last_follow_up_at"]
    if key == "contact_customers":
        is_settled = bool(planned and last and last >= planned)
        waits = ""
        if planned and not is_settled and day(planned) <= today:
            waits = "today" if day(planned) == today else "overdue"
        is_done = bool(last) and day(last) == today and not waits
        since = planned
    else:
        given_away = row["obtained_way"] in ("assigned", "transferred")
        since = row["obtained_at"]
        is_done = given_away and row["is_followed_up"] is True
        waits = "open" if given_away and row["is_followed_up"] is not True and since else ""
    found = {"done"} if is_done else set()
    if waits:
        found.add("handled" if row["mark"] == "holds" else waits)
    return found


def arrange(
    situations: list[dict[str, Any]], owners: Mapping[int, int], now: datetime
) -> dict[int, dict[str, Any]]:
    """Write the situations and their marks; the rows as the oracle reads them."""
    table = catalogue.get("customer").model.__table__
    rows = {}
    for number, said in zip(LIVE, situations, strict=True):
        hours = ("next_contact_at", "last_follow_up_at", "obtained_at")
        values = {
            key: now + timedelta(hours=value) if key in hours and value is not None else value
            for key, value in said.items()
            if key != "mark"
        }
        rows[number] = {**values, "mark": said["mark"]}
        db.session.execute(update(table).where(table.c.id == number).values(**values))
        for key, since in (
            ("contact_customers", "next_contact_at"),
            ("customers_given", "obtained_at"),
        ):
            if said["mark"] and values[since]:
                mark(key, number, values[since], owners[number], said["mark"])
    return rows


def mark(key: str, number: int, since: datetime, owner: int, kind: str) -> None:
    """A mark that holds, or one of another time or person."""
    row = {"to_do": key, "entity": "customer", "record_id": number, "user_id": 1, "at": since}
    row |= {"since": since + DAY if kind == "other time" else since}
    row |= {"person_id": owner + 1000 if kind == "other person" else owner}
    db.session.execute(insert(ToDoMark.__table__).values(**row))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    situations=st.lists(SITUATION, min_size=8, max_size=8),
    reader=st.sampled_from(READERS),
    zone=st.sampled_from(ZONES),
    now=st.sampled_from(MOMENTS),
)
def test_a_count_is_the_length_of_its_list(
    world: World, oracle: Oracle, situations: Any, reader: Any, zone: str, now: datetime
) -> None:
    """For anybody, in any zone, at any hour: the number, the rows and the plain look agree."""
    name, who = reader[0], Who(reader[1])
    owner_of = {row.id: row.owner for row in oracle.company.rows["customer"]}
    whose = {name} if who is Who.MINE else BELOW.get(name, set())
    mine = {i for i in oracle.visible(name, "customer", "list") if owner_of[i] in whose}
    with world.app.app_context(), time_machine.travel(now, tick=False):
        ids = user_ids(db.engine)
        owners = {number: ids[str(owner_of[number])] for number in LIVE}
        rows = arrange(situations, owners, now)
        wanted = {
            (key, tab): {i for i in mine & set(LIVE) if tab in expected(rows[i], key, zone, now)}
            for key, tabs in TABS.items()
            for tab in tabs
        }
        with person(name, zone):
            readable = {one.key for _entity, one in todos.readable(who)} & TABS.keys()
            asks = [todos.asked(key, tab, who) for key, tab in wanted if key in readable]
            counts = todos.counts(asks)
            pages = [todos.page(ask, [], slice(0, 50)) for ask in asks]
        db.session.rollback()
    assert readable == (TABS.keys() if oracle.may(name, "customer", "list") else set())
    for ask, count, page in zip(asks, counts, pages, strict=True):
        assert set(page.ids) == wanted[ask.to_do.key, ask.tab.key], (ask.to_do.key, ask.tab.key)
        assert count == page.count == len(page.ids) == len(page.rows)


@pytest.fixture
def planned(engine: Engine) -> Engine:
    """Four customers of sales1a's side: two for today, one late, and one that was handed over."""
    for number, values in {
        1: {"next_contact_at": NOW},
        2: {"next_contact_at": NOW - DAY},
        3: {"next_contact_at": NOW},
        6: {"next_contact_at": NOW},
        9: {"next_contact_at": NOW},
        11: {"next_contact_at": NOW},
    }.items():
        write(engine, "customer", number, last_follow_up_at=None, **values)
    return engine


def shown(world: World, name: str, path: str) -> set[int]:
    answer = world.client(name).get(f"/to-dos/{path}")
    assert answer.status_code == 200, answer.text
    return {int(found[1]) for found in ROW.finditer(answer.text)}


def post(world: World, name: str, path: str, **form: Any) -> Any:
    client = world.client(name)
    return client.post(
        f"/to-dos/{path}", data={"csrf_token": csrf_token(client, "/notifications/"), **form}
    )


TODAY, LATE = "contact_customers/today", "contact_customers/overdue"
HANDLED = "contact_customers/handled"


def test_mine_and_my_people_s(world: World, planned: Engine) -> None:
    """One's own by what one owns; a seat, a pool or the recycle bin make nobody's to-do."""
    assert shown(world, "sales1a", TODAY) == {1}
    assert shown(world, "sales1a", LATE) == {2}
    assert shown(world, "sales1a", f"{TODAY}?who=my_people") == set()
    assert shown(world, "leader1", TODAY) == set()
    assert shown(world, "leader1", f"{TODAY}?who=my_people") == {1, 3}
    assert shown(world, "manager", f"{TODAY}?who=my_people") == {1, 3, 6}
    assert "who=my_people" in world.client("leader1").get("/to-dos/").text
    assert "who=my_people" not in world.client("sales1a").get("/to-dos/").text
    assert world.client("sales1a").get("/to-dos/waiting").text == "2"


def test_marks_hold_until_the_record_qualifies_anew(world: World, planned: Engine) -> None:
    """One, again, and several; the mark is everybody's, and another time or owner undoes it."""
    for _ in "12":
        assert post(world, "sales1a", TODAY, one="1").status_code == 302
    assert shown(world, "sales1a", TODAY) == set()
    assert shown(world, "sales1a", HANDLED) == {1}
    assert shown(world, "leader1", f"{TODAY}?who=my_people") == {3}
    assert shown(world, "leader1", f"{HANDLED}?who=my_people") == {1}
    write(planned, "customer", 1, next_contact_at=NOW + timedelta(seconds=1))
    assert shown(world, "sales1a", TODAY) == {1}, "another time"
    assert post(world, "leader1", f"{TODAY}?who=my_people", ids=["1", "3"]).status_code == 302
    assert shown(world, "leader1", f"{HANDLED}?who=my_people") == {1, 3}
    assert shown(world, "sales1a", TODAY) == set()
    write(planned, "customer", 1, owner_id=user_ids(planned)["sales1b"])
    assert shown(world, "sales1b", TODAY) == {1}, "another owner"
    assert shown(world, "sales1b", HANDLED) == {3}
    assert post(world, "sales1b", HANDLED, ids=["3"]).status_code == 302
    assert shown(world, "sales1b", TODAY) == {1, 3}


def test_marking_all_asks_for_the_list_that_was_seen(world: World, planned: Engine) -> None:
    """What came in after the page was shown is never marked unseen."""
    path = f"{TODAY}?who=my_people"
    assert post(world, "manager", path, all="1", expected="2").status_code == 302
    assert shown(world, "manager", path) == {1, 3, 6}
    assert post(world, "manager", path, all="1", expected="3").status_code == 302
    assert shown(world, "manager", path) == set()
    assert shown(world, "manager", f"{HANDLED}?who=my_people") == {1, 3, 6}
    taken_back = post(world, "manager", f"{HANDLED}?who=my_people", all="1", expected="3")
    assert taken_back.status_code == 302
    assert shown(world, "manager", path) == {1, 3, 6}


def test_marking_needs_the_record_in_reach(world: World, planned: Engine) -> None:
    """C19: one foreign id among several, and nothing is marked; what doesn't qualify isn't."""
    for ids in (["7"], ["1", "4"], ["9"], ["999999"], ["0"]):
        assert post(world, "sales1b", TODAY, ids=ids).status_code == 404, ids
    assert post(world, "sales1a", TODAY, ids=["1", "2"]).status_code == 302
    with planned.connect() as connection:
        assert connection.scalars(select(ToDoMark.record_id)).all() == [1]
    assert shown(world, "sales1a", LATE) == {2}, "a mark is of one tab's rows"
    assert post(world, "sales1a", "contact_customers/done", ids=["1"]).status_code == 400
    client = world.client("sales1a")
    assert client.post(f"/to-dos/{TODAY}", data={"one": "2"}).status_code in (400, 403)
    assert client.get(f"/to-dos/{TODAY}?one=2").status_code == 400, "looking marks nothing"


def test_a_hidden_time_makes_no_list(world: World, planned: Engine) -> None:
    """C43: who may not read when, doesn't learn from a list who is due."""
    for key in ("next_contact_at", "last_follow_up_at"):
        grant_fields(planned, "salesperson", "customer", **{key: {"level": 0}})
        assert world.client("sales1a").get(f"/to-dos/{TODAY}").status_code == 404
        assert "contact_customers" not in world.client("sales1a").get("/to-dos/").text
        grant_fields(planned, "salesperson", "customer")


def test_converted_and_invalid_leads_wait_for_nobody(world: World, engine: Engine) -> None:
    for number, values in {
        1: {},
        2: {"is_converted": True},
        4: {"invalid_reason": "duplicate"},
    }.items():
        owner = user_ids(engine)["sales1a"]
        given_away = {"obtained_way": "assigned", "obtained_at": NOW, "is_followed_up": False}
        asked = {"next_contact_at": NOW, "last_follow_up_at": None}
        write(engine, "lead", number, owner_id=owner, **asked, **given_away, **values)
    assert shown(world, "sales1a", "contact_leads/today") == {1}
    assert shown(world, "sales1a", "leads_given/open") == {1}


def test_verdicts(world: World) -> None:
    client = world.client("sales1a")
    for path, status in (
        ("nothing/today", 404),
        ("contact_customers/nothing", 404),
        (f"{TODAY}?who=x", 400),
        (f"{TODAY}?page=0", 400),
        (f"{TODAY}?x=1", 400),
        ("?who=x", 400),
        ("?x=1", 400),
        (f"{TODAY}?page=2", 200),
        (f"{TODAY}/counts", 200),
    ):
        assert client.get(f"/to-dos/{path}").status_code == status, path
    for path, status in (("", 403), (TODAY, 403), ("waiting", 200)):
        assert world.client("people").get(f"/to-dos/{path}").status_code == status, path
    assert "/to-dos/" not in world.client("people").get("/").text


@pytest.mark.parametrize(
    "path", ["", "waiting", TODAY, f"{HANDLED}?who=my_people", f"{TODAY}/counts"]
)
def test_statements_don_t_grow(world: World, planned: Engine, path: str) -> None:
    """All counts are one statement, whatever there is to count; the budget is 6."""
    client = world.client("manager")
    spent = []
    for rows in (0, 40):
        with planned.begin() as connection:
            table = catalogue.get("customer").model.__table__
            one = dict(connection.execute(select(table).where(table.c.id == 1)).mappings().one())
            del one["id"]
            for n in range(rows):
                fresh = {"name_key": f"more {n}", "credit_code": None}
                connection.execute(insert(table).values(**{**one, **fresh}))
        world.is_dirty = True
        client.get(f"/to-dos/{path}")
        with count_statements() as asked:
            client.get(f"/to-dos/{path}")
        spent.append(len(asked))
        assert len(asked) <= 6, str(asked)
    assert spent[0] == spent[1]


def test_a_purged_record_leaves_no_mark(world: World, engine: Engine) -> None:
    write(engine, "lead", 1, next_contact_at=NOW, last_follow_up_at=None)
    assert post(world, "sales1a", "contact_leads/today", one="1").status_code == 302
    api = Api(world, "admin")
    assert api.bulk("leads", "delete", [1]).status_code == 200
    with engine.connect() as connection:
        assert connection.scalars(select(ToDoMark.record_id)).all() == [1]
    assert api.bulk("leads", "purge", [1]).status_code == 200
    with engine.connect() as connection:
        assert not connection.scalars(select(ToDoMark.record_id)).all()


def test_moments_compare_with_one_another(world: World, engine: Engine) -> None:
    """Contract §3: ``@field:``, of moments that he may filter by; everything else is 400."""
    write(engine, "customer", 1, next_contact_at=NOW, last_follow_up_at=NOW)
    write(engine, "customer", 2, next_contact_at=NOW, last_follow_up_at=NOW - DAY)
    write(engine, "customer", 3, next_contact_at=NOW, last_follow_up_at=NOW + DAY)
    api = Api(world, "admin")
    other, named = "@field:next_contact_at", "Next contact time"
    for operator, found in (
        ("lt", {2}),
        ("le", {1, 2}),
        ("eq", {1}),
        ("ge", {1, 3}),
        ("gt", {3}),
    ):
        asked = {"col": "last_follow_up_at", "opr": operator, "value": other}
        assert api.ids("customers", asked) & {1, 2, 3} == found, operator
        page = world.client("admin").get(f"/customers/list/?filters={quote(filters_of(asked))}")
        assert re.search(rf"Last follow-up time is [a-z ]*{named}", page.text), "the chip names it"
    for column, operator, value in (
        ("last_follow_up_at", "lt", "@field:name"),
        ("last_follow_up_at", "lt", "@field:nothing"),
        ("last_follow_up_at", "lt", "@field:"),
        ("last_follow_up_at", "between", [other, other]),
        ("annual_revenue", "lt", other),
        ("owner", "eq", "@field:created_by"),
    ):
        asked = {"col": column, "opr": operator, "value": value}
        assert api.get("/customers/", filters=[asked]).status_code == 400, (column, value)


CELL = re.compile(r'<span class="due (late|today)">')


def test_what_is_due_says_so_wherever_it_stands(world: World, planned: Engine) -> None:
    """UI-4, UI-9: in words and colour, until a follow-up at or after the time settles it."""
    client = world.client("sales1a")
    pages = {
        "/customers/list/?order=next_contact_at": ["late", "today", "today"],
        f"/to-dos/{TODAY}": ["today"],
        f"/to-dos/{LATE}": ["late"],
        "/customers/show/2?tab=details": ["late"] * 3,  # on top, beside and among all fields
    }
    for path, found in pages.items():
        text = client.get(path).text
        assert sorted(CELL.findall(text)) == found, path
        for tone in set(found):
            assert {"late": "<b>overdue</b>", "today": "<b>today</b>"}[tone] in text
    write(planned, "customer", 2, last_follow_up_at=NOW - DAY + timedelta(hours=1))
    assert CELL.findall(client.get("/customers/show/2").text) == []
    owner = user_ids(planned)["sales1a"]
    write(planned, "lead", 1, owner_id=owner, next_contact_at=NOW - DAY, last_follow_up_at=None)
    assert "late" in CELL.findall(client.get("/leads/show/1").text)
    write(planned, "lead", 1, is_converted=True)
    assert CELL.findall(client.get("/leads/show/1").text) == []


def test_what_settles_it_is_no_secret_told(world: World, planned: Engine) -> None:
    """C43: who doesn't read when somebody was followed up, doesn't learn it from a colour."""
    write(planned, "customer", 2, last_follow_up_at=NOW)
    client = world.client("sales1a")
    assert CELL.findall(client.get("/customers/show/2").text) == []
    grant_fields(planned, "salesperson", "customer", last_follow_up_at={"level": 0})
    assert set(CELL.findall(client.get("/customers/show/2").text)) == {"late"}


def test_programs_see_the_same(world: World, planned: Engine) -> None:
    """Counts, rows, marks and their end; verdicts as on the pages."""
    api = Api(world, "leader1")
    path = f"/to-dos/{TODAY}"
    answer = api.client.get("/api/v1/to-dos/?who=my_people").json
    found = {
        one["key"]: {tab["key"]: tab["count"] for tab in one["tabs"]} for one in answer["lists"]
    }
    assert found["contact_customers"] == {"today": 2, "overdue": 1, "done": 0, "handled": 0}
    rows = api.client.get(f"/api/v1{path}?who=my_people&page_size=1").json
    assert (rows["count"], rows["count_exact"], len(rows["ids"])) == (2, True, 1)
    again = api.client.get(f"/api/v1{path}?who=my_people&page_size=1&page=1").json
    assert {*rows["ids"], *again["ids"]} == {1, 3}
    row = rows["result"][0]
    assert row["url"] == f"/customers/show/{row['id']}"
    assert row["since"].endswith("Z")
    body = {"ids": [1, 3], "who": "my_people"}
    assert api.post(f"{path}/mark", body).json == {"changed": 2}
    assert api.post(f"{path}/mark", body).json == {"changed": 0}
    assert shown(world, "leader1", f"{HANDLED}?who=my_people") == {1, 3}
    assert api.post(f"/to-dos/{HANDLED}/unmark", {**body, "ids": [1]}).json == {"changed": 1}
    assert shown(world, "leader1", f"{TODAY}?who=my_people") == {1}
    for wrong, status in (
        ({"ids": [1, 7]}, 404),
        ({"ids": []}, 400),
        ({"ids": ["1"]}, 400),
        ({"ids": [True]}, 400),
        ({"ids": [1], "x": 1}, 400),
        ({"ids": [1], "who": "x"}, 400),
        ({}, 400),
    ):
        assert Api(world, "sales1a").post(f"{path}/mark", wrong).status_code == status, wrong
    assert api.post("/to-dos/contact_customers/done/mark", {"ids": [1]}).status_code == 400
    assert api.post(f"{path}/unmark", {"ids": [1]}).status_code == 400
    for wrong, status in (
        ("nothing/today", 404),
        (f"{TODAY}?page_size=101", 400),
        (f"{TODAY}?who=x", 400),
        (f"{TODAY}?q=1", 400),
        ("?page=1", 400),
    ):
        assert api.client.get(f"/api/v1/to-dos/{wrong}").status_code == status, wrong
    assert world.client("people").get("/api/v1/to-dos/").json["lists"] == []
    assert world.client("people").get(f"/api/v1{path}").status_code == 403


def test_the_card_shows_what_the_page_shows(world: World, planned: Engine) -> None:
    client = world.client("sales1a")
    card = client.get("/dashboard/cards/to_dos").text
    assert re.search(r'href="/to-dos/contact_customers/today"[^>]*>[^<]* 1<', card), card
    sheet = client.get("/dashboard/cards/to_dos/csv").text
    assert '"Customers to contact","Overdue","1"' in sheet
    assert world.client("people").get("/dashboard/cards/to_dos").status_code in (403, 404)


def test_the_dashboard_agrees_on_what_is_overdue(world: World, planned: Engine) -> None:
    """REP-1: what a follow-up has settled is in neither number."""
    number = re.compile(r'data-metric="customers_contact_overdue" data-value="(\d+)"')
    client, card = world.client("sales1a"), "/dashboard/cards/forgotten?who=me"
    page = client.get(card).text
    assert "customers_contact_overdue" in page
    before = len(shown(world, "sales1a", LATE))
    assert before == 1
    assert number.findall(page) == [str(before)], page
    write(planned, "customer", 2, last_follow_up_at=NOW)
    assert shown(world, "sales1a", LATE) == set()
    assert number.findall(client.get(card).text) == ["0"]
