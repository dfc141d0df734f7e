"""Calendars (TASK, C24): what stands in them is what lists hold, on the reader's days, bounded.

The oracle beside is a loop over plain rows; it knows days, people and marks, and nothing of SQL.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
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
from app.store.calendar import MY_PEOPLE, Span
from tests.contract.calls import grant_fields, user_ids, write
from tests.contract.test_todos import BELOW, MOMENTS, ZONES, mark, person
from tests.oracle import Oracle
from tests.support.statements import count_statements
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


def entries(name: str, whose: str = "", days: int = 1, **how: Any) -> calendar.Found:
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


def test_whose_calendar_is_looked_at(world: World) -> None:
    """One's own, that of somebody below, or all of theirs; anybody else's is not there."""
    with world.app.app_context():
        for name, whose in (("sales1a", "sales1b"), ("sales1a", "people"), ("leader1", "manager")):
            with pytest.raises(NotFound):
                entries(name, whose)
        assert entries("leader1", "people") is not None
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
