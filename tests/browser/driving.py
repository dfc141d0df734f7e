"""What a person does with our pages, step by step, by the hooks of contract §9."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

ON_SQLITE = pytest.mark.parametrize(
    "server", [pytest.param("sqlite", id="chromium")], indirect=True
)
"""What a browser shows hardly depends on the database: one run, counted in neither half."""


def total(page: "Page") -> int:
    """How many records the list says there are."""
    shown = page.locator("[data-total]").get_attribute("data-total") or ""
    return int(shown.replace(",", ""))


def names(page: "Page") -> list[str]:
    return page.locator("table[data-entity] tbody td[data-field=name]").all_inner_texts()


def add_filter(page: "Page", column: str, operator: str, value: str = "") -> None:
    """Use the filter builder; an empty value leaves what it offers."""
    chips = page.locator(".chip").count()
    page.locator(".filter-menu summary").click()
    if chips:
        page.locator(".filter-group [data-add-line]").last.click()
    line = page.locator(".filter-line").last
    line.locator("> select").nth(0).select_option(column)
    line.locator("> select").nth(1).select_option(operator)
    if value:
        line.locator("[data-filter-values] input").fill(value)
    page.locator(".filter-builder button[type=submit]").click()
    expect(page.locator(".chip")).to_have_count(chips + 1)


def select_everything(page: "Page") -> None:
    """Tick the page, then take all that match."""
    page.locator("[data-pick-page]").check()
    page.locator("input[name=all]").check()


def start(page: "Page", operation: str) -> "Locator":
    """Press an operation of the bulk bar; answers the dialog with its first step."""
    page.locator(f".bulk-bar [data-operation={operation}]").click()
    dialog = page.locator("dialog[open]")
    expect(dialog.locator("form[data-form^=bulk]")).to_be_visible()
    return dialog


def choose(page: "Page", field: str, words: str) -> None:
    """Type into a picker and take the choice that shows these words."""
    page.locator(f"#b-{field}-ts-control").click()
    page.keyboard.type(words)
    page.locator(".ts-dropdown .option", has_text=words).first.click()


def go_on(page: "Page", step: str) -> None:
    """Send the current step of a dialog and wait for the next: ``preview`` or ``report``."""
    page.locator("[data-step] [data-save]").click()
    expect(page.locator(f"[data-step={step}]")).to_be_visible()


def figures(page: "Page") -> list[int]:
    """The big numbers of a dry run or report, in their order."""
    return [int(text.replace(",", "")) for text in page.locator(".figure strong").all_inner_texts()]
