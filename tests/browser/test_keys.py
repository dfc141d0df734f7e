"""Search, help and lists by keyboard alone (SEARCH, UI-14)."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.driving import ON_SQLITE

if TYPE_CHECKING:
    from tests.browser.conftest import Open

pytestmark = [pytest.mark.browser, ON_SQLITE]


def test_the_panel_is_walked_by_keys(open_as: "Open") -> None:
    page = open_as("manager")
    page.goto("/leads/list/")
    page.keyboard.press("/")
    box, panel = page.locator("#global-search"), page.locator("#search-panel")
    expect(box).to_be_focused()
    page.keyboard.type("customer 0")
    expect(panel.locator("mark").first).to_have_text("Customer")
    expect(box).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    chosen = panel.locator("[aria-selected=true]")
    expect(chosen).to_have_count(1)
    expect(box).to_have_attribute("aria-activedescendant", chosen.get_attribute("id") or "")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(box).to_have_value("customer 0")
    page.keyboard.type("3")
    expect(panel.locator("a.hit")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/customers/show/*")
    expect(page.locator("h1")).to_contain_text("Customer 03")
    page.keyboard.press("/")
    expect(box).to_be_focused()
    page.keyboard.type("customer")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=customer")
    expect(page.locator("[data-group=customer] .hit").first).to_be_visible()


def test_keys_lead_on_but_never_while_typing(open_as: "Open") -> None:
    page = open_as("manager")
    page.goto("/")
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url("**/customers/list/")
    page.keyboard.press("f")
    page.keyboard.type("gl?nej/")
    expect(page.locator("#quick-search")).to_have_value("gl?nej/")
    expect(page.locator("#dialog")).to_be_hidden()
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.locator("#dialog [data-help-text]").first).to_be_visible()
    page.keyboard.press("n")
    expect(page.locator("#dialog .keys").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#dialog")).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("x")
    expect(page.locator("main tr[data-id]").first.locator("[name=ids]")).to_be_checked()
    page.keyboard.press("Enter")
    page.wait_for_url("**/customers/show/*")
    page.keyboard.press("e")
    page.wait_for_url("**/customers/edit/*")
    page.goto("/customers/list/")
    page.keyboard.press("n")
    page.wait_for_url("**/customers/add")
