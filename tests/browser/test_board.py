"""A task is dragged to another column, or moved there by keyboard, and stays there (TASK, UI-9)."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.driving import ON_SQLITE

if TYPE_CHECKING:
    from tests.browser.conftest import Open

pytestmark = [pytest.mark.browser, ON_SQLITE]


def test_a_task_is_dragged_and_stays(open_as: "Open") -> None:
    page = open_as("sales2a")
    page.goto("/tasks/board/")
    inbox, today = (page.locator(f"[data-bucket={bucket}]") for bucket in ("inbox", "today"))
    card = inbox.locator("[data-id='6']")
    expect(card).to_be_visible()
    card.drag_to(today, source_position={"x": 60, "y": 12}, target_position={"x": 60, "y": 20})
    expect(page.locator("[data-announce]")).to_have_text("Task 06 is now in Today, place 1.")
    expect(page.locator("#task-6").locator("xpath=..")).to_have_attribute("data-bucket", "today")
    expect(page.locator(".board [data-count]")).to_have_text(["1", "1", "0", "0"])
    page.reload()
    expect(today.locator("[data-id='6']")).to_be_visible()


def test_keys_do_the_same(open_as: "Open") -> None:
    page = open_as("sales2a")
    page.goto("/tasks/board/")
    page.locator("#task-7 summary").focus()
    for key in ("Enter", "Tab", "Tab", "Tab", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("[data-bucket=later] [data-id='7']")).to_be_visible()
    page.locator("#task-7 [data-operation=complete]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[role=alert]")).to_contain_text("Done: Task 07")
    expect(page.locator("#task-7")).to_have_count(0)
