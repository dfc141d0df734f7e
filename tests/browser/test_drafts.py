"""What was typed and not saved waits in the browser for whoever typed it (UI-6, C12)."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.driving import ON_SQLITE

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Console, Open

pytestmark = [pytest.mark.browser, ON_SQLITE]
EDIT = "/customers/edit/1"


def kept(page: "Page") -> list[str]:
    found: list[str] = page.evaluate(
        "Object.entries(localStorage).filter(([key]) => key.startsWith('haina.draft.'))"
        ".map((pair) => pair.join('='))"
    )
    return found


def leave(page: "Page", path: str) -> None:
    """Go away without saving; the page asks first."""
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(path)
    assert asked == ["beforeunload"]


def test_a_draft_is_offered_restored_and_gone_when_saved(open_as: "Open") -> None:
    page = open_as("manager")
    page.goto(EDIT)
    page.locator("#f-city").fill("Ningbo")
    page.locator("#f-remark").fill("Typed for an hour")
    leave(page, "/customers/list/")
    assert len(kept(page)) == 1
    page.goto(EDIT)
    offer = page.locator(".draft-offer")
    expect(page.locator("#f-city")).not_to_have_value("Ningbo")
    offer.locator("button").first.click()
    expect(page.locator("#f-city")).to_have_value("Ningbo")
    expect(page.locator("#f-remark")).to_have_value("Typed for an hour")
    page.locator("[data-save]").click()
    page.wait_for_url("**/customers/show/1")
    page.goto("/customers/show/1?tab=details")
    expect(page.locator(".record-main div[data-field=city] dd")).to_have_text("Ningbo")
    assert kept(page) == []
    page.goto(EDIT)
    expect(page.locator("#f-city")).to_have_value("Ningbo")
    expect(offer).to_have_count(0)


def test_a_restored_draft_still_finds_a_conflict(open_as: "Open", console: "Console") -> None:
    """What somebody else saved since the draft was typed is not overwritten in silence."""
    console.expect(409)
    mine, theirs = open_as("manager"), open_as("sales1a")
    mine.goto(EDIT)
    mine.locator("#f-city").fill("Ningbo")
    leave(mine, "/customers/list/")
    theirs.goto(EDIT)
    theirs.locator("#f-city").fill("Hangzhou")
    theirs.locator("#f-district").fill("Xihu")
    theirs.locator("[data-save]").click()
    theirs.wait_for_url("**/customers/show/1")
    mine.goto(EDIT)
    mine.locator(".draft-offer button").first.click()
    expect(mine.locator("#f-district")).to_have_value("Xihu")
    mine.locator("[data-save]").click()
    expect(mine.locator("[data-dispute=city]")).to_be_visible()


def test_an_expired_session_loses_no_text(open_as: "Open") -> None:
    """C12: the log-in stands between, the draft waits behind it."""
    page = open_as("manager")
    page.goto(EDIT)
    page.locator("#f-remark").fill("Before the session ended")
    session = page.context.cookies()
    page.context.clear_cookies()
    page.locator("[data-save]").click()
    page.wait_for_url("**/login/**")
    assert len(kept(page)) == 1
    page.context.add_cookies(session)
    page.goto(EDIT)
    page.locator(".draft-offer button").first.click()
    expect(page.locator("#f-remark")).to_have_value("Before the session ended")


def test_no_masks_and_nothing_after_logging_out(open_as: "Open", console: "Console") -> None:
    """Discarding and logging out leave nothing behind."""
    page = open_as("manager")
    for path in (EDIT, "/customers/add"):
        page.goto(path)
        page.locator("#f-city").fill("Ningbo")
        leave(page, "/customers/list/")
    assert len(kept(page)) == 2
    page.goto("/customers/add")
    page.locator(".draft-offer button").nth(1).click()
    assert len(kept(page)) == 1
    page.goto("/logout/")
    page.locator("main form[action$='/logout/'] button").click()
    page.wait_for_url("**/login/**")
    assert kept(page) == []
