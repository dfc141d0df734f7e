"""Saved views: kept, shared and judged anew for whoever opens them (LIST-4, C43, C48)."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from app.store import views
from tests.contract.calls import Api, condition, grant_fields, role_ids, set_role, user_ids
from tests.generated.browser import Page
from tests.support.web import csrf_token
from tests.support.worlds import World

LIST = "/customers/list/"
MINE = condition("owner", "eq", "@me")
RICH = condition("annual_revenue", "gt", "1")


class Reader:
    """Somebody at his list of customers."""

    def __init__(self, world: World, username: str) -> None:
        self.client: FlaskClient = world.client(username)
        self.token = csrf_token(self.client, "/notifications/")

    def post(self, path: str, form: Mapping[str, Any]) -> TestResponse:
        return self.client.post(path, data={"csrf_token": self.token, **form})

    def keep(self, *filters: Mapping[str, Any], address: str = "", **form: Any) -> TestResponse:
        """Save what the filters show as a view."""
        query = f"filters={quote(json.dumps(filters))}{address}"
        return self.post(f"/views/customers/add?{query}", {"name": "视图", **form})

    def kept(self, *filters: Mapping[str, Any], address: str = "", **form: Any) -> int:
        answer = self.keep(*filters, address=address, **form)
        assert answer.status_code == 302, answer.text
        return int(answer.location.rpartition("=")[2])

    def open(self, view: Any, **more: Any) -> TestResponse:
        return self.client.get(LIST, query_string={"view": view, "size": 100, **more})

    def ids(self, view: Any, **more: Any) -> set[int]:
        answer = self.open(view, **more)
        assert answer.status_code == 200, answer.text
        return set(Page(answer.text).ids("customer"))

    def tabs(self) -> str:
        page = self.client.get(f"{LIST}?view=all").text
        return page[page.index('class="tabs"') : page.index("</nav>", page.index('class="tabs"'))]


def test_a_shared_view_shows_each_reader_his_own_rows(world: World) -> None:
    """A token stands for whoever opens the view; what he can't read stays out of it."""
    manager, seller = Reader(world, "manager"), Reader(world, "sales1a")
    view = manager.kept(MINE, audience="all", name="我的", name_en="My own")
    for reader in (manager, seller):
        assert reader.ids(view) == reader.ids("mine") != set()
    assert manager.ids(view).isdisjoint(seller.ids(view))
    seller.client.get("/lang/en")
    assert "My own" in seller.tabs()
    assert seller.open(view, filters="[]").status_code == 200
    assert seller.ids(view, filters="[]") == seller.ids("all")


def test_who_finds_a_view(world: World, engine: Engine) -> None:
    """Private, by role, by department with those below it, for all; everybody else: 404."""
    manager = Reader(world, "manager")
    with engine.connect() as connection:
        places = dict(connection.execute(text("SELECT name, id FROM department")).all())
    clerks, sales = role_ids(engine)["clerk"], places["Sales"]
    views = {
        frozenset(): manager.kept(name="nobody"),
        frozenset({"clerk1"}): manager.kept(name="clerks", audience="some", roles=[clerks]),
        frozenset({"clerk1", "sales1a"}): manager.kept(
            name="sales", audience="some", departments=[sales]
        ),
        frozenset({"clerk1", "sales1a", "audit"}): manager.kept(name="all", audience="all"),
    }
    for audience, view in views.items():
        assert manager.open(view).status_code == 200
        for name in ("clerk1", "sales1a", "audit"):
            reader = Reader(world, name)
            assert reader.open(view).status_code == (200 if name in audience else 404)
            assert (f'view={view}"' in reader.tabs()) == (name in audience)
            for path in (f"edit/{view}", f"update/{view}", f"delete/{view}"):
                answer = reader.post(f"/views/customers/{path}", {"name": "mine now"})
                assert answer.status_code == 404, (name, path)


def test_nobody_keeps_views_without_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred per person and list; here two."""
    assert views.MOST == 100
    monkeypatch.setattr(views, "MOST", 2)
    manager = Reader(world, "manager")
    assert [manager.keep(MINE).status_code for _ in range(3)] == [302, 302, 409]
    assert Reader(world, "sales1a").keep(MINE).status_code == 302


def test_sharing_is_a_right_of_its_own(world: World) -> None:
    seller = Reader(world, "sales1a")
    assert seller.keep(MINE, audience="all").status_code == 422
    view = seller.kept(MINE)
    assert Reader(world, "manager").open(view).status_code == 404
    assert seller.client.get("/views/customers/options/roles").status_code == 403
    found = Reader(world, "manager").client.get("/views/customers/options/roles?q=Cl")
    assert "Clerk" in found.text


@pytest.mark.parametrize("fields", [{"level": 0}, {"mask": 2}])
def test_a_condition_on_a_withheld_column_shows_nothing(
    world: World, engine: Engine, fields: dict[str, int]
) -> None:
    """C43: no rows, no count, no word of the condition; columns he may not read drop out."""
    manager = Reader(world, "manager")
    arranged = {"column": ["annual_revenue", "level"], "frozen": "1"}
    assert manager.post("/columns/customers/", arranged).status_code == 302
    by_revenue = manager.kept(RICH, audience="all")
    by_order = manager.kept(MINE, audience="all", address="&order=-name")
    grant_fields(engine, "salesperson", "customer", annual_revenue=fields, name_sort={})
    seller = Reader(world, "sales1a")
    answer = seller.open(by_revenue)
    assert answer.status_code == 400
    assert "annual_revenue" not in answer.text.partition("</nav>")[2].partition("filter-builder")[0]
    assert Page(answer.text).ids("customer") == []
    assert 'data-total=""' in answer.text
    shown = seller.open(by_order)
    assert shown.status_code == 200
    assert ('data-column="annual_revenue"' in shown.text) == ("mask" in fields)
    assert 'data-column="level"' in shown.text
    default = {"tab": _keys(seller), "default": str(by_revenue)}
    assert seller.post("/views/customers/", default).status_code == 302
    assert seller.client.get(LIST).status_code == 200  # not locked out of his list


def test_hostile_views(world: World) -> None:
    """Nothing is kept that its maker could not look at."""
    manager = Reader(world, "manager")
    for filters in (
        [condition("password", "eq", "x")],
        [condition("name", "sw' OR 1=1", "x")],
        [{"or": []}],
        ["name"],
    ):
        assert manager.keep(*filters).status_code == 400
    for address in ("&order=mobile", "&order=nope", "&view=deleted", "&columns=x"):
        assert manager.keep(MINE, address=address).status_code == 400, address
    for form in ({"name": ""}, {"name": "n" * 61}, {"audience": "some"}, {"audience": "world"},
                 {"audience": "some", "roles": "9999"}, {"owner": "1"}):  # fmt: skip
        assert manager.keep(MINE, **form).status_code == 422, form
    for view, status in (("0", 404), ("999999", 404), ("nope", 400), ("-1", 400), ("1.5", 400)):
        assert manager.open(view).status_code == status, view
    named = manager.kept(MINE, name="<script>alert(1)</script>")
    assert "<script>alert" not in manager.open(named).text
    assert manager.client.get("/views/nothing/").status_code == 404
    assert Reader(world, "system").client.get("/views/customers/").status_code == 403


def test_a_view_is_changed_once_and_forgotten(world: World) -> None:
    """Saved over an older version: 409. Deleted: gone from the tabs, the records stay."""
    seller = Reader(world, "sales1a")
    before, view = seller.ids("all"), seller.kept(MINE)
    assert seller.post("/views/customers/", {"tab": [str(view), *_keys(seller)[:-1]],
                                             "default": str(view)}).status_code == 302  # fmt: skip
    assert seller.client.get(LIST).location.endswith(f"?view={view}")
    assert seller.tabs().index(f"view={view}") < seller.tabs().index("view=mine")
    path = f"/views/customers/update/{view}?view={view}&filters=[]&order=name"
    assert seller.post(path, {"row_version": "1"}).status_code == 302
    assert seller.post(path, {"row_version": "1"}).status_code == 409
    assert seller.ids(view) == before
    renamed = seller.post(f"/views/customers/edit/{view}", {"row_version": "2", "name": "新名"})
    assert renamed.status_code == 302
    assert "新名" in seller.tabs()
    assert "新名" in seller.client.get(f"/views/customers/delete/{view}").text
    assert seller.post(f"/views/customers/delete/{view}", {}).status_code == 302
    assert seller.open(view).status_code == 404
    assert seller.client.get(LIST).status_code == 200


def test_a_view_of_somebody_who_lost_the_list(world: World, engine: Engine) -> None:
    manager = Reader(world, "manager")
    view = manager.kept(MINE, audience="all")
    set_role(engine, "manager", "people_admin")
    assert manager.open(view).status_code == 403
    assert user_ids(engine)
    assert Reader(world, "sales1a").ids(view)


def _keys(reader: Reader) -> list[str]:
    page = reader.client.get("/views/customers/").text
    return [part.partition('"')[0] for part in page.split('name="tab" value="')[1:]]


def test_a_view_finds_a_renamed_tag(world: World) -> None:
    """Conditions name tags; renaming one leaves nobody's view empty, however deep it asks."""
    manager, admin = Reader(world, "manager"), Api(world, "admin")
    admin.bulk("customers", "add_tags", [1, 3], {"tags": ["Old", "Other"]})
    plain = manager.kept(condition("tags", "any", ["ＯＬＤ", "nobody's"]))
    deep = manager.kept({"or": [{"and": [condition("tags", "all", ["Other", "old"])]}]})
    before = [manager.ids(view) for view in (plain, deep)]
    assert before == [{1, 3}, {1, 3}]
    version = admin.get("/tags/1").json["result"]["version"]
    assert admin.put("/tags/1", {"name": "New"}, version).status_code == 200
    assert [manager.ids(view) for view in (plain, deep)] == before
