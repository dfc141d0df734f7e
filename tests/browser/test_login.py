"""Logging in, and the language that stays with the person (UI-8)."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.driving import ON_SQLITE
from tests.support.company import PASSWORD

if TYPE_CHECKING:
    from tests.browser.conftest import Console, Open

pytestmark = [pytest.mark.browser, ON_SQLITE]


def test_a_wrong_password_is_said_and_the_name_kept(open_as: "Open", console: "Console") -> None:
    console.expect(401)
    page = open_as(None)
    page.goto("/customers/list/?order=-name")
    expect(page.locator("html")).to_have_attribute("lang", "zh")
    page.locator("#username").fill("manager")
    page.locator("#password").fill("not this one")
    page.locator("form[data-form=login] button[type=submit]").click()
    expect(page.locator("[role=alert]")).to_be_visible()
    expect(page.locator("#username")).to_have_value("manager")
    expect(page.locator("#password")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/customers/list/?order=-name")


def test_the_language_is_kept_by_the_person(open_as: "Open") -> None:
    page = open_as("manager")
    page.goto("/customers/list/?order=name")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.locator("form.language button").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh")
    assert page.url.endswith("/customers/list/?order=name")
    expect(page.locator("h1")).to_have_text("客户")
    elsewhere = open_as("manager", locale="en-US")
    elsewhere.goto("/")
    expect(elsewhere.locator("html")).to_have_attribute("lang", "zh")
