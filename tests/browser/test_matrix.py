"""The permission matrix: what the administrator narrows, the next click obeys (MATRIX, PERM)."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.driving import ON_SQLITE, total

if TYPE_CHECKING:
    from tests.browser.conftest import Open

pytestmark = [pytest.mark.browser, ON_SQLITE]


def test_a_narrowed_scope_is_obeyed_at_once(open_as: "Open") -> None:
    manager, admin = open_as("manager"), open_as("admin")
    manager.goto("/customers/list/")
    before = total(manager)
    admin.goto("/matrix/")
    admin.locator(".matrix-roles a", has_text="Sales manager").click()
    scope = admin.locator("select[name='scope:customer']")
    scope.select_option("self")
    admin.locator("input[name='grant:customer:transfer']").uncheck()
    expect(admin.locator("[data-matrix-changes]")).to_contain_text("2")
    admin.locator("[data-save]").click()
    expect(admin.locator("[role=alert]")).to_be_visible()
    expect(scope).to_have_value("self")
    manager.reload()
    assert 0 < total(manager) < before
    expect(manager.locator("[data-operation=transfer]")).to_have_count(0)
