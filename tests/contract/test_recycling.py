"""Recycling (POOL-5, 6, 8, 10): which day a record goes is one definition, in Python and in SQL."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine, select, update

from app.extensions import db
from app.jobs import recycling as night
from app.jobs.clock import last_due
from app.operations import recycling as operations
from app.operations.recycling import Night
from app.spec import clock, company, recycling
from app.spec.catalogue import catalogue
from app.spec.recycling import Clock, Exemption, PoolRules
from app.spec.words import Label
from app.store import access, history
from app.store import recycling as rows
from app.store.context import system_scope
from app.store.organisation import RightsVersion
from app.store.outbox import Outbox
from app.store.pools import Pool
from app.store.recycling_runs import RecyclingRun
from app.store.settings import StoredSetting
from tests.contract.calls import Api, pool_ids, stored, user_ids, write
from tests.support.mailbox import as_the_clock
from tests.support.worlds import World

DAY = timedelta(days=1)
TWO = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
"""Two in the morning of the 24th in Shanghai."""
MINE, OTHERS = range(1, 9), (1, 2, 3, 4, 5, 6, 7, 8)
POOL = "Open customers"
INPUTS = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


def rule(engine: Engine, name: str = POOL, **values: Any) -> int:
    """Set a pool's rules behind the gate's back, and let everybody look anew; its number."""
    number = pool_ids(engine)[name]
    with engine.begin() as connection:
        if values:
            connection.execute(update(Pool.__table__).where(Pool.id == number).values(**values))
        version = RightsVersion.__table__
        connection.execute(version.update().values(number=version.c.number + 1))
    return number


def obtained(engine: Engine, days: Mapping[int, int], at: datetime = TWO, **more: Any) -> None:
    """Let customers be obtained so many days before that moment, never followed up since."""
    for number in MINE:
        write(engine, "customer", number, obtained_at=at, last_follow_up_at=None, level=None)
    for number, ago in days.items():
        values = {"obtained_at": at - ago * DAY, **more}
        write(engine, "customer", number, **values)


def run(world: World, at: datetime = TWO) -> dict[str, int]:
    """What the clock does at that moment, and what it reports."""
    done: dict[str, int] = {}
    with time_machine.travel(at, tick=False):
        as_the_clock(world, lambda: done.update(night.run()) or done)
    return done


def pooled(engine: Engine) -> set[int]:
    """The customers that went into a pool from an owner."""
    table = catalogue.get("customer").model.__table__
    with engine.connect() as connection:
        found = select(table.c.id).where(table.c.pool_id.is_not(None), table.c.id.in_(OTHERS))
        return set(connection.scalars(found))


def told(engine: Engine, kind: str) -> list[tuple[str, int]]:
    """Who was told of how many."""
    names = {number: name for name, number in user_ids(engine).items()}
    with engine.connect() as connection:
        found = connection.execute(select(Outbox.__table__).where(Outbox.kind == kind))
        return sorted((names[row.user_id], row.data["count"]) for row in found)


@contextmanager
def as_system(world: World, at: datetime = TWO) -> Iterator[None]:
    """Look at everything, at that moment."""
    world.is_dirty = True
    with time_machine.travel(at, tick=False), world.app.app_context(), system_scope("a test"):
        access.snapshot()
        yield
        db.session.rollback()


def test_a_record_goes_with_the_first_run_after_its_days(world: World, engine: Engine) -> None:
    """Obtained on the day D with N days: it stays in the run of D + N, goes in that after (a)."""
    rule(engine, quiet_days="30")
    obtained(engine, {1: 30, 2: 31, 3: 29, 4: 400})
    assert run(world)["recycled"] == 2
    assert pooled(engine) == {2, 4}
    assert run(world)["recycled"] == 0, "a second run finds nothing"
    assert run(world, TWO + DAY)["recycled"] == 1
    assert pooled(engine) == {1, 2, 4}


def test_what_it_writes(world: World, engine: Engine) -> None:
    """POOL-8: owner cleared and kept, contacts follow, one entry with the rule as reason."""
    pool = rule(engine, quiet_days="A=5, *=30")
    obtained(engine, {2: 31})
    people = user_ids(engine)
    run(world)
    row = stored(engine, "customer", 2)
    assert (row["owner_id"], row["previous_owner_id"]) == (None, people["sales1a"])
    assert (row["pool_id"], row["pooled_at"], row["is_followed_up"]) == (pool, TWO, False)
    assert stored(engine, "contact", 2)["owner_id"] is None
    with engine.connect() as connection:
        table = history.History.__table__
        mine = (table.c.entity == "customer", table.c.record_id == 2)
        entries = connection.execute(
            select(table).where(*mine, table.c.operation == "recycle")
        ).all()
    assert len(entries) == 1
    assert entries[0].actor_id is None
    assert entries[0].changes["owner"] == [people["sales1a"], None]
    page = world.client("leader1").get("/customers/show/2?tab=history").get_data(as_text=True)
    assert "No new follow-up for 30 days" in page
    assert "Automatic recycling" in page


def test_a_follow_up_starts_the_clock_anew(world: World, engine: Engine) -> None:
    """(a) counts from the later of both; (c) from when it was obtained, and spares what is won."""
    rule(engine, quiet_days="10", unwon_days="100", quiet_spares_won=True)
    obtained(engine, {1: 50, 2: 50, 3: 50, 4: 150, 5: 150})
    write(engine, "customer", 1, last_follow_up_at=TWO - 3 * DAY)
    write(engine, "customer", 2, last_follow_up_at=TWO - 90 * DAY)
    write(engine, "customer", 3, deal_status="won")
    write(engine, "customer", 4, last_follow_up_at=TWO - DAY)
    write(engine, "customer", 5, deal_status="won")
    run(world)
    assert pooled(engine) == {2, 4}
    rule(engine, quiet_spares_won=False)
    run(world)
    assert pooled(engine) == {2, 3, 4, 5}


def test_levels_have_days_of_their_own(world: World, engine: Engine) -> None:
    rule(engine, quiet_days="A=5, B=20")
    obtained(engine, {1: 6, 2: 6, 3: 21, 4: 900})
    for number, level in {1: "A", 2: "B", 3: "B", 4: None}.items():
        write(engine, "customer", number, level=level)
    run(world)
    assert pooled(engine) == {1, 3}, "without a level, and none for the others: never"


def test_locked_for_as_long_as_the_lock_holds(world: World, engine: Engine) -> None:
    """CUS-2, C41."""
    rule(engine, quiet_days="10")
    obtained(engine, {1: 50, 2: 50, 3: 50})
    write(engine, "customer", 1, is_locked=True)
    write(engine, "customer", 2, is_locked=True, locked_until=TWO + timedelta(hours=1))
    write(engine, "customer", 3, is_locked=True, locked_until=TWO - timedelta(hours=1))
    run(world)
    assert pooled(engine) == {3}
    run(world, TWO + DAY)
    assert pooled(engine) == {2, 3}


def test_only_owners_among_the_members_and_the_first_pool_takes(
    world: World, engine: Engine
) -> None:
    """Two pools that match: the first by order, not by number; a closed pool takes nothing."""
    obtained(engine, dict.fromkeys(MINE, 50))
    rule(engine, quiet_days="10", position=2)
    second = rule(engine, "Customers of Sales 2", quiet_days="10", position=1)
    rule(engine, "Closed customers", quiet_days="1")
    run(world)
    assert pooled(engine) == set(MINE)
    in_second = {n for n in MINE if stored(engine, "customer", n)["pool_id"] == second}
    assert in_second == {6, 7}, "those of sales2a"


def test_nobody_in_the_members_department(world: World, engine: Engine) -> None:
    """A pool whose departments have nobody in them is not everybody's."""
    obtained(engine, dict.fromkeys(MINE, 50))
    people = user_ids(engine)
    write(
        engine,
        "user",
        people["sales2a"],
        department_id=stored(engine, "user", people["admin"])["department_id"],
    )
    rule(engine, "Customers of Sales 2", quiet_days="10")
    assert run(world)["recycled"] == 0


def test_converted_and_invalid_leads_stay(world: World, engine: Engine) -> None:
    rule(engine, "Open leads", quiet_days="10", unwon_days="5")
    for number in MINE:
        write(engine, "lead", number, obtained_at=TWO, last_follow_up_at=None)
    write(engine, "lead", 1, obtained_at=TWO - 20 * DAY, is_converted=True)
    write(engine, "lead", 2, obtained_at=TWO - 20 * DAY, invalid_reason="duplicate")
    write(engine, "lead", 3, obtained_at=TWO - 20 * DAY)
    write(engine, "lead", 4, obtained_at=TWO - 7 * DAY)
    assert run(world)["recycled"] == 1, "leads have no deal status, so nothing runs for number 4"
    assert stored(engine, "lead", 3)["owner_id"] is None


def test_python_and_both_databases_say_the_same(world: World, engine: Engine) -> None:
    """Every kind of row on every day: ``leaving``, ``due``, ``place`` and ``leave_by`` agree."""
    rule(engine, quiet_days="A=3, *=8", unwon_days="B=6, *=20", quiet_spares_won=True)
    rule(engine, "Customers of Sales 2", quiet_days="5", position=-1)
    kinds = product((None, "A", "B"), (0, 4, 7, 15), (None, 2, 9), ("won", "not_won"), range(3))
    entity, at = catalogue.get("customer"), TWO + timedelta(hours=7)
    for number, some in enumerate(kinds):
        level, ago, followed, status, lock = some
        write(
            engine,
            "customer",
            1 + number % 8,
            level=level,
            obtained_at=at - ago * DAY,
            last_follow_up_at=None if followed is None else at - followed * DAY,
            deal_status=status,
            is_locked=bool(lock),
            locked_until=at + 3 * DAY if lock == 2 else None,
        )
        if number % 8 == 7:
            with as_system(world, at):
                _agree(entity)


def _agree(entity: Any) -> None:
    first = recycling.next_run()
    days = [first + n * DAY for n in range(12)]
    model, found = entity.model, recycling.rules_for(entity.plural)
    for record in db.session.scalars(select(model).where(model.id.in_(OTHERS))):
        wanted = recycling.leaving(entity, record)
        left = record.days_left
        for rules in found:
            alone = recycling.leaving(entity, record, [rules])
            due = [
                n for n, day in enumerate(days) if _is(entity, record, rows.due(entity, rules, day))
            ]
            assert due == list(range(due[0], len(days))) if due else True
            said = days.index(alone.day) if alone and alone.day in days else len(days)
            assert (due[0] if due else len(days)) == said, (record.id, rules)
            if rules.concerns(record.owner_id):
                place = select(rows.place(entity, rules, days)).where(model.id == record.id)
                assert db.session.scalar(place) == said, (record.id, rules)
        by = [n for n in range(12) if _is(entity, record, [rows.leave_by(entity, n)])]
        assert (by[0] if by else None) == (left if left is not None and left < 12 else None)
        assert left == ((wanted.day - company.today()).days if wanted else None)


def _is(entity: Any, record: Any, where: Any) -> bool:
    model = entity.model
    return db.session.scalar(select(model.id).where(model.id == record.id, *where)) is not None


def test_what_changes_between_looking_and_taking_counts(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C41, POOL-5: locked or followed up after it was found due, it stays; a naive run takes it."""
    rule(engine, quiet_days="10")
    obtained(engine, {1: 50, 2: 50, 3: 50})
    look = Night.next

    def somebody_is_faster(self: Night, after: int) -> list[int]:
        ids = look(self, after)
        table = catalogue.get("customer").model.__table__
        write_to = update(table).where
        db.session.execute(write_to(table.c.id == 1).values(is_locked=True))
        db.session.execute(write_to(table.c.id == 2).values(last_follow_up_at=TWO))
        return ids

    monkeypatch.setattr(Night, "next", somebody_is_faster)
    assert run(world)["recycled"] == 1
    assert pooled(engine) == {3}
    write(engine, "customer", 1, is_locked=False)
    write(engine, "customer", 2, last_follow_up_at=None)
    monkeypatch.setattr(Night, "_held", lambda self, ids: dict.fromkeys(ids, ""))
    run(world)
    assert pooled(engine) == {1, 2, 3}, "that is what the second look is for"


@pytest.mark.parametrize("how", ["is_enabled", "deleted_at", "quiet_days"])
def test_a_pool_that_ends_during_the_run(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Disabled, deleted or without its rule: what it has stays, it takes nothing more."""
    pool = rule(engine, quiet_days="10", warn_owner_days=0, warn_superior_days=0)
    obtained(engine, dict.fromkeys(MINE, 50))
    monkeypatch.setattr(operations, "CHUNK", 3)
    ended = {"is_enabled": False, "deleted_at": TWO, "quiet_days": None}

    def end(_seconds: float) -> None:
        rule(engine, **{how: ended[how]})

    monkeypatch.setattr(night.time, "sleep", end)
    assert run(world)["recycled"] == 3
    assert len(pooled(engine)) == 3
    with engine.connect() as connection:
        [one] = connection.execute(
            select(RecyclingRun.__table__).where(RecyclingRun.__table__.c.pool_id == pool)
        ).all()
    assert (one.recycled, one.finished_at) == (3, TWO)


def test_warned_once_per_stage_and_again_when_it_comes_anew(world: World, engine: Engine) -> None:
    """POOL-6: the owner seven days ahead, his superior three, then it goes; one message each."""
    rule(engine, quiet_days="30", warn_owner_days=7, warn_superior_days=3)
    obtained(engine, {1: 23, 2: 20, 3: 24})
    owners = ("recycling_soon", "recycling_soon_above", "recycled")
    assert run(world)["warned"] == 1, "number 3 goes in seven days, number 1 in eight"
    assert [told(engine, kind) for kind in owners] == [[("sales1b", 1)], [], []]
    run(world)
    run(world, TWO + DAY)
    assert told(engine, "recycling_soon") == [("sales1a", 1), ("sales1b", 1)]
    write(engine, "customer", 3, last_follow_up_at=TWO + 2 * DAY)
    for days in range(2, 9):
        run(world, TWO + days * DAY)
    assert told(engine, "recycling_soon_above") == [("leader1", 1), ("leader1", 1)]
    assert told(engine, "recycled") == [("sales1a", 1)]
    assert stored(engine, "customer", 1)["owner_id"] is None
    for days in range(9, 28):
        run(world, TWO + days * DAY)
    assert told(engine, "recycling_soon").count(("sales1b", 1)) == 2, "its clock came anew"


def test_superiors_in_a_circle_disabled_or_none(world: World, engine: Engine) -> None:
    """Whoever is still here hears; nobody is asked for ever; the record goes all the same."""
    rule(engine, quiet_days="30", warn_owner_days=5, warn_superior_days=5)
    people = user_ids(engine)
    obtained(engine, {1: 28, 6: 28, 4: 28})
    write(engine, "user", people["sales1a"], superior_id=people["sales1b"], is_active=False)
    write(engine, "user", people["sales1b"], superior_id=people["sales1a"])
    write(engine, "user", people["sales2a"], superior_id=None)
    write(engine, "user", people["leader1"], superior_id=people["leader1"])
    rule(engine)
    run(world)
    assert told(engine, "recycling_soon") == [("leader1", 1), ("sales2a", 1)]
    assert told(engine, "recycling_soon_above") == [("sales1b", 1)]
    run(world, TWO + 3 * DAY)
    assert pooled(engine) == {1, 4, 6}
    assert told(engine, "recycled") == [("leader1", 1), ("sales2a", 1)]


def test_the_to_do_list_and_the_list_show_the_same(world: World, engine: Engine) -> None:
    """POOL-6: what is warned of is a to-do list; the days stand in list and record."""
    rule(engine, quiet_days="30", warn_owner_days=7)
    obtained(engine, {1: 28, 2: 20, 3: 28}, at=clock.now())
    sales, leader = world.client("sales1a"), world.client("leader1")
    page = sales.get("/to-dos/recycled_customers/soon").get_data(as_text=True)
    assert "Customer 01" in page
    assert "Customer 02" not in page
    assert "3 days left" in page
    above = leader.get("/to-dos/recycled_customers/soon?who=my_people").get_data(as_text=True)
    assert "Customer 03" in above
    listed = sales.get("/customers/list/").get_data(as_text=True)
    assert 'data-column="days_left"' in listed
    assert "3 days left" in listed
    shown = sales.get("/customers/show/2").get_data(as_text=True)
    assert "11 days left" in shown
    api = Api(world, "sales1a")
    soon = [{"col": "days_left", "opr": "le", "value": 3}]
    found = api.get("/customers/", filters=soon).json
    assert [(one["id"], one["days_left"]) for one in found["result"]] == [(1, 3)]
    assert api.ids("customers", {"col": "days_left", "opr": "empty"}) & {1, 2} == set()
    write(engine, "customer", 1, obtained_at=clock.now() - 40 * DAY)
    assert "tonight" in sales.get("/customers/show/1").get_data(as_text=True)
    rule(engine, quiet_days=None)
    listed = sales.get("/customers/list/").get_data(as_text=True)
    assert 'data-column="days_left"' not in listed


def test_marked_as_handled_until_it_qualifies_anew(world: World, engine: Engine) -> None:
    """TODO: a follow-up takes it off; when its days have passed once more it is there again."""
    rule(engine, quiet_days="30", warn_owner_days=7)
    obtained(engine, {1: 28}, at=clock.now())
    api, path = Api(world, "sales1a"), "/to-dos/recycled_customers/soon"
    assert listed_in(api, path) == [1]
    assert api.post(f"{path}/mark", {"ids": [1]}).status_code == 200
    assert listed_in(api, path) == []
    write(engine, "customer", 1, last_follow_up_at=clock.now() - 27 * DAY)
    assert listed_in(api, path) == [1]


def listed_in(api: Api, path: str) -> list[int]:
    """The records of a to-do list."""
    return [one["id"] for one in api.get(path).json["result"]]


@pytest.mark.parametrize(
    ("zone", "obtained_at", "goes"),
    [
        ("Asia/Shanghai", "2026-06-01T15:59:59", "2026-06-11T18:00:00"),  # the 1st, 23:59:59
        ("Asia/Shanghai", "2026-06-01T16:00:00", "2026-06-12T18:00:00"),  # midnight: the 2nd
        ("Europe/Berlin", "2026-03-20T22:59:59", "2026-03-31T00:00:00"),  # summer time between
        ("Europe/Berlin", "2026-03-20T23:00:00", "2026-04-01T00:00:00"),
        ("Europe/Berlin", "2026-10-20T21:59:59", "2026-10-31T01:00:00"),  # winter time between
        ("America/New_York", "2026-02-26T04:59:59", "2026-03-08T07:00:00"),  # 02:00 isn't there
        ("Asia/Shanghai", "2028-02-19T02:00:00", "2028-02-29T18:00:00"),  # over the leap day
        ("Africa/Cairo", "2026-04-13T10:00:00", "2026-04-23T23:00:00"),  # no midnight that day
    ],
)
def test_days_are_those_of_the_company(
    world: World, engine: Engine, zone: str, obtained_at: str, goes: str
) -> None:
    """Ten days: the first run at 02:00 of the eleventh, wherever the company is at home."""
    rule(engine, quiet_days="10")
    begun, gone = (datetime.fromisoformat(one).replace(tzinfo=UTC) for one in (obtained_at, goes))
    obtained(engine, {}, at=gone)
    write(engine, "customer", 1, obtained_at=begun)
    with engine.begin() as connection:
        row = {"key": "time_zone", "value": zone, "version": 1, "updated_at": begun}
        connection.execute(StoredSetting.__table__.insert().values(**row))
    rule(engine)
    assert last_due(night.ROUTINE, zone, gone) == gone, "the clock rings then"
    before = last_due(night.ROUTINE, zone, gone - timedelta(hours=1))
    assert before is not None
    run(world, before)
    assert pooled(engine) == set()
    with as_system(world, before + timedelta(minutes=1)):
        record = db.session.get(catalogue.get("customer").model, 1)
        assert recycling.leaving(catalogue.get("customer"), record).day == recycling.day_of(gone)
    run(world, gone)
    assert pooled(engine) == {1}


def test_a_night_that_was_missed_is_made_up_once(world: World, engine: Engine) -> None:
    """Down from one evening to the next noon: the clock asks for that night's run, no other."""
    rule(engine, quiet_days="10")
    obtained(engine, {1: 12, 2: 10})
    noon = TWO + timedelta(hours=10)
    assert last_due(night.ROUTINE, "Asia/Shanghai", noon) == TWO
    assert run(world, noon)["recycled"] == 1
    assert run(world, noon)["recycled"] == 0
    assert pooled(engine) == {1}


def test_another_clock_is_a_declaration(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """POOL-5 (b) is to come: a clock over other columns, with an exemption, is asked everywhere."""
    toy = Clock(
        key="toy",
        says=lambda days: Label(f"Never met for {days} days", f"{days} 天未拜访"),
        since=("created_at", "next_contact_at"),
        days="toy_days",
        unless=(Exemption("website"),),
    )
    monkeypatch.setitem(recycling.CLOCKS, "toy", toy)
    rules = PoolRules(pool=pool_ids(engine)[POOL], kind="customers", days={"toy_days": {"*": 9}})
    for number in MINE:
        write(engine, "customer", number, created_at=TWO, next_contact_at=None)
    write(engine, "customer", 1, created_at=TWO - 20 * DAY)
    write(engine, "customer", 2, created_at=TWO - 20 * DAY, next_contact_at=TWO - 2 * DAY)
    write(engine, "customer", 3, created_at=TWO - 20 * DAY, website="https://example.com")
    entity = catalogue.get("customer")
    with as_system(world, TWO):
        recycling.live.set((rules,))
        assert Night(entity, rules, company.today()).next(0) == [1]
        record = db.session.get(entity.model, 1)
        leaving = recycling.leaving(entity, record)
        assert leaving is not None
        assert str(leaving.reason.en) == "Never met for 9 days"
        assert [db.session.get(entity.model, n).days_left for n in (2, 3)] == [8, None]


def test_rules_are_checked(world: World, engine: Engine) -> None:
    """0 days, words, levels that there aren't, a rule that could never hold: each is said."""
    api, pools = Api(world, "manager"), pool_ids(engine)
    path = f"/pools/{pools[POOL]}"
    for wrong in ("0", 0, "-3", "soon", "A=0", "X=5", "A=3, A=4", "99999"):
        answer = api.put(path, {"quiet_days": wrong})
        assert answer.status_code == 422, wrong
        assert set(answer.json["fields"]) == {"quiet_days"}
    for right, kept in (
        (30, "30"),
        ("B=15，A=7", "A=7, B=15"),
        ("*=9, C=3", "C=3, *=9"),
        ("", None),
    ):
        version = stored(engine, "pool", pools[POOL])["version"]
        answer = api.put(path, {"quiet_days": right}, version)
        assert answer.status_code == 200, answer.json
        assert answer.json["result"]["quiet_days"] == kept
    leads = f"/pools/{pools['Open leads']}"
    answer = api.put(leads, {"unwon_days": "30"})
    assert answer.status_code == 422
    assert "no deal status" in answer.json["fields"]["unwon_days"][0]


def test_a_form_asks_for_each_level(world: World, engine: Engine) -> None:
    """Without a script too: one input for all, one per level; the history says it in words."""
    pool, client = pool_ids(engine)[POOL], world.client("manager")
    page = client.get(f"/pools/edit/{pool}").get_data(as_text=True)
    assert 'name="quiet_days-A"' in page
    form = dict(INPUTS.findall(page)) | {
        "quiet_days": "30",
        "quiet_days-A": "7",
        "quiet_days-B": "",
        "quiet_days-C": "",
    }
    client.post(f"/pools/edit/{pool}", data=form)
    assert stored(engine, "pool", pool)["quiet_days"] == "A=7, *=30"
    shown = client.get(f"/pools/show/{pool}?tab=history").get_data(as_text=True)
    assert "A key: 7 days, others: 30 days" in shown
    again = client.get(f"/pools/edit/{pool}").get_data(as_text=True)
    assert re.search(r'name="quiet_days-A"[^>]*value="7"', again)


def test_undone_by_whoever_may_release(world: World, engine: Engine) -> None:
    """BULK-5: the pool's admins and super admins see the report and take it back; others don't."""
    rule(engine, quiet_days="30")
    obtained(engine, {1: 50, 6: 50})
    people = user_ids(engine)
    run(world)
    with engine.connect() as connection:
        [number] = connection.scalars(
            select(RecyclingRun.__table__.c.operation_id).where(
                RecyclingRun.__table__.c.operation_id.is_not(None)
            )
        )
    path = f"/operations/{number}"
    assert Api(world, "sales1a").get(path).status_code == 404
    assert Api(world, "manager").get(path).status_code == 404
    assert Api(world, "leader1").get(path).json["done"] == 2
    report = world.client("leader1").get(f"/customers/bulk/recycle/report/{number}")
    assert "Automatic recycling" in report.text
    assert "Open customers, the night of 2026-11-24" in report.text
    assert "2 recycled, 0 warned of." in report.text
    assert "Dry run" not in report.text, "nobody saw one"
    done = Api(world, "admin").post(f"{path}/undo", {}).json
    assert done["done"] == 2, done
    assert stored(engine, "customer", 1)["owner_id"] == people["sales1a"]
    assert stored(engine, "contact", 1)["owner_id"] == people["sales1a"]
