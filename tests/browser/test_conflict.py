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


def test_a_choice_per_field_resolves_in_one_save(
    windows: "tuple[Page, Page]", console: "Console"
) -> None:
    console.expect(409)
    mine, theirs = windows
    theirs.locator("#f-city").fill("Hangzhou")
    theirs.locator("#f-district").fill("Xihu")
    choose(theirs, "source", "advertisement")
    save(theirs)
    theirs.wait_for_url("**/customers/show/1")
    mine.locator("#f-city").fill("Ningbo")
    choose(mine, "source", "referral")
    save(mine)
    disputes = mine.locator("[data-dispute]")
    expect(disputes).to_have_count(2)
    city = mine.locator("[data-dispute=city]")
    expect(city).to_contain_text("Ningbo")
    expect(city).to_contain_text("Hangzhou")
    expect(mine.locator(".disputes-kept")).to_contain_text("Xihu")
    expect(mine.locator("#f-city")).to_have_value("Ningbo")
    city.locator("input[value=theirs]").check()
    expect(mine.locator("#f-city")).to_have_value("Hangzhou")
    city.locator("input[value=mine]").check()
    expect(mine.locator("#f-city")).to_have_value("Ningbo")
    mine.locator("[data-dispute=source] input[value=theirs]").check()
    expect(mine.locator("#f-source")).to_have_value("advertisement")
    city.locator("input[value=original]").check()
    mine.locator("#f-city").fill("Shaoxing")  # typing after choosing has the last word
    save(mine)
    mine.wait_for_url("**/customers/show/1")
    mine.goto("/customers/show/1?tab=details")
    expect(mine.locator(".record-main div[data-field=city] dd")).to_have_text("Shaoxing")
    expect(mine.locator(".record-main div[data-field=district] dd")).to_have_text("Xihu")


def choose(page: "Page", field: str, value: str) -> None:
    """Pick an option where a picker may have taken the list over."""
    page.locator(f"#f-{field}").evaluate(
        "(list, value) => list.tomselect ? list.tomselect.setValue(value) : (list.value = value)",
        value,
    )


def test_changes_of_different_fields_merge(windows: "tuple[Page, Page]") -> None:
    mine, theirs = windows
    theirs.locator("#f-city").fill("Hangzhou")
    save(theirs)
    theirs.wait_for_url("**/customers/show/1")
    mine.locator("#f-district").fill("Xihu")
    mine.keyboard.press("Control+Enter")
    mine.wait_for_url("**/customers/show/1")
    expect(mine.locator("main > .notice-info")).to_contain_text("City")
    mine.goto("/customers/show/1?tab=details")
    expect(mine.locator(".record-main div[data-field=city] dd")).to_have_text("Hangzhou")
    expect(mine.locator(".record-main div[data-field=district] dd")).to_have_text("Xihu")
