"""What everybody may see of the company: colleagues, announcements, the tree of departments."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app.spec import clock
from tests.contract.calls import Api
from tests.support.elsewhere import run_elsewhere
from tests.support.web import hidden_inputs, submit

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from tests.support.worlds import World

SCRIPT = "<script>alert(1)</script>"
TREE = "/departments/tree/"


def announce(world: "World", name: str, **values: Any) -> int:
    """An announcement by the people admin; answers its id."""
    answer = submit(
        world.client("people"), "/announcements/add", name=name, text="Some text", **values
    )
    assert answer.status_code == 302, answer.text
    return int(answer.location.rstrip("/").rpartition("/")[2])


def departments(world: "World") -> dict[str, Any]:
    from app.extensions import db
    from app.store.context import system_scope
    from app.store.organisation import Department

    with world.app.app_context(), system_scope("a test looks at the tree"):
        return {row.name_en: row for row in db.session.query(Department).all()}


@pytest.mark.parametrize(
    ("audience", "readers", "others"),
    [
        ([], ["sales1a", "marketing", "admin"], []),
        (["Sales"], ["manager", "sales1a", "sales2a"], ["marketing", "finance", "admin"]),
        (["Sales 1", "Marketing"], ["sales1a", "marketing"], ["sales2a", "manager"]),
    ],
)
def test_announcements_reach_their_audience_and_nobody_else(
    world: "World", audience: list[str], readers: list[str], others: list[str]
) -> None:
    """NOTE: departments with all below; by page, home, address and REST alike."""
    places = departments(world)
    number = announce(world, "Open day", departments=[places[name].id for name in audience])
    for name in readers:
        person = world.client(name)
        assert "Open day" in person.get("/announcements/").text, name
        assert "Open day" in person.get("/").text, name
        assert person.get("/notifications/unread").text == "1", name
    for name in others:
        person = world.client(name)
        assert "Open day" not in person.get("/announcements/").text + person.get("/").text, name
        assert person.get("/notifications/unread").text == "", name
        form = hidden_inputs(person.get("/announcements/").text) | {"id": str(number)}
        assert person.post("/announcements/", data=form).status_code == 404, name
    stranger = world.client("sales1a")
    for path in ("/announcements/show/", "/announcements/edit/", "/api/v1/announcements/"):
        assert stranger.get(f"{path}{number}").status_code == 403, path


def test_an_empty_list_offers_to_begin(world: "World") -> None:
    """LIST-7: to whoever may create, above the list and in it."""
    for name, ways in (("people", 2), ("audit", 0)):
        page = world.client(name).get("/announcements/list/").text
        assert page.count('href="/announcements/add"') == ways, name


def test_announcements_run_from_until_and_are_read_once(world: "World") -> None:
    """Only a POST marks them; what is over or to come is not shown; text is text (C51)."""
    now = clock.now().replace(tzinfo=None)

    def hours(n: int) -> str:
        return (now + timedelta(hours=n, days=1 if n > 0 else -1)).strftime("%Y-%m-%dT%H:%M")

    announce(world, "Over", starts_at=hours(-3), ends_at=hours(-2))
    announce(world, "To come", starts_at=hours(2))
    announce(world, SCRIPT, starts_at=hours(-2), ends_at=hours(2))
    backwards = submit(
        world.client("people"), "/announcements/add", name="x", text="y",
        starts_at=hours(2), ends_at=hours(-2),
    )  # fmt: skip
    assert backwards.status_code == 422
    person = world.client("sales1a")
    for _twice in range(2):
        page = person.get("/announcements/").text
        assert "alert(1)" in page
        assert SCRIPT not in page
        assert "Over" not in page
        assert "To come" not in page
        assert 'class="unread"' in page
    assert submit(person, "/announcements/").status_code == 302
    assert 'class="unread"' not in person.get("/announcements/").text
    assert person.get("/notifications/unread").text == ""
    assert world.client("sales1b").get("/notifications/unread").text == "1"


def test_the_address_book_is_everybodys(world: "World") -> None:
    """Found by pinyin, position, number and department with those below; the disabled are gone."""
    admin, clerk = Api(world, "admin"), world.client("clerk1")
    values = {"name": "欧阳娜娜", "position": "前台", "mobile": "13912345678"}
    from app.extensions import db
    from app.store.context import system_scope
    from app.store.organisation import User

    with world.app.app_context(), system_scope("a test looks up an id"):
        number = db.session.query(User.id).filter_by(username="sales2a").scalar()
    assert admin.put(f"/users/{number}", values).status_code == 200
    assert clerk.get("/users/list/").status_code == 403
    places = departments(world)
    for words in ("欧阳", "ouyang", "oynn", "前台", "5678"):
        page = clerk.get("/address-book/", query_string={"search": words}).text
        assert "13912345678" in page, words
        assert 'data-total="1"' in page, words
    for name, total in (("Sales 2", 1), ("Sales", 6), ("Office", 14)):
        page = clerk.get(f"/address-book/?department={places[name].id}").text
        assert f'data-total="{total}"' in page, name
    run_elsewhere(
        world,
        "from app.spec.settings import find\nfrom app.store.settings import Wish, save\n"
        "save([Wish(find('address_book_mobiles'), False, 0)])",
    )
    assert "13912345678" not in clerk.get("/address-book/").text
    assert 'data-total="0"' in clerk.get("/address-book/?search=5678").text
    with world.app.app_context(), system_scope("a test disables somebody"):
        db.session.query(User).filter_by(id=number).update({"is_active": False})
        db.session.commit()
    assert 'data-total="0"' in clerk.get("/address-book/?search=ouyang").text
    for path, status in (("?department=987", 404), ("?junk=1", 400), ("?page=x", 400)):
        assert clerk.get(f"/address-book/{path}").status_code == status


def move(client: "FlaskClient", row: Any, **values: Any) -> "TestResponse":
    token = hidden_inputs(client.get(TREE).text)["csrf_token"]
    told = {"csrf_token": token, "id": row.id, "row_version": row.version, **values}
    return client.post(f"{TREE}move", data=told)


def test_a_department_moves_with_all_below_and_scopes_follow(world: "World") -> None:
    """ORG and MATRIX-9: the very next request; circles, the root and old versions are refused."""
    people, leader = world.client("people"), world.client("leader1")
    places = departments(world)
    assert leader.get("/customers/show/6").status_code == 404  # one of sales2a's
    answer = move(people, places["Sales 2"], to=places["Sales 1"].id)
    assert answer.status_code == 302, answer.text
    row = answer.location.rpartition("#")[2]  # where the reader was, for his next key
    assert f'<li id="{row}" data-id="{places["Sales 2"].id}"' in people.get(TREE).text
    assert leader.get("/customers/show/6").status_code == 200
    assert move(people, places["Sales 2"], to=places["Sales"].id).status_code == 409
    for name, to in (("Sales", "Sales 2"), ("Office", "Sales"), ("Sales", "Sales")):
        assert move(people, departments(world)[name], to=places[to].id).status_code == 422, name
    assert departments(world)["Sales"].parent_id == places["Office"].id


def test_siblings_are_put_in_order(world: "World") -> None:
    people, places = world.client("people"), departments(world)

    def shown() -> list[str]:
        page = people.get(TREE).text
        return sorted(("Sales 1", "Sales 2"), key=page.index)

    assert shown() == ["Sales 1", "Sales 2"]
    assert move(people, places["Sales 2"], step="up").status_code == 302
    assert shown() == ["Sales 2", "Sales 1"]
    now = departments(world)["Sales 1"]
    before = places["Sales 2"].id
    assert move(people, now, to=now.parent_id, before=before).status_code == 302
    assert shown() == ["Sales 1", "Sales 2"]
    assert move(people, departments(world)["Sales 1"], step="sideways").status_code == 400
    assert move(people, departments(world)["Sales 1"], to=before, before=987).status_code == 400


@pytest.mark.parametrize(
    ("name", "sees", "moves"), [("people", 200, 302), ("audit", 200, 403), ("sales1a", 403, 403)]
)
def test_the_tree_needs_the_rights_on_departments(
    world: "World", name: str, sees: int, moves: int
) -> None:
    client, place = world.client(name), departments(world)["Sales 2"]
    assert client.get(TREE).status_code == sees
    token = hidden_inputs(client.get("/").text)["csrf_token"]
    told = {"csrf_token": token, "id": place.id, "row_version": place.version, "step": "up"}
    assert client.post(f"{TREE}move", data=told).status_code == moves
