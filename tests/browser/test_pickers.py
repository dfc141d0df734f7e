"""Choosing a linked record by typing, with the keyboard alone (LIST-8, UI-9)."""

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.driving import ON_SQLITE, choose, select_everything, start
from tests.contract.calls import Api, role_ids

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route
    from sqlalchemy import Engine

    from tests.browser.conftest import Open
    from tests.support.worlds import World

pytestmark = pytest.mark.browser

FIRST = re.compile(r"/options/new_owner\?q=$")
"""The question for the first choices, before anything is typed."""
COLUMNS = re.compile(r"/columns/customers/")


def hold(page: "Page", address: re.Pattern[str]) -> "list[Route]":
    """Requests for that address, which go on when the test lets them."""
    held: list[Route] = []
    page.route(address, lambda route: held.append(route))
    return held


@ON_SQLITE
@pytest.mark.parametrize(("language", "name"), [("en", "James Davidson"), ("zh", "戴维森")])
def test_an_owner_is_found_however_he_is_written(
    open_as: "Open", world: "World", engine: "Engine", language: str, name: str
) -> None:
    """By his English name, his Chinese one, its initials; the first choices come too late.

    A click into the box that has the focus already leaves it there.
    """
    person = {"username": "davidson", "name": "戴维森", "name_en": "James Davidson"}
    place = {"department": 1, "roles": [role_ids(engine)["salesperson"]]}
    made = Api(world, "admin").post("/users/", person | place)
    assert made.status_code == 201, made.text
    page = open_as("manager")
    page.goto(f"/lang/{language}")
    held = hold(page, FIRST)
    page.goto("/customers/list/?search=Customer")
    select_everything(page)
    with page.expect_request(FIRST):
        picker = start(page, "transfer").locator("[data-field=new_owner]")
    for words in ("james", "戴维", "dws"):
        picker.locator(".ts-control").click()
        page.keyboard.type(words)
        expect(picker.locator(".ts-dropdown .active")).to_contain_text(name)
        if held:
            with page.expect_response(FIRST):
                held.pop().continue_()
        expect(picker.locator(".ts-dropdown .option")).to_have_count(1)
        page.keyboard.press("Enter")
        expect(picker.locator(".item")).to_have_text(name)
        page.unroute(FIRST)
        page.keyboard.press("Backspace")
        expect(picker.locator(".item")).to_have_count(0)


@ON_SQLITE
def test_a_filter_takes_who_is_typed(open_as: "Open") -> None:
    """Enter chooses the person that was typed, and "me" only for whoever typed that (LIST-3)."""
    page = open_as("manager")
    page.goto("/lang/en")
    page.goto("/customers/list/")
    menu = page.locator(".quick-menu", has=page.locator("[data-url*='/owner']"))
    menu.locator("summary").click()
    menu.locator(".ts-control").click()
    for words, found in (("sales2a", "Sales2A"), ("my dep", "my department")):
        page.keyboard.type(words)
        expect(menu.locator(".ts-dropdown .active")).to_contain_text(found)
        page.keyboard.press("Enter")
        expect(menu.locator(".item").last).to_contain_text(found)


@ON_SQLITE
def test_a_closed_dialog_leaves_nothing_behind(open_as: "Open") -> None:
    """Its calendars go with it, and what comes when it is closed is shown to nobody."""
    page = open_as("manager")
    page.goto("/customers/list/?search=Customer")
    page.locator("[data-pick-page]").check()
    for _ in range(2):
        start(page, "transfer")
        expect(page.locator("#dialog .flatpickr-calendar")).to_have_count(1)
        page.locator("#dialog header [data-dialog-close]").click()
        expect(page.locator("#dialog")).to_be_hidden()
    held = hold(page, COLUMNS)
    page.locator("a[href^='/columns/'][data-dialog]").click()
    page.wait_for_timeout(100)
    page.keyboard.press("Escape")
    with page.expect_response(COLUMNS):
        held.pop().continue_()
    page.wait_for_timeout(200)
    expect(page.locator("#dialog-body > *")).to_have_count(0)
    expect(page.locator(".flatpickr-calendar")).to_have_count(0)


@ON_SQLITE
def test_leaving_a_picker_moves_nothing(open_as: "Open") -> None:
    """BULK-2: several are chosen; the first click beside them still meets what it was aimed at."""
    page = open_as("manager")
    page.goto("/customers/list/?search=Customer")
    select_everything(page)
    dialog = start(page, "assign")
    dialog.locator("select").last.select_option(index=1)
    for name in ("Sales1A", "Sales1B"):
        choose(page, "to", name)
    page.keyboard.press("Escape")
    expect(page.locator("#b-to-ts-control")).to_be_focused()
    send = dialog.locator("[data-save]")
    before = send.bounding_box()
    dialog.locator(".bulk-scope").click()
    expect(page.locator("#b-to-ts-control")).not_to_be_focused()
    assert send.bounding_box() == before
    send.click()
    expect(page.locator("[data-step=preview]")).to_be_visible()
