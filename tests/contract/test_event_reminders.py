"""Reminders of events: each time and person once, to those who may still read it (EVT, NOTE)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine, delete, select

from app.extensions import db
from app.rules import ahead, event_reminders
from app.spec import clock
from app.spec.notices import NOTICES
from app.spec.words import language
from app.store.organisation import RoleGrant
from app.store.outbox import Outbox
from app.store.version import touch
from tests.contract.calls import Api, user_ids, write
from tests.support.mailbox import as_the_clock
from tests.support.statements import count_statements
from tests.support.worlds import World

START = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
"""Two in the afternoon in Shanghai."""
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def remind(world: World, moment: datetime) -> None:
    """What the clock does at that moment."""
    with time_machine.travel(moment, tick=False):
        as_the_clock(world, event_reminders.run)


def told(engine: Engine, kind: str = "event_reminder") -> list[tuple[str, int, str]]:
    """Whom the messages of a kind went to, about which record, and when that begins."""
    names = {number: name for name, number in user_ids(engine).items()}
    with engine.connect() as connection:
        asked = select(Outbox.__table__).where(Outbox.kind == kind).order_by(Outbox.id)
        rows = connection.execute(asked).all()
    return [
        (names[r.user_id], r.data["record"], (r.data.get("starts") or r.data["at"])[5:16])
        for r in rows
    ]


def made(world: World, who: str = "sales1a", **values: Any) -> int:
    given = {"title": "Meeting", "starts_at": clock.iso(START), "reminder_minutes": 15}
    answer = Api(world, who).post("/events/", {**given, **values})
    assert answer.status_code == 201, answer.text
    return int(answer.json["id"])


@pytest.mark.parametrize("minutes", [0, 15, 60, 61, 1440, 10_080])
def test_so_many_minutes_before_and_once(world: World, engine: Engine, minutes: int) -> None:
    """EVT: not a minute earlier, once however often the clock looks; nothing without a number."""
    number = made(world, reminder_minutes=minutes)
    made(world, reminder_minutes=None)
    due = START - timedelta(minutes=minutes)
    remind(world, due - MINUTE)
    assert told(engine) == []
    for wait in range(3):
        remind(world, due + wait * MINUTE)
    assert told(engine) == [("sales1a", number, "11-24T06:00")]


def test_what_is_over_reminds_nobody_and_what_was_missed_still_does(
    world: World, engine: Engine
) -> None:
    """C97: all were down when it was due; a meeting that has not ended is still worth telling."""
    number = made(world, reminder_minutes=180)
    remind(world, START + 59 * MINUTE)
    assert told(engine) == [("sales1a", number, "11-24T06:00")]
    made(world)
    remind(world, START + HOUR)
    assert len(told(engine)) == 1


def test_a_moved_event_reminds_anew(world: World, engine: Engine) -> None:
    number = made(world)
    remind(world, START)
    api = Api(world, "sales1a")
    later = {"starts_at": clock.iso(START + DAY), "ends_at": clock.iso(START + DAY + HOUR)}
    assert api.put(f"/events/{number}", later).status_code == 200
    remind(world, START + MINUTE)
    assert len(told(engine)) == 1
    remind(world, START + DAY)
    assert [one[2] for one in told(engine)] == ["11-24T06:00", "11-25T06:00"]


def test_each_time_of_what_repeats(world: World, engine: Engine) -> None:
    """C98: at the same time of day in Berlin when its clocks have been changed."""
    write(engine, "user", user_ids(engine)["sales1a"], timezone="Europe/Berlin")
    start = datetime(2026, 10, 19, 7, tzinfo=UTC)  # Monday at nine, in summer
    number = made(world, starts_at=clock.iso(start), repeat="FREQ=WEEKLY;COUNT=3")
    moment = start - DAY
    while moment < start + 30 * DAY:
        remind(world, moment)
        moment += 45 * MINUTE
    assert told(engine) == [
        ("sales1a", number, "10-19T07:00"),
        ("sales1a", number, "10-26T08:00"),
        ("sales1a", number, "11-02T08:00"),
    ]


def test_a_whole_day_reminds_at_the_hour_of_reminders(world: World, engine: Engine) -> None:
    """EVT: nobody wants to hear of it before midnight; the day before is at that hour too."""
    number = made(world, is_all_day=True, reminder_minutes=0)
    nine = datetime(2026, 11, 24, 1, tzinfo=UTC)
    remind(world, nine - MINUTE)
    assert told(engine) == []
    remind(world, nine)
    assert told(engine) == [("sales1a", number, "11-23T16:00")]
    with engine.connect() as connection:
        asked = select(Outbox.data).where(Outbox.kind == "event_reminder")
        data = connection.execute(asked).scalar()
    with world.app.test_request_context():
        token = language.set("en")
        assert NOTICES["event_reminder"].says(data) == "Reminder: Meeting, on 2026-11-24"
        language.reset(token)


def test_everybody_in_it_who_may_read_it_by_now(world: World, engine: Engine) -> None:
    """PERM-4, ORG-1: not who was disabled, not who may read no events any more."""
    people = ["sales1b", "service", "legal", "people", "leader1"]
    number = made(world, participants=people)
    write(engine, "user", user_ids(engine)["service"], is_active=False)
    with world.app.app_context():
        roles = db.metadata.tables["role"]
        legal = select(roles.c.id).where(roles.c.code == "legal").scalar_subquery()
        gone = (RoleGrant.role_id == legal, RoleGrant.entity == "event")
        db.session.execute(delete(RoleGrant.__table__).where(*gone))
        touch()
        db.session.commit()
    remind(world, START)
    assert sorted(told(engine)) == [
        (who, number, "11-24T06:00") for who in ("leader1", "sales1a", "sales1b")
    ]


def test_nothing_of_the_recycle_bin(world: World, engine: Engine) -> None:
    number = made(world)
    assert Api(world, "sales1a").delete(f"/events/{number}").status_code in (200, 204)
    remind(world, START)
    assert told(engine) == []


def test_a_killed_run_loses_and_doubles_nothing(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C96: killed before the commit nothing is told; afterwards everything, once."""
    number = made(world, participants=["sales1b"])
    tell, calls = ahead.outbox.tell_all_once, []

    def dies(*args: Any) -> int:
        calls.append(tell(*args))
        if len(calls) == 1:
            raise KeyboardInterrupt
        return calls[-1]

    monkeypatch.setattr(ahead.outbox, "tell_all_once", dies)
    with pytest.raises(KeyboardInterrupt):
        remind(world, START)
    with world.app.app_context():
        db.session.rollback()
        db.session.remove()
    assert told(engine) == []
    remind(world, START)
    remind(world, START)
    everybody = [(who, number, "11-24T06:00") for who in ("sales1a", "sales1b")]
    assert sorted(told(engine)) == everybody


def test_whom_it_is_with_hears_of_it(world: World, engine: Engine) -> None:
    """NOTE: at once, those added later too, nobody twice, nor who wrote it or may read none."""
    number = made(world, participants=["sales1a", "sales1b", "people"])
    assert [one[0] for one in told(engine, "event_invited")] == ["sales1b"]
    api, ids = Api(world, "sales1a"), user_ids(engine)
    more = [ids["sales1b"], ids["leader1"]]
    assert api.put(f"/events/{number}", {"participants": more}).status_code == 200
    assert api.put(f"/events/{number}", {"title": "Renamed"}, 2).status_code == 200
    assert [one[0] for one in told(engine, "event_invited")] == ["sales1b", "leader1"]
    page = world.client("leader1").get("/notifications/").text
    assert "Sales1A asks you to take part: Meeting, 2026-11-24 14:00" in page


def test_the_clock_asks_the_same_however_many_there_are(world: World) -> None:
    """C25: for one person, of one event that is due or of thirty; so when none is."""
    for moment in (START - DAY, START):
        asked = []
        for many in (1, 29):
            for _ in range(many):
                made(world, starts_at=clock.iso(START), title=f"Of {many}, {moment}")
            with count_statements() as statements:
                remind(world, moment)
            asked.append(len(statements))
        assert asked[0] == asked[1]
