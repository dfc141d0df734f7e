"""Users by import (IMP, issue 4): offered, in both languages, and taken back."""

import pytest
from sqlalchemy import Engine

from tests.contract.test_bulk import rows_in
from tests.contract.test_imports import counts, csv_of, reader, reasons, send
from tests.support.worlds import World

NAMES = ("new1", "new2")
HEADINGS = {
    "zh": ["用户名", "姓名", "部门", "角色", "直属上级"],
    "en": ["Username", "Name", "Department", "Roles", "Superior"],
}


@pytest.mark.parametrize("language", HEADINGS)
def test_users_are_imported_in_either_language_and_taken_back(
    world: World, engine: Engine, language: str
) -> None:
    """IMP, BULK-5: whoever may create them finds it; the undo leaves nobody who could log in."""
    api = reader(world, "people", language)
    page = api.client.get("/users/list/").text
    assert 'href="/users/import"' in page
    assert api.client.get("/users/import").status_code == 200
    assert reader(world, "sales1a").client.get("/users/import").status_code == 403
    department = rows_in(engine, "department")[0]
    [role] = rows_in(engine, "role", code="salesperson")
    english = language == "en"
    said = [one["name_en"] if english else one["name"] for one in (department, role)]
    rows = [[name, f"New {name}", *said, "manager"] for name in NAMES]
    done = send(api, "users", csv_of([HEADINGS[language], *rows]))
    assert counts(done) == (2, 0, 0, 0), reasons(done)
    [made] = rows_in(engine, "user_account", username="new1")
    assert made["department_id"] == department["id"]
    shown = api.get(f"/users/{made['id']}").json["result"]
    assert [one["id"] for one in shown["roles"]] == [role["id"]]
    run = api.get(f"/imports/{done.json['import_id']}").json["operation_id"]
    undone = api.post(f"/operations/{run}/undo", {})
    assert (undone.status_code, undone.json["done"]) == (200, 2), undone.text
    left = [row for name in NAMES for row in rows_in(engine, "user_account", username=name)]
    assert [row["is_active"] for row in left] == [False, False]
