"""When scripts fail, links and forms still do the work (UI-2)."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.driving import ON_SQLITE, figures, go_on, total
from tests.support.company import PASSWORD

if TYPE_CHECKING:
    from tests.browser.conftest import Open

pytestmark = [pytest.mark.browser, ON_SQLITE]


def test_login_filter_form_and_bulk_work_without_scripts(open_as: "Open") -> None:
    page = open_as(None, java_script_enabled=False)
    page.goto("/customers/list/")
    page.locator("#username").fill("manager")
    page.locator("#password").fill(PASSWORD)
    page.locator("form[data-form=login] button[type=submit]").click()
    page.wait_for_url("**/customers/list/")
    everything = total(page)
    page.locator(".filter-menu summary").click()
    page.locator("#f-col").select_option("name")
    page.locator("#f-op").select_option("ct")
    page.locator("#f-value").fill("Customer 0")
    page.locator(".filter-builder button[type=submit]").click()
    expect(page.locator(".chip")).to_have_count(1)
    some = total(page)
    assert 0 < some <= everything
    page.goto("/customers/add")
    page.locator("#f-name").fill("Made without scripts")
    page.locator("[data-save]").click()
    page.wait_for_url("**/customers/show/*")
    page.goto("/customers/list/?search=without+scripts")
    page.locator("input[name=all]").check()
    page.locator("[data-operation=transfer]").click()
    page.locator("#b-new_owner").select_option(label="Sales2A")
    go_on(page, "preview")
    assert figures(page) == [1, 0]
    go_on(page, "report")
    assert figures(page) == [1, 0, 0]
    page.locator(".step-foot a[data-dialog-close]").click()
    page.wait_for_url("**/customers/list/")
