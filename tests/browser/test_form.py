"""A form keeps what was typed and says beside each field what is wrong with it (UI-6)."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.driving import ON_SQLITE

if TYPE_CHECKING:
    from tests.browser.conftest import Console, Open

pytestmark = [pytest.mark.browser, ON_SQLITE]


def test_errors_stand_beside_their_fields(open_as: "Open", console: "Console") -> None:
    console.expect(422, 409)
    page = open_as("manager")
    page.goto("/customers/add")
    page.locator("#f-email").fill("nowhere")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".field[data-field=name] .field-error")).to_be_visible()
    expect(page.locator(".field[data-field=email] .field-error")).to_be_visible()
    expect(page.locator("#f-email")).to_have_value("nowhere")
    expect(page.locator("[data-unsaved]")).to_be_visible()
    page.locator("#f-email").fill("")
    page.locator("#f-name").fill("Customer 01")
    page.locator("[data-save]").click()
    expect(page.locator(".field[data-field=name] .field-error")).to_be_visible()
    expect(page.locator("#f-name")).to_have_value("Customer 01")
    page.locator("#f-name").fill("Nguyễn Trading 越南贸易")
    page.locator("[data-save]").click()
    page.wait_for_url("**/customers/show/*")
    expect(page.locator("h1")).to_contain_text("Nguyễn Trading 越南贸易")


def test_duplicates_are_looked_for_beside_a_record(open_as: "Open") -> None:
    """UI-5, CUS-7: at the press of a button, told also when there are none."""
    page = open_as("manager")
    page.goto("/customers/show/1")
    panel = page.locator("[data-panel=duplicates]")
    panel.locator("button").click()
    expect(panel.locator(".nothing")).to_be_visible()
