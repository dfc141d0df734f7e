"""Connections to PostgreSQL that are dead, or all taken (C94d); a file has none to lose."""

from contextlib import ExitStack

import pytest
from sqlalchemy import Engine, text

from app.extensions import db
from tests.contract.calls import Api
from tests.support.snapshot import changed, snapshot
from tests.support.worlds import World

ENDED = "SELECT pg_terminate_backend(%s, 10000)"
"""Answers when it has ended."""

pytestmark = pytest.mark.parametrize("server", ["postgresql"], indirect=True)


def test_idle_connections_that_the_server_ended_are_renewed(world: World, engine: Engine) -> None:
    """As an administrator or a proxy ends them at night: nobody hears of it in the morning."""
    api = Api(world, "manager")
    with ExitStack() as open_things:
        some = [open_things.enter_context(engine.connect()) for _ in range(4)]
        numbers = [one.scalar(text("SELECT pg_backend_pid()")) for one in some]
    for number in numbers:
        world.server.connection.execute(ENDED, [number])  # type: ignore[attr-defined]
    for name in ("First", "Second", "Third"):
        assert api.post("/customers/", {"name": name}).status_code == 201
        assert api.client.get("/customers/list/").status_code == 200


def test_a_pool_that_is_used_up_is_an_answer(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 when it would last too long, nothing is saved; served as soon as one is free again."""
    api, before = Api(world, "manager"), snapshot(engine, db.metadata)
    options = world.app.config["SQLALCHEMY_ENGINE_OPTIONS"]
    assert options["pool_timeout"] <= 3
    monkeypatch.setattr(engine.pool, "_timeout", 0.1)
    with ExitStack() as open_things:
        for _connection in range(options["pool_size"] + options["max_overflow"]):
            open_things.enter_context(engine.connect())
        for answer in (
            api.post("/customers/", {"name": "x"}),
            api.get("/customers/"),
            api.client.get("/customers/list/"),
        ):
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["Retry-After"]) > 0
    assert not changed(before, snapshot(engine, db.metadata))
    assert api.post("/customers/", {"name": "x"}).status_code == 201
