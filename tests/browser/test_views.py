"""Columns and views by hand: choose columns, filter in groups, save, share (LIST-1 to 4)."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.driving import ON_SQLITE, total

if TYPE_CHECKING:
    from tests.browser.conftest import Open

pytestmark = [pytest.mark.browser, ON_SQLITE]


def test_columns_by_keyboard_and_by_dragging_an_edge(open_as: "Open") -> None:
    page = open_as("manager")
    page.goto("/customers/list/")
    page.get_by_role("link", name="Columns").click()
    dialog = page.locator("#dialog [data-arrange]")
    dialog.locator("input[value=created_at]").check()
    for _step in range(60):
        dialog.locator("button[name=up][value=created_at]").press("Enter")
    page.locator("#dialog .btn-primary").click()
    heads = page.locator("th[data-column]")
    expect(heads.nth(1)).to_have_attribute("data-column", "created_at")
    before = heads.nth(0).bounding_box() or {}
    edge = heads.nth(0).locator(".edge")
    edge.hover()
    page.mouse.down()
    page.mouse.move(before["x"] + before["width"] + 80, before["y"] + 5)
    with page.expect_response("**/widths*"):
        page.mouse.up()
    page.reload()
    after = heads.nth(0).bounding_box() or {}
    assert 60 < after["width"] - before["width"] < 100
    page.get_by_role("button", name="Dense rows").click()
    expect(page.locator("#list-region")).to_have_class("dense")
    page.set_viewport_size({"width": 800, "height": 600})
    page.locator(".table-frame").evaluate("frame => frame.scrollTo(1e6, 0)")
    expect(heads.last).to_be_in_viewport()
    expect(heads.nth(0)).to_be_in_viewport()
    expect(heads.nth(1)).not_to_be_in_viewport()


def test_a_view_is_saved_shared_and_opened_by_somebody_else(open_as: "Open") -> None:
    page = open_as("manager")
    page.goto("/customers/list/")
    page.locator(".filter-menu summary").click()
    page.locator(".filter-group [data-joint]").select_option("or")
    lines = page.locator(".filter-line")
    page.locator("[data-add-line]").click()
    for place, piece in enumerate(("Customer 0", "nobody")):
        lines.nth(place).locator("> select").nth(0).select_option("name")
        lines.nth(place).locator("[data-filter-values] input").fill(piece)
    page.locator(".filter-builder > .btn-primary").click()
    expect(page.locator(".chip")).to_have_count(1)
    expect(page.locator(".chip")).to_contain_text(" or ")
    page.get_by_role("link", name="Save as a view").click()
    page.locator("#v-name_en").fill("All of 0")
    page.locator("#v-audience").select_option("all")
    page.locator("#dialog .btn-primary").click()
    expect(page.locator(".tabs .active")).to_have_text("All of 0")
    shown = total(page)
    page.locator("th a", has_text="Name").first.click()
    page.get_by_role("button", name="Update the view").click()
    expect(page.get_by_role("button", name="Update the view")).to_have_count(0)
    expect(page.locator("th[aria-sort]")).to_have_attribute("aria-sort", "ascending")
    other = open_as("sales1a")
    other.goto("/customers/list/")
    other.locator(".tabs a", has_text="All of 0").click()
    expect(other.locator(".chip")).to_have_count(1)
    expect(other.locator("th[aria-sort]")).to_have_attribute("aria-sort", "ascending")
    assert 0 < total(other) < shown
