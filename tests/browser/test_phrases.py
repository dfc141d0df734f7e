"""Canned phrases go in at the cursor, by the keyboard alone (ACT, UI-9)."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.driving import ON_SQLITE
from tests.contract.calls import Api
from tests.contract.test_phrases import keep

if TYPE_CHECKING:
    from tests.browser.conftest import Open
    from tests.support.worlds import World

pytestmark = [pytest.mark.browser, ON_SQLITE]
MARKUP = '<b>bold</b> & "quoted"'


def test_a_phrase_goes_in_at_the_cursor(open_as: "Open", world: "World") -> None:
    """In the place of what is selected, as text; one's own stand before the company's."""
    assert keep(Api(world, "sales1a"), MARKUP, "In a meeting") == 302
    page = open_as("sales1a")
    page.goto("/customers/show/1")
    area = page.locator("textarea[data-phrases]").last
    area.fill("Called at nine. XX Try again.")
    area.evaluate("one => one.setSelectionRange(16, 18)")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    entries = page.locator(".phrase-menu[open] .menu-list button")
    expect(entries).to_have_count(6)
    expect(entries.first).to_have_text(MARKUP)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(area).to_have_value("Called at nine. In a meeting Try again.")
    expect(area).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(entries).to_have_count(6)
    page.keyboard.press("Escape")
    expect(page.locator(".phrase-menu[open]")).to_have_count(0)
    expect(area).to_have_value("Called at nine. In a meeting Try again.")
