"""A list is its address: filter, search and order are in it, and "back" goes back (LIST-3)."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.driving import ON_SQLITE, add_filter, names, total

if TYPE_CHECKING:
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
