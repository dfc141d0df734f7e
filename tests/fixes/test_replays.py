"""A request sent twice: what is stored with its key, who sees what again, when it is forgotten."""

from datetime import timedelta

import time_machine
from sqlalchemy import Engine, func, select, text

from app.spec import clock
from app.store.accounts import UserSession
from app.store.attempts import LoginThrottle
from app.store.idempotency import Idempotency
from app.store.sweeping import sweep
from tests.contract.calls import Api
from tests.support.worlds import World

KEY = {"Idempotency_Key": "the same"}
SECRET = "Nobody else knows this street"


def test_a_key_keeps_no_field_of_the_record(world: World, engine: Engine) -> None:
    admin = Api(world, "admin")
    body = {"name": "Kept", "address": SECRET}
    assert admin.post("/customers/", body, **KEY).status_code == 201
    with engine.connect() as connection:
        stored = connection.execute(select(Idempotency.__table__)).all()
    assert [row.body.keys() for row in stored] == [{"id"}]
    assert SECRET not in str(stored)


def test_a_replay_shows_what_one_may_see_now(world: World, engine: Engine) -> None:
    """The record went to somebody else meanwhile: the number is left, the fields are not."""
    seller = Api(world, "sales1a")
    made = seller.post("/leads/", {"name": "Moved"}, **KEY)
    assert made.status_code == 201, made.text
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE lead SET owner_id = (SELECT id FROM user_account WHERE username = 'admin')"
                " WHERE id = :id"
            ),
            {"id": made.json["id"]},
        )
    again = seller.post("/leads/", {"name": "Moved"}, **KEY)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.status_code == 201
    assert again.json == {"id": made.json["id"]}
    assert "ETag" not in again.headers


def test_a_deletion_sent_twice_gives_the_same_answer(world: World) -> None:
    admin = Api(world, "admin")
    answers = [
        admin.send("DELETE", "/leads/1", None, {"If-Match": '"1"', "Idempotency-Key": "gone"})
        for _ in range(2)
    ]
    assert answers[0].json == {"id": 1}
    assert answers[1].status_code in (200, 404)


def test_old_keys_logins_and_counters_are_forgotten(world: World, engine: Engine) -> None:
    admin = Api(world, "admin")
    assert admin.post("/leads/", {"name": "Old"}, **KEY).status_code == 201
    kept, later = (clock.now() + timedelta(hours=hours) for hours in (71, 73))
    with world.app.app_context(), time_machine.travel(kept, tick=False):
        sweep()
        assert _count(engine, Idempotency) == 1, "72 hours (contract §2)"
    with world.app.app_context(), time_machine.travel(later, tick=False):
        sweep()
        assert _count(engine, Idempotency) == 0
        assert _count(engine, UserSession) > 0, "three days are nothing to a login"
    with world.app.app_context(), time_machine.travel(later + timedelta(days=31), tick=False):
        sweep()
        assert _count(engine, UserSession) == _count(engine, LoginThrottle) == 0


def _count(engine: Engine, model: type) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(model)) or 0
