"""A salesperson leaves: his book is split over two, undone, and split again (XFER-6)."""

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from app.jobs.threads import Threads
from tests.browser.driving import ON_SQLITE, figures
from tests.contract.calls import stored, user_ids
from tests.contract.test_hand_over import owned
from tests.contract.test_jobs import fill

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from sqlalchemy import Engine

    from tests.browser.conftest import Open
    from tests.support.worlds import World

pytestmark = [pytest.mark.browser, ON_SQLITE]

LONG = 60_000
"""Milliseconds that a job may take on a busy machine."""


def receive(page: "Page", *names: str) -> None:
    """Choose who receives it, by typing."""
    for name in names:
        page.locator("#r-to-ts-control").click()
        page.keyboard.type(name)
        page.locator(".ts-dropdown .option", has_text=name).first.click()
    page.keyboard.press("Escape")
    page.locator("form[data-form=receivers] button[type=submit]").click()
    expect(page.locator("[data-place] select").first).to_be_visible()


def hand_over(page: "Page") -> int:
    """Look ahead and confirm; how many are announced."""
    page.locator("button[value=preview]").click()
    expect(page.locator("[data-step=preview]")).to_be_visible()
    announced = page.locator("button[value=run]").inner_text()
    page.locator("button[value=run]").click()
    expect(page.locator("[data-step=report]")).to_be_visible()
    expect(page.locator(".figure.good")).to_be_visible(timeout=LONG)
    return int("".join(c for c in announced if c.isdigit()))


def test_a_book_is_split_undone_and_split_again(
    open_as: "Open", world: "World", engine: "Engine"
) -> None:
    """From *Disable*, which is refused and shows the way; by the people admin, who sees no name."""
    ids = user_ids(engine)
    leaver = ids["sales1b"]
    fill(engine, 620, owner_id=leaver)
    mine = owned(engine, "customer", "sales1b")
    workers = Threads(world.app, 1)
    workers.start()
    try:
        page = open_as("people")
        page.goto(f"/users/bulk/disable?id={leaver}")
        with page.context.expect_page() as opened:
            page.locator(f"a[href*='hand-over/{leaver}']").first.click()
        page = opened.value
        receive(page, "sales1a", "sales2a")
        expect(page.locator("input[type=checkbox][name=disable]")).to_be_checked()
        total = hand_over(page)
        assert total > len(mine)
        assert figures(page) == [total, 0]
        expect(page.locator("[data-account]")).to_be_visible()
        assert owned(engine, "customer", "sales1b") == set()
        for who in ("sales1a", "sales2a"):
            assert len(owned(engine, "customer", who) & mine) in (310, 311)
        assert not stored(engine, "user", leaver)["is_active"]
        page.locator("form[data-form=undo] button").click()
        expect(page.locator("input[name=enable]")).to_be_checked()
        page.locator("form[data-form=hand-over-undo] [data-save]").click()
        expect(page.locator(".figure.good")).to_be_visible(timeout=LONG)
        assert owned(engine, "customer", "sales1b") == mine
        assert stored(engine, "user", leaver)["is_active"]
        page.goto(f"/users/hand-over/{leaver}")
        receive(page, "sales1a", "sales2a")
        page.locator("select[name='how|customer:owner']").select_option(str(ids["sales2a"]))
        hand_over(page)
        assert mine <= owned(engine, "customer", "sales2a")
    finally:
        workers.stop()


def test_a_superior_finds_the_way(open_as: "Open", engine: "Engine") -> None:
    """From the menu to the address book, to the person, to the report, without any address."""
    mine = owned(engine, "customer", "sales1a")
    page = open_as("leader1")
    page.goto("/")
    page.locator("#navigation a", has_text="Address book").click()
    row = page.locator(f".people li[data-id='{user_ids(engine)['sales1a']}']")
    row.locator("a", has_text="Hand over").click()
    receive(page, "sales1b")
    assert hand_over(page) >= len(mine) > 0
    assert mine <= owned(engine, "customer", "sales1b")
    page.locator(".step-foot [data-dialog-close]").click()
    expect(page).to_have_url(re.compile("/address-book/$"))
