"""To-dos as they are used: the number on top, ticking rows, marking, taking that back (TODO)."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from sqlalchemy import Engine

from tests.browser import axe
from tests.browser.driving import ON_SQLITE
from tests.contract.calls import write

if TYPE_CHECKING:
    from tests.browser.conftest import Open

pytestmark = [pytest.mark.browser, ON_SQLITE]


def test_what_waits_is_marked_and_taken_back(open_as: "Open", engine: Engine) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    for number in (1, 2, 3):
        write(engine, "customer", number, next_contact_at=now, last_follow_up_at=None)
    page = open_as("sales1a")
    page.goto("/")
    icon = page.locator(".bell[href='/to-dos/'] .bell-count")
    expect(icon).to_have_text("2")
    icon.click()
    page.locator("[data-to-do=contact_customers] [data-tab=today]").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator(".to-do-tabs [data-tab=today] .tab-count")).to_have_text("2")
    assert axe.findings(page) == []
    page.locator("tbody tr").first.locator("input[name=ids]").check()
    page.locator(".bulk-operations button").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("button[name=one]").click()
    expect(page.locator(".empty-state")).to_be_visible()
    expect(icon).to_have_text("")
    page.locator("[data-tab=handled]").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    page.locator("[data-pick-page]").check()
    page.locator("input[name=all]").check()
    page.locator(".bulk-operations button").click()
    expect(page.locator(".empty-state")).to_be_visible()
    expect(icon).to_have_text("2")
