"""Packets to PostgreSQL vanish, as behind a firewall that drops them (C93)."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, make_url

from app.operations import editing
from tests.contract.calls import Api
from tests.contract.test_bulk import rows_in
from tests.races.crowd import Elsewhere, Place
from tests.support.firewall import Firewall
from tests.support.privileges import lacking
from tests.support.templates import dispose
from tests.support.worlds import World

pytestmark = pytest.mark.parametrize("server", ["postgresql"], indirect=True)


@pytest.fixture
def firewall(world: World) -> Iterator[Firewall]:
    """Skips where one may not make a network."""
    folder = make_url(world.server.url(world.name)).query.get("host")
    if not isinstance(folder, str) or not folder.startswith("/"):
        pytest.skip("the server that was given has no socket in a folder")
    try:
        made = Firewall(folder)
    except PermissionError as reason:
        lacking("firewall", reason)
    yield made
    made.close()


@pytest.fixture
def api(world: World, firewall: Firewall) -> Iterator[Api]:
    """The manager, of a process that reaches the database through it."""
    direct = make_url(world.server.url(world.name))
    url = direct.set(host=firewall.host, port=firewall.port, query={})
    place = Place.of(world)
    there = Elsewhere(Place(place.instance, url.render_as_string(False), place.cookies))
    yield there.api("manager")
    dispose(there.app)


def test_silence_is_an_answer_and_heals(
    api: Api, firewall: Firewall, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 for who is in the middle, has a connection, or wants one; then the first is served."""
    create = editing.create

    def cut_off(*what: Any, **more: Any) -> int:
        firewall.drop()
        return create(*what, **more)

    assert api.post("/customers/", {"name": "Before"}).status_code == 201
    with monkeypatch.context() as patch:
        patch.setattr(editing, "create", cut_off)
        answers = [api.post("/customers/", {"name": "Within"})]
    answers.append(api.get("/customers/"))
    firewall.open()
    assert api.post("/customers/", {"name": "Between"}).status_code == 201
    firewall.drop()
    answers.append(api.post("/customers/", {"name": "Idle"}))
    for answer in answers:
        assert (answer.status_code, answer.json["code"]) == (503, "unavailable"), answer.text
        assert int(answer.headers["Retry-After"]) > 0
    firewall.open()
    assert api.post("/customers/", {"name": "After"}).status_code == 201
    names = {row["name"] for row in rows_in(engine, "customer")}
    assert names & {"Before", "Within", "Between", "Idle", "After"} == {
        "Before",
        "Between",
        "After",
    }
