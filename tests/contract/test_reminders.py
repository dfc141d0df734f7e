"""Reminders (NOTE, TODO): once a day, of what one may list; superiors, birthdays."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine, delete, insert, select, update

from app.extensions import db
from app.jobs import reminding
from app.spec.catalogue import catalogue
from app.spec.notices import NOTICES
from app.spec.words import language
from app.store import access, reminders
from app.store.context import system_scope
from app.store.outbox import Outbox
from app.store.reminders import ReminderDay
from app.store.settings import StoredSetting
from app.store.version import touch
from tests.contract.calls import grant_fields, user_ids, write
from tests.support.mailbox import as_the_clock
from tests.support.worlds import World

NINE = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
"""In Shanghai."""
DAY = timedelta(days=1)


def remind(world: World, moment: datetime) -> dict[str, int]:
    """What the clock does at that moment, and what it reports."""
    done: dict[str, int] = {}
    with time_machine.travel(moment, tick=False):
        as_the_clock(world, lambda: done.update(reminding.run()) or done)
    return done


def told(engine: Engine, *kinds: str) -> list[tuple[str, str, int, int | None]]:
    """Kind, username, number and record of the messages, those of ``kinds`` if any are named."""
    names = {number: name for name, number in user_ids(engine).items()}
    with engine.connect() as connection:
        rows = connection.execute(select(Outbox.__table__).order_by(Outbox.id)).all()
    return sorted(
        (row.kind, names[row.user_id], row.data["count"], row.data.get("record"))
        for row in rows
        if not kinds or row.kind in kinds
    )


@pytest.fixture
def planned(world: World, engine: Engine) -> Engine:
    """Customers of sales1a due today and late, of sales1b late, in a pool, in the recycle bin."""
    for number, values in {
        1: {"next_contact_at": NINE + timedelta(hours=6)},
        2: {"next_contact_at": NINE - 3 * DAY},
        3: {"next_contact_at": NINE - 3 * DAY},
        4: {"next_contact_at": NINE - 3 * DAY, "last_follow_up_at": NINE - 2 * DAY},
        9: {"next_contact_at": NINE},
        11: {"next_contact_at": NINE},
    }.items():
        write(engine, "customer", number, **{"last_follow_up_at": None, **values})
    return engine


def test_everybody_hears_once_a_day_at_the_hour(world: World, planned: Engine) -> None:
    """Not before it, not twice, however often the clock looks; the next day anew."""
    assert remind(world, NINE - timedelta(minutes=1))["messages"] == 0
    assert told(planned) == []
    for _ in "123":
        remind(world, NINE)
    due = [("to_do_due", "sales1a", 1, 1)]
    left = [("to_do_left", "leader1", 2, None)]
    assert told(planned) == due + left
    remind(world, NINE + timedelta(hours=8))
    assert told(planned) == due + left
    write(planned, "customer", 1, next_contact_at=NINE + DAY)
    remind(world, NINE + DAY)
    assert told(planned, "to_do_due") == due * 2
    assert told(planned, "to_do_left") == left, "once per record and planned time"


def test_the_hour_is_of_one_s_own_clock(world: World, planned: Engine) -> None:
    """Nine in Los Angeles is midnight in Shanghai; what is due there next morning is of today."""
    write(planned, "user", user_ids(planned)["sales1a"], timezone="America/Los_Angeles")
    nine_there = NINE - timedelta(hours=8)
    remind(world, nine_there - timedelta(minutes=30))
    assert told(planned, "to_do_due") == []
    remind(world, nine_there)
    assert told(planned, "to_do_due") == [("to_do_due", "sales1a", 1, 1)]


def test_what_was_missed_is_caught_up(world: World, planned: Engine) -> None:
    """C97: in the afternoon when everything was down in the morning; superiors also after days."""
    remind(world, NINE - DAY)
    assert told(planned, "to_do_left") == []
    remind(world, NINE + 3 * DAY + timedelta(hours=7))
    assert told(planned, "to_do_left") == [("to_do_left", "leader1", 3, None)]
    assert told(planned, "to_do_due") == []


def test_a_killed_run_loses_and_doubles_nothing(
    world: World, planned: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C96: a person's day is taken with his messages, or neither is."""
    tell, calls = reminding.outbox.tell_once, []

    def dies(*args: Any) -> int:
        calls.append(tell(*args))
        if len(calls) == 1:
            raise KeyboardInterrupt
        return calls[-1]

    monkeypatch.setattr(reminding.outbox, "tell_once", dies)
    with pytest.raises(KeyboardInterrupt):
        remind(world, NINE)
    with world.app.app_context():
        db.session.rollback()
        db.session.remove()
    assert told(planned) == []
    remind(world, NINE)
    remind(world, NINE)
    assert told(planned) == [("to_do_due", "sales1a", 1, 1), ("to_do_left", "leader1", 2, None)]


def test_a_process_doesn_t_grow_with_the_people(world: World, planned: Engine) -> None:
    """What was worked out for each of them isn't kept: with 500 people it was 300 MiB."""
    remind(world, NINE)
    with world.app.app_context():
        kept = [access.rights_of(number).derived for number in user_ids(planned).values()]
    assert not any(kept)


def test_one_of_two_processes_takes_a_day(world: World, engine: Engine) -> None:
    """C95: the second one finds it taken; an earlier day is over."""
    world.is_dirty = True
    today = NINE.date()
    with world.app.app_context():
        assert [reminders.take(4, today) for _ in "12"] == [True, False]
        assert not reminders.take(4, today - DAY)
        assert reminders.take(4, today + DAY)
        assert db.session.scalar(select(ReminderDay.day)) == today + DAY
        db.session.rollback()


def test_nobody_hears_of_what_he_may_not_read(world: World, planned: Engine) -> None:
    """C43: a hidden time is no reminder; disabled people hear nothing."""
    grant_fields(planned, "salesperson", "customer", next_contact_at={"level": 0})
    grant_fields(planned, "sales_manager", "customer", next_contact_at={"level": 0})
    remind(world, NINE)
    assert told(planned) == []
    grant_fields(planned, "salesperson", "customer")
    write(planned, "user", user_ids(planned)["sales1a"], is_active=False)
    with planned.begin() as connection:
        connection.execute(delete(ReminderDay.__table__))
    remind(world, NINE)
    assert told(planned) == []


def test_settings_say_when_and_whether(world: World, planned: Engine) -> None:
    with world.app.app_context(), system_scope("an admin has set them"):
        touch()
        for key, value in {"remind_at": 11, "escalate_days": 0}.items():
            row = {"key": key, "value": value, "version": 1, "updated_at": NINE}
            db.session.execute(insert(StoredSetting).values(**row))
        db.session.commit()
    remind(world, NINE)
    assert told(planned) == []
    remind(world, NINE + timedelta(hours=2))
    assert told(planned) == [("to_do_due", "sales1a", 1, 1)]


def test_birthdays(world: World, engine: Engine) -> None:
    """With a year and without; those of a leap day on the 28th, where there is no other."""
    table = catalogue.get("contact").model.__table__
    with engine.begin() as connection:
        connection.execute(update(table).values(birthday=None))
    for number, born in {1: "1990-11-24", 2: "11-24", 3: "02-29", 9: "11-24"}.items():
        write(engine, "contact", number, birthday=born)
    remind(world, NINE)
    assert told(engine, "birthday") == [("birthday", "sales1a", 2, None)]
    remind(world, datetime(2027, 2, 28, 1, tzinfo=UTC))
    assert told(engine, "birthday")[1:] == [("birthday", "sales1b", 1, 3)]
    remind(world, datetime(2028, 2, 28, 1, tzinfo=UTC))
    remind(world, datetime(2028, 2, 29, 1, tzinfo=UTC))
    assert told(engine, "birthday")[1:] == [("birthday", "sales1b", 1, 3)] * 2
    client = world.client("sales1a")
    with engine.connect() as connection:
        row = connection.execute(
            select(Outbox.__table__).where(Outbox.kind == "birthday").order_by(Outbox.id)
        ).first()
    with world.app.test_request_context():
        path = NOTICES["birthday"].leads_to(row.data)
    page = client.get(path).text
    assert 'data-id="1"' in page
    assert 'data-id="2"' in page
    assert page.count("<tr data-id=") == 2


def test_messages_speak_both_languages_and_lead_to_their_list(
    world: World, planned: Engine
) -> None:
    remind(world, NINE)
    with planned.connect() as connection:
        rows = connection.execute(select(Outbox.__table__).order_by(Outbox.kind)).all()
    for row, zh, en, place in zip(
        rows,
        ("待联系客户：今日有 1 条到期。", "待联系客户：下属有 2 条逾期多日。"),
        (
            "Customers to contact: 1 is due today.",
            "Customers to contact: 2 of your people's have been overdue for days.",
        ),
        ("/customers/show/1", "/to-dos/contact_customers/overdue?who=my_people"),
        strict=True,
    ):
        notice = NOTICES[row.kind]
        for tongue, text in (("zh", zh), ("en", en)):
            with world.app.test_request_context():
                language.set(tongue)
                assert notice.says(row.data) == text
                assert notice.leads_to(row.data) == place
        gone = {**row.data, "to_do": "gone", "record": None}
        assert notice.leads_to(gone) == "/to-dos/"
        assert "gone" in notice.says(gone)
