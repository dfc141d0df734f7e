"""A comment with a colleague picked from the list, by the keyboard alone (NOTE, UI-9)."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.driving import ON_SQLITE
from tests.contract.calls import user_ids, write
from tests.contract.test_bulk import rows_in

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.browser.conftest import Open

pytestmark = [pytest.mark.browser, ON_SQLITE]
MARKUP = '"><img src=x onerror=alert(1)>'


def test_a_colleague_is_picked_and_told(open_as: "Open", engine: "Engine") -> None:
    """Typed, chosen, sent with Ctrl+Enter; a name that is markup stays a name (C50)."""
    person = user_ids(engine)["sales1a"]
    write(engine, "user", person, name=MARKUP, name_en=MARKUP)
    page = open_as("sales1b")
    page.goto("/tasks/show/3")
    area = page.locator(".comments-panel > form textarea")
    area.focus()
    page.keyboard.type("Please look, @")
    entries = page.locator(".mention-list:visible [role=option]")
    expect(entries.first).to_contain_text(MARKUP)
    page.keyboard.type("sales")
    expect(entries).to_have_count(1)
    page.keyboard.press("Enter")
    expect(area).to_have_value("Please look, @sales1a ")
    expect(page.locator(".mention-list:visible")).to_have_count(0)
    page.keyboard.type("by Friday; mail to a@")
    page.keyboard.press("Control+Enter")
    shown = page.locator(".comments-panel .comment-text")
    expect(shown).to_have_text(f"Please look, @{MARKUP} by Friday; mail to a@")
    assert [row["user_id"] for row in rows_in(engine, "outbox", kind="mention")] == [person]


def test_the_list_is_put_away_and_the_text_stays(open_as: "Open") -> None:
    """Escape closes it; a click picks; an arrow goes round; what stands behind stays."""
    page = open_as("sales1b")
    page.goto("/tasks/show/3")
    area = page.locator(".comments-panel > form textarea")
    area.fill("for  now")
    area.evaluate("one => one.setSelectionRange(4, 4)")
    page.keyboard.type("@")
    entries = page.locator(".mention-list:visible [role=option]")
    expect(entries.first).to_be_visible()
    page.keyboard.press("Escape")
    expect(entries).to_have_count(0)
    expect(area).to_have_value("for @ now")
    page.keyboard.type("sales1")
    expect(entries).to_have_count(1)
    entries.first.click()
    expect(area).to_have_value("for @sales1a  now")
    expect(area).to_be_focused()
