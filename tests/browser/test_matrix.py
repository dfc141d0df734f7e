"""The permission matrix: what the administrator narrows, the next click obeys (MATRIX, PERM)."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.driving import ON_SQLITE, total

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Open

pytestmark = [pytest.mark.browser, ON_SQLITE]


def save(page: "Page") -> None:
    """Confirm the question in the dialog; the page behind it is loaded anew."""
    question = page.locator("dialog[open] [data-step=preview]")
    expect(question.locator("[data-change]").first).to_be_visible()
    question.locator("[data-save]").click()
    expect(page.locator("main > [role=alert]")).to_be_visible()


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
    admin.locator(".matrix-form [data-save]").click()
    save(admin)
    expect(scope).to_have_value("self")
    manager.reload()
    assert 0 < total(manager) < before
    expect(manager.locator("[data-operation=transfer]")).to_have_count(0)


def test_two_roles_are_compared_and_one_is_narrowed(open_as: "Open") -> None:
    """MATRIX-3: from the difference to its line, through the same question."""
    admin = open_as("admin")
    admin.goto("/matrix/")
    admin.locator(".matrix-roles a", has_text="Salesperson").click()
    admin.get_by_role("link", name="Compare").click()
    admin.locator("select[name=right]").select_option(label="Clerk")
    admin.locator("form[data-form=compare] button[type=submit]").click()
    admin.locator("[data-only]").click()
    row = admin.locator("tr[data-entity=customer]")
    claim = row.locator("[data-side='0'] .extra", has_text="Claim")
    expect(claim).to_be_visible()
    row.locator("[data-side='0'] [data-edit]").click()
    dialog = admin.locator("dialog[open]")
    dialog.locator("input[name='grant:customer:claim']").uncheck()
    dialog.locator("[data-save]").click()
    save(admin)
    expect(admin.locator("input[name='grant:customer:claim']")).not_to_be_checked()
    admin.go_back()
    expect(claim).to_have_count(0)


def test_the_keyboard_and_the_search_reach_every_box(open_as: "Open") -> None:
    """MATRIX-1: arrows walk, space checks, words narrow lines and columns, drawers open."""
    admin = open_as("admin")
    admin.goto("/matrix/")
    admin.locator(".matrix-roles a", has_text="Clerk").click()
    first = admin.locator("input[name='grant:lead:list']")
    first.focus()
    admin.keyboard.press("ArrowDown")
    admin.keyboard.press("ArrowRight")
    expect(admin.locator("input[name='grant:customer:read']")).to_be_focused()
    admin.keyboard.press("Space")
    expect(admin.locator("[data-matrix-changes]")).to_contain_text("1")
    search = admin.locator("[data-matrix-search]")
    search.fill("customer export")
    expect(admin.locator("tr[data-entity]:visible")).to_have_count(1)
    expect(admin.locator("th[data-operation]:visible")).to_have_count(1)
    search.fill("")
    admin.locator("select[name='scope:customer']").select_option("chosen")
    expect(admin.locator("[data-places]")).to_be_visible()
    admin.locator("select[name='field:customer:mobile']").select_option("hidden")
    expect(admin.locator("[data-matrix-changes]")).to_contain_text("3")


def test_rows_columns_and_modules_are_checked_at_once(open_as: "Open") -> None:
    """MATRIX-1: one button each, over what is in sight; a second press clears again."""
    admin = open_as("admin")
    admin.goto("/matrix/")
    admin.locator(".matrix-roles a", has_text="Finance").click()
    row = admin.locator("tr[data-entity=tag]")
    boxes, ticked = row.locator("input[type=checkbox]"), row.locator("input:checked")
    expect(ticked).not_to_have_count(boxes.count())
    row.locator("[data-row]").click()
    expect(ticked).to_have_count(boxes.count())
    row.locator("[data-row]").click()
    expect(ticked).to_have_count(0)
    column = admin.locator("tr[data-entity]:visible input[name^='grant:'][name$=':export']")
    admin.locator("[data-matrix-search]").fill("customer")
    admin.locator("[data-column=export]").click()
    expect(admin.locator("input[name='grant:customer:export']")).to_be_checked()
    admin.locator("[data-matrix-search]").fill("")
    expect(admin.locator("input[name='grant:lead:export']")).not_to_be_checked()
    admin.locator("[data-column=export]").click()
    assert all(box.is_checked() for box in column.all())
    module = admin.locator("tbody", has=admin.locator("tr[data-entity=lead]"))
    module.locator("[data-module]").click()
    boxes, ticked = (module.locator(f"input[name^='grant:']{more}") for more in ("", ":checked"))
    expect(ticked).to_have_count(boxes.count())
    assert boxes.count() > 40


def test_heads_stay_in_sight_and_leaving_asks(open_as: "Open") -> None:
    """MATRIX-1, UI-6: scrolled to the last corner, names and operations are still there."""
    admin = open_as("admin", viewport={"width": 1100, "height": 500})
    admin.goto("/matrix/")
    admin.locator(".matrix-roles a", has_text="Clerk").click()
    last = admin.locator("tr[data-entity]").last
    admin.locator("input[name='grant:lead:list']").click()
    admin.locator(".matrix-frame").evaluate("frame => frame.scrollTo(1e6, 1e6)")
    expect(last.locator("th")).to_be_in_viewport()
    expect(admin.locator("th[data-operation]").last).to_be_in_viewport()
    expect(admin.locator("th[data-operation]").first).not_to_be_in_viewport()
    asked = []
    admin.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    admin.locator(".matrix-roles a", has_text="Finance").click()
    expect(admin.locator("h1")).to_contain_text("Finance")
    assert asked == ["beforeunload"]
