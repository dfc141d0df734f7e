"""Caps (POOL-9, CUS-2): nobody gets more than he may, in whatever way, and each row says why."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine, insert
from werkzeug.test import TestResponse

from app.extensions import db
from app.spec.catalogue import catalogue
from app.store import caps
from tests.contract.calls import Api, pool_ids, stored, user_ids, write
from tests.contract.test_bulk import rows_in
from tests.contract.test_imports import csv_of, send
from tests.support.snapshot import changed, snapshot
from tests.support.statements import count_statements
from tests.support.web import submit
from tests.support.worlds import World

OWNER, OTHER = "sales1a", "sales1b"
WANTED, ROOM = 4, 2
"""So many records somebody shall get, and so many he may."""

Attempt = Callable[[bool], TestResponse]
"""Try to give somebody the records, or only see what would be (dry run)."""


def limit(world: World, number: int, *, kind: str = "customers", **more: Any) -> int:
    """A rule, by whoever keeps them; its id."""
    body = {"name": f"At most {number}", "kind": kind, "number": number, "is_enabled": True, **more}
    answer = Api(world, "system").post("/caps/", body)
    assert answer.status_code == 201, answer.text
    return int(answer.json["id"])


def fill(engine: Engine, count: int, key: str = "customer", **values: Any) -> list[int]:
    """So many records, behind the gate's back."""
    now, table = datetime.now(UTC), catalogue.get(key).model.__table__
    named = [f"{key} {n} {sorted(values)} {now}" for n in range(count)]
    rows = [{"name": name, "created_at": now, "updated_at": now, **values} for name in named]
    with engine.begin() as connection:
        return list(connection.scalars(insert(table).returning(table.c.id), rows))


def held(engine: Engine, owner: str = OWNER, key: str = "customer", **more: Any) -> int:
    person = user_ids(engine)[owner]
    return len(rows_in(engine, key, owner_id=person, deleted_at=None, **more))


def bulk(world: World, who: str, slug: str, ids: list[int], params: Any, plural: str) -> Attempt:
    api = Api(world, who)
    return lambda dry: api.bulk(plural, slug, ids, params, dry_run=dry)


def undoing(world: World, who: str, slug: str, ids: list[int], params: Any) -> Attempt:
    """Do it now, while nothing is limited; the attempt takes it back."""
    api = Api(world, who)
    done = api.bulk("customers", slug, ids, params)
    assert done.json["done"] == len(ids), done.text
    path = f"/operations/{done.json['operation_id']}/undo"
    return lambda dry: api.post(path, {"dry_run": True} if dry else {})


def way(slug: str, world: World, engine: Engine) -> Attempt:
    """One of the ways in which somebody gets records, prepared so that only the last step lacks."""
    people, pools = user_ids(engine), pool_ids(engine)
    mine = {"owner_id": people[OWNER]}
    if slug == "claim":
        ids = fill(engine, WANTED, pool_id=pools["Open customers"])
        return bulk(world, OWNER, "claim", ids, {}, "customers")
    if slug in ("transfer", "assign"):
        params = {"new_owner": OWNER} if slug == "transfer" else {"to": [OWNER], "how": "equal"}
        ids = fill(engine, WANTED, owner_id=people[OTHER])
        return bulk(world, "manager", slug, ids, params, "customers")
    if slug == "convert":
        return bulk(world, "manager", slug, fill(engine, WANTED, "lead", **mine), {}, "leads")
    if slug == "restore":
        ids = fill(engine, WANTED, **mine)
        assert Api(world, "manager").bulk("customers", "delete", ids).json["done"] == WANTED
        return bulk(world, "manager", "restore", ids, {}, "customers")
    operation = slug.removeprefix("undo of ")
    ids = fill(engine, WANTED + (operation == "merge"), **mine)
    params = {
        "release": {"pool": pools["Open customers"]},
        "transfer": {"new_owner": OTHER},
        "merge": {"survivor": ids[0]},
    }
    return undoing(world, "admin", operation, ids, params.get(operation, {}))


GIVING = ("claim", "transfer", "assign", "convert", "restore")
WAYS = (*GIVING, *(f"undo of {slug}" for slug in ("release", "transfer", "delete", "merge")))
HARMLESS = {
    *("export", "bulk_edit", "delete", "purge", "release", "lock", "unlock", "set_deal_status"),
    *("judge", "add_team", "remove_team", "add_tags", "remove_tags", "mark_invalid", "reopen"),
    *("merge", "move_pool"),
}
"""Operations by which nobody gets a record."""


def test_every_operation_is_known_to_give_or_not() -> None:
    """A new operation says here which it is; a giving one is tried in all tests below."""
    pooled = [entity for entity in catalogue if entity.is_pooled]
    assert {verb.slug for entity in pooled for verb in entity.bulk_verbs} == HARMLESS | set(GIVING)


@pytest.mark.parametrize("slug", WAYS)
def test_whoever_has_room_for_two_gets_two(world: World, engine: Engine, slug: str) -> None:
    """POOL-9, XFER-3: row by row, never the whole batch, and the dry run says the same."""
    attempt = way(slug, world, engine)
    before = held(engine)
    limit(world, before + ROOM)
    dry, run = attempt(True).json, attempt(False).json
    assert (dry["will_change"] - (slug == "undo of merge"), len(dry["skipped"])) == (ROOM, ROOM)
    assert {one["code"] for one in dry["skipped"]} == {"over_cap"}
    assert run["skipped"] == dry["skipped"]
    told = f"Sales1A can't have more: {before + ROOM} of {before + ROOM} × Customers."
    said = "Everybody chosen has as many as they may have." if slug == "assign" else told
    assert {one["reason"] for one in run["skipped"]} == {said}
    assert held(engine) == before + ROOM


@pytest.mark.parametrize("slug", WAYS)
def test_the_writer_itself_lets_nobody_over(
    world: World, engine: Engine, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever forgets to look before is refused as a whole, and nothing is written."""
    attempt = way(slug, world, engine)
    limit(world, held(engine) + ROOM)
    monkeypatch.setattr(caps.Tally, "fits", lambda *_given: True)
    before = snapshot(engine, db.metadata)
    answer = attempt(False)
    assert answer.status_code == 409, answer.text
    assert "can't have more: " in answer.json["message"]
    assert changed(before, snapshot(engine, db.metadata)) == []


def test_a_form_and_a_program_are_told_who_has_how_many(world: World, engine: Engine) -> None:
    limit(world, held(engine) + 1)
    api = Api(world, OWNER)
    assert api.post("/customers/", {"name": "The last one"}).status_code == 201
    refused = api.post("/customers/", {"name": "One too many"})
    assert refused.status_code == 422
    most = held(engine)
    said = f"Sales1A can't have more: {most} of {most} × Customers."
    assert said in refused.json["fields"]["owner"][0]
    page = submit(api.client, "/customers/add", name="One too many")
    assert page.status_code == 422
    assert f"{most} of {most} × Customers." in page.text
    assert held(engine) == most
    manager = Api(world, "manager")
    assert manager.post("/customers/", {"name": "His", "owner": OWNER}).status_code == 422
    assert manager.post("/customers/", {"name": "Hers", "owner": OTHER}).status_code == 201


@pytest.mark.parametrize("is_dry", [True, False])
def test_an_import_says_it_line_by_line(world: World, engine: Engine, is_dry: bool) -> None:
    before = held(engine)
    limit(world, before + ROOM)
    rows = [["name", "owner"], *([f"Imported {n}", OWNER] for n in range(WANTED)), ["His", OTHER]]
    answer = send(Api(world, "manager"), "customers", csv_of(rows), dry_run=is_dry)
    assert answer.status_code == 200, answer.text
    assert answer.json["created"] == ROOM + 1
    told = answer.json["reasons"] if is_dry else answer.json["failed"]
    assert "can't have more: " in told[0]["text" if is_dry else "reason"]
    assert held(engine) == before + (0 if is_dry else ROOM)


def test_the_first_rule_by_order_holds(world: World, engine: Engine) -> None:
    """Users and departments with those below; disabled and deleted rules don't count."""
    people, departments = user_ids(engine), rows_in(engine, "department")
    [sales] = [row["id"] for row in departments if row["name"] == "Sales"]
    everybody = limit(world, 0, position=9)
    limit(world, 100, departments=[sales], position=5)
    limit(world, 0, users=[people[OWNER]], position=1, is_enabled=False)
    gone = limit(world, 0, users=[people[OWNER]], position=1)
    system = Api(world, "system")
    assert system.delete(f"/caps/{gone}").status_code == 200
    admin = Api(world, "admin")
    made = {who: admin.post("/customers/", {"name": f"Of {who}", "owner": who}).status_code
            for who in (OWNER, "sales2a", "manager", "marketing")}  # fmt: skip
    assert made == {OWNER: 201, "sales2a": 201, "manager": 201, "marketing": 422}
    limit(world, 0, users=[people[OWNER]], position=4)
    assert admin.post("/customers/", {"name": "More", "owner": OWNER}).status_code == 422
    assert admin.post("/leads/", {"name": "Of another kind", "owner": OWNER}).status_code == 201
    off = system.put(f"/caps/{everybody}", {"is_enabled": False})
    assert off.status_code == 200
    assert admin.post("/customers/", {"name": "Of all", "owner": "marketing"}).status_code == 201


def test_what_is_won_leaves_room_unless_the_rule_says_otherwise(
    world: World, engine: Engine
) -> None:
    people = user_ids(engine)
    won = fill(engine, 3, owner_id=people[OTHER], deal_status="won")
    rule = limit(world, held(engine))
    api, params = Api(world, "manager"), {"new_owner": OWNER}
    assert api.bulk("customers", "transfer", won[:2], params).json["done"] == 2
    assert api.post("/customers/", {"name": "Not won", "owner": OWNER}).status_code == 422
    everything = Api(world, "system").put(f"/caps/{rule}", {"counts_done": True})
    assert everything.status_code == 200
    refused = api.bulk("customers", "transfer", won[2:], params).json["skipped"]
    assert [one["code"] for one in refused] == ["over_cap"]


def test_a_converted_lead_leaves_room(world: World, engine: Engine) -> None:
    limit(world, held(engine, key="lead"), kind="leads")
    api = Api(world, OWNER)
    assert api.post("/leads/", {"name": "Too many"}).status_code == 422
    assert api.bulk("leads", "convert", [1]).json["done"] == 1
    assert api.post("/leads/", {"name": "In its place"}).status_code == 201


def test_locks_are_limited_by_themselves(world: World, engine: Engine) -> None:
    """CUS-2: those whose time is over don't count; a lock that is changed is no further one."""
    ids = fill(engine, 4, owner_id=user_ids(engine)[OWNER])
    limit(world, 2, counted="locked")
    api, soon = Api(world, OWNER), datetime.now(UTC) + timedelta(hours=1)
    until = {"reason": "x", "until": soon.strftime("%Y-%m-%dT%H:%M:%SZ")}
    dry = api.bulk("customers", "lock", ids[:3], until, dry_run=True).json
    run = api.bulk("customers", "lock", ids[:3], until).json
    assert run["skipped"] == dry["skipped"]
    assert [(one["id"], one["code"]) for one in run["skipped"]] == [(ids[2], "over_cap")]
    assert "can't lock more: 2 of 2" in run["skipped"][0]["reason"]
    assert api.bulk("customers", "lock", ids[:1], {"reason": "y"}).json["done"] == 1
    assert api.bulk("customers", "lock", ids[3:], {"reason": "y"}).json["done"] == 0
    unlocked = api.bulk("customers", "unlock", ids[:1]).json
    assert api.bulk("customers", "lock", ids[3:], {"reason": "y"}).json["done"] == 1
    back = api.post(f"/operations/{unlocked['operation_id']}/undo", {}).json
    assert [one["code"] for one in back["skipped"]] == ["over_cap"]
    with time_machine.travel(soon + timedelta(minutes=1), tick=False):
        later = Api(world, OWNER)
        assert later.bulk("customers", "lock", ids[2:3], {"reason": "z"}).json["done"] == 1
    assert api.post("/customers/", {"name": "Not limited"}).status_code == 201


def test_a_release_gives_back_exactly_one(world: World, engine: Engine) -> None:
    """C81."""
    ids = fill(engine, 2, pool_id=pool_ids(engine)["Open customers"])
    limit(world, held(engine))
    api = Api(world, OWNER)
    assert api.bulk("customers", "claim", ids).json["done"] == 0
    pool = {"pool": pool_ids(engine)["Open customers"]}
    assert api.bulk("customers", "release", [1], pool).json["done"] == 1
    assert api.bulk("customers", "claim", ids).json["done"] == 1
    assert api.bulk("customers", "claim", ids[1:]).json["done"] == 0


def test_a_lowered_cap_takes_nothing_away(world: World, engine: Engine) -> None:
    rule = limit(world, 100)
    assert Api(world, "system").put(f"/caps/{rule}", {"number": 0}).status_code == 200
    api, before = Api(world, OWNER), held(engine)
    assert before > 0
    assert api.put("/customers/1", {"remark": "Still his"}).status_code == 200
    assert api.post("/customers/", {"name": "No more"}).status_code == 422
    pool = {"pool": pool_ids(engine)["Open customers"]}
    assert api.bulk("customers", "release", [1], pool).json["done"] == 1
    assert held(engine) == before - 1


def test_what_is_limited_can_happen(world: World, engine: Engine) -> None:
    """Bad input: unknown kinds, numbers below zero, and who may do this at all."""
    system = Api(world, "system")
    whole = {"name": "x", "kind": "customers", "number": 5}
    for wrong in ({"kind": "contacts"}, {"number": -1}, {"number": None}, {"counted": "sold"}):
        answer = system.post("/caps/", whole | wrong)
        assert (answer.status_code, set(answer.json["fields"])) == (422, set(wrong)), wrong
    assert Api(world, "manager").post("/caps/", whole).status_code == 403
    assert Api(world, "manager").get("/caps/").status_code == 200
    assert Api(world, OWNER).get("/caps/").status_code == 403


def test_without_a_rule_nothing_is_asked(world: World, engine: Engine) -> None:
    """One about leads costs customers nothing; one about customers two statements at the most."""
    api, asked = Api(world, OWNER), []
    for kind in ("", "leads", "customers"):
        if kind:
            limit(world, 1_000, kind=kind)
        api.get("/customers/")
        with count_statements() as seen:
            assert api.post("/customers/", {"name": f"With {kind}"}).status_code == 201
        asked.append(len(seen))
    assert asked[0] == asked[1] < asked[2] <= asked[0] + 2, asked


def test_in_both_languages(world: World, engine: Engine) -> None:
    ids = fill(engine, 1, pool_id=pool_ids(engine)["Open customers"])
    write(engine, "user", user_ids(engine)[OWNER], name="王伟", name_en="Wang Wei")
    most = held(engine)
    limit(world, most)
    api = Api(world, OWNER)
    run = api.bulk("customers", "claim", ids).json
    assert run["skipped"][0]["reason"] == f"Wang Wei can't have more: {most} of {most} × Customers."
    api.client.get("/lang/zh")
    report = api.client.get(f"/api/v1/operations/{run['operation_id']}/report").json
    assert f"王伟已有客户 {most} / {most}" in str(report)
    assert stored(engine, "customer", ids[0])["owner_id"] is None


def test_used_and_cap_stand_wherever_somebody_is_chosen(world: World, engine: Engine) -> None:
    """Pickers, dialogs, previews: for whom a rule holds, and as far as the chooser may know it."""
    before, most = held(engine), held(engine) + 3
    manager = Api(world, "manager")
    ids = fill(engine, 2, owner_id=user_ids(engine)[OTHER])
    dialog = "/customers/bulk/transfer?id=1"
    for address in ("owner", "new_owner", "to"):
        found = manager.client.get(f"/customers/options/{address}?q={OWNER}").json
        assert [one["hint"] for one in found] == [OWNER]
    assert f"({before}/" not in manager.client.get(dialog).text
    limit(world, most, users=[user_ids(engine)[OWNER]])
    for address in ("owner", "new_owner", "to"):
        found = manager.client.get(f"/customers/options/{address}?q=").json
        hints = {one["hint"] for one in found}
        assert f"{OWNER} · {before}/{most}" in hints, address
        assert OTHER in hints, "no rule holds for him"
    assert f"({before}/{most})" in manager.client.get(dialog).text
    assert f"({before}/{most})" in manager.client.get("/customers/add").text
    retired = manager.client.get("/customers/options/owner?q=&retired=1").json
    assert {one["hint"] for one in retired} >= {OWNER}, "nobody gets anything by a filter"
    given = manager.bulk("customers", "transfer", ids, {"new_owner": OWNER}, dry_run=True).json
    [receiver] = given["receivers"]
    assert receiver["user"]["username"] == OWNER
    told = {key: receiver[key] for key in ("count", "used", "most")}
    assert told == {"count": 2, "used": before + 2, "most": most}
    for who, is_told in (("clerk1", True), ("sales2a", False)):
        found = world.client(who).get(f"/customers/options/owner?q={OWNER}").json
        assert [f"{before}/{most}" in one["hint"] for one in found] == [is_told], who


def test_a_picker_asks_once_for_all(world: World, engine: Engine) -> None:
    """One statement however many people stand in it; none where nothing is limited."""
    client, asked = Api(world, "manager").client, []
    for kind in ("", "leads", "customers"):
        if kind:
            limit(world, 100, kind=kind)
        client.get("/customers/options/new_owner?q=")
        with count_statements() as seen:
            client.get("/customers/options/new_owner?q=")
        asked.append(len(seen))
    assert asked[1:] == [asked[0], asked[0] + 1]


def test_the_cap_is_told_before_what_a_pool_allows(world: World, engine: Engine) -> None:
    """POOL-2: membership, holding cap, claims left; what the cap refuses isn't spent."""
    pool = pool_ids(engine)["Open customers"]
    write(engine, "pool", pool, claim_limit=1, claim_period="day")
    ids = fill(engine, 3, pool_id=pool)
    rule, api = limit(world, held(engine)), Api(world, OWNER)
    assert set(codes(api.bulk("customers", "claim", ids)).values()) == {"over_cap"}
    more = Api(world, "system").put(f"/caps/{rule}", {"number": held(engine) + 2})
    assert more.status_code == 200
    dry = api.bulk("customers", "claim", ids, dry_run=True)
    run = api.bulk("customers", "claim", ids)
    assert codes(run) == codes(dry) == dict.fromkeys(ids[1:], "claims_used")


def codes(answer: TestResponse) -> dict[int, str]:
    return {one["id"]: one["code"] for one in answer.json["skipped"]}
