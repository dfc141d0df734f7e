"""A follow-up with its next contact in three taps: the text, the day, save (ACT-1, UI-10)."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from app.spec import clock
from tests.browser.driving import ON_SQLITE
from tests.contract.calls import stored

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.browser.conftest import Open

pytestmark = [pytest.mark.browser, ON_SQLITE]


def test_the_next_contact_is_chosen_by_one_tap(open_as: "Open", engine: "Engine") -> None:
    """At 390 px; what was chosen can be chosen anew by the keyboard, and is what is saved."""
    page = open_as("sales1a", viewport={"width": 390, "height": 844})
    page.goto("/customers/show/1")
    page.locator(".composer textarea").fill("Calls back")
    month = page.get_by_role("button", name="In a month")
    month.click()
    chosen = page.locator(".composer input[name=next_contact_at]")
    wanted = month.get_attribute("value").replace("T", " ")
    expect(chosen).to_have_value(wanted)
    week = page.locator(".soon button").first
    week.focus()
    page.keyboard.press("Enter")
    expect(chosen).not_to_have_value(wanted)
    month.click()
    page.locator(".composer [data-save]").click()
    expect(page.locator(".timeline-part").first).to_contain_text("Calls back")
    kept = clock.local(stored(engine, "customer", 1)["next_contact_at"])
    assert kept.strftime("%Y-%m-%d %H:%M") == wanted
