"""Cells edited where they stand, by keyboard alone; nothing that was typed is lost (LIST-5)."""

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.driving import ON_SQLITE

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Console, Open

pytestmark = [pytest.mark.browser, ON_SQLITE]

ORDER = "/customers/list/?order=name"


def cell(page: "Page", row: int, field: str) -> "Locator":
    return page.locator("table[data-entity] tbody tr").nth(row).locator(f"td[data-field={field}]")


def test_ten_cells_by_keyboard(open_as: "Open") -> None:
    """Down a column with Enter, along a row with Tab, as fast as somebody types."""
    page = open_as("manager")
    page.goto(ORDER)
    page.locator("[data-pick-page]").focus()
    page.keyboard.press("ArrowDown")
    for _step in range(3):
        page.keyboard.press("ArrowRight")
    expect(cell(page, 0, "mobile")).to_be_focused()
    for row in range(5):
        page.keyboard.press("Enter")
        page.keyboard.type(f"1390013900{row}")
        page.keyboard.press("Enter")
        page.keyboard.press("ArrowDown")
    expect(cell(page, 5, "mobile")).to_be_focused()
    for row in range(5):
        expect(cell(page, row, "mobile")).to_have_text(f"1390013900{row}")
    page.keyboard.press("Control+Home")
    for _step in range(5):  # tick, star, name, level, deal status, mobile
        page.keyboard.press("ArrowRight")
    page.keyboard.press("F2")
    for row in range(5):
        page.keyboard.type(f"1390013911{row}")
        for _field in range(7):  # source, industry, next contact, tags; name, level, mobile
            page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(cell(page, 5, "mobile")).to_be_focused()
    page.reload()
    for row in range(5):
        expect(cell(page, row, "mobile")).to_have_text(f"1390013911{row}")


def test_a_refused_cell_keeps_what_was_typed(open_as: "Open", console: "Console") -> None:
    """422 at the cell, a colleague's newer value beside mine, Escape takes nothing along."""
    console.expect(422, 409)
    page, colleague = open_as("manager"), open_as("admin")
    page.goto(ORDER)
    mobile = cell(page, 0, "mobile")
    mobile.focus()
    page.keyboard.press("F2")
    page.keyboard.type("abc")
    page.keyboard.press("Tab")
    expect(page.locator(".cell-editor .field-error")).to_be_visible()
    expect(page.locator(".cell-editor input[name=mobile]")).to_have_value("abc")
    colleague.goto(ORDER)
    cell(colleague, 0, "mobile").focus()
    colleague.keyboard.press("F2")
    colleague.keyboard.type("13900139001")
    colleague.keyboard.press("Control+Enter")
    expect(cell(colleague, 0, "mobile")).to_have_text("13900139001")
    page.locator(".cell-editor input[name=mobile]").fill("13900139002")
    page.keyboard.press("Enter")
    expect(page.locator(".cell-conflict mark")).to_have_text("13900139001")
    expect(page.locator(".cell-editor input[name=mobile]")).to_have_value("13900139002")
    page.locator(".cell-editor [data-save]").click()
    expect(mobile).to_have_text("13900139002")
    page.keyboard.press("Enter")
    page.keyboard.type("13900139003")
    page.keyboard.press("Escape")
    expect(mobile).to_have_text("13900139002")
    expect(mobile).to_be_focused()


def test_a_choice_a_linked_record_and_a_time(open_as: "Open") -> None:
    """The control suits the kind: a list, a type-ahead, a calendar."""
    page = open_as("manager")
    page.goto("/contacts/list/?order=name")
    customer = cell(page, 0, "customer")
    customer.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".cell-editor .ts-dropdown .option").first).to_be_visible()
    page.keyboard.type("customer 03")
    expect(page.locator(".cell-editor .ts-dropdown .active")).to_contain_text("Customer 03")
    page.keyboard.press("Enter")
    expect(customer).to_have_text("Customer 03")
    page.goto(ORDER)
    level = cell(page, 0, "level")
    level.focus()
    page.keyboard.press("Enter")
    page.locator(".cell-editor select").select_option(index=1)
    page.keyboard.press("Enter")
    expect(level.locator(".badge")).to_be_visible()
    when = cell(page, 0, "next_contact_at")
    when.focus()
    page.keyboard.press("F2")
    page.keyboard.type("2026-12-24 10:00")
    page.keyboard.press("Enter")
    expect(when.locator("time")).to_have_attribute("datetime", "2026-12-24T02:00:00Z")


def test_tags_typed_without_a_pause(open_as: "Open") -> None:
    """In a cell and in a form every tag is the one that was typed; a closed list stays closed."""
    page = open_as("manager")
    page.goto(ORDER)
    tags = cell(page, 0, "tags")
    tags.focus()
    page.keyboard.press("Enter")
    for name in ("alpha", "beta"):
        page.keyboard.type(name)
        page.keyboard.press("Enter")
    page.keyboard.type("gamma")
    page.keyboard.press("Tab")
    expect(tags).to_have_text(re.compile(r"alpha\s*beta\s*gamma"))
    page.keyboard.press("Escape")
    page.goto("/customers/add")
    page.locator(".field[data-field=tags] .ts-control").click()
    expect(page.locator(".ts-dropdown:visible .option").first).to_be_visible()
    for name in ("zeta", "alpha"):
        page.keyboard.type(name)
        page.keyboard.press("Enter")
    with page.expect_response("**/options/tags*"):
        page.keyboard.type("be")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.wait_for_load_state("networkidle")
    assert page.locator("#f-tags").input_value().startswith("zeta,alpha,be")
    expect(page.locator(".ts-dropdown:visible")).to_have_count(0)


def test_no_key_of_the_first_moment_is_lost(open_as: "Open") -> None:
    """On a busy machine timers come late: keys count from the moment that the box has the focus."""
    page = open_as("manager")
    page.add_init_script("""
        const soon = window.setTimeout.bind(window);
        window.setTimeout = (work, after, ...rest) => soon(work, after || 500, ...rest);
    """)
    page.goto(ORDER)
    tags = cell(page, 1, "tags")
    tags.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".cell-editor .ts-control input")).to_be_focused()
    for name in ("alpha", "beta"):
        page.keyboard.type(name)
        page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(tags).to_have_text(re.compile(r"alpha\s*beta"))


def test_a_click_opens_the_record_and_two_edit_the_cell(open_as: "Open") -> None:
    """LIST-5: wherever on the row; what leaves an editor opens nothing."""
    page = open_as("manager")
    page.clock.install()
    page.goto(ORDER, wait_until="networkidle")  # nothing waits for an answer when time leaps
    page.clock.pause_at("2100-01-01")
    here = page.url
    mobile, editor = cell(page, 0, "mobile"), page.locator(".cell-editor")
    mobile.dblclick(position={"x": 3, "y": 3})
    expect(editor).to_be_visible()
    cell(page, 2, "mobile").click(position={"x": 3, "y": 3})
    expect(editor).to_have_count(0)
    page.clock.run_for(5_000)
    assert page.url == here
    cell(page, 2, "mobile").click(position={"x": 3, "y": 3})
    page.clock.run_for(5_000)
    page.wait_for_url("**/customers/show/*")
    page.go_back()
    cell(page, 1, "owner").click(position={"x": 3, "y": 3})  # no cell to edit: at once
    page.wait_for_url("**/customers/show/*")


def test_a_star_stays_where_it_was_set(open_as: "Open") -> None:
    page = open_as("manager")
    page.goto(ORDER)
    star = page.locator("button.star").first
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    page.goto("/customers/list/?view=starred")
    expect(page.locator("table[data-entity] tbody tr")).to_have_count(1)


def test_coming_back_finds_the_list_as_it_was(open_as: "Open") -> None:
    """Walk on from a record, go back: scrolled, ticked, and the row that was read has the focus."""
    page = open_as("manager", viewport={"width": 1280, "height": 320})
    page.goto("/customers/list/?order=-name")
    rows = page.locator("table[data-entity] tbody tr")
    rows.nth(1).locator("input[name=ids]").check()
    last = rows.last.locator("td[data-field=name] a")
    last.click()
    page.locator(".neighbours [rel=prev]").click()
    expect(page.locator(".neighbours [rel=next]")).to_be_visible()
    page.locator(".record-name p a").click()
    expect(rows.nth(1).locator("input[name=ids]")).to_be_checked()
    expect(page.locator("[data-bulk-bar]")).to_have_class("bulk-bar on")
    expect(last).to_be_focused()
    expect(last).to_be_in_viewport()
    page.locator("[data-recent] summary").click()
    expect(page.locator("[data-recent] .menu-list a")).to_have_count(3)
    page.goto("/customers/list/")
    expect(page.locator("tr.picked")).to_have_count(0)


def test_a_cell_stays_open_while_something_else_is_swapped(open_as: "Open") -> None:
    """The bell's number comes late: what is being typed is neither closed nor lost."""
    page, held = open_as("manager"), []
    page.route("**/notifications/unread", lambda route: held.append(route))
    page.goto(ORDER)
    cell(page, 0, "mobile").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("139001")
    expect(page.locator(".cell-editor input.form-control")).to_have_value("139001")
    for _turn in range(500):
        if held:
            break
        page.wait_for_timeout(20)
    held.pop().fulfill(body="7", content_type="text/html")
    expect(page.locator(".bell-count[hx-get*=unread]")).to_have_text("7")
    page.keyboard.type("39009")
    page.keyboard.press("Enter")
    expect(cell(page, 0, "mobile")).to_have_text("13900139009")
