"""Comments (NOTE): who reads and writes them, who is mentioned and told, who takes them back."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from app.spec import clock
from app.store.comments import Comment
from tests.contract.calls import Api, stored, user_ids, write
from tests.contract.test_bulk import rows_in
from tests.contract.test_settings import SET
from tests.contract.test_work_logs import sent
from tests.support.elsewhere import run_elsewhere
from tests.support.mailbox import Mailbox, deliver, mailbox, set_up
from tests.support.statements import count_statements
from tests.support.web import hidden_inputs
from tests.support.worlds import World

XSS = '"><img src=x onerror=alert(1)>'
TASK = "/tasks/3"
"""sales1b's, with sales1a taking part."""


def say(api: Api, text: str, path: str = TASK) -> int:
    """Somebody comments; the comment's number."""
    answer = api.post(f"{path}/comments", {"text": text})
    assert answer.status_code == 201, answer.text
    return int(answer.json["id"])


def said(api: Api, path: str = TASK) -> list[str]:
    """The texts as he reads them, the newest first."""
    answer = api.get(f"{path}/comments")
    assert answer.status_code == 200, answer.text
    return [one["text"] for one in answer.json["result"]]


def told(engine: Engine) -> list[tuple[str, str]]:
    """Who was told and of what kind, as it happened."""
    names = {number: name for name, number in user_ids(engine).items()}
    return [(names[row["user_id"]], row["kind"]) for row in rows_in(engine, "outbox")]


def test_whoever_reads_the_record_reads_and_writes(world: World, engine: Engine) -> None:
    """Owner, participants, managers, auditors; to everybody else nothing is there (C19)."""
    for number, who in enumerate(("sales1b", "sales1a", "leader1", "manager", "audit"), start=1):
        api = Api(world, who)
        say(api, f"Said by {who}")
        assert len(said(api)) == number
        assert f"Said by {who}" in api.client.get("/tasks/show/3").text
    version = stored(engine, "task", 3)["version"]
    assert version == 1, "the record isn't changed by what is said of it"
    owner = Api(world, "sales1b")
    assert owner.put(TASK, {"participants": []}, version).status_code == 200
    assert Api(world, "sales1a").get(f"{TASK}/comments").status_code == 404
    notes = [row["changes"].get("comment") for row in rows_in(engine, "history", record_id=3)]
    assert ["", "Said by audit"] in notes
    assert "Said by audit" in owner.client.get("/tasks/show/3?tab=history").text


def test_what_is_typed_is_escaped_and_kept(world: World) -> None:
    """C50: nothing of it runs; lines stay, addresses lead somewhere."""
    api = Api(world, "sales1b")
    say(api, f"{XSS}\nhttps://example.com/x")
    assert said(api) == [f"{XSS}\nhttps://example.com/x"]
    for place in ("", "?tab=comments", "?tab=history"):
        page = api.client.get(f"/tasks/show/3{place}").text
        assert XSS not in page, place
    assert '<br><a href="https://example.com/x"' in api.client.get("/tasks/show/3").text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": "x" * 2000}, 201),
        ({"text": "x" * 2001}, 422),
        ({"text": "  \n "}, 422),
        ({"text": "a\0b"}, 422),
        ({"text": 7}, 422),
        ({}, 422),
        ({"text": "x", "author": 1}, 422),
    ],
)
def test_what_can_be_said(world: World, engine: Engine, body: Any, status: int) -> None:
    answer = Api(world, "sales1b").post(f"{TASK}/comments", body)
    assert answer.status_code == status, answer.text
    assert len(rows_in(engine, "comment")) == (status == 201)


def test_a_mention_is_told_and_shown_by_name(world: World, engine: Engine) -> None:
    """It means the person, however he is called later; he is told once, not twice."""
    person = user_ids(engine)["sales1a"]
    number = say(Api(world, "sales1b"), "Ask @sales1a, mail a@leader1.com or @nobody.")
    assert told(engine) == [("sales1a", "mention")]
    [row] = rows_in(engine, "comment", id=number)
    assert row["text"] == f"Ask @[{person}], mail a@leader1.com or @nobody."
    bell = Api(world, "sales1a").client.get("/notifications/").text
    assert "Sales1B mentioned you in a comment (Task): Task 03" in bell
    write(engine, "user", person, name=XSS, name_en=XSS, username="renamed")
    reader = Api(world, "leader1")
    assert said(reader) == ["Ask @renamed, mail a@leader1.com or @nobody."]
    page = reader.client.get("/tasks/show/3").text
    assert XSS not in page
    assert '<span class="mention">@&#34;&gt;&lt;img src=x onerror=alert(1)&gt;</span>' in page


def test_only_readers_are_mentioned(world: World, engine: Engine) -> None:
    """Refused in a sentence; nobody gets access by it, and nothing is stored or told."""
    api, people = Api(world, "sales1b"), user_ids(engine)
    write(engine, "user", people["leader1"], is_active=False)
    for text in ("@sales2a", f"@[{people['sales2a']}]", "@leader1"):
        answer = api.post(f"{TASK}/comments", {"text": f"Look, {text}"})
        assert answer.status_code == 422, text
        assert "can't be mentioned here" in answer.json["fields"]["text"][0]
    assert rows_in(engine, "comment") == []
    assert told(engine) == []
    assert Api(world, "sales2a").get(TASK).status_code == 404
    answer = api.client.post("/tasks/comment/3", data=posted(api, text="Look, @sales2a"))
    assert answer.status_code == 422
    assert "can&#39;t be mentioned here" in answer.text
    assert "Look, @sales2a</textarea>" in answer.text


def posted(api: Api, **values: Any) -> dict[str, Any]:
    return {"csrf_token": api.headers["X-CSRFToken"], **values}


def test_candidates_read_the_record_and_no_more(world: World) -> None:
    """Those whom it concerns first; for words those who are called like that."""
    api = Api(world, "sales1b")

    def offered(words: str = "") -> list[str]:
        answer = api.client.get("/tasks/mentions/3", query_string={"q": words})
        assert answer.status_code == 200, answer.text
        return [one["text"] for one in answer.json]

    assert offered()[0] == "@sales1a"
    assert not {"@sales1b", "@sales2a", "@finance"} & set(offered())
    assert offered("sales") == ["@sales1a"]
    assert "@leader1" in offered("leader")
    assert offered("sales2a") == []
    assert api.client.get("/tasks/mentions/3?q=" + "x" * 51).status_code == 400
    assert api.client.get("/tasks/mentions/3?w=x").status_code == 400
    assert Api(world, "sales2a").client.get("/tasks/mentions/3?q=s").status_code == 404


def test_whom_a_comment_concerns_is_told_once(world: World, engine: Engine) -> None:
    """Owner, participants, who has commented; not the writer, not twice, not whoever is out."""
    say(Api(world, "leader1"), "First")
    assert sorted(told(engine)) == [("sales1a", "comment"), ("sales1b", "comment")]
    say(Api(world, "sales1b"), "Second, @sales1a")
    assert told(engine)[2:] == [("sales1a", "mention"), ("leader1", "comment")]
    version = stored(engine, "task", 3)["version"]
    assert Api(world, "sales1b").put(TASK, {"participants": []}, version).status_code == 200
    before = len(told(engine))
    say(Api(world, "manager"), "Third")
    assert sorted(told(engine)[before:]) == [("leader1", "comment"), ("sales1b", "comment")]


def test_the_author_of_a_log_hears_of_replies(world: World, engine: Engine) -> None:
    """LOG: recipients don't, until they have said something themselves."""
    number = sent(Api(world, "sales1a"), "finance", "legal")
    before = len(told(engine))
    path = f"/work-logs/{number}"
    say(Api(world, "finance"), "Well done", path)
    assert told(engine)[before:] == [("sales1a", "comment")]
    say(Api(world, "sales1a"), "Thanks", path)
    assert told(engine)[before + 1 :] == [("finance", "comment")]
    bell = Api(world, "sales1a").client.get("/notifications/").text
    assert "Finance commented (Work log): Monday" in bell
    assert f'href="/work-logs/show/{number}#comments"' in bell


def test_one_edits_and_deletes_ones_own_for_a_while(world: World, engine: Engine) -> None:
    """As with follow-ups (ACT-3): managers delete what their people wrote; the history keeps it."""
    mine, owner = Api(world, "sales1a"), Api(world, "sales1b")
    number = say(mine, "First words")
    place = f"{TASK}/comments/{number}"
    assert owner.put(place, {"text": "Not mine"}).status_code == 404
    assert owner.delete(place).status_code == 404
    assert mine.put(place, {"text": "Other words, @sales1b"}).status_code == 200
    assert said(owner) == ["Other words, @sales1b"]
    assert ("sales1b", "mention") in told(engine)
    assert mine.put(place, {"text": "Others still, @sales1b"}).status_code == 200
    assert told(engine).count(("sales1b", "mention")) == 1
    late = clock.now() - timedelta(hours=25)
    write_comment(engine, number, written_at=late)
    assert mine.put(place, {"text": "Too late"}).status_code == 409
    assert mine.delete(place).status_code == 409
    run_elsewhere(world, SET, comment_hours=30)
    assert mine.put(place, {"text": "In time"}).status_code == 200
    write_comment(engine, number, written_at=late - timedelta(hours=6))
    assert Api(world, "audit").delete(place).status_code == 404, "nobody's superior"
    assert Api(world, "leader1").delete(place).status_code == 200
    assert Api(world, "leader1").delete(place).status_code == 404
    [one] = mine.get(f"{TASK}/comments").json["result"]
    assert (one["is_deleted"], one["text"]) == (True, "")
    notes = [row["changes"].get("comment") for row in rows_in(engine, "history", record_id=3)]
    assert notes[-4:] == [
        ["First words", "Other words, @sales1b"],
        ["Other words, @sales1b", "Others still, @sales1b"],
        ["Others still, @sales1b", "In time"],
        ["In time", ""],
    ]


def write_comment(engine: Engine, number: int, **values: Any) -> None:
    table = Comment.__table__
    with engine.begin() as connection:
        connection.execute(table.update().where(table.c.id == number).values(**values))


def test_by_forms_without_script(world: World, engine: Engine) -> None:
    """UI-2: say, change, take back; the same form twice says it once (BULK-8)."""
    api = Api(world, "sales1a")
    page = api.client.get("/tasks/show/3").text
    form = page.split('action="/tasks/comment/3"')[1].split("</form>")[0]
    values = hidden_inputs(form)
    for _ in "12":
        answer = api.client.post("/tasks/comment/3", data={**values, "text": "Once"})
        assert answer.status_code == 302
        [row] = rows_in(engine, "comment")
        assert answer.location == f"/tasks/show/3#comment-{row['id']}"
    change = posted(api, comment=row["id"], text="Twice")
    assert api.client.post("/tasks/comment/3", data=change).status_code == 302
    assert said(api) == ["Twice"]
    change = posted(api, comment=row["id"], then="remove", text="")
    assert api.client.post("/tasks/comment/3", data=change).status_code == 302
    assert said(api) == [""]
    assert "This comment was deleted." in api.client.get("/tasks/show/3").text
    assert (
        api.client.post("/tasks/comment/3", data=posted(api, text="x", who="y")).status_code == 400
    )


def test_the_same_key_says_it_once(world: World, engine: Engine) -> None:
    api = Api(world, "sales1a")
    for number in "12":
        answer = api.post(f"{TASK}/comments", {"text": "Once"}, Idempotency_Key="k")
        assert answer.status_code == 201
        assert ("Idempotent-Replayed" in answer.headers) is (number == "2")
    assert len(rows_in(engine, "comment")) == 1


def test_many_are_read_page_by_page_in_the_same_statements(world: World) -> None:
    """The newest stand beside the record; the tab goes on to older ones after a place (keyset)."""
    api = Api(world, "sales1b")
    say(api, "Number 0 @sales1a")

    def asked(path: str) -> int:
        api.client.get(path)
        with count_statements() as found:
            assert api.client.get(path).status_code == 200
        return len(found)

    paths = ("/tasks/show/3", "/tasks/show/3?tab=comments", "/api/v1/tasks/3/comments")
    few = [asked(path) for path in paths]
    for number in range(1, 61):
        say(api, f"Number {number} @sales1a")
    assert [asked(path) for path in paths] == few
    page = api.client.get("/tasks/show/3").text
    assert "Number 60 " in page
    assert "Number 51 " in page
    assert "Number 50 " not in page
    assert page.index("Number 51 ") < page.index("Number 60 ")
    tab = api.client.get("/tasks/show/3?tab=comments").text
    older = tab.split('href="/tasks/show/3?tab=comments&amp;before=')[1].split('"')[0]
    last = api.client.get(f"/tasks/show/3?tab=comments&before={older}").text
    main = last.split('class="record-aside"')[0]
    assert "Number 0 " in main
    assert "Number 60 " not in main
    numbers: list[int] = []
    arguments: dict[str, Any] = {"page_size": 25}
    while rows := api.get(f"{TASK}/comments", **arguments).json["result"]:
        numbers += [one["id"] for one in rows]
        arguments["before"] = numbers[-1]
    assert numbers == sorted(set(numbers), reverse=True)
    assert len(numbers) == 61


def test_they_go_with_a_record_that_is_purged(world: World, engine: Engine) -> None:
    """CUS-3: in the recycle bin nobody reads them; brought back they are there; purged they go."""
    admin = Api(world, "admin")
    say(admin, "Stays with it")
    version = stored(engine, "task", 3)["version"]
    assert admin.delete(TASK, version).status_code == 200
    assert admin.get(f"{TASK}/comments").status_code == 404
    assert admin.post(f"{TASK}/comments", {"text": "x"}).status_code == 404
    assert admin.bulk("tasks", "restore", [3]).json["done"] == 1
    assert said(admin) == ["Stays with it"]
    admin.bulk("tasks", "delete", [3])
    assert admin.bulk("tasks", "purge", [3]).json["done"] == 1
    assert rows_in(engine, "comment") == []


@pytest.fixture
def box(world: World) -> Iterator[Mailbox]:
    with mailbox() as found:
        set_up(world, found.port)
        yield found


def test_whoever_reads_it_no_more_gets_no_mail(world: World, engine: Engine, box: Mailbox) -> None:
    """NOTE: between the mention and the mail the right may go; the others get theirs."""
    people = user_ids(engine)
    for who in ("sales1a", "leader1"):
        write(engine, "user", people[who], email=f"{who}@example.com")
    owner = Api(world, "sales1b")
    say(owner, "@sales1a @leader1 look")
    version = stored(engine, "task", 3)["version"]
    assert owner.put(TASK, {"participants": []}, version).status_code == 200
    deliver(world)
    assert [one["To"].split("<")[-1].strip(">") for one in box.mails()] == ["leader1@example.com"]
