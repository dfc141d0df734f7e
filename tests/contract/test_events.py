"""Events: when they take place, how they repeat, who sees them, where they show (EVT)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from app.extensions import db
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.words import language
from tests.contract.calls import Api, condition, stored, user_ids, write
from tests.contract.test_bulk import rows_in
from tests.support.web import hidden_inputs
from tests.support.worlds import World

MEETING = {"title": "Meeting", "starts_at": "2026-11-21T01:00:00Z"}


def made(api: Api, **values: Any) -> int:
    answer = api.post(
        "/events/", {"title": "Meeting", "starts_at": "2026-11-21T01:00:00Z", **values}
    )
    assert answer.status_code == 201, answer.text
    return int(answer.json["id"])


def refused(api: Api, **values: Any) -> dict[str, Any]:
    answer = api.post(
        "/events/", {"title": "Meeting", "starts_at": "2026-11-21T01:00:00Z", **values}
    )
    assert answer.status_code == 422, answer.text
    return dict(answer.json["fields"])


def shown(api: Api, number: int) -> dict[str, Any]:
    return dict(api.get(f"/events/{number}").json["result"])


def test_an_end_follows_the_start(world: World) -> None:
    """EVT: an hour when nobody says it; at once is allowed, before is not, nor without end."""
    api = Api(world, "sales1a")
    assert shown(api, made(api))["ends_at"] == "2026-11-21T02:00:00Z"
    same = made(api, ends_at="2026-11-21T01:00:00Z")
    assert shown(api, same)["ends_at"] == "2026-11-21T01:00:00Z"
    assert [*refused(api, ends_at="2026-11-21T00:59:59Z")] == ["ends_at"]
    assert [*refused(api, ends_at="2027-11-23T01:00:00Z")] == ["ends_at"]
    assert [*refused(api, ends_at="2026-12-31T01:00:00Z", repeat="FREQ=YEARLY")] == ["ends_at"]
    answer = api.put(f"/events/{same}", {"starts_at": "2026-11-21T03:00:00Z"})
    assert answer.status_code == 422, "the end would be before it"


def test_whole_days(world: World, engine: Engine) -> None:
    """From midnight to the last second of its days, on the clock of whoever says them (0039)."""
    api = Api(world, "sales1a")
    number = made(api, is_all_day=True, ends_at="2026-11-22T20:00:00Z")
    row = stored(engine, "event", number)
    assert (row["timezone"], row["lasts_until"]) == ("Asia/Shanghai", row["ends_at"])
    told = shown(api, number)
    assert (told["starts_at"], told["ends_at"]) == ("2026-11-20T16:00:00Z", "2026-11-23T15:59:59Z")
    write(engine, "user", user_ids(engine)["leader1"], timezone="America/New_York")
    leader = Api(world, "leader1")
    answer = leader.put(f"/events/{number}", {"starts_at": "2026-11-23T02:00:00Z"})
    assert answer.status_code == 200, "the 22nd in New York, the last day stays the 23rd"
    told = shown(leader, number)
    assert (told["starts_at"], told["ends_at"]) == ("2026-11-22T05:00:00Z", "2026-11-24T04:59:59Z")
    assert stored(engine, "event", number)["timezone"] == "America/New_York"
    one_day = made(api, is_all_day=True)
    assert shown(api, one_day)["ends_at"] == "2026-11-21T15:59:59Z"
    assert stored(engine, "event", one_day)["lasts_until"] is None


def test_it_repeats_from_its_start(world: World, engine: Engine) -> None:
    """EVT: 09:00 on Saturday 21 November 2026 in Shanghai is no Monday, whatever it is in UTC."""
    api = Api(world, "sales1a")
    assert [*refused(api, repeat="FREQ=WEEKLY;BYDAY=MO")] == ["repeat"]
    assert [*refused(api, repeat="FREQ=SECONDLY")] == ["repeat"]
    assert "COUNT" in refused(api, repeat="FREQ=DAILY;COUNT=1000000000")["repeat"][0]
    night = {"starts_at": "2026-11-22T17:00:00Z"}  # Monday at one in the morning
    number = made(api, **night, repeat="freq=weekly;byday=mo,tu;count=3;interval=1")
    assert shown(api, number)["repeat"] == "FREQ=WEEKLY;BYDAY=MO,TU;COUNT=3"
    assert stored(engine, "event", number)["lasts_until"] == datetime(2026, 11, 29, 18, tzinfo=UTC)
    answer = api.put(f"/events/{number}", {"starts_at": "2026-11-21T17:00:00Z"})
    assert "repeat" in answer.json["fields"], "a Sunday"
    assert api.put(f"/events/{number}", {"repeat": None}).status_code == 200
    assert stored(engine, "event", number)["lasts_until"] is None
    [_born, changed] = rows_in(engine, "history", entity="event", record_id=number)
    assert sorted(changed["changes"]) == ["lasts_until", "repeat"]


def test_the_form_asks_no_rule(world: World, engine: Engine) -> None:
    """EVT: a choice and inputs beside it, without script; what is wrong with them is said there."""
    client = world.client("sales1a")
    given = {"title": "<script>alert(1)</script>", "kind": "visit", "starts_at": "2026-11-23T09:00"}
    given |= {"description": "会" * 5_000}
    form = hidden_inputs(client.get("/events/add").text)
    parts = {"repeat": "FREQ=WEEKLY", "repeat-MO": "1", "repeat-WE": "1", "repeat-interval": "2"}
    wrong = client.post("/events/add", data={**form, **given, **parts, "repeat-until": "soon"})
    assert wrong.status_code == 422
    assert 'name="repeat-WE" value="1" class="form-check-input" checked' in wrong.text
    assert 'value="soon"' in wrong.text
    assert "UNTIL: a date, as 20261231." in wrong.text
    form = hidden_inputs(wrong.text)
    saved = client.post(
        "/events/add", data={**form, **given, **parts, "repeat-until": "2026-12-31"}
    )
    assert saved.status_code == 302, saved.text
    number = int(saved.location.rsplit("/", 1)[1])
    row = stored(engine, "event", number)
    assert row["repeat"] == "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;UNTIL=20261231"
    page = client.get(f"/events/show/{number}?tab=details").text
    assert "Every 2 weeks on Mon, Wed, until 2026-12-31" in page
    assert "<script>alert" not in page
    edit = client.get(f"/events/edit/{number}").text
    assert '<option value="FREQ=WEEKLY" selected>' in edit
    assert 'name="repeat-until" type="date" class="form-control" value="2026-12-31"' in edit
    too_long = {**hidden_inputs(edit), **given, "description": "x" * 5_001}
    assert client.post(f"/events/edit/{number}", data=too_long).status_code == 422
    client.get("/lang/zh")
    assert "每 2 周的周一、周三，至 2026-12-31" in client.get("/events/list/?view=all").text


def test_a_rule_of_another_program_stays_in_the_form(world: World, engine: Engine) -> None:
    """EVT: what the choice doesn't offer is offered for this one, by its sentence."""
    api = Api(world, "sales1a")
    number = made(api, repeat="FREQ=MONTHLY;BYDAY=3SA;COUNT=5")
    page = api.client.get(f"/events/edit/{number}").text
    offered = (
        '<option value="FREQ=MONTHLY;BYDAY=3SA" selected>Every month on the third Sat</option>'
    )
    assert offered in page
    form = {**hidden_inputs(page), "title": "Renamed", "kind": "meeting"}
    form |= {"starts_at": "2026-11-21T09:00", "ends_at": "2026-11-21T10:00"}
    form |= {"repeat": "FREQ=MONTHLY;BYDAY=3SA", "repeat-count": "5"}
    assert api.client.post(f"/events/edit/{number}", data=form).status_code == 302
    row = stored(engine, "event", number)
    assert (row["title"], row["repeat"]) == ("Renamed", "FREQ=MONTHLY;BYDAY=3SA;COUNT=5")


SAID = {
    "FREQ=DAILY": ("Every day", "每天"),
    "FREQ=DAILY;INTERVAL=3": ("Every 3 days", "每 3 天"),
    "FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20261231": (
        "Every week on Mon, Wed, until 2026-12-31",
        "每周一、周三，至 2026-12-31",
    ),
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR": ("Monday to Friday", "周一至周五"),
    "FREQ=WEEKLY;INTERVAL=2;COUNT=1": ("Every 2 weeks, 1 time", "每 2 周，共 1 次"),
    "FREQ=MONTHLY;BYDAY=2TU": ("Every month on the second Tue", "每月第二个周二"),
    "FREQ=MONTHLY;BYMONTHDAY=-1": ("Every month on the last day", "每月最后一天"),
    "FREQ=MONTHLY;BYMONTHDAY=31": ("Every month on day 31", "每月 31 日"),
    "FREQ=YEARLY;COUNT=5": ("Every year on the same day, 5 times", "每年同一日，共 5 次"),
    "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=25": (
        "Every year on December, day 25",
        "每年十二月 25 日",
    ),
    "Alpha 0": ("Alpha 0", "Alpha 0"),
}


@pytest.mark.parametrize("rule", SAID)
def test_a_rule_is_said_in_both_languages(world: World, rule: str) -> None:
    field = catalogue.get("event").fields["repeat"]
    for tongue, sentence in zip(("en", "zh"), SAID[rule], strict=True):
        with world.app.test_request_context():
            token = language.set(tongue)
            try:
                assert field.to_text(rule) == sentence
            finally:
                language.reset(token)


def test_upcoming_and_past(world: World) -> None:
    """EVT: what repeats is upcoming until its last time is over."""
    api, now = Api(world, "leader1"), clock.now()
    days = {"over": -40, "today": 0, "ahead": 3}
    numbers = {}
    for name, ahead in days.items():
        start = (now + timedelta(days=ahead)).strftime("%Y-%m-%dT%H:%M:%SZ")
        numbers[name] = made(api, title=name, starts_at=start)
        if name == "over":
            numbers["again"] = made(api, starts_at=start, repeat="FREQ=DAILY")
            numbers["ended"] = made(api, starts_at=start, repeat="FREQ=DAILY;COUNT=9")
    views = {view.key: list(view.filters) for view in catalogue.get("event").builtin_views}
    upcoming, past = (api.ids("events", *views[key]) for key in ("upcoming", "past"))
    mine = set(numbers.values())
    assert upcoming & mine == {numbers[n] for n in ("today", "ahead", "again")}
    assert past & mine == {numbers["over"], numbers["ended"]}


def test_participants_see_it_and_no_more(world: World) -> None:
    """Contract §6: sales1a takes part in event 3 of sales1b; its customer may be none of his."""
    mine, owner = Api(world, "sales1a"), Api(world, "sales2a")
    number = made(owner, title="With a secret customer", customer=7, participants=["sales1a"])
    told = mine.get(f"/events/{number}")
    assert told.status_code == 200
    assert number in mine.ids("events", condition("participants", "any", ["@me"]))
    for page in (told.text, mine.client.get(f"/events/show/{number}?tab=details").text):
        assert "Customer 07" not in page, "nor what it is called"
    assert mine.put(f"/events/{number}", {"title": "Mine now"}).status_code == 404
    assert mine.delete(f"/events/{number}").status_code == 404
    assert mine.client.get(f"/events/edit/{number}").status_code == 404


def test_whoever_gets_an_event_is_told(world: World, engine: Engine) -> None:
    """NOTE: created for him or transferred to him."""
    api = Api(world, "manager")
    made(api, title="合同 <b>", owner="sales1a")
    assert api.bulk("events", "transfer", [1, 2], {"new_owner": "sales2a"}).json["done"] == 2
    page = world.client("sales1a").get("/notifications/").text
    assert "put an event into your calendar: 合同 &lt;b&gt;" in page
    assert "put 2 events into your calendar." in world.client("sales2a").get("/notifications/").text


def test_records_show_their_events(world: World) -> None:
    """ACT-2: a tab of them, and their place in the timeline by their start."""
    api = Api(world, "sales1a")
    for plural, key in (("customers", "customer"), ("leads", "lead"), ("contacts", "contact")):
        made(api, title=f"About a {key}", **{key: 1})
        assert f"About a {key}" in api.client.get(f"/{plural}/show/1?tab=events").text
        assert f"About a {key}" in api.client.get(f"/{plural}/show/1?kind=event").text


def test_who_still_owns_events_is_not_disabled(world: World, engine: Engine) -> None:
    """ORG-1: nobody goes and leaves what is coming; the way to hand it over is shown."""
    person = user_ids(engine)["legal"]
    with engine.begin() as connection:
        connection.execute(db.metadata.tables["task"].update().values(owner_id=1))
        ahead = dict.fromkeys(("starts_at", "ends_at"), datetime(2999, 1, 1, tzinfo=UTC))
        connection.execute(db.metadata.tables["event"].update().values(ahead))
    answer = Api(world, "system").bulk("users", "disable", [person])
    assert [one["code"] for one in answer.json["skipped"]] == ["blocked"]
    assert "Calendar events" in answer.text


def test_a_file_holds_the_rule_and_not_its_sentence(world: World, engine: Engine) -> None:
    """IMP: what an import reads again."""
    api = Api(world, "manager")
    number = made(api, repeat="FREQ=WEEKLY;BYDAY=SA")
    answer = api.bulk("events", "export", [number], {"format": "csv", "columns": "all"})
    assert answer.status_code == 200, answer.text
    with api.client.get(answer.json["download"]) as file:
        assert "FREQ=WEEKLY;BYDAY=SA" in file.text
