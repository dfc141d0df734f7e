"""The dashboard as it is used: a click on a number, other filters, cards moved, hidden, broken."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.driving import ON_SQLITE, total

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Console, Open

pytestmark = [pytest.mark.browser, ON_SQLITE]


def cards(page: "Page") -> list[str]:
    return page.locator("[data-card]").evaluate_all("some => some.map(one => one.dataset.card)")


def go_home(page: "Page") -> None:
    """Open the first page and wait until its script is at work and the cards are there."""
    page.goto("/")
    expect(page.locator(".skeleton")).to_have_count(0)


def test_a_number_opens_as_many_rows(open_as: "Open") -> None:
    page = open_as("manager")
    go_home(page)
    page.locator("select[name=who]").select_option("all")
    page.wait_for_url("**/?who=all*")
    number = page.locator("[data-card=briefing] [data-metric=new_customers]")
    value = int(number.get_attribute("data-value") or "0")
    assert value > 0
    number.click()
    page.wait_for_url("**/customers/list/**")
    assert total(page) == value
    page.goto("/")
    expect(page.locator("select[name=who]")).to_have_value("all")  # remembered
    expect(page.locator("[data-chart] canvas")).to_be_visible()
    page.locator("[data-card=leaderboard] select").select_option("new_contacts")
    place = page.locator("[data-card=leaderboard] a[data-metric=new_contacts]").first
    value = int(place.get_attribute("data-value") or "0")
    place.click()
    page.wait_for_url("**/contacts/list/**")
    assert total(page) == value


def test_dates_and_people_are_chosen_before_they_apply(open_as: "Open") -> None:
    page = open_as("manager")
    go_home(page)
    expect(page.locator("input[name=from]")).to_be_hidden()
    page.locator("select[name=when]").select_option("custom")
    expect(page.locator("input[name=from]")).to_be_visible()
    page.locator("input[name=from]").fill("2026-01-01")
    page.keyboard.press("Escape")
    page.locator("select[name=who]").select_option("chosen")
    page.locator(".ts-control").first.click()
    page.keyboard.type("sales1a")
    page.locator(".ts-dropdown .option", has_text="sales1a").first.click()
    page.locator(".lens button[type=submit]").click()
    page.wait_for_url("**/?who=chosen*")
    assert "from=2026-01-01" in page.url
    assert "people=" in page.url
    expect(page.locator("[data-card=briefing] [data-metric=new_customers]")).to_be_visible()


def test_cards_move_by_keys_and_by_menu_and_come_back(open_as: "Open") -> None:
    page = open_as("leader1")
    go_home(page)
    first, second, *rest = cards(page)
    with page.expect_response("**/dashboard/layout*"):
        page.locator(f"[data-card={first}] [data-handle]").press("ArrowDown")
    page.reload()
    assert cards(page) == [second, first, *rest]
    page.locator(f"[data-card={first}] .menu summary").click()
    page.locator(f"[data-card={first}] button[name=hide]").click()
    expect(page.locator(f"[data-card={first}]")).to_have_count(0)
    page.locator("button[name=reset]").click()
    expect(page.locator(f"[data-card={first}]")).to_have_count(1)
    assert cards(page) == [first, second, *rest]


def test_a_card_is_dragged_to_another_place(open_as: "Open") -> None:
    page = open_as("leader1")
    go_home(page)
    before = cards(page)
    target = page.locator(f"[data-card={before[2]}] h2")
    with page.expect_response("**/dashboard/layout*"):
        page.locator(f"[data-card={before[3]}] [data-handle]").drag_to(target)
    page.reload()
    assert cards(page) == [*before[:2], before[3], before[2], *before[4:]]


def test_a_broken_card_spoils_no_other(open_as: "Open", console: "Console") -> None:
    console.expect(500)
    page = open_as("manager")
    page.route(
        "**/dashboard/cards/summary*", lambda route: route.fulfill(status=500, body="<html></html>")
    )
    page.goto("/")
    failed = page.locator("[data-card=summary] [role=alert]")
    expect(failed).to_be_visible()
    expect(page.locator("[data-card=briefing] [data-metric=new_customers]")).to_be_visible()
    page.unroute("**/dashboard/cards/summary*")
    failed.locator("button").click()
    expect(page.locator("[data-card=summary] [data-metric=new_customers]")).to_be_visible()


def test_cards_are_pages_without_a_script(open_as: "Open") -> None:
    page = open_as("manager", java_script_enabled=False)
    page.goto("/")
    page.locator("[data-card=leaderboard] [data-card-body] a").click()
    expect(page.locator("h1")).to_have_count(1)
    page.locator("select[name=metric]").select_option("new_contacts")
    page.locator(".metric-choice button").click()
    expect(page.locator("a[data-metric=new_contacts]").first).to_be_visible()


def test_all_of_the_first_page_is_light(open_as: "Open") -> None:
    """UI-3: everything that a first visit fetches, pages and cards too, as it comes by the wire."""
    page, sizes = open_as("manager"), list[float]()
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    go_home(page)
    expect(page.locator("[data-chart] canvas")).to_be_visible()
    assert 200 * 1024 < sum(sizes) <= 600 * 1024
