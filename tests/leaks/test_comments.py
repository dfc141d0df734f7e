"""Ways to comments on records that one can't read: each answers as for what was never there."""

from typing import Any

import pytest
from sqlalchemy import Engine

from app.extensions import db
from tests.contract.calls import Api, stored, user_ids, write
from tests.contract.test_bulk import rows_in
from tests.contract.test_comments import said, say
from tests.generated.browser import Person
from tests.leaks.test_daily_work import untouched
from tests.support.snapshot import snapshot
from tests.support.worlds import World

SECRET = "the offer ends at 87 000"
PATHS = (
    "/tasks/show/3",
    "/tasks/show/3?tab=comments",
    "/tasks/show/3?tab=history",
    "/tasks/mentions/3?q=sales",
    "/api/v1/tasks/3/comments",
    "/api/v1/tasks/3",
)
OUT_OF_REACH = (3, 987_654, 2**31, 10**20)


@pytest.fixture
def secret(world: World) -> int:
    """A comment on a task of sales1b's that sales2a can't read."""
    return say(Api(world, "sales1b"), f"{SECRET} @sales1a")


@pytest.mark.parametrize("who", ["sales2a", "finance"])
def test_no_way_leads_to_them(world: World, secret: int, who: str) -> None:
    """C19: page, tab, history, candidates, REST; search and lists tell nothing of it."""
    client = world.client(who)
    for path in PATHS:
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert SECRET not in answer.text, path
    for path in ("/tasks/list/?size=100", "/notifications/", "/search/?q=87", "/audit/list/"):
        assert SECRET not in client.get(path).text, path


@pytest.mark.parametrize("number", OUT_OF_REACH)
def test_nothing_is_written_about_what_is_out_of_reach(
    world: World, engine: Engine, secret: int, number: int
) -> None:
    """C19, C39: by form and by REST; a foreign comment under a record of one's own is none."""
    api, person = Api(world, "sales2a"), Person("sales2a", world.client("sales2a"))
    own = int(api.post("/tasks/", {"title": "My own"}).json["id"])
    person.csrf()
    before = snapshot(engine, db.metadata)
    forms: tuple[dict[str, Any], ...] = (
        {"text": "x"},
        {"text": "x", "comment": str(secret)},
        {"text": "", "comment": str(secret), "then": "remove"},
    )
    for form in forms:
        assert person.post(f"/tasks/comment/{number}", form).status_code == 404, form
    for form in forms[1:]:
        assert person.post(f"/tasks/comment/{own}", form).status_code == 404, form
    for place in (f"/tasks/{number}/comments/{secret}", f"/tasks/{own}/comments/{secret}"):
        assert api.put(place, {"text": "x"}).status_code == 404, place
        assert api.delete(place).status_code == 404, place
    assert api.post(f"/tasks/{number}/comments", {"text": "x"}).status_code == 404
    assert untouched(engine, before)


def test_whoever_may_read_no_tasks_is_refused(world: World, secret: int) -> None:
    """Contract §1: 403 before any row is looked up."""
    api = Api(world, "people")
    assert api.get("/tasks/3/comments").status_code == 403
    assert api.post("/tasks/3/comments", {"text": "x"}).status_code == 403
    assert api.client.get("/tasks/mentions/3").status_code == 403


def test_a_mention_opens_nothing_and_tells_nobody_else(
    world: World, engine: Engine, secret: int
) -> None:
    """The message has no words of the comment; who is let out reads neither page nor comments."""
    reader, owner = Api(world, "sales1a"), Api(world, "sales1b")
    assert reader.get("/tasks/3/comments").status_code == 200
    told = rows_in(engine, "outbox", kind="mention")
    assert [row["user_id"] for row in told] == [user_ids(engine)["sales1a"]]
    assert SECRET not in str([row["data"] for row in told])
    version = stored(engine, "task", 3)["version"]
    assert owner.put("/tasks/3", {"participants": []}, version).status_code == 200
    assert reader.client.get("/tasks/show/3").status_code == 404
    assert reader.get("/tasks/3/comments").status_code == 404
    assert reader.put(f"/tasks/3/comments/{secret}", {"text": "x"}).status_code == 404
    answer = owner.post("/tasks/3/comments", {"text": "Once more, @sales1a"})
    assert answer.status_code == 422


def test_ones_own_comment_is_out_of_reach_with_its_record(world: World, engine: Engine) -> None:
    """Who wrote it has no right to it that the record doesn't give."""
    mine = Api(world, "sales1a")
    number = say(mine, "Mine")
    write(engine, "task", 3, owner_id=user_ids(engine)["sales2a"])
    owner = Api(world, "sales2a")
    version = stored(engine, "task", 3)["version"]
    assert owner.put("/tasks/3", {"participants": []}, version).status_code == 200
    assert mine.delete(f"/tasks/3/comments/{number}").status_code == 404
    assert said(owner, "/tasks/3") == ["Mine"]


def test_a_comment_is_found_at_its_own_record_only(world: World) -> None:
    """Its number under another record, though both are one's own, is nothing (C67)."""
    api = Api(world, "sales1b")
    number = say(api, "About task 3")
    other = int(api.post("/tasks/", {"title": "Another"}).json["id"])
    log = int(api.post("/work-logs/", {"name": "x", "kind": "daily", "done": "x"}).json["id"])
    for place in (f"/tasks/{other}", f"/work-logs/{log}"):
        assert api.put(f"{place}/comments/{number}", {"text": "x"}).status_code == 404, place
        assert api.delete(f"{place}/comments/{number}").status_code == 404, place
        assert said(api, place) == []
    assert said(api) == ["About task 3"]
