"""The board of tasks: four columns in one's own order, and drags that lose nothing (TASK)."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from app.extensions import db
from app.spec.catalogue import catalogue
from app.store import own_order
from tests.contract.calls import Api, stored, user_ids, write
from tests.contract.test_bulk import rows_in
from tests.support.statements import count_statements
from tests.support.web import hidden_inputs
from tests.support.worlds import World

PATH = "/tasks/board/"
BUCKETS = ("inbox", "today", "next", "later")
JSON = {"Accept": "application/json"}


def board(client: FlaskClient, query: str = "") -> dict[str, list[int]]:
    """The cards of each column, in their order."""
    page = client.get(f"{PATH}{query}").text
    parts = re.findall(r'data-bucket="(\w+)"(.*?)</ol>', page, re.DOTALL)
    assert [name for name, _cards in parts] == [*BUCKETS]
    return {
        name: [int(n) for n in re.findall(r'<li id="task-(\d+)"', cards)] for name, cards in parts
    }


def move(client: FlaskClient, number: int, was: str, to: str, before: Any = "", **more: Any) -> int:
    form = {"csrf_token": hidden_inputs(client.get(PATH).text)["csrf_token"], "id": number}
    form |= {"was": was, "to": to, "before": before, **more}
    return client.post(f"{PATH}move", data=form, headers=JSON).status_code


def make(api: Api, titles: Sequence[str], **values: Any) -> list[int]:
    return [api.post("/tasks/", {"title": title, **values}).json["id"] for title in titles]


def test_cards_move_and_stay_where_they_were_put(world: World, engine: Engine) -> None:
    """Into another column, between two, to the ends; open ones of one's own only."""
    api, client = Api(world, "sales2a"), world.client("sales2a")
    one, two, three, four = make(api, "abcd", bucket="next")
    start = board(client)
    assert start["next"] == [one, two, three, four]
    assert start["inbox"] == [6, 7]
    assert move(client, four, "next", "next", before=two) == 204
    assert board(client)["next"] == [one, four, two, three]
    assert move(client, 6, "inbox", "next", before=four) == 204
    after = {"inbox": [7], "today": [], "next": [one, 6, four, two, three], "later": []}
    assert board(client) == after
    assert move(client, one, "next", "next") == 204
    assert board(client)["next"] == [6, four, two, three, one]
    api.bulk("tasks", "complete", [two])
    assert board(client)["next"] == [6, four, three, one]
    told = [(line["operation"], line["changes"]) for line in rows_in(engine, "history", record_id=6)
            if line["entity"] == "task"]  # fmt: skip
    assert told[-1] == ("edit", {"bucket": ["inbox", "next"]})
    assert stored(engine, "task", four)["version"] == 1, "an order is no change of the record"


def test_a_place_is_found_however_often_one_drops_there(world: World) -> None:
    """The room between two is used up and made anew: thirty times into the same gap."""
    api, client = Api(world, "sales2a"), world.client("sales2a")
    ids = make(api, [f"{n}" for n in range(6)], bucket="later")
    expected = list(ids)
    for turn in range(30):
        mover = expected[-1]
        assert move(client, mover, "later", "later", before=expected[1]) == 204
        expected.insert(1, expected.pop())
        assert board(client)["later"] == expected, turn


def test_two_people_on_one_board_lose_nothing(world: World, engine: Engine) -> None:
    """C50: who drags a card that was moved or taken away meanwhile is told; nothing is undone."""
    mine, leader = world.client("sales1a"), world.client("leader1")
    person = user_ids(engine)["sales1a"]
    assert board(leader, f"?person={person}")["inbox"] == [1, 2]
    assert move(leader, 1, "inbox", "today", person=person) == 204
    assert move(mine, 1, "inbox", "later") == 409
    assert "Somebody else has moved this task meanwhile." in mine.get(PATH).text
    assert board(mine) == {"inbox": [2], "today": [1], "next": [], "later": []}
    Api(world, "leader1").bulk("tasks", "transfer", [2], {"new_owner": "leader1"})
    assert move(mine, 2, "inbox", "later") == 404
    assert "This task isn&#39;t on the board any more." in mine.get(PATH).text
    assert move(mine, 1, "inbox", "today") == 204, "where it already is, is no conflict"


def test_what_is_not_ones_own_is_refused(world: World, engine: Engine) -> None:
    """Neither boards nor cards of others, nor places that there aren't; participants don't move."""
    client, people = world.client("sales1a"), user_ids(engine)
    for person in (people["sales1b"], people["manager"], 987_654):
        assert client.get(f"{PATH}?person={person}").status_code == 404
        assert move(client, 3, "inbox", "today", person=person) == 404
    assert move(client, 3, "inbox", "today") == 404
    assert move(client, 987_654, "inbox", "today") == 404
    assert move(client, 1, "inbox", "nowhere") in (400, 422)
    assert client.get(f"{PATH}?nonsense=1").status_code == 400
    assert world.client("people").get(PATH).status_code == 403
    assert move(world.client("audit"), 1, "inbox", "today") == 404
    assert 1 not in board(world.client("finance"))["inbox"], "he takes part, but it isn't his"
    assert stored(engine, "task", 1)["bucket"] == "inbox"


def test_without_a_script_forms_do_the_same(world: World, engine: Engine) -> None:
    """UI-2: the menu of a card, its steps and its tick; a refusal shows the board and why."""
    api, client = Api(world, "sales2a"), world.client("sales2a")
    one, two, three = make(api, "abc", bucket="today")
    page = client.get(PATH).text
    token = {"csrf_token": hidden_inputs(page)["csrf_token"], "person": user_ids(engine)["sales2a"]}
    form = {**token, "id": three, "was": "today", "to": "today", "before": two}
    answer = client.post(f"{PATH}move", data=form)
    assert (answer.status_code, answer.location) == (302, f"{PATH}#task-{three}")
    assert board(client)["today"] == [one, three, two]
    stale = client.post(f"{PATH}move", data={**form, "was": "later", "to": "next"})
    assert stale.status_code == 409
    assert "Somebody else has moved this task meanwhile." in stale.text
    done = client.post(f"{PATH}done", data={**token, "id": one, "form_nonce": "n" * 20})
    assert done.status_code == 302
    assert stored(engine, "task", one)["status"] == "done"
    assert "Done: a" in client.get(PATH).text


def test_a_board_costs_the_same_however_full_it_is(world: World, engine: Engine) -> None:
    """The rest of a full column is in the list that its number leads to."""
    api, client = Api(world, "leader1"), world.client("leader1")
    make(api, ["first"], bucket="later", customer=1)
    client.get(PATH)
    with count_statements() as few:
        client.get(PATH)
    person = user_ids(engine)["leader1"]
    row = {k: v for k, v in stored(engine, "task", 4).items() if k != "id"}
    with engine.begin() as connection:
        table = catalogue.get("task").model.__table__
        many = [{**row, "title": f"T{n}", "owner_id": person, "bucket": "next", "due_at": None}
                for n in range(130)]  # fmt: skip
        connection.execute(table.insert(), many)
    with count_statements() as asked:
        page = client.get(PATH).text
    assert len(asked) == len(few) <= 6, asked
    assert len(board(client)["next"]) == 100
    assert "30 more in the list" in page
    write(engine, "task", 4, title='"><img src=x onerror=alert(1)>')
    assert "<img src=x" not in client.get(PATH).text


@pytest.mark.parametrize("place", [None, 5])
def test_places_of_purged_tasks_go_with_them(
    world: World, engine: Engine, place: int | None
) -> None:
    """CUS-3: nothing is left that names a record that isn't."""
    api, client = Api(world, "admin"), world.client("sales1a")
    assert move(client, 2, "inbox", "today") == 204
    if place:
        assert move(client, 1, "inbox", "today", before=2) == 204
    api.bulk("tasks", "delete", [1, 2])
    assert api.bulk("tasks", "purge", [1, 2]).json["done"] == 2
    assert rows_in(engine, own_order.OwnPlace.__tablename__) == []
    assert db.metadata.tables["own_place"] is own_order.OwnPlace.__table__
