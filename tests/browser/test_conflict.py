"""Two people edit one customer: what both changed is shown, the rest merges (UI-6, R4)."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.driving import ON_SQLITE

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Console, Open

pytestmark = [pytest.mark.browser, ON_SQLITE]


def save(page: "Page") -> None:
    page.locator("form[data-form=edit] [data-save]").click()


@pytest.fixture
def windows(open_as: "Open") -> "tuple[Page, Page]":
    """The same customer open for editing in the windows of two people."""
    mine, theirs = open_as("manager"), open_as("sales1a")
    for page in (mine, theirs):
        page.goto("/customers/edit/1")
    return mine, theirs


def test_both_values_are_shown_and_mine_is_kept(
    windows: "tuple[Page, Page]", console: "Console"
) -> None:
    console.expect(409)
    mine, theirs = windows
    theirs.locator("#f-city").fill("Hangzhou")
    theirs.locator("#f-district").fill("Xihu")
    save(theirs)
    theirs.wait_for_url("**/customers/show/1")
    mine.locator("#f-city").fill("Ningbo")
    save(mine)
    conflict = mine.locator(".conflict tbody tr")
    expect(conflict).to_have_count(1)
    expect(conflict).to_contain_text("Ningbo")
    expect(conflict).to_contain_text("Hangzhou")
    expect(mine.locator("#f-city")).to_have_value("Ningbo")
    expect(mine.locator("#f-district")).to_have_value("Xihu")
    save(mine)
    mine.wait_for_url("**/customers/show/1")
    expect(mine.locator("div[data-field=city] dd")).to_have_text("Ningbo")
    expect(mine.locator("div[data-field=district] dd")).to_have_text("Xihu")


def test_changes_of_different_fields_merge(windows: "tuple[Page, Page]") -> None:
    mine, theirs = windows
    theirs.locator("#f-city").fill("Hangzhou")
    save(theirs)
    theirs.wait_for_url("**/customers/show/1")
    mine.locator("#f-district").fill("Xihu")
    mine.keyboard.press("Control+Enter")
    mine.wait_for_url("**/customers/show/1")
    expect(mine.locator("[role=alert]")).to_be_visible()
    expect(mine.locator("div[data-field=city] dd")).to_have_text("Hangzhou")
    expect(mine.locator("div[data-field=district] dd")).to_have_text("Xihu")
