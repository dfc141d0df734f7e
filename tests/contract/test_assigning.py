"""Assigning by rule (TASK, POOL-3): to everybody with a role, by what each still has to do."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from app.extensions import db
from tests.contract.calls import Api, role_ids, stored, user_ids, write
from tests.contract.test_bulk import rows_in
from tests.contract.test_caps import fill, held, limit
from tests.contract.test_jobs import started
from tests.support.working import work_off
from tests.support.worlds import World

SALES = ("sales1a", "sales1b", "sales2a")


def open_tasks(engine: Engine, owners: list[str], *, status: str = "open") -> list[int]:
    """The first tasks, owned by these in turn; the numbers."""
    people, numbers = user_ids(engine), list(range(1, len(owners) + 1))
    for number, owner in zip(numbers, owners, strict=True):
        write(engine, "task", number, owner_id=people[owner], status=status)
    return numbers


def owners(engine: Engine, numbers: list[int]) -> list[str]:
    names = {number: name for name, number in user_ids(engine).items()}
    return [names[stored(engine, "task", number)["owner_id"]] for number in numbers]


def clear(engine: Engine) -> None:
    """Nobody has anything to do."""
    tasks, owner = db.metadata.tables["task"], user_ids(engine)["manager"]
    with engine.begin() as connection:
        connection.execute(tasks.update().values(status="done", owner_id=owner))


@pytest.mark.parametrize("how", ["equal", "round_robin", "load"])
def test_to_everybody_with_a_role(world: World, engine: Engine, how: str) -> None:
    """Six tasks for three salespeople: two each."""
    clear(engine)
    numbers = open_tasks(engine, ["leader1"] * 6)
    role = role_ids(engine)["salesperson"]
    api = Api(world, "manager")
    done = api.bulk("tasks", "assign", numbers, {"role": role, "how": how}).json
    assert done["done"] == 6, done
    assert sorted(owners(engine, numbers)) == sorted(SALES * 2)


def test_by_what_is_still_to_be_done(world: World, engine: Engine) -> None:
    """Who has finished a lot has room; who has a lot before him gets nothing."""
    clear(engine)
    numbers = open_tasks(engine, ["leader1"] * 2 + ["sales1a"] * 4 + ["sales1b"] * 4)
    for number in numbers[-4:]:
        write(engine, "task", number, status="done")
    given = {"to": ["sales1a", "sales1b"], "how": "load"}
    assert Api(world, "manager").bulk("tasks", "assign", numbers[:2], given).json["done"] == 2
    assert owners(engine, numbers[:2]) == ["sales1b", "sales1b"]


def test_people_and_a_role_together(world: World, engine: Engine) -> None:
    """Each once, disabled ones not; a role that nobody has is refused, and so is nobody at all."""
    clear(engine)
    numbers, people, roles = open_tasks(engine, ["leader1"] * 4), user_ids(engine), role_ids(engine)
    api = Api(world, "manager")
    write(engine, "user", people["sales2a"], is_active=False)
    given = {"to": ["sales1a", "clerk1"], "role": roles["salesperson"], "how": "equal"}
    assert api.bulk("tasks", "assign", numbers, given).json["done"] == 4
    assert sorted(owners(engine, numbers)) == ["clerk1", "sales1a", "sales1a", "sales1b"]
    with engine.begin() as connection:
        held = db.metadata.tables["user_role"]
        connection.execute(held.delete().where(held.c.role_id == roles["clerk"]))
    for wrong, field in (
        ({"role": roles["clerk"]}, "role"),
        ({"role": 987_654}, "role"),
        ({}, "to"),
    ):
        answer = api.bulk("tasks", "assign", numbers, {**wrong, "how": "equal"})
        assert answer.status_code == 422, answer.text
        assert field in answer.json["fields"]
    for wrong, field in (
        ({"role": roles["clerk"]}, "role"),
        ({}, "to"),
        ({"role": 987_654}, "role"),
    ):
        answer = Api(world, "admin").bulk("tasks", "assign", numbers, {**wrong, "how": "equal"})
        assert answer.status_code in (403, 422), answer.text
        if answer.status_code == 422:
            assert field in answer.json["fields"]


def customers(engine: Engine, count: int, owner: str = "leader1", **values: Any) -> list[int]:
    return fill(engine, count, owner_id=user_ids(engine)[owner], **values)


def assigned(world: World, ids: list[int], how: str, **given: Any) -> dict[str, Any]:
    """The dry run and the run, which say the same of every row."""
    params = {"to": list(SALES), "how": how, **given}
    api = Api(world, "manager")
    dry = api.bulk("customers", "assign", ids, params, dry_run=True)
    assert dry.status_code == 200, dry.text
    run = api.bulk("customers", "assign", ids, params)
    assert run.json["skipped"] == dry.json["skipped"]
    assert run.json["done"] == dry.json["will_change"]
    found: dict[str, Any] = dry.json
    return found


def having(engine: Engine, ids: list[int]) -> list[str]:
    names = {number: name for name, number in user_ids(engine).items()}
    return [names[stored(engine, "customer", number)["owner_id"]] for number in ids]


def why(world: World, number: int, language: str = "en") -> str:
    """How the present owner came to a customer, as its page says."""
    client = Api(world, "manager").client
    client.get(f"/lang/{language}")
    page = client.get(f"/customers/show/{number}").text
    [told] = re.findall(r'data-field="how"><dt>.*?</dt><dd>(.*?)</dd>', page)
    return str(told)


def test_whoever_has_most_room_comes_first(world: World, engine: Engine) -> None:
    """POOL-3: until all have the same left; when all are full the rest stays, row by row."""
    people = user_ids(engine)
    for who, left in (("sales1a", 3), ("sales1b", 1), ("sales2a", 0)):
        limit(world, held(engine, who) + left, users=[people[who]])
    ids = customers(engine, 6)
    dry = assigned(world, ids, "room")
    assert Counter(having(engine, ids)) == {"sales1a": 3, "sales1b": 1, "leader1": 2}
    assert having(engine, ids)[:2] == ["sales1a"] * 2
    assert {one["code"] for one in dry["skipped"]} == {"over_cap"}
    told = {
        one["user"]["username"]: (one["count"], one["used"], one["most"])
        for one in dry["receivers"]
    }
    assert told == {
        who: (n, held(engine, who), held(engine, who))
        for who, n in (("sales1a", 3), ("sales1b", 1))
    }
    assert why(world, ids[0]).endswith(": most room: 3 left")


def test_those_without_a_limit_have_most_room(world: World, engine: Engine) -> None:
    limit(world, 1_000, users=[user_ids(engine)["sales1a"]])
    ids = customers(engine, 4)
    assigned(world, ids, "room")
    assert Counter(having(engine, ids)) == {"sales1b": 2, "sales2a": 2}
    assert why(world, ids[0]).endswith(": no limit")


@pytest.mark.parametrize("how", ["equal", "round_robin", "load", "level", "region"])
def test_who_fills_up_is_passed_over(world: World, engine: Engine, how: str) -> None:
    """XFER-3: the next in line gets it; no row is lost."""
    limit(world, held(engine, "sales1a") + 1, users=[user_ids(engine)["sales1a"]])
    ids = customers(engine, 9, level="A", province="浙江")
    assert assigned(world, ids, how)["will_change"] == 9
    got = Counter(having(engine, ids))
    assert got["sales1a"] <= 1
    assert sum(got.values()) == 9
    assert "leader1" not in got


def test_every_level_is_shared_out_evenly(world: World, engine: Engine) -> None:
    """Of every level as many to each, and together too: what is left over goes round."""
    levels = {level: customers(engine, 4, level=level) for level in ("A", "B", "C")}
    ids = sorted(i for some in levels.values() for i in some)
    assigned(world, ids, "level")
    assert set(Counter(having(engine, ids)).values()) == {4}
    for some in levels.values():
        assert sorted(Counter(having(engine, some)).values()) == [1, 1, 2]
    assert "evenly" in why(world, ids[0])


def test_a_province_stays_together_and_the_sizes_are_balanced(world: World, engine: Engine) -> None:
    """However it is written; those without one are shared out by themselves."""
    sizes = {"浙江": 5, "江苏": 4, "上海": 3, "广东": 2, "北京": 1}
    places = {name: customers(engine, n, province=name) for name, n in sizes.items()}
    places["浙江"] += customers(engine, 1, province="浙江省")
    nowhere = customers(engine, 2)
    ids = sorted(i for some in (*places.values(), nowhere) for i in some)
    assigned(world, ids, "region")
    for some in places.values():
        assert len(set(having(engine, some))) == 1
    got = Counter(having(engine, [i for some in places.values() for i in some]))
    assert max(got.values()) - min(got.values()) <= 1, got
    assert why(world, places["浙江"][0]).endswith(": 浙江")
    assert why(world, places["浙江"][0], "zh").endswith("：浙江")


def test_only_ways_that_the_records_have_fields_for(world: World, engine: Engine) -> None:
    api, numbers = Api(world, "manager"), open_tasks(engine, ["leader1"])
    for how in ("room", "level", "region"):
        answer = api.bulk("tasks", "assign", numbers, {"to": ["sales1a"], "how": how})
        assert (answer.status_code, set(answer.json["fields"])) == (422, {"how"})
    page = api.client.get("/customers/bulk/assign?id=1").text
    assert [how for how in ("room", "level", "region") if f'value="{how}"' in page] == [
        "room",
        "level",
        "region",
    ]


def away(world: World, engine: Engine, who: str) -> None:
    """Somebody stands in for him now."""
    now, people = datetime.now(UTC), user_ids(engine)
    with engine.begin() as connection:
        row = {"user_id": people[who], "deputy_id": people["clerk1"]}
        span = {"starts_at": now - timedelta(days=1), "ends_at": now + timedelta(days=1)}
        connection.execute(db.metadata.tables["deputy"].insert().values(**row, **span))
        connection.execute(text("UPDATE rights_version SET number = number + 1"))


def test_whoever_is_away_is_passed_over_unless_named(world: World, engine: Engine) -> None:
    """The preview says so in either case; when all with the role are away it is refused."""
    away(world, engine, "sales1a")
    role, api = role_ids(engine)["salesperson"], Api(world, "manager")
    ids = customers(engine, 4)
    dry = assigned(world, ids, "equal", to=[], role=role)
    assert Counter(having(engine, ids)) == {"sales1b": 2, "sales2a": 2}
    assert dry["warnings"] == ["Away, and passed over: Sales1A."]
    named = {"to": ["sales1a"], "how": "equal"}
    dry = api.bulk("customers", "assign", ids[:1], named, dry_run=True).json
    assert dry["warnings"][0].startswith("Sales1A is away until ")
    assert api.bulk("customers", "assign", ids[:1], named).json["done"] == 1
    moved = api.bulk("customers", "transfer", ids[1:2], {"new_owner": "sales1a"}, dry_run=True)
    assert moved.json["warnings"][0].startswith("Sales1A is away until ")
    for who in ("sales1b", "sales2a"):
        away(world, engine, who)
    refused = api.bulk("customers", "assign", ids, {"role": role, "how": "equal"})
    assert (refused.status_code, set(refused.json["fields"])) == (422, {"role"})


def test_who_could_not_read_them_is_warned_of(world: World, engine: Engine) -> None:
    """XFER-3."""
    ids, api = customers(engine, 2), Api(world, "manager")
    for slug, params in (
        ("transfer", {"new_owner": "people"}),
        ("assign", {"to": ["people", "sales1a"], "how": "equal"}),
    ):
        dry = api.bulk("customers", slug, ids, params, dry_run=True).json
        assert dry["warnings"] == ["May not read Customers: People."]


def test_whoever_is_disabled_meanwhile_gets_nothing_more(world: World, engine: Engine) -> None:
    """In the middle of a job: the rest goes to the others; when nobody is left the job says so."""
    ids, people = customers(engine, 1_100), user_ids(engine)
    api = Api(world, "manager")
    given = {"to": list(SALES), "how": "equal"}
    _job, run = started(api, "assign", ids, given)
    write(engine, "user", people["sales1a"], is_active=False)
    work_off(world)
    names = {number: name for name, number in people.items()}
    rows = [row for row in rows_in(engine, "customer") if row["id"] in set(ids)]
    assert Counter(names[row["owner_id"]] for row in rows) == {"sales1b": 550, "sales2a": 550}
    assert api.get(f"/operations/{run}").json["done"] == 1_100
    job, _run = started(api, "assign", ids, {**given, "to": ["sales1b"]})
    write(engine, "user", people["sales1b"], is_active=False)
    work_off(world)
    ended = api.get(f"/jobs/{job}").json
    assert ended["state"] == "failed"
    assert "Nobody of those chosen is active any more." in str(ended["error"])


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("equal", "equal shares among 3"),
        ("round_robin", r"in turn, \d of 3"),
        ("load", r"fewest: \d+"),
    ],
)
def test_the_record_says_why_he_got_it(world: World, engine: Engine, how: str, said: str) -> None:
    """POOL-3: who, when and why him, on the page and in the history, in the reader's language."""
    [number] = customers(engine, 1)
    assigned(world, [number], how)
    assert re.fullmatch(rf"Assign · Manager · [\d: -]+: {said}", why(world, number))
    assert re.search("[一-鿿]", why(world, number, "zh").partition("：")[2])
    history = Api(world, "manager").client.get(f"/customers/show/{number}?tab=history").text
    assert re.search(said, history)
    api = Api(world, "manager")
    for who in ("clerk1", "sales1a", "sales1b"):
        moved = api.bulk("customers", "transfer", [number], {"new_owner": who})
        assert moved.json["done"] == 1
        assert re.fullmatch(r"Transfer · Manager · [\d: -]+", why(world, number))
