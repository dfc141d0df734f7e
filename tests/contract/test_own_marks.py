"""Private notes, private tags, the way out of a team: one's own alone (CUS-4, CUS-8)."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from app.admin.record.own_marks import linked
from app.extensions import db
from app.spec import clock
from app.spec.catalogue import catalogue
from app.store import history
from app.store.context import system_scope
from app.store.pools import TeamSeat
from tests.contract.calls import user_ids
from tests.generated.browser import Page, Person
from tests.support.worlds import World

NOTE, TAG = "Prefers Longjing tea https://tea.example/a?b=1&c=2", "whale-hunting"
SECRETS = ("Longjing", TAG)
MINE = "/customers/show/1"


@pytest.fixture
def author(world: World) -> Person:
    """The owner of customer 1, who noted and tagged it for himself."""
    person = Person("sales1a", world.client("sales1a"))
    assert person.post("/customers/note/1", {"text": NOTE}).status_code == 302
    assert person.post("/customers/mark/1", {"tags": f"{TAG}，vip, {TAG}"}).status_code == 302
    return person


def marked(person: Person, opr: str = "any", value: Any = TAG, col: str = "my_tags") -> list[int]:
    condition = {"col": col, "opr": opr}
    if "empty" not in opr:
        condition["value"] = value
    answer = person.ask("customers", filters=[condition])
    assert answer.status_code == 200, answer.text
    ids: list[int] = json.loads(answer.text)["ids"]
    return ids


def noted(person: Person, opr: str, value: str = "") -> list[int]:
    return marked(person, opr, value, col="my_notes")


def test_the_author_sees_filters_changes_and_removes_his_own(author: Person) -> None:
    page = author.get(MINE).text
    assert 'href="https://tea.example/a?b=1&amp;c=2" rel="noopener noreferrer nofollow"' in page
    assert all(secret in page for secret in SECRETS)
    everything = json.loads(author.ask("customers").text)["ids"]
    assert marked(author) == [1] == marked(author, "not_empty")
    assert marked(author, "any", "nothing of the kind") == []
    assert (
        sorted(marked(author, "none"))
        == sorted(marked(author, "empty"))
        == sorted(set(everything) - {1})
    )
    assert marked(author, "all", f"{TAG}, vip，") == [1] == marked(author, "all", [TAG, "vip"])
    assert marked(author, "all", [TAG, "other"]) == [] == marked(author, "any", ["other"])
    assert noted(author, "ct", "LONGJING") == [1] == noted(author, "not_empty")
    assert noted(author, "ct", "Long%ing") == []
    without = noted(author, "nct", "Longjing")
    assert set(without) == set(noted(author, "empty")) == set(everything) - {1}
    number = re.search(r'name="note" value="(\d+)"', page)
    assert number is not None
    changed = {"text": "Coffee now", "note": number[1]}
    assert author.post("/customers/note/1", changed).status_code == 302
    assert author.post("/customers/note/2", changed).status_code == 404, "a note of another record"
    assert "Coffee now" in author.get(MINE).text
    assert author.post("/customers/note/1", {**changed, "then": "remove"}).status_code == 302
    assert author.post("/customers/mark/1", {"tags": ""}).status_code == 302
    page = author.get(MINE).text
    assert "Coffee" not in page
    assert TAG not in page


@pytest.mark.parametrize("other", ["admin", "leader1", "audit"])
def test_nobody_else_sees_them_by_any_path(
    world: World, author: Person, engine: Engine, other: str
) -> None:
    """Page, tabs, REST, filter, search, export, history, audit log: also for a super admin."""
    person = Person(other, world.client(other))
    chosen = {
        "filters": [
            {"col": "my_tags", "opr": "any", "value": [TAG]},
            {"col": "my_notes", "opr": "ct", "value": "Longjing"},
        ],
        "expected_count": 1,
    }
    done = author.rest("POST", "/customers/bulk/add_team", {
        **chosen, "params": {"users": ["sales1b"], "level": "read"}})  # fmt: skip
    assert done.status_code == 200, done.text
    pages = (MINE, f"{MINE}?tab=history", f"{MINE}?tab=team", "/audit/list/", "/customers/list/")
    for path in pages:
        found = person.get(path)
        assert found.status_code in (200, 403)
        assert not any(secret in found.text for secret in SECRETS), path
    for path in ("/customers/1", "/customers/", "/audit/"):
        found = person.rest("GET", path)
        assert not any(secret in found.text for secret in SECRETS), path
    assert marked(person) == marked(person, "not_empty") == []
    assert noted(person, "ct", "Longjing") == noted(person, "not_empty") == []
    for secret in SECRETS:
        assert json.loads(person.ask("customers", search=secret).text)["ids"] == []
    with engine.connect() as connection:
        for name in ("history", "operation_run", "operation_item", "outbox"):
            rows = connection.execute(db.metadata.tables[name].select()).all()
            assert not any(secret in str(rows) for secret in SECRETS), name


@pytest.mark.parametrize(("who", "path", "status"), [
    ("sales2a", "/customers/{}/1", 404), ("marketing", "/contacts/{}/1", 403),
    ("sales1a", "/customers/{}/9", 404), ("sales1a", "/customers/{}/987654", 404),
    ("admin", "/departments/{}/1", 405),
])  # fmt: skip
def test_only_on_records_one_can_read(
    world: World, engine: Engine, who: str, path: str, status: int
) -> None:
    person = Person(who, world.client(who))
    for kind in ("note", "mark"):
        values = {"text": NOTE, "tags": TAG}
        assert person.post(path.format(kind), values).status_code == status, kind
    with engine.connect() as connection:
        for name in ("private_note", "private_tag"):
            assert connection.execute(db.metadata.tables[name].select()).first() is None


def test_marks_are_bounded_and_once_per_form(world: World, author: Person) -> None:
    for path, values in (
        ("/customers/note/1", {"text": "x" * 2001}), ("/customers/note/1", {"text": "a\x00b"}),
        ("/customers/mark/1", {"tags": "y" * 31}),
        ("/customers/mark/1", {"tags": ",".join(map(str, range(21)))}),
    ):  # fmt: skip
        assert author.post(path, values).status_code == 422, values
    twice = {"text": "Once only", "form_nonce": "the-same-nonce"}
    assert [author.post("/customers/note/1", twice).status_code for _ in "ab"] == [302, 302]
    assert author.get(MINE).text.count('<div class="note-text">Once only') == 1


@pytest.mark.parametrize("payload", [
    "<script>alert(1)</script>", "javascript:alert(1)", 'https://a.example/"onmouseover="x',
    "<img src=x onerror=alert(1)>", "https://a.example/<b>", "{{7*7}}", "line\none & two",
])  # fmt: skip
def test_a_note_is_only_ever_text(payload: str) -> None:
    """C52 without rich text: everything is escaped but links to the web and line breaks."""
    html = str(linked(payload))
    tags = set(re.findall(r"<[^>]+>", html))
    links = r'<a href="https://[^"<>\s]+" rel="noopener noreferrer nofollow" target="_blank">'
    assert all(tag in ("<br>", "</a>") or re.fullmatch(links, tag) for tag in tags), html


def test_a_member_leaves_by_himself(world: World, engine: Engine) -> None:
    """CUS-4: his seat is gone at once, the history says who went; who has none is told so."""
    member, owner = Person("sales2a", world.client("sales2a")), Person("x", world.client("sales1a"))
    page = Page(member.get("/customers/show/2", tab="team").text)
    assert member.client.post("/customers/leave/2", data=page.form("leave")).status_code == 302
    assert member.get("/customers/show/2").status_code == 404
    assert member.post("/customers/leave/2", {}).status_code == 404
    assert owner.post("/customers/leave/2", {}).status_code == 409
    assert owner.post("/pools/leave/1", {}).status_code == 405
    with world.app.app_context(), system_scope("who left"):
        [last] = history.of_record("customer", 2, limit=1)
        gone = set(last.changes["team"][0]) - set(last.changes["team"][1])
        assert gone == {last.actor_id}
        assert last.actor.username == "sales2a"


def test_the_team_tab_tells_who_and_until_when(world: World, engine: Engine) -> None:
    """CUS-4: seats that have ended stand last and say so; whoever may, removes or adds one."""
    table, people = TeamSeat.__table__, user_ids(engine)
    seats = (("sales1b", timedelta(days=-1)), ("clerk1", timedelta(days=9)), ("manager", None))
    with engine.begin() as connection:
        for name, span in seats:
            until = clock.now() + span if span else None
            place = {"entity": "customer", "record_id": 1, "user_id": people[name]}
            connection.execute(table.insert().values(**place, level="read", until=until))

    def rows(name: str) -> list[str]:
        page = Person(name, world.client(name)).get(MINE, tab="team").text
        return page.partition("record-team")[2].partition("</section>")[0].split("<li")[1:]

    shown = rows("sales1a")
    assert len(shown) == 3
    assert ["Sales1B" in row for row in shown] == [False, False, True]
    assert ['class="expired"' in row for row in shown] == [False, False, True]
    assert sum("valid until" in row or "有效期至" in row for row in shown) == 2
    assert all("/customers/bulk/remove_team?id=1&amp;users=" in row for row in shown)
    assert not any("remove_team" in row for row in rows("audit"))


def test_a_pool_has_a_tab_for_its_kind_only(world: World) -> None:
    """What can't belong to a record has no tab there."""
    person = Person("admin", world.client("admin"))
    kinds = json.loads(person.ask("pools").text)["result"]
    for pool in kinds:
        tabs = Page(person.get(f"/pools/show/{pool['id']}").text).hooks("data-tab")
        assert tabs & {"leads", "customers"} == {pool["kind"]}


def test_layers_are_ones_own(world: World) -> None:
    """CUS-8: order and closing hold for the person who chose them, whatever he sends."""
    mine, other = (Person(who, world.client(who)) for who in ("sales1a", "leader1"))

    def shown(person: Person) -> list[str]:
        return re.findall(r'data-layer="(\w+)"( open)?', person.get(f"{MINE}?tab=details").text)

    start = shown(mine)
    assert [name for name, _open in start][:2] == ["basic", "business"]
    assert mine.post("/customers/layers/1", {"step": "up:business"}).status_code == 302
    assert mine.post("/customers/layers/1", {"step": "turn:basic"}).status_code == 302
    assert shown(mine)[:2] == [("business", " open"), ("basic", "")]
    assert shown(other) == start
    for wrong in ("", "up", "up:nonsense", "sideways:basic"):
        assert mine.post("/customers/layers/1", {"step": wrong}).status_code == 400
    assert mine.post("/customers/layers/1", {"step": "reset:"}).status_code == 302
    assert shown(mine) == start
    assert catalogue.get("customer").is_owned


def offered(person: Person, words: str = "", plural: str = "customers") -> list[str]:
    answer = person.get(f"/{plural}/options/my_tags", q=words)
    assert answer.status_code == 200, answer.text
    return [one["text"] for one in json.loads(answer.text)]


def test_own_tags_are_offered_to_filter_by(world: World, author: Person) -> None:
    """CUS-8: by any part of them, to nobody else, and of each kind of record by themselves."""
    assert offered(author) == ["vip", TAG]
    assert offered(author, "HUNT") == [TAG]
    assert offered(author, "nothing of the kind") == []
    assert offered(author, plural="leads") == []
    assert offered(Person("manager", world.client("manager"))) == []
    assert author.get("/departments/options/my_tags").status_code == 403
    page = author.get("/customers/list/").text
    assert 'data-url="/customers/options/my_tags?retired=1"' in page
