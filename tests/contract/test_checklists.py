"""Checklists of tasks (TASK): who writes and who ticks, what the task tells of it, its limits."""

from typing import Any

import pytest
from sqlalchemy import Engine

from tests.contract.calls import Api, stored, user_ids
from tests.contract.test_bulk import rows_in
from tests.support.statements import count_statements
from tests.support.worlds import World

XSS = '"><img src=x onerror=alert(1)>'
TASK = "/tasks/3"
"""sales1b's, with sales1a taking part."""


def add(api: Api, *texts: str) -> list[int]:
    """Steps on the task; the numbers of all it has then."""
    answer = api.post(f"{TASK}/checklist", {"text": "\n".join(texts)})
    assert answer.status_code == 201, answer.text
    return [int(one["id"]) for one in answer.json["result"]]


def steps(api: Api) -> list[tuple[str, bool]]:
    answer = api.get(f"{TASK}/checklist")
    assert answer.status_code == 200, answer.text
    return [(one["text"], one["is_done"]) for one in answer.json["result"]]


def test_owner_writes_and_participants_tick(world: World, engine: Engine) -> None:
    """As with marking it done (0031): participants tick and say nothing else; others see it."""
    owner, mine, people = Api(world, "sales1b"), Api(world, "sales1a"), user_ids(engine)
    first, second = add(owner, "Call", "Write")
    assert mine.post(f"{TASK}/checklist", {"text": "x"}).status_code == 404
    assert mine.put(f"{TASK}/checklist/{first}", {"text": "x"}).status_code == 404
    assert mine.delete(f"{TASK}/checklist/{first}").status_code == 404
    answer = mine.put(f"{TASK}/checklist/{first}", {"is_done": True})
    assert answer.status_code == 200, answer.text
    [line, _rest] = answer.json["result"]
    assert line["done_by"]["id"] == people["sales1a"]
    assert steps(owner) == [("Call", True), ("Write", False)]
    audit = Api(world, "audit")
    assert steps(audit) == steps(owner)
    assert audit.put(f"{TASK}/checklist/{second}", {"is_done": True}).status_code == 403
    for who, status in (("sales2a", 404), ("people", 403)):
        stranger = Api(world, who)
        assert stranger.get(f"{TASK}/checklist").status_code == status
        assert stranger.post(f"{TASK}/checklist", {"text": "x"}).status_code == status
        answer = stranger.put(f"{TASK}/checklist/{first}", {"is_done": False})
        assert answer.status_code == status
    row = stored(engine, "task", 3)
    assert (row["checklist"], row["version"]) == ("1/2", 1), "ticking is no new version"


def test_what_is_done_to_it_is_told_in_the_history(world: World, engine: Engine) -> None:
    """AUDIT-1: each step before and after, who did it; saying the same twice tells nothing."""
    owner, mine = Api(world, "sales1b"), Api(world, "sales1a")
    [number] = add(owner, "Call")
    for _time in "12":
        assert mine.put(f"{TASK}/checklist/{number}", {"is_done": True}).status_code == 200
    assert owner.put(f"{TASK}/checklist/{number}", {"text": "Call him"}).status_code == 200
    assert owner.put(f"{TASK}/checklist/{number}", {"is_done": False}).status_code == 200
    assert owner.delete(f"{TASK}/checklist/{number}").status_code == 200
    rows = [r for r in rows_in(engine, "history", record_id=3) if "checklist_line" in r["changes"]]
    assert [row["changes"]["checklist_line"] for row in rows] == [
        ["", "☐ Call"],
        ["☐ Call", "☑ Call"],
        ["☑ Call", "☑ Call him"],
        ["☑ Call him", "☐ Call him"],
        ["☐ Call him", ""],
    ]
    told = [row["changes"]["checklist"] for row in rows]
    assert told == [[None, "0/1"], ["0/1", "1/1"], ["1/1", "1/1"], ["1/1", "0/1"], ["0/1", None]]
    assert rows[1]["actor_id"] == user_ids(engine)["sales1a"]
    assert stored(engine, "task", 3)["checklist"] is None
    assert "☑ Call him" in owner.client.get("/tasks/show/3?tab=history").text


def post(api: Api, **values: Any) -> int:
    """A form of the panel, sent; the status."""
    data = {"csrf_token": api.headers["X-CSRFToken"], **values}
    return api.client.post("/tasks/checklist/3", data=data).status_code


def test_by_forms_without_script(world: World, engine: Engine) -> None:
    """UI-2: one click ticks; moved up and down, reworded, removed; shown escaped everywhere."""
    api, mine = Api(world, "sales1b"), Api(world, "sales1a")
    assert post(api, do="add", text=f"One\n\n {XSS} \nThree") == 302
    assert [text for text, _done in steps(api)] == ["One", XSS, "Three"]
    one, two, three = (line["id"] for line in api.get(f"{TASK}/checklist").json["result"])
    assert post(api, do="up", line=three) == 302
    assert post(api, do="down", line=one) == 302
    assert post(api, do="up", line=three) == 302
    assert [text for text, _done in steps(api)] == ["Three", "One", XSS]
    assert post(api, do="reword", line=one, text="Eins") == 302
    assert post(mine, do="tick", line=one) == 302
    assert post(mine, do="tick", line=two) == 302
    assert post(mine, do="untick", line=two) == 302
    assert post(mine, do="remove", line=two) == 404
    page = mine.client.get("/tasks/show/3").text
    assert XSS not in page
    assert "data-progress>1/3<" in page
    assert 'value="add"' not in page.split('id="checklist"')[1].split("</section>")[0]
    for place in ("/tasks/list/?size=100", "/tasks/board/"):
        assert "1/3" in api.client.get(place).text, place
    assert post(api, do="remove", line=two) == 302
    assert post(api, do="explode", line=one) == 400
    assert post(api, do="tick", line="x") == 400
    assert post(api, do="tick", line=987_654) == 404


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("x" * 200, 201),
        ("x" * 201, 422),
        ("\n".join("x" * 50), 201),
        ("\n".join("x" * 51), 422),
        (" \n ", 422),
        ("a\0b", 422),
        (["x"], 422),
    ],
)
def test_what_may_stand_in_it(world: World, engine: Engine, text: Any, status: int) -> None:
    """At most 50 steps of 200 characters; refused as a whole, the page keeps what was typed."""
    api = Api(world, "sales1b")
    answer = api.post(f"{TASK}/checklist", {"text": text})
    assert answer.status_code == status, answer.text
    assert bool(rows_in(engine, "checklist_line")) == (status == 201)
    if isinstance(text, str) and len(text) > 200:
        data = {"csrf_token": api.headers["X-CSRFToken"], "do": "add", "text": "y\n" + text}
        answer = api.client.post("/tasks/checklist/3", data=data)
        assert answer.status_code == 422 if status == 422 else 302
        assert ("y\n" in answer.text) == (status == 422)


def test_it_goes_with_its_task(world: World, engine: Engine) -> None:
    """CUS-3: not through another task's address; in the bin out of reach; purged with it."""
    admin = Api(world, "admin")
    [number] = add(admin, "Call")
    for other in (1, 2, 987_654):
        answer = admin.put(f"/tasks/{other}/checklist/{number}", {"is_done": True})
        assert answer.status_code == 404, other
    assert admin.bulk("tasks", "delete", [3]).json["done"] == 1
    assert admin.put(f"{TASK}/checklist/{number}", {"is_done": True}).status_code == 404
    assert admin.bulk("tasks", "restore", [3]).json["done"] == 1
    assert steps(admin) == [("Call", False)]
    admin.bulk("tasks", "delete", [3])
    assert admin.bulk("tasks", "purge", [3]).json["done"] == 1
    assert rows_in(engine, "checklist_line") == []


def test_the_page_asks_as_much_for_fifty_as_for_one(world: World) -> None:
    api = Api(world, "sales1b")
    add(api, "One")

    def asked() -> int:
        api.client.get("/tasks/show/3")
        with count_statements() as found:
            assert api.client.get("/tasks/show/3").status_code == 200
        return len(found)

    few = asked()
    add(api, *(f"Step {number}" for number in range(49)))
    assert asked() == few
