"""POOL-2: what a pool's rules let somebody claim, in their order, and what each refusal says."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, func, insert, select

from app.extensions import db
from app.spec import clock, company
from app.spec.catalogue import catalogue
from app.store import claims
from tests.contract.calls import Api, pool_ids, stored, user_ids, write
from tests.support.working import work_off
from tests.support.worlds import World

HOME = ZoneInfo("Asia/Shanghai")


def rule(engine: Engine, pool: str = "Open customers", **values: Any) -> int:
    """Set rules of a pool behind the gate's back; the pool's number."""
    number = pool_ids(engine)[pool]
    write(engine, "pool", number, **values)
    return number


def pooled(
    engine: Engine, number: int, pool: str = "Open customers", key: str = "customer", **values: Any
) -> list[int]:
    """So many more records in that pool."""
    table, now = catalogue.get(key).model.__table__, clock.now()
    given = {"pool_id": pool_ids(engine)[pool], "created_at": now, "updated_at": now, **values}
    rows = [{"name": f"Pooled {i}", **given} for i in range(number)]
    with engine.begin() as connection:
        return list(connection.scalars(insert(table).returning(table.c.id), rows))


def used(engine: Engine) -> dict[tuple[int, int], int]:
    """The counted claims, by pool and person."""
    with engine.connect() as connection:
        rows = connection.execute(select(claims.ClaimCount.__table__)).mappings()
        return {(row["pool_id"], row["user_id"]): row["used"] for row in rows}


def codes(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [skip["code"] for skip in answer.json["skipped"]]


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=HOME)


def shown(moment: datetime) -> str:
    """As the people of the tests read it."""
    return moment.astimezone(HOME).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(("key", "pool"), [("customer", "Open customers"), ("lead", "Open leads")])
def test_no_more_than_the_pool_allows(world: World, engine: Engine, key: str, pool: str) -> None:
    """A batch gives a result per row; the refusal says when more can be claimed (LEAD-3)."""
    ids, number = pooled(engine, 5, pool, key), rule(engine, pool, claim_limit=3)
    api, plural = Api(world, "sales1a"), catalogue.get(key).plural
    dry = api.bulk(plural, "claim", ids, dry_run=True).json
    assert (dry["will_change"], [r["code"] for r in dry["reasons"]]) == (3, ["claims_used"])
    assert used(engine) == {}, "a dry run counts nothing"
    answer = api.bulk(plural, "claim", ids)
    assert answer.json["done"] == 3
    assert [(s["id"], s["code"]) for s in answer.json["skipped"]] == [
        (i, "claims_used") for i in ids[3:]
    ]
    tomorrow = midnight(clock.now().astimezone(HOME).date() + timedelta(days=1))
    reason = answer.json["skipped"][0]["reason"]
    assert shown(tomorrow) in reason, reason
    assert pool in reason
    assert codes(api.bulk(plural, "claim", ids[3:])) == ["claims_used"] * 2
    assert used(engine) == {(number, user_ids(engine)["sales1a"]): 3}
    assert Api(world, "sales1b").bulk(plural, "claim", ids[3:]).json["done"] == 2, "his own three"


def test_only_what_was_claimed_is_counted(world: World, engine: Engine) -> None:
    """A claim that another rule refuses, that came too late or is rolled back spends nothing."""
    people, now = user_ids(engine), clock.now()
    number = rule(engine, claim_limit=2, previous_owner_days=5)
    mine = pooled(engine, 2, previous_owner_id=people["sales1a"], pooled_at=now)
    fresh, gone = pooled(engine, 3), pooled(engine, 1)
    assert Api(world, "sales1b").bulk("customers", "claim", gone).json["done"] == 1
    api = Api(world, "sales1a")
    answer = api.bulk("customers", "claim", [*mine, *fresh[:1], *gone])
    assert sorted(codes(answer)) == ["taken", "yours_before", "yours_before"]
    assert used(engine)[number, people["sales1a"]] == 1
    assert api.bulk("customers", "claim", [999_999]).status_code == 404
    assert codes(api.bulk("customers", "claim", fresh[1:])) == ["claims_used"]
    assert used(engine)[number, people["sales1a"]] == 2


def test_a_claim_that_fails_spends_nothing(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is counted is written together with the claim, and goes with it."""
    rule(engine, claim_limit=2)
    [row] = pooled(engine, 1)
    api = Api(world, "sales1a")

    def broken(*_given: Any) -> None:
        raise OSError("the last step of it")

    monkeypatch.setattr("app.operations.claiming.follow_parents", broken)
    assert api.bulk("customers", "claim", [row]).status_code == 500
    monkeypatch.undo()
    assert used(engine) == {}
    assert stored(engine, "customer", row)["owner_id"] is None
    assert api.bulk("customers", "claim", [row]).json["done"] == 1


def test_the_rules_are_asked_in_their_order(world: World, engine: Engine) -> None:
    """POOL-2: claims left, previous owner, new data; one refusal per row, the first."""
    people, now = user_ids(engine), clock.now()
    rule(engine, claim_limit=1, previous_owner_days=5, protection_days=3)
    free = pooled(engine, 1, pooled_at=now - timedelta(days=3))
    mine = pooled(engine, 1, previous_owner_id=people["sales1a"], pooled_at=now)
    new = pooled(engine, 1, pooled_at=now)
    api = Api(world, "sales1a")
    answer = api.bulk("customers", "claim", [*mine, *new])
    assert codes(answer) == ["yours_before", "protected"]
    reasons = [skip["reason"] for skip in answer.json["skipped"]]
    assert shown(now + timedelta(days=5)) in reasons[0]
    assert shown(now + timedelta(days=3)) in reasons[1]
    assert api.bulk("customers", "claim", free).json["done"] == 1
    assert codes(api.bulk("customers", "claim", [*mine, *new])) == ["claims_used"] * 2


def test_whose_it_was_waits_and_nobody_else(world: World, engine: Engine) -> None:
    """Counted from when it left him, to the second; C41."""
    people, now = user_ids(engine), clock.now()
    rule(engine, previous_owner_days=2)
    left = now - timedelta(days=2)
    waits = pooled(
        engine, 2, previous_owner_id=people["sales1a"], pooled_at=left + timedelta(0, 90)
    )
    over = pooled(engine, 1, previous_owner_id=people["sales1a"], pooled_at=left)
    api = Api(world, "sales1a")
    assert codes(api.bulk("customers", "claim", [*waits, *over])) == ["yours_before"] * 2
    assert stored(engine, "customer", over[0])["owner_id"] == people["sales1a"]
    assert Api(world, "leader1").bulk("customers", "claim", waits[:1]).json["done"] == 1
    rule(engine, previous_owner_days=0)
    assert api.bulk("customers", "claim", waits[1:]).json["done"] == 1, "the rule is off"


def test_new_data_waits_for_the_pools_admins(world: World, engine: Engine) -> None:
    """However it came in: released by hand, or imported straight into the pool."""
    number = rule(engine, protection_days=1)
    released = Api(world, "sales1b").bulk("customers", "release", [3], {"pool": number})
    assert released.json["done"] == 1, released.text
    imported = pooled(engine, 1, pooled_at=clock.now())
    rows, member = [3, *imported], Api(world, "manager")
    assert codes(member.bulk("customers", "claim", rows)) == ["protected"] * 2
    assert Api(world, "leader1").bulk("customers", "claim", [3]).json["done"] == 1, "its admin"
    assigned = member.bulk("customers", "assign", imported, {"to": ["sales1a"], "how": "equal"})
    assert assigned.json["done"] == 1, "it is about claiming only"


def test_a_period_ends_with_the_companys_day(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next day, week or month begins anew; another kind of period begins at once."""
    ids, me = pooled(engine, 8), user_ids(engine)["sales1a"]
    number, api = rule(engine, claim_limit=1, claim_period="week"), Api(world, "sales1a")

    def on(*day: int) -> int:
        monkeypatch.setattr(company, "today", lambda: date(*day))
        done: int = api.bulk("customers", "claim", ids[:1]).json["done"]
        del ids[:done]
        return done

    assert on(2026, 11, 22) == 1, "a Sunday"
    assert on(2026, 11, 22) == 0
    assert on(2026, 11, 23) == 1, "the week begins on Monday"
    assert on(2026, 11, 29) == 0
    rule(engine, claim_period="month")
    assert on(2026, 11, 30) == 1, "counted from when the rule holds"
    assert on(2026, 11, 30) == 0
    assert on(2026, 12, 1) == 1
    assert on(2026, 12, 31) == 0
    rule(engine, claim_limit=2)
    assert on(2026, 12, 31) == 1, "the number alone begins nothing anew"
    assert used(engine) == {(number, me): 2}


def test_a_period_that_has_begun_stays_begun(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looked at his clock before midnight and waited gets of the new day's claims."""
    ids = pooled(engine, 3)
    rule(engine, claim_limit=1)
    api = Api(world, "sales1a")
    monkeypatch.setattr(company, "today", lambda: date(2026, 11, 24))
    assert api.bulk("customers", "claim", ids[:1]).json["done"] == 1
    monkeypatch.setattr(company, "today", lambda: date(2026, 11, 23))
    answer = api.bulk("customers", "claim", ids[1:2])
    assert codes(answer) == ["claims_used"]
    assert shown(midnight(date(2026, 11, 25))) in answer.json["skipped"][0]["reason"]
    monkeypatch.setattr(company, "today", lambda: date(2026, 11, 24))
    assert codes(api.bulk("customers", "claim", ids[2:])) == ["claims_used"]


@pytest.mark.parametrize(
    ("period", "day", "first", "after"),
    [
        ("day", (2028, 2, 29), (2028, 2, 29), (2028, 3, 1)),
        ("week", (2027, 1, 3), (2026, 12, 28), (2027, 1, 4)),
        ("month", (2028, 2, 29), (2028, 2, 1), (2028, 3, 1)),
        ("month", (2026, 12, 31), (2026, 12, 1), (2027, 1, 1)),
    ],
)
def test_days_weeks_and_months(
    period: str, day: Sequence[int], first: Sequence[int], after: Sequence[int]
) -> None:
    begin = claims.beginning(period, date(*day))
    assert (begin, claims.following(period, begin)) == (date(*first), date(*after))


def test_what_comes_back_does_not_give_claims_back(world: World, engine: Engine) -> None:
    """Neither a release nor an undo: who looks at five and puts them back has looked at five."""
    people, ids = user_ids(engine), pooled(engine, 4)
    number, api = rule(engine, claim_limit=2), Api(world, "sales1a")
    run = api.bulk("customers", "claim", ids[:2]).json["operation_id"]
    undone = api.post(f"/operations/{run}/undo", {})
    assert undone.json["done"] == 2, undone.text
    assert [stored(engine, "customer", i)["pool_id"] for i in ids[:2]] == [number] * 2
    assert codes(api.bulk("customers", "claim", ids)) == ["claims_used"] * 4
    rule(engine, claim_limit=3)
    assert api.bulk("customers", "claim", ids[:1]).json["done"] == 1
    assert api.bulk("customers", "release", ids[:1], {"pool": number}).json["done"] == 1
    assert codes(api.bulk("customers", "claim", ids[:1])) == ["claims_used"]
    assert used(engine) == {(number, people["sales1a"]): 3}


def test_two_pools_in_one_batch_count_apart(world: World, engine: Engine) -> None:
    ids = [
        i for pool in ("Open customers", "Customers of Sales 2") for i in pooled(engine, 2, pool)
    ]
    rule(engine, claim_limit=1)
    rule(engine, "Customers of Sales 2", claim_limit=1)
    answer = Api(world, "sales2a").bulk("customers", "claim", ids)
    assert answer.json["done"] == 2
    assert [skip["id"] for skip in answer.json["skipped"]] == [ids[1], ids[3]]
    assert sorted(used(engine).values()) == [1, 1]


def test_a_large_batch_counts_from_chunk_to_chunk(world: World, engine: Engine) -> None:
    """What a job claims counts the same (BULK-3), and so does the dry run of it."""
    ids, api = pooled(engine, 1_100), Api(world, "sales1a")
    number = rule(engine, claim_limit=700)
    dry = api.bulk("customers", "claim", ids, dry_run=True).json
    assert (dry["total"], dry["will_change"]) == (1_100, 700)
    answer = api.bulk("customers", "claim", ids)
    assert answer.status_code == 202, answer.text
    work_off(world)
    run = api.client.get(f"/api/v1/operations/{answer.json['operation_id']}").json
    assert (run["done"], run["skipped"]) == (700, 400)
    assert used(engine) == {(number, user_ids(engine)["sales1a"]): 700}


def test_rules_that_can_not_be(world: World, engine: Engine) -> None:
    """Bad input: no claims at all, days before today, a period that nobody knows."""
    api, number = Api(world, "admin"), pool_ids(engine)["Open customers"]
    version = stored(engine, "pool", number)["version"]
    for wrong in (
        {"claim_limit": 0},
        {"claim_limit": -1},
        {"claim_period": "year"},
        {"previous_owner_days": -1},
        {"protection_days": 3651},
    ):
        answer = api.put(f"/pools/{number}", wrong, version)
        assert (answer.status_code, list(answer.json["fields"])) == (422, list(wrong)), wrong
    right = {"claim_limit": 3, "claim_period": "week", "previous_owner_days": 7}
    assert api.put(f"/pools/{number}", right, version).status_code == 200
    told = api.get(f"/pools/{number}").json["result"]
    assert {key: told[key] for key in right} == right
    nothing = {"claim_limit": None, "claim_period": None}
    assert api.put(f"/pools/{number}", nothing, version + 1).status_code == 200
    log = db.metadata.tables["history"]
    with engine.connect() as connection:
        where = (log.c.entity == "pool", log.c.record_id == number)
        entries = connection.execute(select(log.c.changes).where(*where)).scalars().all()
    assert {"claim_limit": [None, 3]}.items() <= entries[-2].items()
    assert entries[-1]["claim_limit"] == [3, None]
    [row] = pooled(engine, 1)
    assert Api(world, "sales1a").bulk("customers", "claim", [row]).json["done"] == 1, "no rule"


def test_times_are_read_on_the_readers_clock(world: World, engine: Engine) -> None:
    """A refusal says it in the language and the time zone of whoever claims (UI-8)."""
    write(engine, "user", user_ids(engine)["sales1a"], timezone="America/New_York", language="en")
    now = datetime.now(UTC).replace(microsecond=0)
    rule(engine, protection_days=1)
    [row] = pooled(engine, 1, pooled_at=now)
    [skip] = Api(world, "sales1a").bulk("customers", "claim", [row]).json["skipped"]
    there = (now + timedelta(days=1)).astimezone(ZoneInfo("America/New_York"))
    assert there.strftime("%Y-%m-%d %H:%M") in skip["reason"], skip


def test_what_is_found_out_late_is_said_all_the_same(world: World, engine: Engine) -> None:
    """Contract §1, BULK-4: nothing there is nothing at all; what is one's own is left out."""
    [there], mine = pooled(engine, 1), 1
    api, before = Api(world, "sales1a"), used(engine)
    run = db.metadata.tables["operation_run"]
    for unknown in (2_000_000, 0, 2**31):
        assert api.bulk("customers", "claim", [there, unknown]).status_code == 404
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(run)) == 0
    assert stored(engine, "customer", there)["owner_id"] is None
    answer = api.bulk("customers", "claim", [mine, there])
    assert codes(answer) == ["not_permitted"]
    assert (answer.json["total"], answer.json["done"]) == (2, 1)
    with engine.connect() as connection:
        row = connection.execute(select(run)).one()
    assert (row.total, row.done, row.skipped) == (2, 1, 1)
    assert used(engine) == before
