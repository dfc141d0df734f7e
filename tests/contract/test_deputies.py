"""Deputies (NOTE, docs/decisions/0041): who names them, what they see meanwhile."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import Engine, insert, select, update

from app.extensions import db
from app.jobs import reminding
from app.store.deputies import Deputy
from app.store.history import History
from app.store.outbox import Outbox
from tests.contract.calls import Api, user_ids, write
from tests.generated.browser import Page
from tests.support.mailbox import as_the_clock
from tests.support.worlds import World

HOUR = timedelta(hours=1)
ABSENT, DEPUTY, CUSTOMER, TASK = "sales1a", "sales2a", 1, 1
PLACE = "/deputies/"


def arrange(
    engine: Engine, starts: timedelta, ends: timedelta, *, deputy: str = DEPUTY
) -> datetime:
    """Somebody stands in for the absent one, from and until then seen from now; now."""
    people, now = user_ids(engine), datetime.now(UTC).replace(microsecond=0)
    row = {"user_id": people[ABSENT], "deputy_id": people[deputy]}
    with engine.begin() as connection:
        connection.execute(
            insert(Deputy.__table__).values(**row, starts_at=now + starts, ends_at=now + ends)
        )
        version = db.metadata.tables["rights_version"]
        connection.execute(update(version).values(number=version.c.number + 1))
    return now


def sees(api: Api) -> bool:
    """Whether he lists and reads the absent one's record, which he does both or neither."""
    listed = CUSTOMER in api.get("/customers/", page_size=100).json["ids"]
    assert api.get(f"/customers/{CUSTOMER}").status_code == (200 if listed else 404)
    assert api.client.get(f"/customers/show/{CUSTOMER}").status_code == (200 if listed else 404)
    return listed


def test_for_that_time_and_no_longer(world: World, engine: Engine) -> None:
    """To the second, without anybody's doing anything when it begins or ends."""
    api = Api(world, DEPUTY)
    assert not sees(api)
    now = arrange(engine, HOUR, 2 * HOUR)
    assert not sees(api), "not yet"
    with time_machine.travel(now + HOUR, tick=False):
        assert sees(api)
    with time_machine.travel(now + 2 * HOUR - timedelta(seconds=1), tick=False):
        assert sees(api)
    with time_machine.travel(now + 2 * HOUR, tick=False):
        assert not sees(api), "over"


def test_what_a_deputy_does(world: World, engine: Engine) -> None:
    """He reads, notes follow-ups and finishes tasks; he changes, exports and hands over nothing."""
    api = Api(world, DEPUTY)
    noted = {"customer": CUSTOMER, "text": "Called for my colleague"}
    assert api.post("/follow-ups/", noted).status_code == 422
    write(engine, "task", TASK, status="open", owner_id=user_ids(engine)[ABSENT])
    arrange(engine, -HOUR, HOUR)
    assert api.post("/follow-ups/", noted).status_code == 201
    assert api.bulk("tasks", "complete", [TASK]).json["done"] == 1
    version = api.get(f"/customers/{CUSTOMER}").json["result"]["version"]
    changed = api.send(
        "PUT", f"/customers/{CUSTOMER}", {"name": "Mine now"}, {"If-Match": f'"{version}"'}
    )
    assert changed.status_code == 404, changed.text
    for verb, given in (("transfer", {"new_owner": DEPUTY}), ("delete", {}), ("export", {})):
        answer = api.bulk("customers", verb, [CUSTOMER], given)
        assert answer.status_code == 403, (verb, answer.text)


def test_it_gives_nothing_that_his_roles_do_not(world: World, engine: Engine) -> None:
    """Who reads no customers at all reads none as a deputy, and no deputy hands it on."""
    arrange(engine, -HOUR, HOUR, deputy="people")
    assert Api(world, "people").get("/customers/").status_code == 403
    people, now = user_ids(engine), datetime.now(UTC)
    with engine.begin() as connection:
        row = {"user_id": people["people"], "deputy_id": people[DEPUTY]}
        span = {"starts_at": now - HOUR, "ends_at": now + HOUR}
        connection.execute(insert(Deputy.__table__).values(**row, **span))
    assert not sees(Api(world, DEPUTY))


def test_the_others_to_dos(world: World, engine: Engine) -> None:
    """TODO: under "As deputy" stands what the absent one has, with the same numbers."""
    now = datetime.now(UTC)
    for number in (1, 2):
        plan = {"next_contact_at": now - timedelta(days=3), "last_follow_up_at": None}
        write(engine, "customer", number, **plan)
    mine, other = Api(world, ABSENT), Api(world, DEPUTY)
    assert set(counts(other, "away").values()) == {0}
    assert "who=away" not in other.client.get("/to-dos/").text
    arrange(engine, -HOUR, HOUR)
    theirs = counts(mine, "mine")
    found = {place: number for place, number in counts(other, "away").items() if place in theirs}
    assert found == theirs
    assert theirs["contact_customers", "overdue"] == 2
    assert "who=away" in other.client.get("/to-dos/").text
    page = other.client.get("/to-dos/contact_customers/overdue?who=away").text
    assert all(f"/customers/show/{number}" in page for number in (1, 2))


def counts(api: Api, who: str) -> dict[tuple[str, str], int]:
    lists = api.client.get(f"/api/v1/to-dos/?who={who}").json["lists"]
    return {(one["key"], tab["key"]): tab["count"] for one in lists for tab in one["tabs"]}


def test_he_is_reminded(world: World, engine: Engine) -> None:
    """Of what is due today for the absent one, apart from what is his own."""
    nine = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
    write(engine, "customer", CUSTOMER, next_contact_at=nine + HOUR, last_follow_up_at=None)
    with time_machine.travel(nine, tick=False):
        arrange(engine, -HOUR, HOUR)
        as_the_clock(world, reminding.run)
    with engine.connect() as connection:
        found = connection.execute(select(Outbox.__table__)).all()
    told = {(row.kind, row.user_id) for row in found if row.kind.startswith("to_do")}
    people = user_ids(engine)
    assert told == {("to_do_due", people[ABSENT]), ("to_do_away", people[DEPUTY])}


def form(api: Api, **values: Any) -> dict[str, Any]:
    return {**Page(api.client.get(PLACE).text).form("deputies"), **values}


def days(first: int, last: int) -> dict[str, str]:
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()  # the reader's
    span = {"from": today + timedelta(days=first), "until": today + timedelta(days=last)}
    return {key: day.isoformat() for key, day in span.items()}


@pytest.mark.parametrize(
    ("who", "user", "status"),
    [
        ("sales1a", "", 302),
        ("sales1a", "sales1a", 302),
        ("sales1a", "sales1b", 404),
        ("leader1", "sales1a", 302),
        ("manager", "sales1a", 302),
        ("leader1", "manager", 404),
        ("people", "sales1a", 404),
        ("admin", "sales1a", 302),
    ],
)
def test_who_arranges_it(world: World, engine: Engine, who: str, user: str, status: int) -> None:
    """Oneself, superiors and super admins (MATRIX-8); it is told and stands in the audit log."""
    api, people = Api(world, who), user_ids(engine)
    sent = form(api, deputy=str(people[DEPUTY]), **days(1, 2))
    sent |= {"user": str(people[user])} if user else {}
    assert api.client.post(PLACE, data=sent).status_code == status
    with engine.connect() as connection:
        made = connection.execute(select(Deputy.__table__)).all()
        noted = connection.execute(
            select(History.__table__).where(History.operation == "deputy_named")
        ).all()
        told = {row.user_id for row in connection.execute(select(Outbox.__table__))}
    if status == 404:
        assert (made, noted, told) == ([], [], set())
        return
    assert [(one.user_id, one.deputy_id) for one in made] == [(people[ABSENT], people[DEPUTY])]
    assert made[0].ends_at - made[0].starts_at == timedelta(days=2)
    assert noted[0].changes["deputy"]
    assert told == {people[ABSENT], people[DEPUTY]} - {people[who]}


@pytest.mark.parametrize(
    ("deputy", "span", "field"),
    [
        ("sales1a", (1, 2), "deputy"),
        ("nobody", (1, 2), "deputy"),
        ("sales2a", (-1, 2), "from"),
        ("sales2a", (2, 1), "until"),
        ("sales2a", (0, 366), "until"),
        ("sales2a", {"from": "soon", "until": date.max.isoformat()}, "from"),
        ("sales2a", {"from": "", "until": ""}, "from"),
    ],
)
def test_what_is_refused(
    world: World, engine: Engine, deputy: str, span: tuple[int, int] | dict[str, str], field: str
) -> None:
    """With what was typed still in the form, and the sentence at its field."""
    api, people = Api(world, "sales1a"), user_ids(engine)
    number = str(people.get(deputy, 987_654))
    given = span if isinstance(span, dict) else days(*span)
    answer = api.client.post(PLACE, data=form(api, deputy=number, **given))
    assert answer.status_code == 422
    assert re.findall(r'id="[\w-]*?(\w+)-error"', answer.text) == [field]
    with engine.connect() as connection:
        assert connection.execute(select(Deputy.__table__)).all() == []


def test_one_deputy_at_a_time(world: World, engine: Engine) -> None:
    """Days that touch are fine, days that overlap are not; either of the two ends it."""
    api, people = Api(world, "sales1a"), user_ids(engine)
    other = Api(world, DEPUTY)

    def name(deputy: str, first: int, last: int) -> int:
        sent = form(api, deputy=str(people[deputy]), **days(first, last))
        return api.client.post(PLACE, data=sent).status_code

    assert name(DEPUTY, 1, 3) == 302
    assert name("sales1b", 3, 4) == 422
    assert name("sales1b", 4, 5) == 302
    with engine.connect() as connection:
        first, second = connection.scalars(select(Deputy.id).order_by(Deputy.id))
    token = {"csrf_token": form(other)["csrf_token"]}
    assert other.client.post(f"{PLACE}{second}/end", data=token).status_code == 404
    assert other.client.post(f"{PLACE}{first}/end", data=token).status_code == 302
    assert other.client.post(f"{PLACE}{first}/end", data=token).status_code == 404
    token = {"csrf_token": form(api)["csrf_token"]}
    assert api.client.post(f"{PLACE}{second}/end", data=token).status_code == 302
    with engine.connect() as connection:
        assert connection.execute(select(Deputy.__table__)).all() == []


def test_ending_it_takes_effect_at_once(world: World, engine: Engine) -> None:
    """On the next request of the deputy, wherever it is answered (MATRIX-9)."""
    arrange(engine, -HOUR, HOUR)
    api, mine = Api(world, DEPUTY), Api(world, ABSENT)
    assert sees(api)
    with engine.connect() as connection:
        number = connection.scalar(select(Deputy.id))
    token = {"csrf_token": form(mine)["csrf_token"]}
    assert mine.client.post(f"{PLACE}{number}/end", data=token).status_code == 302
    assert not sees(api)


@pytest.mark.parametrize("who", ["people", "admin", "sales1a"])
def test_everybody_finds_a_deputy(world: World, engine: Engine, who: str) -> None:
    """Whoever works with no customers looks people up too; super admins see all."""
    arrange(engine, HOUR, 2 * HOUR)
    page = world.client(who).get(PLACE).text
    looked_up = re.search(r'name="deputy"[^>]*data-url="([^"]+)"', page)
    assert looked_up
    assert world.client(who).get(looked_up[1], query_string={"q": "a"}).status_code == 200
    assert ("data-id=" in page) is (who != "people")
