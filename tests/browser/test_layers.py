"""What opens over a page: every dialog and menu keeps nobody out either (UI-9, UI-10).

Which there are is read from the pages: a new button that opens a dialog needs no word here.
"""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser import axe
from tests.browser.driving import ON_SQLITE
from tests.browser.test_every_page import LOOKS, NARROW, OVERFLOW, PLURAL, WIDE, make_some
from tests.contract.calls import Api

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize

    from tests.browser.conftest import Open
    from tests.support.worlds import World

pytestmark = [pytest.mark.browser, ON_SQLITE]

PAGES = (
    "/customers/list/",
    "/customers/show/1",
    "/customers/show/1?tab=details",
    "/customers/show/1?tab=team",
    "/customers/edit/1",
    "/matrix/2",
    "/recycle-bin/",
)
OPENERS = "[data-dialog]:not(dialog [data-dialog])"
"""Links whose page is shown over the one they stand on."""
MENUS = "details.menu:not(.menu .menu)"


def addresses_of(page: "Page", openers: str) -> list[str]:
    found: list[str] = page.locator(openers).evaluate_all("all => all.map((one) => one.href)")
    return list(dict.fromkeys(found))


def findings(page: "Page", what: str) -> list[str]:
    """What is wrong with the page as it stands, in both looks."""
    found = [f"{what}: wider than the window"] if page.evaluate(OVERFLOW) > 0 else []
    for look in LOOKS:
        axe.wear(page, look)
        found += [f"{what}, {look}: {one}" for one in axe.findings(page)]
    return found


def open_by_link(page: "Page", address: str) -> None:
    """Follow a link that opens a dialog, wherever on the page it stands."""
    page.locator(OPENERS).evaluate_all(
        "(all, href) => all.find((one) => one.href === href).click()", address
    )
    expect(page.locator("dialog[open] #screen")).to_be_visible()


def dialogs_of_links(page: "Page", path: str, known: set[str]) -> list[str]:
    """Open each dialog that this page links to and that no page before it did."""
    wrong = []
    for address in addresses_of(page, OPENERS):
        kind = address.partition("?")[0]
        if kind not in known:
            known.add(kind)
            open_by_link(page, address)
            wrong += findings(page, f"{path} -> {kind}")
            close(page)
    return wrong


def dialogs_of_operations(page: "Page", known: set[str]) -> list[str]:
    """Tick a row, then open the first step of each operation that the bar offers."""
    wrong = []
    page.locator("input[name=ids]").first.check()
    for button in page.locator(".bulk-bar [data-operation]").all():
        slug = button.get_attribute("data-operation") or ""
        known.add(slug)
        button.evaluate("one => one.click()")  # on a phone most of them are in a menu
        expect(page.locator("dialog[open] [data-step]")).to_be_visible()
        wrong += findings(page, slug)
        close(page)
    return wrong


def menus_of(page: "Page", path: str) -> tuple[int, list[str]]:
    """Open each menu that can be seen; how many there were, and what is wrong with them."""
    seen, wrong = 0, []
    for menu in page.locator(MENUS).all():
        if menu.locator("summary").first.is_visible():
            seen += 1
            menu.evaluate("one => { one.open = true }")
            wrong += findings(page, f"{path}, menu {menu.locator('summary').inner_text()!r}")
            menu.evaluate("one => { one.open = false }")
    return seen, wrong


def close(page: "Page") -> None:
    page.locator("dialog[open] > header [data-dialog-close]").click()
    expect(page.locator("dialog[open]")).to_have_count(0)


@pytest.mark.parametrize(
    ("language", "size"),
    [
        pytest.param("en", WIDE, id="en-wide"),
        pytest.param("zh", NARROW, id="zh-narrow"),
        pytest.param("en", NARROW, id="en-narrow", marks=pytest.mark.prove),
        pytest.param("zh", WIDE, id="zh-wide", marks=pytest.mark.prove),
    ],
)
def test_each_dialog_and_menu_is_accessible(
    open_as: "Open", world: "World", language: str, size: "ViewportSize"
) -> None:
    make_some(world)
    assert Api(world, "admin").bulk(PLURAL, "delete", [2]).status_code == 200
    page = open_as("admin", viewport=size)
    page.goto("/")
    if page.locator("html").get_attribute("lang") != language:
        page.locator("form.language button").click()
    expect(page.locator("html")).to_have_attribute("lang", language)
    links: set[str] = set()
    operations: set[str] = set()
    menus, wrong = 0, []
    for path in PAGES:
        page.goto(path)
        wrong += dialogs_of_links(page, path, links)
        seen, faults = menus_of(page, path)
        menus, wrong = menus + seen, wrong + faults
    page.goto(PAGES[0])
    wrong += dialogs_of_operations(page, operations)
    assert len(links) > 8
    assert {"transfer", "delete", "export"} <= operations
    assert menus > 12
    assert not wrong, "\n".join(wrong)
