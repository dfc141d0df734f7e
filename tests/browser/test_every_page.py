"""Every page, in both languages and at two widths: a clean console, no page wider than the window,
and nothing that keeps somebody out in the light or the dark look (UI-9, UI-10).

The addresses come from the program's own map of routes; new pages need no word here.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from playwright.sync_api import expect
from sqlalchemy import func, select
from werkzeug.routing import Rule

from app.extensions import db
from app.spec.catalogue import catalogue
from app.store.context import system_scope
from app.store.writer import Context, insert_rows
from tests.browser import axe
from tests.browser.driving import ON_SQLITE
from tests.contract.calls import Api, condition
from tests.contract.test_hand_over import Desk
from tests.contract.test_imports import csv_of, steps
from tests.contract.test_views import Reader

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize

    from tests.browser.conftest import Open
    from tests.support.worlds import World

pytestmark = [pytest.mark.browser, ON_SQLITE]

NARROW: "ViewportSize" = {"width": 390, "height": 844}
WIDE: "ViewportSize" = {"width": 1280, "height": 800}
LOOKS = ("light", "dark")
Dress = tuple["ViewportSize", str]
"""How wide the window is, and which look the page wears."""
PLURAL = "customers"
"""Pages that are alike for all kinds of records are looked at for this one."""
FORMS = {"add": "create", "edit": "edit", "delete": "delete"}
NO_PAGES = (
    "/static/",
    "/api/",
    "/favicon",
    "/health",
    "/readyz",
    "/lang/",
    "/logout/",
    "/login/",
    "/jobs/",
    "/notifications/unread",
    "/to-dos/waiting",
    "/calendar/entries",
    "/events/ics/",
    "/ics/",
    "/recent/menu",
    "/phrases/menu",
    "/search/panel",
    "/duplicates/ask/",  # one question with two buttons, as deleting has
)
NO_PAGE_EITHER = (
    "/sums",
    "/count",
    "/counts",
    "/import/template",
    "/failed",
    "/options/<key>",
    "/options/<kind>",
    "/files/<int:pk>/<int:number>",
    "/preview",
    "/mentions/<int:pk>",
    "/cards/<key>/<kind>",
    "/report/<int:number>/rows",
)
"""What pages ask for afterwards, and files: data, whatever the entity."""
NAMED = {
    "DashboardView.card": {"key": "trend"},
    "DictionariesView.edit": {"key": "industry"},
    "CustomerRows.cell": {"key": "name"},
    "ToDosView.tab": {"key": "contact_customers", "tab": "overdue"},
    "CalendarView.entry": {"key": "tasks_due"},
    "CustomerView.report": {"slug": "add_tags"},
    "HandOverView.show": {"pk": 6},
}
"""What an address names besides records: "customer" and "customers" unless it is said here."""
ASKED = {
    "MatrixView.spread": ["?row=customer"],
    "CustomerView.show": [
        *("", "?tab=contacts", "?tab=team", "?tab=opinions", "?tab=files", "?tab=history")
    ],
    "TaskView.show": ["", "?tab=comments", "?tab=history"],
    "ToDosView.tab": ["", "?who=my_people"],
    "TaskGanttView.show": ["", "?weeks=12"],
    "HandOverView.show": ["", "?to=7&to=8"],
    "CalendarView.new": ["?at=2026-11-24T09:00"],
    "CalendarView.show": ["", "?view=week", "?view=day", "?view=list"],
    "CustomerView.list_page": ["", "?search=nobody-is-called-so"],
}
"""Which arguments a page is looked at with, where it has others than none."""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

MOVING = """[...document.querySelectorAll("*")].filter((one) => {
  const {transitionDuration, animationDuration} = getComputedStyle(one);
  return Math.max(...[transitionDuration, animationDuration].map(parseFloat)) > 0.01;
}).map((one) => one.outerHTML.slice(0, 100))"""
STRAYING = """async () => {
  const strays = [];
  for (const menu of document.querySelectorAll("details.menu:not([open])")) {
    const list = menu.querySelector(".menu-list, .menu-panel");
    if (!list || !menu.checkVisibility()) continue;
    const opened = new Promise((done) => menu.addEventListener("toggle", done, {once: true}));
    menu.open = true;
    await opened;
    const {left, right} = list.getBoundingClientRect();
    if (left < 0 || right > document.documentElement.clientWidth) strays.push(list.textContent);
    menu.open = false;
  }
  return strays;
}"""
"""Opens each menu in turn; what those say that reach beyond the window's sides."""


def addresses(app: Flask, numbers: Mapping[str, int]) -> list[str]:
    """One address per page; where a page has a record in it, the first one.

    ``numbers`` are those of what was made for this test, by endpoint.
    """
    found = {a for rule in app.url_map.iter_rules() for a in _addresses(rule, numbers)}
    return sorted(found)


def _addresses(rule: Rule, numbers: Mapping[str, int]) -> Iterator[str]:
    if "GET" not in (rule.methods or ()) or rule.rule.startswith(NO_PAGES):
        return
    if rule.rule.endswith(NO_PAGE_EITHER):
        return
    names, method = rule.arguments, rule.endpoint.rpartition(".")[2]
    entity = next((e for e in catalogue if rule.rule.startswith(f"/{e.plural}/")), None)
    if entity is not None and FORMS.get(method, "list") not in entity.operations:
        return
    if names == {"slug"} and entity is not None:
        for verb in entity.bulk_verbs:
            first = next(other for other in catalogue if verb in other.bulk_verbs)
            if verb.params and verb.rows == "live" and first is entity:
                yield f"{_built(rule, {'slug': verb.slug})}?id=1"
    elif entity is None or names <= {"pk"} or entity.plural == PLURAL:
        values: dict[str, object] = {"key": "customer", "plural": PLURAL, "pk": 1, "role_id": 2}
        values |= NAMED.get(rule.endpoint, {})
        if "number" in names:
            values["number"] = numbers[rule.endpoint]
        path = _built(rule, {name: values[name] for name in names})
        yield from (f"{path}{more}" for more in ASKED.get(rule.endpoint, [""]))


def _built(rule: Rule, values: dict[str, object]) -> str:
    _domain, path = rule.build(values) or ("", "")
    return path


def bring_the_first_of_each(app: Flask) -> None:
    """A record of every kind that the company has none of yet, from its samples."""
    with app.app_context(), system_scope("every page needs a record to show"):
        for entity in catalogue:
            if entity.samples and not db.session.scalar(select(func.max(entity.model.id))):
                insert_rows(entity, [dict(entity.samples[0])], Context("create"))
        db.session.commit()


def make_some(world: "World") -> dict[str, int]:
    """A saved view, an operation with its report, and an import: their numbers by endpoint."""
    view = Reader(world, "admin").kept(condition("owner", "eq", "@me"))
    answer = Api(world, "admin").bulk(PLURAL, "add_tags", [1], {"tags": ["Fair"]})
    assert answer.status_code == 200, answer.text
    due = Api(world, "admin").post("/tasks/", {"title": "Due", "due_at": "2026-11-24T02:00:00Z"})
    with world.app.app_context():
        engine = db.engine
    handed = Desk(world, engine, of="sales1b").run("sales1a")
    _client, place, _dry_run = steps(world, "admin", csv_of([["客户名称"], ["云山贸易"], [""]]))
    return {
        "HandOverView.report": handed,
        "HandOverView.undo": handed,
        "CalendarView.entry": due.json["id"],  # type: ignore[index]
        "SavedViewsView.edit": view,
        "SavedViewsView.delete": view,
        "CustomerView.report": answer.json["operation_id"],  # type: ignore[index]
        "CustomerImport.steps": int(place.rpartition("/")[2]),
    }


def has_page(page: "Page", address: str) -> bool:
    """Whether that address answers with a page of ours rather than with data."""
    answer = page.goto(address)
    assert answer is not None
    assert answer.status < 400, f"{address} answers {answer.status}"
    return "text/html" in answer.headers["content-type"]


# The default run judges each language in one dress, so that each width and each look is judged
# once; whether a page fits is looked at in both widths.
@pytest.mark.parametrize(
    ("language", "dresses"),
    [
        ("en", [(WIDE, "light")]),
        ("zh", [(NARROW, "dark")]),
        pytest.param("en", [(NARROW, "light"), (WIDE, "dark")], marks=pytest.mark.prove),
        pytest.param("en", [(NARROW, "dark")], marks=pytest.mark.prove),
        pytest.param("zh", [(NARROW, "light"), (WIDE, "dark")], marks=pytest.mark.prove),
        pytest.param("zh", [(WIDE, "light")], marks=pytest.mark.prove),
    ],
)
def test_every_page_is_clean_fits_and_is_accessible(
    open_as: "Open", world: "World", language: str, dresses: list[Dress]
) -> None:
    bring_the_first_of_each(world.app)
    numbers = make_some(world)
    page = open_as("admin")
    page.goto("/")
    if page.locator("html").get_attribute("lang") != language:
        page.locator("form.language button").click()
    expect(page.locator("html")).to_have_attribute("lang", language)
    seen, wrong = 0, []
    for address in addresses(world.app, numbers):
        if not has_page(page, address) or page.locator("#screen").count() == 0:
            continue
        seen += 1
        expect(page.locator("h1")).to_have_count(1)
        expect(page.locator("html")).to_have_attribute("lang", language)
        expect(page.locator(".skeleton")).to_have_count(0)  # what comes later is judged too
        found = [*misfits(page, WIDE), *misfits(page, NARROW)]
        found += [fault for dress in dresses for fault in faults(page, *dress)]
        wrong += [f"{address} {fault}" for fault in found]
    assert seen > 30
    assert wrong == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_way_in_is_accessible(open_as: "Open", language: str) -> None:
    page = open_as(None)
    page.goto(f"/lang/{language}")
    page.goto("/login/")
    expect(page.locator("html")).to_have_attribute("lang", language)
    assert page.evaluate(MOVING) == [], "UI-9: the windows of these tests ask for less motion"
    for size in (WIDE, NARROW):
        assert misfits(page, size) == []
        assert [f for look in LOOKS for f in faults(page, size, look)] == []


def test_the_judge_sees_what_is_wrong(open_as: "Open") -> None:
    """Text hardly darker than its ground, and a box without a label."""
    page = open_as(None)
    page.goto("/login/")
    page.evaluate(
        """() => {
          const pale = document.createElement("p");
          pale.textContent = "hardly to be read";
          pale.style.cssText = "color: #ccc; background: #fff";
          document.querySelector("main").append(document.createElement("input"), pale);
        }"""
    )
    found = " ".join(faults(page, WIDE, "light"))
    assert "label" in found
    assert "color-contrast" in found


def faults(page: "Page", size: "ViewportSize", look: str) -> list[str]:
    """What keeps somebody out of the page at that width and in that look."""
    page.set_viewport_size(size)
    axe.wear(page, look)
    return [f"at {size['width']}, {look}: {one}" for one in axe.findings(page)]


def misfits(page: "Page", size: "ViewportSize") -> list[str]:
    """What reaches beyond the window at that width."""
    page.set_viewport_size(size)
    found = ["wider than the window"] if page.evaluate(OVERFLOW) > 0 else []
    found += [f"menu out of the window: {one}" for one in page.evaluate(STRAYING)]
    return [f"at {size['width']}: {one}" for one in found]
