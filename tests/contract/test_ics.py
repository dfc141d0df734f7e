"""Events for other calendars, read back as another program reads them (EVT, C98)."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from flask.testing import FlaskClient
from icalendar import Calendar
from sqlalchemy import Engine, delete, select
from werkzeug.test import TestResponse

from app.extensions import db
from app.spec import clock, recurring
from app.store.feeds import CalendarFeed
from app.store.organisation import RoleGrant
from app.store.version import touch
from tests.contract.calls import Api, stored, user_ids, write
from tests.support.web import hidden_inputs
from tests.support.worlds import World

MINUTE = timedelta(minutes=1)
BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def soon(days: int, hour: int = 1) -> str:
    """A moment so many days from now, at that hour of UTC."""
    day = clock.now().date() + timedelta(days=days)
    return clock.iso(datetime(day.year, day.month, day.day, hour, tzinfo=UTC))


def made(api: Api, **values: Any) -> int:
    answer = api.post("/events/", {"title": "Meeting", "starts_at": soon(3), **values})
    assert answer.status_code == 201, answer.text
    return int(answer.json["id"])


def press(client: FlaskClient, wanted: str) -> TestResponse:
    """Press a button of one's own page."""
    form = hidden_inputs(client.get("/calendar-feed/").text)
    return client.post("/calendar-feed/", data={**form, "do": wanted})


def address(client: FlaskClient) -> str:
    """Make an address; answers its path."""
    page = press(client, "make")
    assert page.status_code == 200
    [found] = re.findall(r'value="http://[^/"]+(/ics/[^"]+\.ics)"', page.text)
    return str(found)


def entries(answer: TestResponse) -> dict[str, Any]:
    """The events in an answer by what they are called."""
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "text/calendar; charset=utf-8"
    assert all(len(line) <= 75 for line in answer.data.split(b"\r\n")), "folded (RFC 5545)"
    return {str(e["summary"]): e for e in Calendar.from_ical(answer.data).walk("VEVENT")}


@pytest.fixture
def stranger(world: World) -> FlaskClient:
    """A telephone: nobody is logged in there."""
    return world.app.test_client()


@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK, "Asia/Shanghai"])
@pytest.mark.parametrize(
    "rule", ["FREQ=WEEKLY;BYDAY=MO,TH", "FREQ=DAILY;COUNT=200", "FREQ=MONTHLY;UNTIL=20270415"]
)
def test_another_calendar_finds_the_same_times(
    world: World, engine: Engine, zone: str, rule: str
) -> None:
    """C98: over both changes of clocks, as another program reads rule and time zone."""
    write(engine, "user", user_ids(engine)["sales1a"], timezone=zone)
    start = datetime(2026, 10, 15, 9, 0, tzinfo=ZoneInfo(zone)).astimezone(UTC)  # a Thursday
    api = Api(world, "sales1a")
    number = made(api, starts_at=clock.iso(start), repeat=rule)
    [one] = entries(api.client.get(f"/events/ics/{number}")).values()
    begins = one["dtstart"].dt
    assert begins.astimezone(UTC) == start
    read = rrulestr(one["rrule"].to_ical().decode(), dtstart=begins)
    until = start + timedelta(days=200)
    wanted = [at.astimezone(UTC) for at in read.between(start, until - MINUTE, inc=True)]
    row = stored(engine, "event", number)
    what = recurring.of(start, row["ends_at"], repeat=rule, zone=zone)
    found = recurring.occurrences(what, start, until)
    assert [at.start for at in found] == wanted
    assert len(wanted) >= 7


def test_whole_days_and_what_stands_in_an_event(world: World) -> None:
    """RFC 5545: dates, the last one exclusive; text escaped and folded, as long as it may be."""
    api = Api(world, "sales1a")
    title, text = '<script>alert(1)</script>; a,b\\n "c"', "会,;\\\n" * 1_000
    number = made(
        api,
        title=title,
        description=text.strip(),
        place="Room 1\r\nATTENDEE:mailto:x@y.example",
        starts_at="2026-12-24T16:00:00Z",
        ends_at="2026-12-25T20:00:00Z",
        is_all_day=True,
        repeat="FREQ=YEARLY;UNTIL=20301231",
    )
    answer = api.client.get(f"/events/ics/{number}")
    assert "attachment" in answer.headers["Content-Disposition"]
    one = entries(answer)[title]
    assert (one["dtstart"].dt, one["dtend"].dt) == (date(2026, 12, 25), date(2026, 12, 27))
    assert one["rrule"]["UNTIL"] == [date(2030, 12, 31)]
    assert str(one["description"]) == text.strip()
    assert "attendee" not in one
    assert str(one["url"]).endswith(f"/events/show/{number}")
    page = api.client.get(f"/events/show/{number}").text
    assert f'href="/events/ics/{number}"' in page


def test_a_file_is_for_who_may_read_the_event(world: World) -> None:
    """PERM-4: its participant may, with nothing of a customer that is none of his."""
    number = made(Api(world, "sales2a"), customer=7, participants=["sales1a"])
    mine = world.client("sales1a").get(f"/events/ics/{number}")
    assert "Customer" not in mine.text
    assert entries(mine)
    assert world.client("sales1b").get(f"/events/ics/{number}").status_code == 404
    assert world.client("people").get(f"/events/ics/{number}").status_code == 403
    assert world.client("sales1a").get("/events/ics/99999").status_code == 404


def test_the_feed_has_what_one_may_see_now(
    world: World, engine: Engine, stranger: FlaskClient
) -> None:
    """EVT, PERM-4: own events, those one takes part in, tasks, next contacts; nothing of others."""
    api, other = Api(world, "sales1a"), Api(world, "sales2a")
    made(api, title="Mine", starts_at=soon(-400), repeat="FREQ=DAILY", reminder_minutes=15)
    made(api, title="Long over", starts_at=soon(-200))
    made(api, title="Far away", starts_at=soon(500))
    shared = made(other, title="Shared", participants=["sales1a"])
    made(other, title="None of his business")
    api.post("/tasks/", {"title": "A task", "due_at": soon(2)})
    write(engine, "customer", 1, next_contact_at=clock.now() + timedelta(days=1))
    path = address(api.client)
    with engine.begin() as connection:  # those of the company are long over
        table = db.metadata.tables["event"]
        old = table.update().where(table.c.title.like("Event %"))
        connection.execute(old.values(starts_at=clock.now() - timedelta(days=200)))
    found = entries(stranger.get(path))
    due = {"Tasks due: A task", "Customers to contact: Customer 01"}
    assert set(found) == {"Mine", "Shared", *due}
    assert [a["trigger"].dt for a in found["Mine"].walk("VALARM")] == [-timedelta(minutes=15)]
    assert other.put(f"/events/{shared}", {"participants": []}).status_code == 200
    assert "Shared" not in entries(stranger.get(path))
    role = select(db.metadata.tables["role"].c.id).where(
        db.metadata.tables["role"].c.code == "salesperson"
    )
    with world.app.app_context():
        gone = (RoleGrant.role_id == role.scalar_subquery(), RoleGrant.entity != "task")
        db.session.execute(delete(RoleGrant.__table__).where(*gone))
        touch()
        db.session.commit()
    assert set(entries(stranger.get(path))) == {"Tasks due: A task"}


def test_the_address_is_shown_once_and_ends(
    world: World, engine: Engine, stranger: FlaskClient
) -> None:
    """EVT: stored only as a hash; a new one ends the old, taking back ends all."""
    client = world.client("sales1a")
    first = address(client)
    secret = first.removeprefix("/ics/").removesuffix(".ics")
    assert secret not in client.get("/calendar-feed/").text
    with engine.connect() as connection:
        row = connection.execute(select(CalendarFeed.__table__)).one()
    assert secret not in str(row)
    second = address(client)
    assert (stranger.get(first).status_code, stranger.get(second).status_code) == (404, 200)
    assert press(client, "take_back").status_code == 302
    assert stranger.get(second).status_code == 404
    assert press(client, "nonsense").status_code == 400
    write(engine, "user", user_ids(engine)["sales1a"], is_active=False)


def test_whoever_is_disabled_has_none(world: World, engine: Engine, stranger: FlaskClient) -> None:
    """ORG-1: at once, and it doesn't come back with him."""
    person = user_ids(engine)["people"]
    path = address(world.client("people"))
    assert stranger.get(path).status_code == 200
    with engine.begin() as connection:
        for key in ("task", "event", "work_log"):
            connection.execute(db.metadata.tables[key].update().values(owner_id=1))
    system = Api(world, "admin")
    assert system.bulk("users", "disable", [person]).json["done"] == 1
    assert stranger.get(path).status_code == 404
    assert system.bulk("users", "enable", [person]).json["done"] == 1
    assert stranger.get(path).status_code == 404


def test_nothing_new_costs_nothing_to_send(world: World, stranger: FlaskClient) -> None:
    """HTTP: private, with an ETag that changes with what it tells."""
    api = Api(world, "sales1a")
    path = address(api.client)
    first = stranger.get(path)
    assert first.headers["Cache-Control"] == "private, no-cache"
    known = {"If-None-Match": first.headers["ETag"]}
    assert stranger.get(path, headers=known).status_code == 304
    made(api)
    assert stranger.get(path, headers=known).status_code == 200
    assert stranger.post(path).status_code in (302, 400, 405)
    assert stranger.get(f"{path}?x=1").status_code == 200


def test_guessing_is_counted_and_the_secret_is_in_no_log(
    world: World,
    stranger: FlaskClient,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R12: as passwords are; one that is right isn't counted against its office (C57)."""
    path = address(world.client("sales1a"))
    caplog.set_level("INFO", logger="crm.request")
    limit = 5
    monkeypatch.setitem(world.app.config, "LOGIN_PER_ADDRESS", limit)
    for _ in range(2 * limit):
        assert stranger.get(path).status_code == 200
    assert path.removeprefix("/ics/").removesuffix(".ics") not in caplog.text
    assert "/ics/" in caplog.text
    found = [stranger.get("/ics/guess.ics").status_code for _ in range(limit + 2)]
    assert found[0] == 404
    assert found[-1] == 429
    assert "Retry-After" in stranger.get(path).headers
