"""A step is ticked by one click or key; more are added on lines of their own (TASK)."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.driving import ON_SQLITE
from tests.contract.calls import Api
from tests.contract.test_checklists import add, steps

if TYPE_CHECKING:
    from tests.browser.conftest import Open
    from tests.support.worlds import World

pytestmark = [pytest.mark.browser, ON_SQLITE]


def test_a_participant_ticks_and_the_owner_adds(open_as: "Open", world: "World") -> None:
    owner = Api(world, "sales1b")
    add(owner, "Call", "Write")
    page = open_as("sales1a")
    page.goto("/tasks/show/3")
    expect(page.locator("#checklist textarea")).to_have_count(0)
    page.get_by_role("checkbox", name="Call").click()
    expect(page.get_by_role("checkbox", name="Call")).to_be_checked()
    expect(page.locator("[data-progress]")).to_have_text("1/2")
    page.get_by_role("checkbox", name="Write").focus()
    page.keyboard.press("Space")
    expect(page.locator("[data-progress]")).to_have_text("2/2")
    page = open_as("sales1b")
    page.goto("/tasks/show/3")
    page.locator("#checklist textarea").fill("Third\nFourth")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-progress]")).to_have_text("2/4")
    page.locator("#checklist summary").first.click()
    page.get_by_role("button", name="Move Call down").click()
    expect(page.locator(".checklist-text > span").first).to_have_text("Write")
    assert [text for text, _done in steps(owner)] == ["Write", "Call", "Third", "Fourth"]
