"""A follow-up with pictures is noted beside its record, by keyboard or in three taps (ACT)."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.driving import ON_SQLITE
from tests.contract.test_previews import photo

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Open
    from tests.support.worlds import World

pytestmark = [pytest.mark.browser, ON_SQLITE]
PICTURE = {"name": '名片"><img onerror=alert(1)>.jpg', "mimeType": "image/jpeg"}
BROKEN = {"name": "broken.png", "mimeType": "image/png", "buffer": b"none"}
TEXT = {"name": "会议纪要（最终）.txt", "mimeType": "text/plain", "buffer": "见面".encode()}


def item(page: "Page", text: str) -> "Locator":
    """What was noted; those of the same minute stand beside it in any order."""
    return page.locator(".timeline-item").filter(has=page.get_by_text(text, exact=True))


def test_a_follow_up_with_files(open_as: "Open", world: "World") -> None:
    """Chosen pictures are seen before they are sent, and in the timeline once they are (ACT-2)."""
    page = open_as("sales1a")
    page.goto("/customers/show/1")
    composer = page.locator("#composer")
    composer.get_by_label("Text").fill("Met at the fair, took their card")
    composer.locator(".composer-more > summary").click()
    chosen = composer.locator(".chosen-files li")
    files = composer.locator("input[type=file]")
    picture = {**PICTURE, "buffer": photo(300, 200, way=6)}
    files.set_input_files([picture, TEXT, BROKEN])
    expect(chosen).to_have_text([picture["name"], TEXT["name"], BROKEN["name"]])
    expect(chosen.locator("canvas")).to_have_count(1)
    files.set_input_files([picture, TEXT])
    expect(chosen).to_have_count(2)
    composer.get_by_label("Text").press("Control+Enter")
    noted = item(page, "Met at the fair, took their card")
    expect(noted.locator(".timeline-files a[download]")).to_have_text(
        [picture["name"], TEXT["name"]]
    )
    shown = noted.locator(".preview img")
    expect(shown).to_have_count(1)
    shown.scroll_into_view_if_needed()
    page.wait_for_function(
        "one => one.complete && one.naturalWidth > 0", arg=shown.element_handle()
    )
    assert shown.evaluate("one => [one.naturalWidth, one.naturalHeight]") == [200, 300]


def test_on_a_phone_it_takes_three_taps(open_as: "Open", world: "World") -> None:
    """UI-5: the record, the line, save; what was noted stands on top of the timeline."""
    page = open_as("sales1a")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/customers/list/")
    page.locator("tbody a[href*='/customers/show/']").first.click()
    page.locator("#composer textarea").click()
    page.keyboard.type("Called, asks for the new price list")
    page.locator("#composer [data-save]").click()
    expect(item(page, "Called, asks for the new price list")).to_have_count(1)


def test_a_file_too_large_costs_nobody_his_text(
    open_as: "Open", world: "World", tmp_path: "Path"
) -> None:
    """ACT, C68: 300 MB are refused before they are sent, in one's own language, the text stays."""
    large, small = tmp_path / "合同（最终）.pdf", {**TEXT, "name": "small.txt"}
    with large.open("wb") as file:
        file.truncate(300 * 1024 * 1024)
    page, sent = open_as("sales1a"), []
    page.goto("/customers/show/1")
    page.on("request", lambda one: sent.append(one.method) if "compose" in one.url else None)
    composer = page.locator("#composer")
    composer.get_by_label("Text").fill("With a contract of many pages")
    composer.locator(".composer-more > summary").click()
    files = composer.locator("input[type=file]")
    files.set_input_files(large)
    wrong = composer.get_by_role("alert")
    expect(wrong).to_have_text(f"{large.name}: Larger than 20 MB.")
    composer.locator(".composer-more > summary").click()
    composer.get_by_label("Text").press("Control+Enter")
    expect(files).to_be_focused()
    expect(composer.get_by_label("Text")).to_have_value("With a contract of many pages")
    assert sent == []
    files.set_input_files(small)
    expect(wrong).to_be_hidden()
    composer.get_by_label("Text").press("Control+Enter")
    expect(item(page, "With a contract of many pages")).to_be_visible()
