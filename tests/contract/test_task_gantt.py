"""The Gantt view of tasks by person (TASK): whose, which days, how many, at what cost."""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, insert

from app.spec.catalogue import catalogue
from tests.contract.calls import stored, user_ids, write
from tests.support.statements import count_statements
from tests.support.worlds import World

PATH = "/tasks/gantt/"
SHANGHAI = ZoneInfo("Asia/Shanghai")
TODAY = datetime.now(SHANGHAI).date()
MONDAY = TODAY - timedelta(days=TODAY.weekday())
DAY = timedelta(days=1)
CELL = re.compile(
    r'(?:<td colspan="(\d+)"></td>\s*)?<td colspan="(\d+)" class="gantt-cell">'
    r'<a href="/tasks/show/(\d+)" class="gantt-bar ([a-z -]*)"'
)


def at(day: Any, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), SHANGHAI).astimezone(UTC)


def bars(world: World, name: str, query: str = "") -> dict[int, tuple[int, int, list[str]]]:
    """Task to how many days lie before its bar, how long that is, and what its look says."""
    answer = world.client(name).get(f"{PATH}{query}")
    assert answer.status_code == 200, answer.text
    return {
        int(number): (int(before or 0), int(length), look.split())
        for before, length, number, look in CELL.findall(answer.text)
    }


@pytest.fixture
def planned(engine: Engine) -> Engine:
    """Task 1 from Monday to half past midnight on Wednesday; 2 is late, 3 is done, 4 none."""
    monday, wednesday = at(MONDAY, 9), at(MONDAY + 2 * DAY, 0, 30)
    write(engine, "task", 1, created_at=monday, due_at=wednesday, status="open")
    long_ago, late = at(MONDAY - 30 * DAY, 9), at(MONDAY - DAY, 18)
    write(engine, "task", 2, created_at=long_ago, due_at=late, status="open")
    write(engine, "task", 3, created_at=long_ago, due_at=at(MONDAY + 40 * DAY, 9), status="done")
    write(engine, "task", 4, created_at=monday, due_at=at(MONDAY + DAY, 9), status="cancelled")
    return engine


def test_bars_lie_on_the_readers_days(world: World, planned: Engine) -> None:
    """From the day it was made to the day it is due; what reaches further says so."""
    mine = bars(world, "sales1a")
    assert mine[1][:2] == (0, 3)
    assert 2 not in mine, "it was due before these weeks"
    before = bars(world, "sales1a", f"?date={MONDAY - 7 * DAY}&weeks=2")
    assert before[2] == (0, 7, ["late", "from-before"])
    assert before[1][:2] == (7, 3)
    assert bars(world, "sales1b")[3] == (0, 28, ["over", "from-before", "going-on"])
    assert 4 not in bars(world, "manager")


def test_rows_are_people_within_reach(world: World, planned: Engine) -> None:
    """One's own and one's people's, or one of them; tasks of others aren't there."""
    people = user_ids(planned)
    assert {1, 3} <= set(bars(world, "leader1"))
    assert set(bars(world, "leader1", f"?person={people['sales1b']}")) == {3}
    assert set(bars(world, "sales1a")) == {1}, "taking part in it makes it nobody's own"
    for query, status in (
        (f"?person={people['sales1b']}", 404), ("?person=987654", 404), ("?weeks=3", 400),
        ("?weeks=x", 400), ("?date=soon", 400), ("?date=9999-12-31", 400), ("?page=0", 400),
        ("?page=2", 404), ("?x=1", 400), ("?weeks=12", 200), (f"?date={TODAY}", 200),
    ):  # fmt: skip
        assert world.client("sales1a").get(f"{PATH}{query}").status_code == status, query
    assert world.client("people").get(PATH).status_code == 403


def test_a_full_line_says_how_many_more_there_are(world: World, planned: Engine) -> None:
    """Bounded per person, at the statements of a few; the rest is in the list, which agrees."""
    client = world.client("leader1")
    spent = []
    row = {key: value for key, value in stored(planned, "task", 1).items() if key != "id"}
    for more in (0, 1_000):
        if more:
            with planned.begin() as connection:
                connection.execute(
                    insert(catalogue.get("task").model.__table__),
                    [{**row, "title": f'"><img src=x>{n}'} for n in range(more)],
                )
        world.is_dirty = True
        client.get(PATH)
        with count_statements() as asked:
            page = client.get(PATH).text
        spent.append(len(asked))
        assert len(asked) <= 6, str(asked)
    assert spent[0] == spent[1]
    assert "<img src=x" not in page
    assert len(bars(world, "leader1", f"?person={user_ids(planned)['sales1a']}")) == 12
    [link] = re.findall(r'<a href="([^"]+)">989 more in the list', page)
    assert 'data-total="1,001"' in client.get(link.replace("&amp;", "&")).text
