"""The calendar as it is used: dragged, moved by keys, switched, found by address (TASK, UI-9)."""

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect
from sqlalchemy import Engine

from tests.browser import axe
from tests.browser.driving import ON_SQLITE
from tests.contract.calls import stored, write

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Console, Open

pytestmark = [pytest.mark.browser, ON_SQLITE]

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
MONTH = date(2026, 9, 1)
"""A month that begins on a Tuesday, so that its days lie within its weeks."""


def at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), SHANGHAI).astimezone(UTC)


def when(engine: Engine, number: int) -> datetime:
    due: datetime = stored(engine, "task", number)["due_at"]
    return due.replace(tzinfo=UTC) if due.tzinfo is None else due.astimezone(UTC)


def cell(page: "Page", day: date) -> "Locator":
    return page.locator(f".fc-daygrid-day[data-date='{day}']")


def test_a_task_is_dragged_to_another_day(open_as: "Open", engine: Engine) -> None:
    """The time of day stays; what somebody else has changed meanwhile goes back and says so."""
    first = MONTH + 13 * DAY
    write(engine, "task", 1, due_at=at(first, 10), status="open")
    page = open_as("sales1a")
    page.goto(f"/calendar/?view=month&date={MONTH}")
    entry = cell(page, first).locator(".calendar-entry", has_text="Task 01")
    expect(entry).to_contain_text("10:00")
    assert axe.findings(page) == []
    with page.expect_response("**/calendar/entry/tasks_due/1*") as answer:
        entry.drag_to(cell(page, first + 2 * DAY))
    assert answer.value.status == 200
    expect(page.locator("[data-announce]")).to_have_text("Moved: Task 01")
    moved = cell(page, first + 2 * DAY).locator(".calendar-entry", has_text="Task 01")
    expect(moved).to_contain_text("10:00")
    assert when(engine, 1) == at(first + 2 * DAY, 10)


def test_what_was_changed_meanwhile_goes_back(
    open_as: "Open", engine: Engine, console: "Console"
) -> None:
    console.expect(409)
    first = MONTH + 13 * DAY
    write(engine, "task", 1, due_at=at(first, 10), status="open")
    page = open_as("sales1a")
    page.goto(f"/calendar/?view=month&date={MONTH}")
    entry = cell(page, first).locator(".calendar-entry", has_text="Task 01")
    expect(entry).to_be_visible()
    write(engine, "task", 1, version=7)
    entry.drag_to(cell(page, first + DAY))
    expect(page.locator("[data-refused]")).to_contain_text("It stays where it is.")
    expect(entry).to_be_visible()
    assert when(engine, 1) == at(first, 10)


def test_the_address_says_where_one_is(open_as: "Open", engine: Engine) -> None:
    """Back and forward, a switch that stays off, an entry opened and moved by keyboard."""
    first = MONTH + 13 * DAY
    write(engine, "task", 1, due_at=at(first, 10), status="open")
    page = open_as("sales1a")
    page.goto(f"/calendar/?view=month&date={first}")
    page.locator("[data-view=week]").last.click()
    expect(page.locator(".fc-timegrid")).to_be_visible()
    page.locator("[data-go=after]").click()
    expect(page.locator("[data-period]")).to_have_text("Sep 21 – 27, 2026")
    assert page.url.endswith(f"view=week&date={first + 7 * DAY}")
    page.go_back()
    expect(page.locator("[data-period]")).to_have_text("Sep 14 – 20, 2026")
    page.go_back()
    expect(page.locator(".fc-daygrid")).to_be_visible()
    page.locator(".calendar-entry", has_text="Task 01").focus()
    page.keyboard.press("Enter")
    form = page.locator("dialog[open] [data-form=calendar-move]")
    form.locator("[name=starts]").fill(f"{first + 3 * DAY} 16:00")
    form.locator("button[type=submit]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("main > .notice")).to_contain_text("Moved: Task 01")
    expect(cell(page, first + 3 * DAY)).to_contain_text("Task 01")
    page.locator("[data-kinds] [value=tasks_due]").uncheck()
    expect(page.locator(".calendar-entry", has_text="Task 01")).to_have_count(0)
    page.reload()
    expect(page.locator("[data-kinds] [value=tasks_due]")).not_to_be_checked()


def test_an_empty_day_makes_a_task(open_as: "Open") -> None:
    page = open_as("sales1a")
    page.goto(f"/calendar/?view=month&date={MONTH}")
    cell(page, MONTH + 8 * DAY).click(position={"x": 40, "y": 50})
    choices = page.locator("dialog[open] .step-foot a.btn:not(.btn-quiet)")
    expect(choices).to_have_count(2)
    choices.filter(has_text="Task").click()
    expect(page.locator("[name=due_at]").first).to_have_value(f"{MONTH + 8 * DAY} 09:00")


def test_an_event_is_moved_and_made_longer(open_as: "Open", engine: Engine) -> None:
    """EVT: dragged in the month it keeps its hours; its lower edge is its end."""
    first = MONTH + 13 * DAY
    write(engine, "event", 1, starts_at=at(first, 10), ends_at=at(first, 11), lasts_until=None)
    page = open_as("sales1a")
    page.goto(f"/calendar/?view=month&date={MONTH}")
    entry = page.locator(".calendar-entry", has_text="Event 01")
    with page.expect_response("**/calendar/entry/events/1*") as answer:
        entry.drag_to(cell(page, first + DAY))
    assert answer.value.status == 200
    expect(cell(page, first + DAY)).to_contain_text("Event 01")
    row = stored(engine, "event", 1)
    found = [row[key].replace(tzinfo=UTC) for key in ("starts_at", "ends_at")]
    assert found == [at(first + DAY, 10), at(first + DAY, 11)]
    page.goto(f"/calendar/?view=week&date={first}")
    entry.hover()
    edge = entry.locator(".fc-event-resizer-end").bounding_box()
    box = entry.bounding_box()
    assert edge
    assert box
    page.mouse.move(edge["x"] + edge["width"] / 2, edge["y"] + edge["height"] / 2)
    page.mouse.down()
    page.mouse.move(edge["x"] + edge["width"] / 2, edge["y"] + 1.5 * box["height"], steps=8)
    with page.expect_response("**/calendar/entry/events/1*") as answer:
        page.mouse.up()
    assert answer.value.status == 200
    row = stored(engine, "event", 1)
    assert row["starts_at"].replace(tzinfo=UTC) == at(first + DAY, 10)
    assert row["ends_at"].replace(tzinfo=UTC) > at(first + DAY, 11)


def test_a_phone_begins_with_the_list(open_as: "Open", engine: Engine) -> None:
    write(engine, "task", 1, due_at=datetime.now(UTC).replace(microsecond=0), status="open")
    page = open_as("sales1a", viewport={"width": 390, "height": 844})
    page.goto("/calendar/")
    expect(page.locator(".fc-list")).to_contain_text("Task 01")
    assert axe.findings(page) == []
