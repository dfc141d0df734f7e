"""Whose a record becomes: turns that go on, seats that go, names and reasons that are told."""

from typing import Any

import pytest
from sqlalchemy import Engine, delete, func, insert, select, text
from sqlalchemy.exc import OperationalError

from app.extensions import db
from app.operations.turns import Turns
from app.spec.catalogue import catalogue
from app.store import rotation
from app.store.pools import TeamSeat
from tests.contract.calls import Api, pool_ids, user_ids
from tests.support.worlds import World

LEAD = catalogue.get("lead").model.__table__


def _owners(engine: Engine, table: Any = LEAD) -> dict[int, int | None]:
    with engine.connect() as connection:
        return dict(connection.execute(select(table.c.id, table.c.owner_id)).all())


def _seats(engine: Engine, entity: str) -> set[tuple[int, int]]:
    seat = TeamSeat.__table__.c
    with engine.connect() as connection:
        rows = connection.execute(select(seat.record_id, seat.user_id).where(seat.entity == entity))
        return {(record, user) for record, user in rows}


def test_whoever_is_passed_over_stays_first() -> None:
    turns = [Turns([1, 2, 3]), Turns([1])]

    def taken(owner: int | None, which: int = 0) -> int | None:
        turn = turns[which].take({"owner": owner}, lambda _person: True)
        return turn and turn.person

    assert [taken(owner) for owner in (1, 1, None, None, 2)] == [2, 3, 1, 2, 3]
    assert taken(1, 1) is None


@pytest.mark.parametrize("how", ["equal", "round_robin", "load"])
def test_nobody_is_given_what_is_his_already(world: World, engine: Engine, how: str) -> None:
    people = user_ids(engine)
    mine, other = people["sales1a"], people["sales1b"]
    before = _owners(engine)
    ids = [i for i in (1, 2, 3) if before[i] in (mine, other)]
    answer = Api(world, "admin").bulk("leads", "assign", ids, {"to": [mine, other], "how": how})
    assert answer.status_code == 200, answer.text
    assert answer.json["done"] == len(ids) == 3
    after = _owners(engine)
    assert all(after[i] != before[i] for i in ids)


def test_turns_go_on_with_a_long_list_of_people(world: World, engine: Engine) -> None:
    """The first run of a list makes its row; a hundred ids are longer than the key."""
    everybody = sorted(user_ids(engine).values())
    long = "assign", "lead", range(10_000, 10_100)
    with world.app.app_context():
        keys = {rotation.key_of(*long), rotation.key_of("assign", "lead", range(10_000, 10_099))}
        assert len(keys) == 2
        assert all(len(key) <= 255 for key in keys)
    api, chosen = Api(world, "admin"), everybody[:3]
    for number in (4, 5, 6):
        body = {"to": list(reversed(chosen)), "how": "round_robin"}
        assert api.bulk("leads", "assign", [number], body).json["done"] == 1
    assert {_owners(engine)[i] for i in (4, 5, 6)} == set(chosen)


def test_a_dry_run_takes_no_turn(world: World, engine: Engine) -> None:
    body = {"to": sorted(user_ids(engine).values())[:3], "how": "round_robin"}
    answer = Api(world, "admin").bulk("leads", "assign", [1], body, dry_run=True)
    assert answer.status_code == 200
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(rotation.Rotation)) == 0


def test_two_runs_wait_for_each_other_on_a_new_list(world: World, engine: Engine) -> None:
    """Nothing was locked when the list had no row yet: both began at the same person."""
    with world.app.app_context():
        assert rotation.position("assign:lead:new") == 0
        if world.server.kind == "postgresql":
            with engine.connect() as connection:
                connection.execute(text("SET LOCAL lock_timeout = '100ms'"))
                with pytest.raises(OperationalError):
                    connection.execute(insert(rotation.Rotation).values(key="assign:lead:new"))
        rotation.advance("assign:lead:new", 2)
        db.session.commit()
        assert rotation.position("assign:lead:new") == 2
        db.session.rollback()


@pytest.mark.parametrize("slug", ["assign", "claim", "transfer"])
def test_an_owner_keeps_no_seat(world: World, engine: Engine, slug: str) -> None:
    """CUS-4: however he got it, and on the children that follow out of a pool as well."""
    me = user_ids(engine)["sales1a"]
    number = 11 if slug == "claim" else 6
    seat = TeamSeat.__table__
    with engine.begin() as connection:
        connection.execute(delete(seat).where(seat.c.record_id == number, seat.c.user_id == me))
        connection.execute(
            insert(seat).values(entity="customer", record_id=number, user_id=me, level="read")
        )
    params = {
        "assign": {"to": [me], "how": "equal"},
        "claim": {},
        "transfer": {"new_owner": me, "old_owner": "remove"},
    }[slug]
    answer = Api(world, "sales1a" if slug == "claim" else "admin").bulk(
        "customers", slug, [number], params
    )
    assert answer.json["done"] == 1, answer.text
    assert (number, me) not in _seats(engine, "customer")


def test_who_was_faster_is_said_in_the_readers_language(world: World, engine: Engine) -> None:
    with engine.begin() as connection:
        person = "UPDATE user_account SET name = :name, name_en = :name_en WHERE username = :who"
        connection.execute(text(person), {"name": "王芳", "name_en": "Fang Wang", "who": "sales1b"})
        connection.execute(
            text("UPDATE user_account SET language = 'en' WHERE username = 'sales1a'")
        )
    assert Api(world, "sales1b").bulk("customers", "claim", [11]).json["done"] == 1
    late = Api(world, "sales1a").bulk("customers", "claim", [11])
    [skipped] = late.json["skipped"]
    assert skipped["code"] == "taken"
    assert "Fang Wang" in skipped["reason"]


def test_why_a_record_was_released_stands_in_its_history(world: World, engine: Engine) -> None:
    """POOL-8."""
    admin = Api(world, "admin")
    params = {"pool": pool_ids(engine)["Open customers"], "reason": "No answer for a year"}
    assert admin.bulk("customers", "release", [1], params).json["done"] == 1
    page = world.client("admin").get("/customers/show/1?tab=history")
    assert "No answer for a year" in page.text


def test_contacts_come_out_of_a_pool_by_a_transfer_too(world: World, engine: Engine) -> None:
    """POOL-8: a super admin names a customer that lies in a pool; undone, both lie there again."""
    api, ids = Api(world, "admin"), user_ids(engine)
    pool = {"pool": pool_ids(engine)["Open customers"]}
    contact = catalogue.get("contact").model.__table__
    assert api.bulk("customers", "release", [1], pool).json["done"] == 1
    assert _owners(engine, contact)[1] is None
    given = api.bulk("customers", "transfer", [1], {"new_owner": "sales1b"})
    assert given.json["done"] == 1, given.text
    assert _owners(engine, contact)[1] == ids["sales1b"]
    undone = api.post(f"/operations/{given.json['operation_id']}/undo", {})
    assert undone.json["done"] == 1, undone.text
    assert _owners(engine, contact)[1] is None
