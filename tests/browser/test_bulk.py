"""Bulk operations through the dialog: form, dry run, run, report (BULK-2); on both databases."""

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from app.jobs.threads import Threads
from tests.browser.driving import choose, figures, go_on, select_everything, start, total
from tests.contract.calls import condition, filters_of, stored, user_ids, write
from tests.contract.test_jobs import fill

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.browser.conftest import Console, Open
    from tests.support.worlds import World

pytestmark = pytest.mark.browser

LONG = 30_000
"""Milliseconds that a job may take on a busy machine."""


def test_everything_that_matches_is_transferred(open_as: "Open", console: "Console") -> None:
    console.expect(422)
    page = open_as("manager")
    page.goto("/customers/list/?search=Customer")
    count = total(page)
    select_everything(page)
    dialog = start(page, "transfer")
    expect(page.locator("#dialog-title")).to_have_text("Transfer · Customers")
    expect(dialog.locator("[data-field=new_owner] .ts-control input")).to_be_focused()
    expect(dialog.locator(".bulk-scope")).to_contain_text(str(count))
    page.locator("[data-step] [data-save]").click()
    expect(dialog.locator("[data-field=new_owner] .field-error")).to_be_visible()
    until = dialog.locator("[data-field=until]")
    expect(until).to_be_hidden()
    dialog.locator("select[name=old_owner]").select_option("read")
    expect(until).to_be_visible()
    dialog.locator("select[name=old_owner]").select_option("remove")
    choose(page, "new_owner", "sales2a")
    go_on(page, "preview")
    will_change, unchanged = figures(page)
    assert will_change + unchanged == count
    assert will_change > 0
    go_on(page, "report")
    assert figures(page) == [will_change, unchanged, 0]
    dialog.locator(".step-foot [data-dialog-close]").click()
    page.goto("/customers/list/?search=Customer+01")
    expect(page.locator("td[data-field=owner]")).to_have_text("Sales2A")
    page.locator("td[data-field=name] a").click()
    page.locator("[data-tab=history]").click()
    newest = page.locator(".record-history li").first
    expect(newest).to_contain_text("Transfer")
    expect(newest.locator("ins", has_text="Sales2A")).to_be_visible()


def test_contacts_go_along(open_as: "Open", engine: "Engine") -> None:
    """XFER-1: whose is asked once they are to go; how many stands in the dry run and the report."""
    write(engine, "contact", 1, customer_id=1)
    write(engine, "contact", 3, customer_id=1)
    page = open_as("manager")
    page.goto("/customers/bulk/transfer?id=1")
    whose = page.locator("[data-field=cascade_of]")
    expect(page.locator("[data-field=cascade]")).to_be_visible()
    expect(whose).to_be_hidden()
    choose(page, "cascade", "Contacts")
    page.keyboard.press("Escape")
    expect(whose).to_be_visible()
    whose.locator("select").select_option("all")
    choose(page, "new_owner", "sales2a")
    go_on(page, "preview")
    told = page.locator("[data-along] li")
    expect(told).to_have_count(1)
    expect(told).to_contain_text("Contacts go along")
    announced = told.locator("strong").inner_text()
    go_on(page, "report")
    expect(told.locator("strong")).to_have_text(announced)
    assert stored(engine, "contact", 3)["owner_id"] == user_ids(engine)["sales2a"]


def test_the_dialog_tells_both_numbers_when_fewer_are_permitted(open_as: "Open") -> None:
    page = open_as("sales2a")
    page.goto("/customers/list/")
    listed = total(page)
    select_everything(page)
    dialog = start(page, "release")
    said = dialog.locator(".bulk-scope").inner_text()
    permitted = int(dialog.locator("input[name=expected_count]").get_attribute("value") or 0)
    assert permitted < listed
    assert str(listed) in said
    assert str(permitted) in said
    expect(dialog.locator(".dropdown-active")).to_have_count(1)
    page.keyboard.press("Escape")  # the picker's choices
    expect(dialog.locator(".dropdown-active")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_choices_that_may_be_left_open_stay_shut(open_as: "Open") -> None:
    """LEAD-1: a lead goes on without an existing customer; the way on isn't covered."""
    page = open_as("manager")
    page.goto("/leads/list/?view=all")
    page.locator("input[name=ids]").first.check()
    dialog = start(page, "convert")
    expect(dialog.locator("input:focus, button:focus")).to_have_count(1)
    expect(dialog.locator(".dropdown-active")).to_have_count(0)
    go_on(page, "preview")
    go_on(page, "report")
    assert figures(page) == [1, 0, 0]


def test_two_people_claim_one_customer(open_as: "Open") -> None:
    """POOL-2: exactly one gets it, the other is told who was faster."""
    in_pools = '/customers/list/?filters=[{"col":"pool","opr":"not_empty"}]'
    windows = [open_as("sales1a"), open_as("sales1b")]
    for page in windows:
        page.goto(in_pools)
        page.locator("input[name=ids]").first.check()
        start(page, "claim")
        expect(page.locator("[data-step=preview]")).to_be_visible()
    faster, slower = windows
    go_on(faster, "report")
    assert figures(faster) == [1, 0, 0]
    go_on(slower, "report")
    assert figures(slower) == [0, 1, 0]
    expect(slower.locator(".left-out")).to_contain_text("Sales1A")


def test_many_records_are_done_while_one_goes_on(
    open_as: "Open", world: "World", engine: "Engine"
) -> None:
    """UI-7: progress in the dialog and on every page, then the report in its place."""
    fill(engine, 2_600)
    page = open_as("manager")
    wanted = filters_of(condition("name", "sw", "Many "))
    page.goto(f"/customers/list/?filters={quote(wanted)}")
    select_everything(page)
    dialog = start(page, "lock")
    page.locator("#dialog [name=reason]").fill("tender")
    go_on(page, "preview")
    go_on(page, "report")
    expect(dialog.locator("[data-job-state=queued] progress")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.wait_for_load_state("networkidle")
    page.goto("/leads/list/")
    page.locator(".tray > summary").click()
    page.locator(".tray a[data-job]").click()
    expect(page.locator("#screen [data-job-state=queued]")).to_be_visible()
    workers = Threads(world.app, 1)
    workers.start()
    try:
        expect(page.locator("#screen .figure.good strong")).to_have_text("2,600", timeout=LONG)
    finally:
        workers.stop()
    expect(page.locator("#screen [data-job-state]")).to_have_count(0)
    expect(page.locator(".tray")).to_be_hidden(timeout=LONG)
