"""Reminders of tasks: once per person and due time, of what is still open (TASK, NOTE)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine, select

from app.rules import task_reminders
from app.spec import clock
from app.spec.notices import NOTICES
from app.spec.words import language
from app.store.outbox import Outbox
from tests.contract.calls import Api, user_ids, write
from tests.support.mailbox import as_the_clock
from tests.support.statements import count_statements
from tests.support.worlds import World

DUE = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
"""Two in the afternoon in Shanghai."""
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def remind(world: World, moment: datetime) -> None:
    """What the clock does at that moment."""
    with time_machine.travel(moment, tick=False):
        as_the_clock(world, task_reminders.run)


def told(engine: Engine) -> list[tuple[str, int, str]]:
    """Whom the reminders went to, of which task, and when that is due."""
    names = {number: name for name, number in user_ids(engine).items()}
    with engine.connect() as connection:
        asked = select(Outbox.__table__).where(Outbox.kind == "task_reminder").order_by(Outbox.id)
        rows = connection.execute(asked).all()
    return [(names[r.user_id], r.data["record"], r.data["due"][5:16]) for r in rows]


def made(world: World, who: str = "sales1a", **values: Any) -> int:
    given = {"title": "Call", "due_at": clock.iso(DUE), "reminder_minutes": 15}
    answer = Api(world, who).post("/tasks/", {**given, **values})
    assert answer.status_code == 201, answer.text
    return int(answer.json["id"])


@pytest.mark.parametrize("minutes", [0, 15, 60, 61, 1440, 10_080])
def test_so_many_minutes_before_and_once(world: World, engine: Engine, minutes: int) -> None:
    """TASK: not a minute earlier, once however often the clock looks; nothing without a number."""
    number = made(world, reminder_minutes=minutes)
    made(world, reminder_minutes=None)
    due = DUE - timedelta(minutes=minutes)
    remind(world, due - MINUTE)
    assert told(engine) == []
    for wait in range(3):
        remind(world, due + wait * MINUTE)
    assert told(engine) == [("sales1a", number, "11-24T06:00")]


def test_who_takes_part_is_reminded_as_long_as_he_is_here(world: World, engine: Engine) -> None:
    """ORG-1: by the fields that let people in; a disabled person hears of nothing."""
    ids = user_ids(engine)
    number = made(world, participants=[ids["sales1b"], ids["leader1"]])
    write(engine, "user", ids["leader1"], is_active=False)
    remind(world, DUE)
    assert sorted(told(engine)) == [(who, number, "11-24T06:00") for who in ("sales1a", "sales1b")]


def test_what_is_done_or_cancelled_or_deleted_reminds_nobody(world: World, engine: Engine) -> None:
    api = Api(world, "sales1a")
    done, cancelled, deleted = made(world), made(world), made(world)
    assert api.bulk("tasks", "complete", [done]).json["done"] == 1
    assert api.put(f"/tasks/{cancelled}", {"status": "cancelled"}).status_code == 200
    assert api.delete(f"/tasks/{deleted}").status_code in (200, 204)
    remind(world, DUE)
    assert told(engine) == []
    assert api.bulk("tasks", "resume", [done]).json["done"] == 1
    remind(world, DUE + MINUTE)
    assert told(engine) == [("sales1a", done, "11-24T06:00")]


def test_another_due_time_reminds_anew(world: World, engine: Engine) -> None:
    number = made(world)
    remind(world, DUE)
    later = {"due_at": clock.iso(DUE + DAY)}
    assert Api(world, "sales1a").put(f"/tasks/{number}", later).status_code == 200
    remind(world, DUE + MINUTE)
    assert len(told(engine)) == 1
    remind(world, DUE + DAY)
    assert [one[2] for one in told(engine)] == ["11-24T06:00", "11-25T06:00"]


def test_what_was_missed_is_told_for_a_day(world: World, engine: Engine) -> None:
    """C97: all were down when it was due."""
    number = made(world)
    remind(world, DUE + DAY)
    assert told(engine) == []
    remind(world, DUE + DAY - 16 * MINUTE)
    assert told(engine) == [("sales1a", number, "11-24T06:00")]


def test_a_reminder_needs_a_due_time(world: World) -> None:
    """UI-3: a reminder that would never come is refused where it is asked for."""
    api = Api(world, "sales1a")
    answer = api.post("/tasks/", {"title": "Call", "reminder_minutes": 15})
    assert answer.status_code == 422
    assert list(answer.json["fields"]) == ["due_at"]
    number = made(world)
    assert api.put(f"/tasks/{number}", {"due_at": None}).status_code == 422
    assert (
        api.put(f"/tasks/{number}", {"due_at": None, "reminder_minutes": None}).status_code == 200
    )


def test_what_it_says_in_both_languages(world: World, engine: Engine) -> None:
    made(world, title="回电话")
    remind(world, DUE)
    with engine.connect() as connection:
        data = connection.execute(
            select(Outbox.data).where(Outbox.kind == "task_reminder")
        ).scalar_one()
    texts = {
        "en": "Reminder: 回电话, due at 2026-11-24 14:00",
        "zh": "任务提醒：回电话，截止于 2026-11-24 14:00",
    }
    for one, text in texts.items():
        with world.app.test_request_context(), clock.in_zone("Asia/Shanghai"):
            token = language.set(one)
            assert NOTICES["task_reminder"].says(data) == text
            language.reset(token)


def test_the_clock_asks_the_same_however_many_there_are(world: World) -> None:
    """C25: for one person, of one task that is due or of thirty; so when none is."""
    for moment in (DUE - DAY, DUE):
        asked = []
        for many in (1, 29):
            for _ in range(many):
                made(world)
            with count_statements() as statements:
                remind(world, moment)
            asked.append(len(statements))
        assert asked[0] == asked[1]
