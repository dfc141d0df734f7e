"""Putting things in order: values of a dictionary by keyboard, departments by dragging (UI-9)."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.driving import ON_SQLITE

if TYPE_CHECKING:
    from tests.browser.conftest import Open

pytestmark = [pytest.mark.browser, ON_SQLITE]


def test_values_move_by_keyboard_and_stay_where_they_were_put(open_as: "Open") -> None:
    page = open_as("admin")
    page.goto("/dictionaries/source")
    rows = page.locator("[data-ordering] tr")
    expect(rows.nth(2)).to_have_attribute("data-code", "advertisement")
    page.locator("tr[data-code=advertisement] [data-move=up]").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(rows.first).to_have_attribute("data-code", "advertisement")
    expect(page.locator("[data-announce]")).to_contain_text("1")
    expect(page.locator("[data-unsaved]")).to_be_visible()
    page.locator("[data-save]").click()
    expect(page.locator("[role=alert]")).to_be_visible()
    expect(rows.first).to_have_attribute("data-code", "advertisement")


def test_a_department_is_dragged_under_another(open_as: "Open") -> None:
    page = open_as("admin")
    page.goto("/departments/tree/")
    moved = page.locator("li[data-name='Sales 2']")
    other = page.locator("li[data-name='Marketing']")
    expect(moved.locator("[data-grip]")).to_be_visible()
    target = other.locator("[data-branch]")
    moved.locator("[data-grip]").first.drag_to(target, target_position={"x": 60, "y": 3})
    expect(page.locator("[role=alert]")).to_be_visible()
    expect(other.locator("li[data-name='Sales 2']")).to_be_visible()
