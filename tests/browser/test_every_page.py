"""Every page, in both languages and at two widths: a clean console, no page wider than the window,
and nothing that keeps somebody out in the light or the dark look (UI-9, UI-10).

The addresses come from the program's own map of routes; new pages need no word here.
"""

from collections.abc import Iterator
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

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize

    from tests.browser.conftest import Open

pytestmark = [pytest.mark.browser, ON_SQLITE]

NARROW: "ViewportSize" = {"width": 390, "height": 844}
WIDE: "ViewportSize" = {"width": 1280, "height": 800}
LOOKS = ("light", "dark")
Dress = tuple["ViewportSize", str]
"""How wide the window is, and which look the page wears."""
FORMS = {"add": "create", "edit": "edit", "delete": "delete"}
NO_PAGES = (
    "/static/",
    "/api/",
    "/health",
    "/readyz",
    "/lang/",
    "/logout/",
    "/login/",
    "/jobs/tray",
    "/notifications/unread",
    "/recent/menu",
    "/search/panel",
)
NO_PAGE_EITHER = ("/sums", "/import/template")
"""What lists ask for after the page, and files: data, whatever the entity."""
MATRIX = {"MatrixView.line": "", "MatrixView.copy": "", "MatrixView.spread": "?row=customer"}
"""Pages of an ordinary role: the first one is the super admin's; with what they need to know."""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def addresses(app: Flask) -> list[str]:
    """One address per page; where a page has a record in it, the first one."""
    found = {a for rule in app.url_map.iter_rules() for a in _addresses(rule)}
    return sorted(found)


def _addresses(rule: Rule) -> Iterator[str]:
    if "GET" not in (rule.methods or ()) or rule.rule.startswith(NO_PAGES):
        return
    if rule.rule.endswith(NO_PAGE_EITHER):
        return
    names = rule.arguments
    entity = next((e for e in catalogue if rule.rule.startswith(f"/{e.plural}/")), None)
    needed = FORMS.get(rule.endpoint.rpartition(".")[2])
    if entity is not None and needed is not None and needed not in entity.operations:
        return
    if rule.endpoint in MATRIX:
        values: dict[str, object] = {"role_id": 2, "key": "customer"}
        yield f"{_built(rule, {n: values[n] for n in names})}{MATRIX[rule.endpoint]}"
    elif names <= {"pk", "role_id"}:
        yield _built(rule, dict.fromkeys(names, 1))
    elif names == {"slug"} and entity is not None:
        for verb in entity.bulk_verbs:
            if verb.params and verb.rows == "live":
                yield f"{_built(rule, {'slug': verb.slug})}?id=1"


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


def has_page(page: "Page", address: str) -> bool:
    """Whether that address answers with a page of ours rather than with data."""
    answer = page.goto(address)
    assert answer is not None
    assert answer.status < 400, f"{address} answers {answer.status}"
    return "text/html" in answer.headers["content-type"]


# The default run takes each language in two of the four dresses, so that each is worn once.
@pytest.mark.parametrize(
    ("language", "dresses"),
    [
        ("en", [(WIDE, "light"), (NARROW, "dark")]),
        ("zh", [(WIDE, "dark"), (NARROW, "light")]),
        pytest.param("en", [(NARROW, "light"), (WIDE, "dark")], marks=pytest.mark.prove),
        pytest.param("zh", [(NARROW, "dark"), (WIDE, "light")], marks=pytest.mark.prove),
    ],
)
def test_every_page_is_clean_fits_and_is_accessible(
    open_as: "Open", app: Flask, language: str, dresses: list[Dress]
) -> None:
    bring_the_first_of_each(app)
    page = open_as("admin")
    page.goto("/")
    if page.locator("html").get_attribute("lang") != language:
        page.locator("form.language button").click()
    expect(page.locator("html")).to_have_attribute("lang", language)
    seen, wrong = 0, []
    for address in addresses(app):
        if not has_page(page, address) or page.locator("#screen").count() == 0:
            continue
        seen += 1
        expect(page.locator("h1")).to_have_count(1)
        expect(page.locator("html")).to_have_attribute("lang", language)
        wrong += [f"{address} {fault}" for dress in dresses for fault in faults(page, *dress)]
    assert seen > 30
    assert wrong == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_way_in_is_accessible(open_as: "Open", language: str) -> None:
    page = open_as(None)
    page.goto(f"/lang/{language}")
    page.goto("/login/")
    expect(page.locator("html")).to_have_attribute("lang", language)
    assert [f for size in (WIDE, NARROW) for look in LOOKS for f in faults(page, size, look)] == []


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
    """What is wrong with the page at that width and in that look."""
    page.set_viewport_size(size)
    axe.wear(page, look)
    found = ["wider than the window"] if page.evaluate(OVERFLOW) > 0 else []
    return [f"at {size['width']}, {look}: {one}" for one in (*found, *axe.findings(page))]
