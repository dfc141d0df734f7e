"""Transfers (XFER-1…5) of everything that has an owner to change: each rule, option by option."""

import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine, insert

from app.extensions import db
from app.operations import along
from app.operations.rules import Rules
from app.spec.catalogue import catalogue
from app.spec.recycling import rules_for
from app.store import access
from app.store.context import system_scope
from app.store.forecasts import Forecast
from app.store.organisation import RightsVersion, RoleGrant
from app.store.pools import TeamSeat
from tests.contract.calls import Api, condition, role_ids, set_role, stored, user_ids, write
from tests.contract.described import document_of
from tests.contract.test_bulk import LATER, rows_in, seats_of
from tests.contract.test_hand_over import Desk
from tests.contract.test_jobs import fill, started
from tests.contract.test_recycling import DAY, TWO, obtained, pooled, rule, run
from tests.contract.test_settings import TICKED
from tests.generated.browser import Page
from tests.support.web import submit
from tests.support.working import work_off
from tests.support.worlds import World

HANDED = {e.plural: e for e in catalogue if e.is_owned and e.verb("transfer")}
"""Everything that can be transferred, by declaration."""
TEAMED = [plural for plural, entity in HANDED.items() if entity.verb("add_team")]
UNTEAMED = sorted({*HANDED} - {*TEAMED})
NEVER = datetime(2999, 1, 1, tzinfo=UTC)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
SOON = datetime.now(UTC) + timedelta(hours=1)
ALONG = {"cascade": ["contacts"]}


def test_the_lists_above_are_about_something() -> None:
    assert {"leads", "customers", "contacts", "tasks", "events"} <= {*HANDED}
    assert {"leads", "customers", "contacts"} == {*TEAMED}


def transfer(
    world: World, ids: list[int], *, by: str = "manager", of: str = "customers", **params: Any
) -> dict[str, Any]:
    """Do it; what the answer says. The dry run before says the same."""
    api, params = Api(world, by), {"new_owner": "sales1b", **params}
    dry = api.bulk(of, "transfer", ids, params, dry_run=True)
    answer = api.bulk(of, "transfer", ids, params)
    assert (dry.status_code, answer.status_code) == (200, 200), answer.text
    found: dict[str, Any] = answer.json
    assert found["done"] == dry.json["will_change"]
    assert found["skipped"] == dry.json["skipped"]
    assert found.get("along") == dry.json.get("along")
    return found


def undo(world: World, done: dict[str, Any], *, by: str = "manager") -> dict[str, Any]:
    answer = Api(world, by).post(f"/operations/{done['operation_id']}/undo", {})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def warnings(world: World, slug: str = "transfer", of: str = "customers", **params: Any) -> Any:
    answer = Api(world, "manager").bulk(of, slug, [1], params, dry_run=True)
    assert answer.status_code == 200, answer.text
    return answer.json.get("warnings", [])


def owner_of(engine: Engine, number: int, key: str = "customer") -> str | None:
    names = {i: name for name, i in user_ids(engine).items()}
    return names.get(stored(engine, key, number)["owner_id"])


def seat(
    engine: Engine, who: str, record: int, level: str, until: Any = None, key: str = "customer"
) -> None:
    row = {"entity": key, "record_id": record, "user_id": user_ids(engine)[who]}
    with engine.begin() as connection:
        connection.execute(insert(TeamSeat.__table__).values(**row, level=level, until=until))


def history_of(engine: Engine, record: int, key: str = "customer") -> dict[str, Any]:
    """What the last entry of a record says."""
    entries = rows_in(engine, "history", entity=key, record_id=record)
    found: dict[str, Any] = entries[-1]
    return found


def grant(engine: Engine, code: str, entity: str, **values: Any) -> None:
    """Change a row of the permission matrix, as if an administrator had."""
    table, role = RoleGrant.__table__, role_ids(engine)[code]
    with engine.begin() as connection:
        mine = (table.c.entity == entity, table.c.role_id == role)
        connection.execute(table.update().where(*mine).values(**values))
        version = RightsVersion.__table__
        connection.execute(version.update().values(number=version.c.number + 1))


@pytest.fixture
def contacts(engine: Engine) -> None:
    """Of customer 1, of sales1a: contacts of his own, of a colleague, of the other team's."""
    for number in (1, 3, 6):
        write(engine, "contact", number, customer_id=1)
    for number in (2, 4, 5, 7, 8):
        write(engine, "contact", number, customer_id=2)


@pytest.mark.parametrize("plural", HANDED)
def test_after_it(world: World, engine: Engine, plural: str) -> None:
    """XFER-4: obtained anew where records are obtained, history with both, one message a batch."""
    entity, people = HANDED[plural], user_ids(engine)
    if entity.is_pooled:
        for number in (1, 2):
            old = {"obtained_at": LONG_AGO, "obtained_way": "claimed", "is_followed_up": True}
            write(engine, entity.key, number, **old)
    done = transfer(world, [1, 2, 3], by="manager", of=plural, new_owner="sales2a")
    assert done["done"] == 3
    for number in (1, 2):
        row, entry = stored(engine, entity.key, number), history_of(engine, number, entity.key)
        assert row["owner_id"] == people["sales2a"]
        assert (entry["operation"], entry["operation_id"]) == ("transfer", done["operation_id"])
        assert entry["changes"]["owner"] == [people["sales1a"], people["sales2a"]]
        if entity.is_pooled:
            assert (row["obtained_way"], bool(row["is_followed_up"])) == ("transferred", False)
            assert row["obtained_at"].replace(tzinfo=UTC) > datetime.now(UTC) - timedelta(hours=1)
    kind = entity.told_as.get("transfer", "transfer")
    told = [(m["user_id"], m["data"]["count"]) for m in rows_in(engine, "outbox", kind=kind)]
    assert told == [(people["sales2a"], 3)]


@pytest.mark.parametrize("plural", HANDED)
def test_nothing_else_changes(world: World, engine: Engine, plural: str) -> None:
    """XFER-5, CUS-2: what tells of the past stays, whoever asks for last year's numbers; so does a
    lock.
    """
    key = HANDED[plural].key
    locks = {"is_locked": True, "lock_reason": "tender"} if plural in ("leads", "customers") else {}
    write(engine, key, 1, created_at=LONG_AGO, **locks)
    before, told = stored(engine, key, 1), rows_in(engine, "follow_up")
    transfer(world, [1], of=plural, new_owner="sales2a", old_owner="remove")
    after = stored(engine, key, 1)
    changed = {column for column in before if before[column] != after[column]}
    whose = {"owner_id", "obtained_at", "obtained_way", "is_followed_up"}
    assert changed - whose <= {"version", "updated_at", "updated_by_id"}
    assert "owner_id" in changed
    assert rows_in(engine, "follow_up") == told, "whoever wrote them wrote them"


def test_what_lies_in_a_pool_is_nobodys_to_transfer(world: World) -> None:
    """XFER-2: out of a pool it is assigned or claimed, also by the pool's admin."""
    done = transfer(world, [1, 11], by="leader1")
    assert [(one["id"], one["code"]) for one in done["skipped"]] == [(11, "not_permitted")]


def test_one_message_in_the_receivers_language(world: World, engine: Engine) -> None:
    """NOTE: what was written to him goes along; whoever transfers to himself hears nothing."""
    transfer(world, [1, 2], new_owner="sales2a", message="请尽快联系")
    his = world.client("sales2a")
    assert "Manager transferred 2 records to you (Customers)." in his.get("/notifications/").text
    his.get("/lang/zh")
    page = his.get("/notifications/").text
    assert "Manager 向您转移了 2 条记录（客户）。" in page
    assert "请尽快联系" in page
    transfer(world, [3, 4], new_owner="manager", message="mine")
    people = user_ids(engine)
    assert [m["user_id"] for m in rows_in(engine, "outbox")] == [people["sales2a"]]


def test_nothing_leaks_to_who_cannot_read_it(world: World, engine: Engine) -> None:
    """PERM-4: he hears how many of what, and of no name."""
    write(engine, "customer", 1, name="Very secret company")
    transfer(world, [1], new_owner="people")
    [message] = rows_in(engine, "outbox")
    assert message["data"]["count"] == 1
    assert (message["data"]["title"], message["data"]["record"]) == ("", None)
    assert "Very secret" not in world.client("people").get("/notifications/").text


@pytest.mark.parametrize("plural", TEAMED)
@pytest.mark.parametrize("level", ["remove", "read", "write"])
def test_the_former_owner(world: World, engine: Engine, plural: str, level: str) -> None:
    """XFER-1, CUS-4: he leaves, or stays read-only or read-write; his seat ends when it ends."""
    entity, former = HANDED[plural], user_ids(engine)["sales1a"]
    path, fields = f"/{plural}/1", {"remark": "Still his to write"}
    until = SOON.strftime("%Y-%m-%dT%H:%M:%SZ")
    transfer(world, [1], of=plural, old_owner=level, until=until)
    seats = seats_of(engine, 1, entity.key)
    assert (former in seats) == (level != "remove")
    api, version = Api(world, "sales1a"), stored(engine, entity.key, 1)["version"]
    assert api.get(path).status_code == (404 if level == "remove" else 200)
    assert api.put(path, fields, version).status_code == (200 if level == "write" else 404)
    entry = rows_in(engine, "history", entity=entity.key, record_id=1, operation="transfer")[0]
    assert entry["changes"].get("team") == (None if level == "remove" else [[], [former]])
    with time_machine.travel(SOON + timedelta(minutes=1), tick=False):
        assert Api(world, "sales1a").get(path).status_code == 404


HAD = {"none": None, "weaker": ("read", None), "stronger": ("write", None)}
HAD |= {"expired": ("write", LONG_AGO), "ending": ("read", NEVER)}


@pytest.mark.parametrize("had", HAD)
@pytest.mark.parametrize("level", ["remove", "read", "write"])
def test_a_seat_that_he_had_already(world: World, engine: Engine, had: str, level: str) -> None:
    """What was asked for holds, whatever stood there before; undone, that stands there again."""
    former = user_ids(engine)["sales1a"]
    if HAD[had]:
        seat(engine, "sales1a", 1, *HAD[had])
    before = seats_of(engine, 1)
    done = transfer(world, [1], old_owner=level, until=LATER)
    found = seats_of(engine, 1)
    if level == "remove":
        assert former not in found
    else:
        assert found[former][0] == level
        assert found[former][1] is not None
        assert found[former][1].replace(tzinfo=UTC) < NEVER
        assert found[former][1].replace(tzinfo=UTC) > datetime.now(UTC)
    assert undo(world, done)["done"] == 1
    assert seats_of(engine, 1) == before
    assert owner_of(engine, 1) == "sales1a"


def test_a_new_owner_needs_no_seat(world: World, engine: Engine) -> None:
    """CUS-4: the one he had goes; the history tells, and undone he has it again."""
    people = user_ids(engine)
    before = seats_of(engine, 2)
    done = transfer(world, [2], new_owner="sales2a", old_owner="read")
    assert {*seats_of(engine, 2)} == {people["sales1a"]}
    team = history_of(engine, 2)["changes"]["team"]
    assert team == [[people["sales2a"]], [people["sales1a"]]]
    undo(world, done)
    assert seats_of(engine, 2) == before


def test_a_disabled_former_owner_gets_no_seat(world: World, engine: Engine) -> None:
    """ORG-1: nobody who has left stays in a team; the preview says so."""
    people = user_ids(engine)
    write(engine, "user", people["sales1a"], is_active=False)
    said = warnings(world, new_owner="sales1b", old_owner="read")
    assert said == ["Not active any more, so not kept in the team: Sales1A."]
    assert warnings(world, new_owner="sales1b") == []
    transfer(world, [1, 3], new_owner="sales2a", old_owner="read")
    assert people["sales1a"] not in seats_of(engine, 1)
    assert {*seats_of(engine, 3)} == {people["sales1b"]}
    assert owner_of(engine, 1) == "sales2a"


@pytest.mark.parametrize("plural", UNTEAMED)
def test_where_there_is_no_team_nobody_stays(world: World, engine: Engine, plural: str) -> None:
    """A seat that nobody could see or take away isn't given; the dialog doesn't ask for it."""
    api = Api(world, "manager")
    for wrong in ({"old_owner": "read"}, {"old_owner": "write"}, {"until": LATER}):
        answer = api.bulk(plural, "transfer", [1], {"new_owner": "sales1b", **wrong})
        assert (answer.status_code, {*answer.json["fields"]}) == (422, {*wrong}), wrong
    transfer(world, [1], of=plural, old_owner="remove")
    page = api.client.get(f"/{plural}/bulk/transfer?id=2").text
    assert 'data-field="new_owner"' in page
    for key in ("old_owner", "until", "cascade", "cascade_of"):
        assert f'data-field="{key}"' not in page, key
    form = Page(page).form("bulk-form")
    form["new_owner"] = str(user_ids(engine)["sales1b"])
    ahead = api.client.post(f"/{plural}/bulk/transfer", data=form)
    assert ahead.status_code == 200
    assert 'name="form_nonce"' in ahead.text


@pytest.mark.parametrize("until", ["2000-01-01T00:00:00Z", "tomorrow", 7])
def test_an_end_that_can_t_be(world: World, engine: Engine, until: Any) -> None:
    api, params = Api(world, "manager"), {"new_owner": "sales1b", "old_owner": "read"}
    answer = api.bulk("customers", "transfer", [1], {**params, "until": until})
    assert (answer.status_code, {*answer.json["fields"]}) == (422, {"until"})
    assert owner_of(engine, 1) == "sales1a"


def test_without_an_end_the_setting_says_it(world: World, engine: Engine) -> None:
    """SET-1: as for everybody who is added to a team; an empty one means for good."""
    former = user_ids(engine)["sales1a"]
    saved = submit(world.client("admin"), "/settings/", seat_days="5", **TICKED)
    assert saved.status_code == 302, saved.text
    transfer(world, [1], old_owner="read")
    end = seats_of(engine, 1)[former][1].replace(tzinfo=UTC)
    assert timedelta(days=4, hours=23) < end - datetime.now(UTC) <= timedelta(days=5)
    transfer(world, [2], old_owner="read", until=None)
    assert seats_of(engine, 2)[former][1] is None


@pytest.mark.parametrize(
    ("whose", "went"), [("old_owner", {1}), ("all", {1, 3, 6})], ids=["his", "all"]
)
@pytest.mark.usefixtures("contacts")
def test_children_go_along(world: World, engine: Engine, whose: str, went: set[int]) -> None:
    """XFER-1: those of the former owner or all, told ahead and in the report, with the seats of
    those who had them; undone, all of it is as before.
    """
    people = user_ids(engine)
    had = {1: "sales1a", 3: "sales1b", 6: "sales2a"}
    seats = {i: seats_of(engine, i, "contact") for i in had}
    done = transfer(world, [1], new_owner="leader1", old_owner="read", **ALONG, cascade_of=whose)
    assert done["along"] == [{"kind": "contacts", "count": len(went), "skipped": {}}]
    for number, former in had.items():
        is_gone = number in went
        assert owner_of(engine, number, "contact") == ("leader1" if is_gone else former)
        sits = seats_of(engine, number, "contact").get(people[former], (None,))[0]
        assert sits == ("read" if is_gone else None), number
    assert owner_of(engine, 2, "contact") == "sales1a", "of another customer"
    page = world.client("manager").get(f"/customers/bulk/transfer/report/{done['operation_id']}")
    told = re.search(r"data-along><li><strong>(\d+)</strong>Contacts", page.text)
    assert told is not None
    assert int(told[1]) == len(went)
    assert undo(world, done)["done"] == 1
    for number, former in had.items():
        assert owner_of(engine, number, "contact") == former
        assert seats_of(engine, number, "contact") == seats[number]


@pytest.mark.usefixtures("contacts")
def test_the_description_knows_what_is_answered(world: World) -> None:
    """Whoever programs against it finds every key."""
    api, params = Api(world, "manager"), {"new_owner": "finance", **ALONG}
    dry = api.bulk("customers", "transfer", [1, 2], params, dry_run=True).json
    done = api.bulk("customers", "transfer", [1, 2], params).json
    described = document_of(api)["components"]["schemas"]["Outcome"]["properties"]
    assert {"along", "receivers", "warnings"} <= {*dry}
    assert {*dry, *done} <= {*described}
    for key in ("along", "receivers"):
        assert {*dry[key][0]} <= {*described[key]["items"]["properties"]}


@pytest.mark.usefixtures("contacts")
def test_children_of_nobody_stay_unless_named(world: World, engine: Engine) -> None:
    done = transfer(world, [1], new_owner="leader1", cascade_of="all")
    assert "along" not in done
    assert owner_of(engine, 1, "contact") == "sales1a"


@pytest.mark.usefixtures("contacts")
def test_children_beyond_the_doers_scope(world: World, engine: Engine) -> None:
    """XFER-2: they stay; those that he may read are told as a number, of others nothing is."""
    seat(engine, "leader1", 6, "write", key="contact")
    options = {**ALONG, "cascade_of": "all", "new_owner": "sales2a"}
    done = transfer(world, [1], by="leader1", **options)
    [told] = done["along"]
    assert told == {"kind": "contacts", "count": 2, "skipped": {}}, "6 is the new owner's already"
    write(engine, "contact", 6, owner_id=user_ids(engine)["manager"])
    done = transfer(world, [2], by="leader1", new_owner="sales1b")
    write(engine, "customer", 1, owner_id=user_ids(engine)["sales1a"])
    done = transfer(world, [1], by="leader1", **options | {"new_owner": "sales1b"})
    assert done["along"] == [{"kind": "contacts", "count": 0, "skipped": {"not_permitted": 1}}]
    assert owner_of(engine, 6, "contact") == "manager"
    assert owner_of(engine, 1, "contact") == "sales2a", "nothing is told of what he can't read"


@pytest.mark.usefixtures("contacts")
def test_who_may_not_transfer_children_takes_none_along(world: World, engine: Engine) -> None:
    """PERM-3: the right to the parent gives none to the child."""
    grant(engine, "sales_manager", "contact", operations=["list", "read"])
    done = transfer(world, [1], new_owner="leader1", **ALONG, cascade_of="all")
    assert done["done"] == 1
    assert done["along"] == [{"kind": "contacts", "count": 0, "skipped": {"not_permitted": 3}}]
    assert owner_of(engine, 1, "contact") == "sales1a"


@pytest.mark.usefixtures("contacts")
def test_children_in_the_bin_stay_there(world: World, engine: Engine) -> None:
    write(engine, "contact", 9, customer_id=1)
    done = transfer(world, [1], new_owner="leader1", **ALONG, cascade_of="all")
    assert done["along"][0]["count"] == 3
    assert owner_of(engine, 9, "contact") == "sales1a"


@pytest.mark.usefixtures("contacts")
def test_all_means_all_that_is_open(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """XFER-1: what the rules of the children don't count as anybody's work stays where it is."""
    model = catalogue.get("contact").model
    over = SimpleNamespace(workload=lambda _entity: (model.position != "Retired",))
    write(engine, "contact", 3, position="Retired")
    for number in (1, 6):
        write(engine, "contact", number, position="Buyer")
    monkeypatch.setattr(along, "rules_of", lambda _entity: over)
    assert isinstance(catalogue.get("contact").rules, Rules)
    transfer(world, [1], new_owner="leader1", **ALONG, cascade_of="all")
    assert owner_of(engine, 3, "contact") == "sales1b"
    assert owner_of(engine, 6, "contact") == "leader1"


@pytest.mark.usefixtures("contacts")
def test_children_that_left_meanwhile_stay(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4: looked at once more when they are locked, by record and by owner."""
    found = along.children_within
    people = user_ids(engine)

    def stale(child: Any, parents: Any, **more: Any) -> Any:
        before = {2: (1, people["sales1a"]), 3: (1, people["sales1a"])}
        return found(child, parents, **more) | before

    monkeypatch.setattr(along, "children_within", stale)
    answer = Api(world, "manager").bulk(
        "customers", "transfer", [1], {"new_owner": "leader1", **ALONG}
    )
    assert answer.json["done"] == 1
    assert owner_of(engine, 1, "contact") == "leader1"
    assert owner_of(engine, 2, "contact") == "sales1a", "on another customer by now"
    assert owner_of(engine, 3, "contact") == "sales1b", "somebody else's by now"


def test_a_large_one_tells_once_and_what_went_along(world: World, engine: Engine) -> None:
    """BULK-3, NOTE: a job of several chunks is one batch; its report counts the children."""
    ids = fill(engine, 1_201)
    for number in (1, 2):
        write(engine, "contact", number, customer_id=ids[number * 600])
    params = {"new_owner": "sales2a", "old_owner": "read", **ALONG}
    _job, number = started(Api(world, "manager"), "transfer", ids, params)
    work_off(world)
    people = user_ids(engine)
    told = [(m["user_id"], m["data"]["count"]) for m in rows_in(engine, "outbox", kind="transfer")]
    assert told == [(people["sales2a"], 1_201)]
    page = world.client("manager").get(f"/customers/bulk/transfer/report/{number}").text
    assert "data-along><li><strong>2</strong>Contacts" in page
    assert [owner_of(engine, n, "contact") for n in (1, 2)] == ["sales2a", "sales2a"]
    assert seats_of(engine, 2, "contact")[people["sales1a"]][0] == "read"


def test_whoever_is_disabled_meanwhile_gets_no_more(world: World, engine: Engine) -> None:
    """XFER-3: the job stops and says why; what he has got by then he has, nothing is lost."""
    ids, people, api = fill(engine, 1_201), user_ids(engine), Api(world, "manager")
    job, _run = started(api, "transfer", ids, {"new_owner": "sales2a"})
    work_off(world, chunks=1)
    write(engine, "user", people["sales2a"], is_active=False)
    work_off(world)
    ended = api.get(f"/jobs/{job}").json
    assert (ended["state"], ended["done"]) == ("failed", 500)
    assert ended["error"]["message"] == "What stood in “New owner” can't be chosen any more."
    rows = {row["id"]: row["owner_id"] for row in rows_in(engine, "customer")}
    assert [rows[i] for i in ids] == [people["sales2a"]] * 500 + [people["sales1a"]] * 701


@pytest.mark.parametrize("plural", HANDED)
def test_nobody_gets_what_is_out_of_reach(world: World, engine: Engine, plural: str) -> None:
    """XFER-2: a seat in the team is never enough; the new owner is active (XFER-3)."""
    entity, people = HANDED[plural], user_ids(engine)
    if plural in TEAMED:
        seat(engine, "leader1", 7, "write", key=entity.key)
        done = transfer(world, [1, 7], by="leader1", of=plural, new_owner="leader1")
        assert [(one["id"], one["code"]) for one in done["skipped"]] == [(7, "not_permitted")]
        assert owner_of(engine, 7, entity.key) == "sales2a"
        own = Api(world, "sales1b").bulk(plural, "transfer", [3], {"new_owner": "leader1"})
        assert own.status_code == 403
    write(engine, "user", people["sales2a"], is_active=False)
    for dry_run in (True, False):
        answer = Api(world, "manager").bulk(
            plural, "transfer", [3], {"new_owner": "sales2a"}, dry_run=dry_run
        )
        assert (answer.status_code, {*answer.json["fields"]}) == (422, {"new_owner"})
    assert owner_of(engine, 3, entity.key) == "sales1b"


def test_who_could_not_read_what_he_gets(world: World, engine: Engine) -> None:
    """XFER-3: warned of ahead, also of what goes along, in the same words wherever he is chosen."""
    said = "May not read Customers: People."
    assert warnings(world, new_owner="people") == [said]
    assert warnings(world, "assign", to=["people"], how="equal") == [said]
    assert warnings(world, new_owner="finance", **ALONG) == ["May not read Contacts: Finance."]
    assert warnings(world, new_owner="finance") == []
    desk = Desk(world, engine)
    assert said in desk.post(desk.form("people"), "preview").text
    transfer(world, [1], new_owner="people")


def test_who_reads_of_that_kind_but_not_his_own(world: World, engine: Engine) -> None:
    """XFER-3: a scope of chosen departments that leaves out one's own."""
    grant(engine, "finance", "customer", scope="none")
    assert warnings(world, new_owner="finance") == ["May not read Customers: Finance."]


def test_the_clock_of_recycling_begins_anew(world: World, engine: Engine) -> None:
    """XFER-4, POOL-5: neither the forecast nor the run takes it by what was before."""
    now = datetime.now(UTC)
    tonight = next_due(now)
    rule(engine, quiet_days="8", unwon_days="9", position=0)
    obtained(engine, {1: 20, 2: 20}, at=now)
    before = tonights(world)
    transfer(world, [1], new_owner="sales1b")
    assert (before, tonights(world)) == (2, 1)
    assert run(world, tonight)["recycled"] == 1
    assert pooled(engine) == {2}
    run(world, tonight + 7 * DAY)
    assert 1 not in pooled(engine)
    run(world, tonight + 9 * DAY)
    assert 1 in pooled(engine)


def next_due(now: datetime) -> datetime:
    """The next two in the morning in Shanghai."""
    due = now.replace(hour=TWO.hour, minute=0, second=0, microsecond=0)
    return due if due > now else due + DAY


def tonights(world: World) -> int:
    """How many the forecast says will go tonight."""
    world.is_dirty = True
    with world.app.app_context(), system_scope("a test"):
        access.snapshot()
        [rules] = rules_for("customers")
        counts = Forecast(catalogue.get("customer"), rules).counts()
        db.session.rollback()
    return sum(n for (night, _owner), n in counts.items() if night == 0)


def test_it_is_to_do_for_the_new_owner(world: World, engine: Engine) -> None:
    """TODO: assigned to him and not followed up, until he does."""
    write(engine, "customer", 1, is_followed_up=True)
    transfer(world, [1], new_owner="sales1b")
    waiting = condition("is_followed_up", "eq", False)
    assert 1 in Api(world, "sales1b").ids("customers", waiting)


def test_what_is_said_to_two_roles(world: World, engine: Engine) -> None:
    """PERM-2: reading everything by one role doesn't let him transfer everything by another."""
    set_role(engine, "leader1", "sales_manager", "auditor")
    done = transfer(world, [1, 6], by="leader1", new_owner="sales1b")
    assert [(one["id"], one["code"]) for one in done["skipped"]] == [(6, "not_permitted")]
