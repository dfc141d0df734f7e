"""Calendars (TASK, C24): what stands in them is what lists hold, on the reader's days, bounded.

The oracle beside is a loop over plain rows; it knows days, people and marks, and nothing of SQL.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, insert, select, update

from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.errors import BadRequest, NotFound
from app.store import calendar
from app.store.calendar import MY_PEOPLE
from app.store.calendar_days import Found, Span
from tests.contract.calls import Api, grant_fields, stored, user_ids, write
from tests.contract.test_bulk import rows_in
from tests.contract.test_todos import BELOW, MOMENTS, ZONES, mark, person
from tests.oracle import Oracle
from tests.support.statements import count_statements
from tests.support.web import csrf_token, hidden_inputs
from tests.support.worlds import World

DAY = timedelta(days=1)
NOW = datetime.now(UTC).replace(microsecond=0)
LIVE = (1, 2, 3, 4, 5, 6, 7, 8)
READERS = (
    ("manager", "people"),
    ("manager", "sales1a"),
    ("leader1", "people"),
    ("leader1", "leader1"),
    ("sales1a", "sales1a"),
    ("sales1b", "sales1b"),
    ("finance", "finance"),
    ("marketing", "marketing"),
)
"""Somebody, and whose calendar he looks at."""
SITUATION = st.fixed_dictionaries(
    {
        "hours": st.sampled_from([None, -700, -50, -26, -10, -1, 0, 1, 10, 26, 50, 700]),
        "last": st.sampled_from([None, -30, 0, 30]),
        "status": st.sampled_from(["open", "done", "cancelled"]),
        "mark": st.sampled_from(["", "holds", "other time", "other person"]),
    }
)


def arrange(
    situations: list[dict[str, Any]], owners: Mapping[str, Mapping[int, int]], now: datetime
) -> None:
    """Write each situation into a customer and a task, with its mark."""
    for number, said in zip(LIVE, situations, strict=True):
        when = None if said["hours"] is None else now + timedelta(hours=said["hours"])
        is_known = when is not None and said["last"] is not None
        last = when + timedelta(minutes=said["last"]) if when and is_known else None
        values = {
            "customer": {"next_contact_at": when, "last_follow_up_at": last},
            "task": {"due_at": when, "status": said["status"]},
        }
        for key, what in values.items():
            if number in owners[key]:
                table = catalogue.get(key).model.__table__
                db.session.execute(update(table).where(table.c.id == number).values(**what))
        if said["mark"] and when:
            owner = owners["customer"][number]
            mark("contact_customers", number, when, owner, said["mark"])


def expected(key: str, said: Mapping[str, Any]) -> bool | None:
    """Whether nothing is left to do; None for what isn't in the calendar at all."""
    if key == "task":
        return None if said["status"] == "cancelled" else said["status"] == "done"
    is_settled = said["last"] is not None and said["last"] >= 0
    return is_settled or said["mark"] == "holds"


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    situations=st.lists(SITUATION, min_size=8, max_size=8),
    reader=st.sampled_from(READERS),
    zone=st.sampled_from(ZONES),
    now=st.sampled_from(MOMENTS),
    length=st.sampled_from([1, 3, 42]),
)
def test_a_calendar_holds_what_the_list_holds_on_the_readers_days(
    world: World, oracle: Oracle, situations: Any, reader: Any, zone: str, now: datetime,
    length: int,
) -> None:  # fmt: skip
    """C24: for anybody, in any zone, at any hour: the entries, their days and what is done."""
    name, whose = reader
    people = BELOW.get(name, set()) if whose == "people" else {whose}
    rows = {key: {row.id: row for row in oracle.company.rows[key]} for key in ("customer", "task")}
    today = now.astimezone(ZoneInfo(zone)).date()
    span = Span(today - timedelta(days=length // 2), today + timedelta(days=(length + 1) // 2))
    wanted: dict[tuple[str, int], tuple[date, bool]] = {}
    for key, takers in (("customer", False), ("task", True)):
        for number in oracle.visible(name, key, "list") & {*LIVE}:
            said, row = situations[number - 1], rows[key][number]
            is_his = row.owner in people or (takers and people & {*row.takers})
            is_over = expected(key, said)
            if said["hours"] is None or is_over is None or not is_his:
                continue
            day = (now + timedelta(hours=said["hours"])).astimezone(ZoneInfo(zone)).date()
            if span.first <= day < span.after:
                wanted[key, number] = (day, is_over)
    with world.app.app_context(), time_machine.travel(now, tick=False):
        ids = user_ids(db.engine)
        owners = {key: {n: ids[row.owner or "admin"] for n, row in some.items() if row.owner}
                  for key, some in rows.items()}  # fmt: skip
        arrange(situations, owners, now)
        with person(name, zone):
            asked = MY_PEOPLE if whose == "people" else ids[whose]
            found = calendar.entries(span, asked, {"contact_customers", "tasks_due"})
            told = {(e.entity.key, e.id): (e.day, e.is_over) for e in found.entries}
        db.session.rollback()
    assert {one: told[one] for one in told if one[1] in LIVE} == wanted
    assert not found.more


def entries(name: str, whose: str = "", days: int = 1, **how: Any) -> Found:
    """What somebody finds in a calendar from today on, on a clock of Shanghai."""
    db.session.rollback()
    ids = user_ids(db.engine)
    asked = MY_PEOPLE if whose == "people" else ids[whose or name]
    with person(name):
        today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
        return calendar.entries(Span(today, today + days * DAY), asked, **how)


def test_a_day_says_what_it_leaves_out(world: World, engine: Engine) -> None:
    """Bounded by kind and day, the earliest first, and never silently cut."""
    owner = user_ids(engine)["leader1"]
    table = catalogue.get("task").model.__table__
    noon = datetime.now(ZoneInfo("Asia/Shanghai")).replace(
        hour=12, minute=0, second=0, microsecond=0
    )
    with engine.begin() as connection:
        row = dict(connection.execute(select(table).where(table.c.id == 4)).mappings().one())
        fresh = {**row, "owner_id": owner, "status": "open"}
        del fresh["id"]
        many = [
            {**fresh, "title": f"T{n:02}", "due_at": noon + timedelta(minutes=n, days=n % 2)}
            for n in range(30)
        ]
        connection.execute(insert(table), many)
    world.is_dirty = True
    with world.app.app_context():
        found = entries("leader1", days=2, each=12)
        assert [one.title for one in found.entries] == [
            *(f"T{n:02}" for n in range(0, 24, 2)), *(f"T{n:02}" for n in range(1, 24, 2)),
        ]  # fmt: skip
        assert [(one.kind.key, one.number) for one in found.more] == [("tasks_due", 3)] * 2
        assert not entries("leader1", days=2).more
        assert not entries("leader1", days=2, keys={"contact_leads"}).entries


def test_days_of_many_people_are_walked_to_a_cap(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is found day by day for many people is what ranking finds; it says when it stops."""
    owner = user_ids(engine)["sales1a"]
    table = catalogue.get("task").model.__table__
    noon = datetime.combine(
        datetime.now(ZoneInfo("Asia/Shanghai")).date(), time(12), ZoneInfo("Asia/Shanghai")
    )
    with engine.begin() as connection:
        row = dict(connection.execute(select(table).where(table.c.id == 4)).mappings().one())
        fresh = {**row, "owner_id": owner, "status": "open"}
        del fresh["id"]
        many = [{**fresh, "title": f"T{n}", "due_at": noon + n % 3 * DAY} for n in range(50)]
        connection.execute(insert(table), many)
    world.is_dirty = True
    with world.app.app_context():
        ranked = entries("leader1", "people", days=42, each=7)
        monkeypatch.setattr(calendar, "FEW_PEOPLE", 0)
        assert entries("leader1", "people", days=42, each=7) == ranked
        assert [one.number for one in ranked.more] == [10, 10, 9]
        monkeypatch.setattr(calendar, "COUNT_CAP", 9)
        capped = entries("leader1", "people", days=42, each=7)
        assert capped.entries == ranked.entries
        if engine.dialect.name == "postgresql":
            assert [(one.number, one.is_least) for one in capped.more] == [(3, True)] * 3
        else:
            assert capped == ranked


def test_whose_calendar_is_looked_at(world: World) -> None:
    """One's own, that of somebody below, or all of theirs; anybody else's is not there."""
    with world.app.app_context():
        for name, whose in (("sales1a", "sales1b"), ("sales1a", "people"), ("leader1", "manager")):
            with pytest.raises(NotFound):
                entries(name, whose)
        for name, whose in (("sales1a", "sales1a"), ("leader1", "sales1a"), ("leader1", "people")):
            entries(name, whose)  # raises nothing
        with person("sales1a"), pytest.raises(NotFound):
            calendar.entries(Span(date(2026, 11, 1), date(2026, 11, 2)), 987_654)
        for first, after in (("2026-11-02", "2026-11-02"), ("2025-01-01", "2026-12-01")):
            with pytest.raises(BadRequest):
                Span(date.fromisoformat(first), date.fromisoformat(after))


def test_what_is_not_read_is_in_no_calendar(world: World, engine: Engine) -> None:
    """C43: without one of the fields that an entry is made of its kind is absent, not emptier."""
    write(engine, "customer", 1, next_contact_at=NOW)
    for key in ("next_contact_at", "last_follow_up_at", "name"):
        grant_fields(engine, "salesperson", "customer", **{key: {"level": 0}})
        with world.app.app_context(), person("sales1a"):
            assert "contact_customers" not in {kind.key for _entity, kind in calendar.kinds()}, key
        grant_fields(engine, "salesperson", "customer")
    with world.app.app_context():
        assert [one.id for one in entries("sales1a", keys={"contact_customers"}).entries] == [1]
        with person("people"):
            assert {entity.key for entity, _kind in calendar.kinds()} <= {"task"}


def test_many_entries_cost_the_statements_of_few(world: World, engine: Engine) -> None:
    """Ten or a thousand: one statement finds them, with seats and people asked once."""
    owner = user_ids(engine)["sales1a"]
    table = catalogue.get("task").model.__table__
    with engine.connect() as connection:
        row = dict(connection.execute(select(table).where(table.c.id == 1)).mappings().one())
    del row["id"]
    spent = []
    for number in (10, 990):
        with engine.begin() as connection:
            many = [
                {**row, "owner_id": owner, "due_at": NOW + timedelta(minutes=n)}
                for n in range(number)
            ]
            connection.execute(insert(table), many)
        world.is_dirty = True
        with world.app.app_context():
            ids = user_ids(db.engine)
            with person("manager"), count_statements() as asked:
                today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
                span = Span(today, today + 3 * DAY)
                found = calendar.entries(span, ids["sales1a"])
            spent.append(len(asked))
            assert len([e for e in found.entries if e.kind.key == "tasks_due"]) >= number
    assert spent[0] == spent[1] <= 2, asked


PATH = "/calendar/"
TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()


def drawn(world: World, name: str, query: str = "", days: int = 7) -> list[dict[str, Any]]:
    """What the script gets of a week from today on."""
    asked = f"first={TODAY}&after={TODAY + days * DAY}{query}"
    answer = world.client(name).get(f"{PATH}entries?{asked}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json["entries"]
    return found


def move(world: World, name: str, one: str, version: int, starts: str, **more: Any) -> Any:
    client = world.client(name)
    form = {"csrf_token": csrf_token(client, "/notifications/"), "version": version}
    form |= {"starts": starts, **more}
    return client.post(f"{PATH}entry/{one}", data=form, headers={"Accept": "application/json"})


@pytest.fixture
def due(engine: Engine) -> Engine:
    """Task 1 of sales1a is due at half past midnight tomorrow, on a clock of Shanghai."""
    when = datetime.combine(TODAY + DAY, time(0, 30), ZoneInfo("Asia/Shanghai")).astimezone(UTC)
    write(engine, "task", 1, due_at=when, status="open")
    return engine


def test_a_page_shows_the_readers_days_with_and_without_a_script(world: World, due: Engine) -> None:
    """What is due at half past midnight stands on that day, in every view of the page."""
    [one] = [one for one in drawn(world, "sales1a") if one["kind"] == "tasks_due"]
    assert (one["number"], one["start"]) == (1, f"{TODAY + DAY}T00:30:00")
    assert one["movable"]
    assert "?" in one["url"]
    client = world.client("sales1a")
    for view in ("month", "week", "day", "list"):
        page = client.get(f"{PATH}?view={view}&date={TODAY + DAY}").text
        [day] = re.findall(rf'<li id="day-{TODAY + DAY}"(.*?)</ul>', page, re.DOTALL)
        assert "Task 01" in day, view
        assert "00:30" in day
    page = client.get(f"{PATH}?view=day&date={TODAY}").text
    assert "Task 01" not in page
    for step in (f"date={TODAY - DAY}", f"date={TODAY + DAY}"):
        assert f"{PATH}?view=day&amp;{step}" in page
    assert f'href="{PATH}"' in client.get("/").text
    assert f'href="{PATH}"' not in world.client("people").get("/").text


def test_nonsense_is_refused(world: World) -> None:
    """C50-C53: unknown words, days that there aren't, too many of them, people out of reach."""
    client, week = world.client("sales1a"), f"first={TODAY}&after={TODAY + 7 * DAY}"
    for query, status in (
        ("?view=year", 400), ("?date=yesterday", 400), ("?date=2026-02-30", 400),
        ("?date=0001-01-01", 400), ("?date=9999-12-31", 400), ("?person=x", 400),
        ("?person=-1", 400), ("?person=987654", 404), ("?person=people", 404), ("?x=1", 400),
        ("?date=20261123", 400), ("entries", 400), (f"entries?first={TODAY}", 400),
        (f"entries?{week}&x=1", 400), (f"entries?{week}&person=people", 404),
        (f"entries?first={TODAY}&after={TODAY}", 400),
        (f"entries?first={TODAY}&after={TODAY - DAY}", 400),
        (f"entries?first={TODAY}&after={TODAY + 46 * DAY}", 400),
        (f"entries?first={TODAY}T00:00&after={TODAY + DAY}", 400),
        ("new", 400), ("new?at=soon", 400), (f"new?at={TODAY}", 400),
        (f"new?at={TODAY}T25:00", 400), (f"new?at={TODAY}T09:00&x=1", 400),
        (f"new?at={TODAY}T09:00", 200), ("entry/nothing/1", 404),
        ("entry/tasks_due/987654", 404), ("entry/tasks_due/4", 404),
        ("entry/tasks_due/1?x=1", 400), (f"entries?{week}", 200), ("", 200),
    ):  # fmt: skip
        assert client.get(f"{PATH}{query}").status_code == status, query
    assert world.client("people").get(PATH).status_code == 403
    assert world.client("people").get(f"{PATH}entries?{week}").status_code == 403


def test_an_entry_is_moved_as_by_any_edit(world: World, due: Engine) -> None:
    """Version, history and rights are those of editing; a day alone keeps the time of day."""
    assert move(world, "sales1a", "tasks_due/1", 1, f"{TODAY + 2 * DAY}").json == {"version": 2}
    assert stored(due, "task", 1)["due_at"] == datetime.combine(
        TODAY + 2 * DAY, time(0, 30), ZoneInfo("Asia/Shanghai")
    ).astimezone(UTC).replace(tzinfo=stored(due, "task", 1)["due_at"].tzinfo)
    stale = move(world, "sales1a", "tasks_due/1", 1, f"{TODAY + 3 * DAY}T10:00:00")
    assert stale.status_code == 409
    assert stale.json["message"] == (
        "Somebody else has changed this meanwhile. It stays where it is."
    )
    assert (
        move(world, "leader1", "tasks_due/1", 2, f"{TODAY + 3 * DAY}T10:00:00").status_code == 200
    )
    told = [
        r for r in rows_in(due, "history", entity="task", record_id=1) if r["operation"] == "edit"
    ]
    assert [list(line["changes"]) for line in told] == [["due_at"], ["due_at"]]
    for name, one, status in (
        ("sales1b", "tasks_due/1", 404), ("audit", "tasks_due/1", 403),
        ("people", "tasks_due/1", 403), ("sales1a", "nothing/1", 404),
        ("sales1a", "contact_customers/1", 404),
    ):  # fmt: skip
        assert move(world, name, one, 3, f"{TODAY}T10:00:00").status_code == status, (name, one)
    for starts in ("", "soon", "2026-13-01", "9999-99-99T00:00:00", "0001-01-01T00:00:00"):
        assert move(world, "sales1a", "tasks_due/1", 3, starts).status_code in (400, 422), starts
    assert move(world, "sales1a", "tasks_due/1", 3, f"{TODAY}T10:00:00", x="1").status_code == 400
    assert stored(due, "task", 1)["version"] == 3


def test_who_may_not_edit_moves_nothing(world: World, due: Engine) -> None:
    """A participant sees it and can't move it; nor can whoever doesn't write that field."""
    write(due, "task", 3, due_at=NOW + DAY, status="open")
    ours = {
        one["number"]: one["movable"]
        for one in drawn(world, "sales1a")
        if one["kind"] == "tasks_due"
    }
    assert ours[1] is True
    assert ours[3] is False, "he takes part in it only"
    assert move(world, "sales1a", "tasks_due/3", 1, f"{TODAY}T10:00:00").status_code == 404
    grant_fields(due, "salesperson", "task", due_at={"level": 1})
    assert not any(one["movable"] for one in drawn(world, "sales1a"))
    assert move(world, "sales1a", "tasks_due/1", 1, f"{TODAY}T10:00:00").status_code == 403
    page = world.client("sales1a").get(f"{PATH}entry/tasks_due/1").text
    assert "data-form" not in page


def test_without_a_script_a_form_moves_it(world: World, due: Engine) -> None:
    """UI-2: back to the calendar it came from; a refusal shows the entry as it is now, and why."""
    client = world.client("sales1a")
    path = f"{PATH}entry/tasks_due/1?view=week&date={TODAY}"
    [form] = re.findall(r'<form [^>]*"calendar-move".*?</form>', client.get(path).text, re.DOTALL)
    form = hidden_inputs(form)
    answer = client.post(path, data={**form, "starts": f"{TODAY} 18:00"})
    assert (answer.status_code, answer.location) == (302, f"{PATH}?view=week&date={TODAY}")
    again = client.post(path, data={**form, "starts": f"{TODAY} 19:00"})
    assert again.status_code == 409
    assert "It stays where it is." in again.text
    assert "18:00" in again.text


def test_what_is_switched_off_stays_off_for_oneself(world: World, due: Engine) -> None:
    """Kept on the server, per person; kinds that there aren't are refused."""
    client = world.client("sales1a")
    form = {"csrf_token": csrf_token(client, "/notifications/"), "kind": ["contact_leads"]}
    answer = client.post(f"{PATH}kinds", data={**form, "view": "week", "date": f"{TODAY}"})
    assert (answer.status_code, answer.location) == (302, f"{PATH}?view=week&date={TODAY}")
    assert drawn(world, "sales1a") == []
    assert "Task 01" not in client.get(f"{PATH}?date={TODAY + DAY}").text
    person = user_ids(due)["sales1a"]
    assert [one["number"] for one in drawn(world, "leader1", f"&person={person}")] == [1]
    assert client.post(f"{PATH}kinds", data={**form, "kind": ["nothing"]}).status_code == 400
    client.post(f"{PATH}kinds", data={**form, "kind": ["tasks_due"]}, headers={"Accept": "*/*"})
    assert [one["number"] for one in drawn(world, "sales1a")] == [1]


def test_what_a_day_leaves_out_is_in_the_list_it_names(world: World, due: Engine) -> None:
    """C24: the number of the rest and the list that it opens agree."""
    row = {key: value for key, value in stored(due, "task", 1).items() if key != "id"}
    when = datetime.combine(TODAY, time(12), ZoneInfo("Asia/Shanghai")).astimezone(UTC)
    with due.begin() as connection:
        table = catalogue.get("task").model.__table__
        many = [{**row, "title": f"T{n}", "due_at": when} for n in range(70)]
        connection.execute(insert(table), many)
    world.is_dirty = True
    person = user_ids(due)["sales1a"]
    for name, query in (
        ("sales1a", ""),
        ("leader1", f"&person={person}"),
        ("leader1", "&person=people"),
    ):
        [rest] = [one for one in drawn(world, name, query) if one.get("rest")]
        assert rest["title"] == "10 more: Tasks due"
        page = world.client(name).get(rest["url"]).text
        assert 'data-total="70"' in page, (name, query)
    write(due, "task", 1, title='"><img src=x onerror=alert(1)>')
    assert "<img src=x" not in world.client("sales1a").get(f"{PATH}?view=week").text


def test_a_page_costs_the_same_however_full_it_is(world: World, due: Engine) -> None:
    """The page, its data, with few entries and with a thousand: at most eight statements."""
    client = world.client("manager")
    week = f"first={TODAY}&after={TODAY + 7 * DAY}&person=people"
    paths = (f"{PATH}?person=people", f"{PATH}entries?{week}", f"{PATH}entry/tasks_due/1")
    spent: list[list[int]] = []
    row = {key: value for key, value in stored(due, "task", 1).items() if key != "id"}
    for more in (0, 1_000):
        if more:
            with due.begin() as connection:
                table = catalogue.get("task").model.__table__
                connection.execute(insert(table), [{**row, "title": f"T{n}"} for n in range(more)])
        world.is_dirty = True
        spent.append([])
        for path in paths:
            client.get(path)
            with count_statements() as asked:
                assert client.get(path).status_code == 200
            spent[-1].append(len(asked))
            assert len(asked) <= 8, (path, str(asked))
    assert spent[0] == spent[1]


def make_event(world: World, title: str, **values: Any) -> int:
    """An event of sales1a."""
    answer = Api(world, "sales1a").post("/events/", {"title": title, **values})
    assert answer.status_code == 201, answer.text
    number: int = answer.json["id"]
    return number


def iso(day: date, hour: int, minute: int = 0) -> str:
    """A time of day in Shanghai as programs say it."""
    when = datetime.combine(day, time(hour, minute), ZoneInfo("Asia/Shanghai"))
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def events(world: World, name: str, query: str = "", days: int = 7) -> list[tuple[str, str, Any]]:
    """Title, beginning and end of the events that the script draws, in their order."""
    found = [one for one in drawn(world, name, query, days) if one["kind"] == "events"]
    return [(one["title"], one["start"], one.get("end")) for one in found]


def test_events_take_place_as_often_as_they_repeat(world: World, due: Engine) -> None:
    """EVT: once, for whole days, over midnight, each week; in the calendars of participants too."""
    write(due, "event", 1, starts_at=NOW - 900 * DAY, ends_at=NOW - 900 * DAY)
    monday = TODAY - TODAY.weekday() * DAY
    people = user_ids(due)
    make_event(world, "Once", starts_at=iso(TODAY, 9), ends_at=iso(TODAY, 10),
               participants=[people["sales1b"]])  # fmt: skip
    make_event(world, "Whole", starts_at=iso(TODAY + DAY, 12), ends_at=iso(TODAY + 2 * DAY, 12),
               is_all_day=True)  # fmt: skip
    make_event(world, "Night", starts_at=iso(TODAY - DAY, 23), ends_at=iso(TODAY, 1))
    make_event(world, "Weekly", starts_at=iso(monday - 70 * DAY, 8, 30), repeat="FREQ=WEEKLY")
    weekly = monday if monday >= TODAY else monday + 7 * DAY
    mine = events(world, "sales1a")
    assert sorted(mine) == sorted([
        ("Night", f"{TODAY - DAY}T23:00:00", f"{TODAY}T01:00:00"),
        ("Once", f"{TODAY}T09:00:00", f"{TODAY}T10:00:00"),
        ("Whole", f"{TODAY + DAY}", f"{TODAY + 3 * DAY}"),
        ("Weekly", f"{weekly}T08:30:00", f"{weekly}T09:30:00"),
    ])  # fmt: skip
    assert [title for title, _start, _end in events(world, "sales1b")] == ["Once"]
    month = events(world, "sales1a", days=42)
    assert len([one for one in month if one[0] == "Weekly"]) == 6
    people_s = events(world, "leader1", "&person=people")
    assert {one[0] for one in people_s} == {"Night", "Once", "Whole", "Weekly"}
    page = world.client("sales1a").get(f"{PATH}?view=week&date={TODAY + 7 * DAY}").text
    assert "Weekly" in page
    for day in (TODAY + DAY, TODAY + 2 * DAY):
        page = world.client("sales1a").get(f"{PATH}?view=day&date={day}").text
        assert "Whole" in page, day


def test_an_event_keeps_its_length_and_a_series_its_times(world: World, due: Engine) -> None:
    """Moved with or without an end; what repeats isn't moved by one of its times."""
    once = make_event(world, "Once", starts_at=iso(TODAY, 9), ends_at=iso(TODAY, 10, 30))
    whole = make_event(world, "Whole", starts_at=iso(TODAY, 9), ends_at=iso(TODAY + DAY, 9),
                       is_all_day=True)  # fmt: skip
    series = make_event(world, "Weekly", starts_at=iso(TODAY, 8), repeat="FREQ=WEEKLY")
    said = {one["title"]: one["movable"] for one in drawn(world, "sales1a")}
    assert (said["Once"], said["Whole"], said["Weekly"]) == (True, True, False)
    day = TODAY + 3 * DAY
    assert move(world, "sales1a", f"events/{once}", 1, f"{day}T14:00:00").status_code == 200
    ends = f"{day}T18:00:00"
    assert ("Once", f"{day}T14:00:00", f"{day}T15:30:00") in events(world, "sales1a")
    longer = move(world, "sales1a", f"events/{once}", 2, f"{day}T14:00:00", ends=ends)
    assert longer.status_code == 200
    assert ("Once", f"{day}T14:00:00", ends) in events(world, "sales1a")
    assert move(world, "sales1a", f"events/{whole}", 1, f"{day}").status_code == 200
    assert ("Whole", f"{day}", f"{day + 2 * DAY}") in events(world, "sales1a")
    shorter = move(world, "sales1a", f"events/{whole}", 2, f"{day}", ends=f"{day}")
    assert shorter.status_code == 200
    assert ("Whole", f"{day}", f"{day + DAY}") in events(world, "sales1a")
    wrong = move(world, "sales1a", f"events/{once}", 3, f"{day}T14:00:00", ends=f"{day}T13:00:00")
    assert wrong.status_code == 422
    assert wrong.json["message"] == "The end must not be before the start."
    refused = move(world, "sales1a", f"events/{series}", 1, f"{day}T09:00:00")
    assert refused.status_code == 403
    assert "It repeats" in refused.json["message"]
    assert "It repeats" in world.client("sales1a").get(f"{PATH}entry/events/{series}").text


def test_many_events_are_told_of(world: World, due: Engine) -> None:
    """What the database counts and what is counted here come to one honest number."""
    make_event(world, "Whole", starts_at=iso(TODAY, 9), is_all_day=True)
    make_event(world, "Daily", starts_at=iso(TODAY, 8), repeat="FREQ=DAILY")
    number = make_event(world, "Once", starts_at=iso(TODAY, 9), ends_at=iso(TODAY, 10))
    row = {key: value for key, value in stored(due, "event", number).items() if key != "id"}
    with due.begin() as connection:
        connection.execute(insert(catalogue.get("event").model.__table__), [row] * 79)
    world.is_dirty = True
    found = [one for one in drawn(world, "sales1a") if one["kind"] == "events"]
    today = [one for one in found if one["start"].startswith(f"{TODAY}") and not one.get("rest")]
    assert [one["title"] for one in today[:2]] == ["Whole", "Daily"]
    assert len(today) == 60
    [rest] = [one for one in found if one.get("rest")]
    assert (rest["start"], rest["title"]) == (f"{TODAY}", "22 more: Events")
    assert 'data-total="82"' in world.client("sales1a").get(rest["url"]).text
