"""Tasks: seen by owner and participants, done by one click, told to whoever gets them (TASK)."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from app.store.outbox import Outbox
from tests.contract.calls import Api, condition, stored, user_ids, write
from tests.contract.test_bulk import rows_in
from tests.support.web import hidden_inputs
from tests.support.worlds import World

OPEN = condition("status", "eq", "open")


def test_participants_see_it_and_mark_it_done_and_no_more(world: World, engine: Engine) -> None:
    """Contract §6: sales1a takes part in task 3 of sales1b; nothing else of it is his."""
    mine, owner = Api(world, "sales1a"), Api(world, "sales1b")
    assert mine.get("/tasks/3").json["result"]["title"] == "Task 03"
    assert 3 in mine.ids("tasks", condition("participants", "any", ["@me"]))
    assert mine.client.get("/tasks/edit/3").status_code == 404
    assert mine.put("/tasks/3", {"title": "Taken over"}).status_code == 404
    assert mine.delete("/tasks/3").status_code == 404
    assert mine.bulk("tasks", "transfer", [3], {"new_owner": "sales1a"}).json["done"] == 0
    assert mine.bulk("tasks", "complete", [3]).json["done"] == 1
    assert stored(engine, "task", 3)["status"] == "done"
    version = owner.get("/tasks/3").json["result"]["version"]
    assert owner.put("/tasks/3", {"participants": []}, version).status_code == 200
    assert mine.get("/tasks/3").status_code == 404
    assert mine.bulk("tasks", "resume", [3]).status_code == 404


def test_one_click_marks_it_done_and_another_sets_it_open(world: World, engine: Engine) -> None:
    """TASK: no dry run between; twice the same form does it once; the history names the verb."""
    client = world.client("sales1a")
    for verb, other, status in (("complete", "resume", "done"), ("resume", "complete", "open")):
        page = client.get("/tasks/show/1").text
        assert f'data-operation="{other}"' not in page
        path = f"/tasks/bulk/{verb}"
        [form] = re.findall(rf'<form method="post" action="{path}">(.*?)</form>', page, re.DOTALL)
        for _ in "12":
            answer = client.post(path, data=hidden_inputs(form))
            assert (answer.status_code, answer.location) == (302, "/tasks/show/1")
        row = stored(engine, "task", 1)
        assert (row["status"], row["done_at"] is not None) == (status, status == "done")
    told = [one["operation"] for one in rows_in(engine, "history", entity="task", record_id=1)]
    assert sorted(told) == ["complete", "create", "resume"]


def test_many_are_done_and_undone(world: World, engine: Engine) -> None:
    """BULK-5: the undo brings status and time back as they were; what was done already stays."""
    api = Api(world, "manager")
    api.bulk("tasks", "complete", [1])
    before = stored(engine, "task", 1)["done_at"]
    run = api.bulk("tasks", "complete", [1, 2, 3]).json
    assert [one["code"] for one in run["skipped"]] == ["unchanged"]
    assert run["done"] == 2
    assert api.post(f"/operations/{run['operation_id']}/undo", {}).json["done"] == 2
    assert [stored(engine, "task", i)["done_at"] for i in (1, 2, 3)] == [before, None, None]
    assert api.ids("tasks", OPEN) >= {2, 3}


@pytest.mark.parametrize("way", ["put", "bulk"])
def test_the_time_follows_the_status_however_it_changes(
    world: World, engine: Engine, way: str
) -> None:
    """TASK: by REST or a bulk edit too; a change of something else keeps it."""
    api = Api(world, "manager")
    for version, (values, is_done) in enumerate(
        (
            ({"status": "done"}, True),
            ({"priority": "low"}, True),
            ({"status": "cancelled"}, False),
            ({"status": "done"}, True),
            ({"status": "open"}, False),
        ),
        start=1,
    ):
        if way == "put":
            answer = api.put("/tasks/1", values, version)
        else:
            answer = api.bulk("tasks", "bulk_edit", [1], {"set": values})
        assert answer.status_code == 200, answer.text
        assert (stored(engine, "task", 1)["done_at"] is not None) is is_done, values
    made = api.post("/tasks/", {"title": "Long done", "status": "done"}).json["id"]
    assert stored(engine, "task", made)["done_at"] is not None


def told(engine: Engine) -> list[tuple[str, dict[str, Any]]]:
    names = {number: name for name, number in user_ids(engine).items()}
    with engine.connect() as connection:
        asked = select(Outbox.user_id, Outbox.kind, Outbox.data).order_by(Outbox.id)
        rows = connection.execute(asked).all()
    assert all(kind == "task_assigned" for _user, kind, _data in rows)
    return [(names[user], data) for user, _kind, data in rows]


def test_whoever_gets_a_task_is_told(world: World, engine: Engine) -> None:
    """NOTE: once per batch, by every way that gives one; nobody hears of what he does himself."""
    api = Api(world, "manager")
    api.post("/tasks/", {"title": "My own"})
    assert told(engine) == []
    api.post("/tasks/", {"title": "合同 <b>", "owner": "sales1a"})
    api.bulk("tasks", "transfer", [1, 2], {"new_owner": "sales2a", "old_owner": "remove"})
    api.bulk("tasks", "assign", [3], {"to": ["leader1"], "how": "load"})
    assert [(who, data["count"]) for who, data in told(engine)] == [
        ("sales1a", 1),
        ("sales2a", 2),
        ("leader1", 1),
    ]
    page = world.client("sales1a").get("/notifications/").text
    assert "gave you a task: 合同 &lt;b&gt;" in page
    assert "gave you 2 tasks." in world.client("sales2a").get("/notifications/").text
    assert "gave you a task: Task 03" in world.client("leader1").get("/notifications/").text


def test_records_have_a_tab_of_their_tasks(world: World) -> None:
    """Each in its own scope (PERM-3), with the way to add another about this very record."""
    api = Api(world, "sales1a")
    for plural, key in (("customers", "customer"), ("leads", "lead"), ("contacts", "contact")):
        made = api.post("/tasks/", {"title": f"About a {key}", key: 1})
        assert made.status_code == 201, made.text
        page = api.client.get(f"/{plural}/show/1?tab=tasks").text
        assert f"About a {key}" in page
        assert f"/tasks/add?{key}=1" in page
    assert "About a customer" not in world.client("clerk1").get("/customers/show/1?tab=tasks").text
    assert api.post("/tasks/", {"title": "Elsewhere", "customer": 8}).status_code == 422


def test_two_people_on_one_task(world: World, engine: Engine) -> None:
    """R4: the second to save is told, and nothing of the first is lost."""
    mine, theirs = world.client("sales1a"), Api(world, "leader1")
    form = hidden_inputs(mine.get("/tasks/edit/1").text)
    assert theirs.put("/tasks/1", {"title": "By the leader"}).status_code == 200
    answer = mine.post("/tasks/edit/1", data={**form, "title": "By me"})
    assert answer.status_code == 409
    assert "By the leader" in answer.text
    assert stored(engine, "task", 1)["title"] == "By the leader"


def test_what_is_due_waits_until_it_is_done(world: World, engine: Engine) -> None:
    """TODO: due today, due earlier, done today; neither later ones nor cancelled ones."""
    api, now = Api(world, "leader1"), datetime.now(UTC)
    for days, status in ((0, "open"), (-1, "open"), (-3, "cancelled"), (2, "open"), (3, "open")):
        due = (now + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
        values = {"title": f"In {days} days", "due_at": due, "status": status}
        assert api.post("/tasks/", values).status_code == 201
    assert waiting(api) == {"today": 1, "late": 1, "done": 0, "handled": 0}
    [late] = api.client.get("/api/v1/to-dos/tasks_due/late").json["ids"]
    assert api.bulk("tasks", "complete", [late]).json["done"] == 1
    assert waiting(api) == {"today": 1, "late": 0, "done": 1, "handled": 0}
    assert api.bulk("tasks", "resume", [late]).json["done"] == 1
    assert waiting(api) == {"today": 1, "late": 1, "done": 0, "handled": 0}


def waiting(api: Api) -> dict[str, int]:
    """How many tasks each tab of the to-do list says there are."""
    lists = api.client.get("/api/v1/to-dos/").json["lists"]
    [tabs] = [one["tabs"] for one in lists if one["key"] == "tasks_due"]
    return {tab["key"]: tab["count"] for tab in tabs}


def test_participants_are_told_when_they_are_put_in(world: World, engine: Engine) -> None:
    """NOTE: at the creation or later, each time he is put in; not the doer, not the owner, not
    whoever was in already or can't read tasks."""
    owner, names = Api(world, "sales1b"), {n: name for name, n in user_ids(engine).items()}

    def heard() -> list[str]:
        return [names[row["user_id"]] for row in rows_in(engine, "outbox", kind="task_joined")]

    first = ["sales1a", "sales1b", "people"]
    made = owner.post("/tasks/", {"title": "合同 <b>", "participants": first}).json["id"]
    assert heard() == ["sales1a"]
    place = f"/tasks/{made}"
    assert owner.put(place, {"title": "Another title"}, 1).status_code == 200
    assert owner.put(place, {"participants": ["sales1a", "finance"]}, 2).status_code == 200
    assert heard() == ["sales1a", "finance"]
    assert owner.put(place, {"participants": ["finance"]}, 3).status_code == 200
    assert owner.put(place, {"participants": ["sales1a", "finance"]}, 4).status_code == 200
    assert heard() == ["sales1a", "finance", "sales1a"]
    page = world.client("finance").get("/notifications/").text
    assert "Sales1B lets you take part in a task: Another title" in page


def test_every_list_says_what_is_overdue_and_what_is_of_today(world: World, engine: Engine) -> None:
    """TODO: in words and colour, as long as the task is open; done early or cancelled, never."""
    now = datetime.now(UTC)
    api = Api(world, "sales1a")
    given = {"late": now - timedelta(days=2), "today": now, "ahead": now + timedelta(days=2)}
    numbers = {
        title: api.post("/tasks/", {"title": title, "due_at": at.isoformat()}).json["id"]
        for title, at in given.items()
    }

    def said() -> dict[str, str]:
        """What stands at the due time of each in the list."""
        page = world.client("sales1a").get("/tasks/list/?view=all&size=100").text
        found = {}
        for title, number in numbers.items():
            row = re.search(rf'<tr data-id="{number}">.*?(?=<tr|</tbody>)', page, re.DOTALL)
            assert row, title
            urgency = re.search(r'class="due (\w+)"', row[0])
            found[title] = urgency[1] if urgency else ""
        return found

    assert said() == {"late": "late", "today": "today", "ahead": ""}
    api.bulk("tasks", "complete", [numbers["late"]])
    write(engine, "task", numbers["late"], done_at=now - timedelta(days=5))
    write(engine, "task", numbers["today"], status="cancelled")
    assert said() == {"late": "", "today": "", "ahead": ""}
