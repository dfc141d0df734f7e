"""A list is its address: filter, search and order are in it, and "back" goes back (LIST-3)."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from app.store import listing, sizes
from tests.browser.driving import ON_SQLITE, add_filter, names, select_everything, total

if TYPE_CHECKING:
    from playwright.sync_api import Route

    from tests.browser.conftest import Open

pytestmark = [pytest.mark.browser, ON_SQLITE]


def test_filter_search_and_order_live_in_the_address(open_as: "Open") -> None:
    page = open_as("manager")
    page.goto("/customers/list/")
    everything = total(page)
    add_filter(page, "owner", "eq")
    assert "%40me" in page.url
    mine = total(page)
    assert 0 < mine < everything
    page.locator(".chip a").click()
    expect(page.locator(".chip")).to_have_count(0)
    add_filter(page, "name", "ct", "Customer 0")
    page.locator("th a", has_text="Name").first.click()
    expect(page.locator("th[aria-sort]")).to_have_attribute("aria-sort", "ascending")
    page.locator("th a", has_text="Name").first.click()
    expect(page.locator("th[aria-sort]")).to_have_attribute("aria-sort", "descending")
    shown = names(page)
    assert shown == sorted(shown, reverse=True)
    address = page.url
    page.reload()
    assert (page.url, names(page)) == (address, shown)
    page.go_back()
    expect(page.locator("th[aria-sort]")).to_have_attribute("aria-sort", "ascending")
    assert names(page) == sorted(shown)


def test_a_filter_begins_as_one_thinks_of_it(open_as: "Open") -> None:
    """Time by a period, text by a part; a choice is found by the initials of its pinyin."""
    page = open_as("manager")
    page.goto("/lang/zh")
    page.goto("/customers/list/")
    page.locator(".filter-menu summary").click()
    line = page.locator(".filter-line").last
    column, operator = (line.locator("> select").nth(at) for at in (0, 1))
    for key, first in (("next_contact_at", "within"), ("remark", "ct"), ("source", "eq")):
        column.select_option(key)
        expect(operator).to_have_value(first)
    line.locator(".ts-control").click()
    page.keyboard.type("ssyq")
    page.locator(".ts-dropdown:visible .option", has_text="搜索引擎").click()
    page.locator(".filter-builder button[type=submit]").click()
    expect(page.locator(".chip")).to_contain_text("搜索引擎")
    page.goto("/customers/add")
    page.locator(".field[data-field=source] .ts-control").click()
    page.keyboard.type("guangg")
    page.keyboard.press("Enter")
    expect(page.locator("#f-source")).to_have_value("advertisement")


def test_f_leads_to_the_search_of_the_list_and_the_filter_stays(open_as: "Open") -> None:
    page = open_as("manager")
    page.goto("/customers/list/")
    add_filter(page, "name", "ct", "Customer")
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    page.keyboard.type("customer 02")
    page.keyboard.press("Enter")
    expect(page.locator("table[data-entity] tbody tr")).to_have_count(1)
    expect(page.locator(".chip")).to_have_count(1)
    assert "search=customer+02" in page.url


def test_nothing_found_offers_the_way_back(open_as: "Open") -> None:
    page = open_as("manager")
    page.goto("/customers/list/?search=nobody+is+called+so")
    expect(page.locator("[data-total]")).to_have_attribute("data-total", "0")
    page.locator(".empty-state a").click()
    expect(page.locator("table[data-entity] tbody tr").first).to_be_visible()
    assert page.url.endswith("/customers/list/")


def test_somebody_is_called_from_a_phone_within_three_taps(open_as: "Open") -> None:
    """UI-10: into the search, on the hit, on the number; in a list the number is on the card."""
    page = open_as(
        "manager", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page.goto("/")
    page.locator("#global-search").tap()
    box = page.locator("#global-search").bounding_box()
    assert box is not None
    assert box["width"] > 300, "whoever types sees what he types"
    page.keyboard.type("0000003")
    page.locator("#search-panel a.hit", has_text="Customer 03").tap()
    expect(page.locator("h1")).to_contain_text("Customer 03")
    number = page.locator("a[href='tel:13880000003']").first
    expect(number).to_be_in_viewport()
    page.goto("/customers/list/?order=name")
    expect(page.locator("tr[data-id] a[href^='tel:']").first).to_be_in_viewport()
    expect(page.locator("tr[data-id]").first).to_have_css("display", "grid")  # a card, no row
    page.goto("/customers/list/?view=won")
    expect(page.locator(".tabs .active")).to_be_in_viewport(ratio=1)


def test_a_large_list_is_there_before_its_count(
    open_as: "Open", monkeypatch: pytest.MonkeyPatch
) -> None:
    """LIST-1: the count comes after the page, to every place that tells of it, ticked or not."""
    page = open_as("manager")
    page.goto("/customers/list/?view=all")
    everything = total(page)
    monkeypatch.setattr(sizes, "LARGE", 1)
    monkeypatch.setattr(listing, "FIRST_CAP", 2)
    waiting: list[Route] = []
    page.route("**/customers/count*", lambda route: waiting.append(route))
    page.reload()
    for _turn in range(500):
        if waiting:
            break
        page.wait_for_timeout(20)
    expect(page.locator("[data-total]")).to_have_attribute("data-total", "2+")
    select_everything(page)
    expect(page.locator("[data-bulk-count]")).to_have_text("All 2+ selected")
    waiting.pop().continue_()
    expect(page.locator("[data-total]")).to_have_attribute("data-total", str(everything))
    expect(page.locator("[data-bulk-count]")).to_have_text(f"All {everything} selected")
    expect(page.locator(".pager-range")).to_contain_text(f"of {everything}")
    expect(page.locator("input[name=expected_count]")).to_have_value(str(everything))
    expect(page.locator("input[name=all]")).to_be_checked()
