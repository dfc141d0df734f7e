"""An import on a phone: the columns of a file, one below the other (IMP, UI-10)."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.driving import ON_SQLITE
from tests.contract.test_imports import csv_of

if TYPE_CHECKING:
    from tests.browser.conftest import Open

pytestmark = [pytest.mark.browser, ON_SQLITE]

SIDES = """[...document.querySelectorAll('.mapping tbody :is(th, td, select)')].map((one) => {
  const style = getComputedStyle(one);
  return Math.round(one.getBoundingClientRect().left + parseFloat(style.paddingLeft))
    - (one.tagName === 'SELECT' ? Math.round(parseFloat(style.paddingLeft)) : 0);
})"""
"""Where what stands in the cells begins, at the left."""


def test_columns_stand_in_one_line_and_the_window_does_not_scroll(open_as: "Open") -> None:
    page = open_as("manager", viewport={"width": 390, "height": 600})
    page.goto("/customers/import")
    rows = [["客户名称", "手机", "备注"], ["云山贸易", "13800138001", "展会"]]
    file = {"name": "rows.csv", "mimeType": "text/csv", "buffer": csv_of(rows)}
    page.set_input_files("input[type=file]", files=[file])
    page.locator("[data-form=import-upload] [data-save]").click()
    expect(page.locator("[data-form=import-settings] .ts-wrapper").first).to_be_visible()
    assert len(set(page.evaluate(SIDES))) == 1, "heading, examples and choice begin alike"
    assert page.evaluate("document.querySelector('#main').scrollHeight") > 600
    assert page.evaluate("document.documentElement.scrollHeight") == 600
