"""Users by import (IMP, issue 4): offered, in both languages, and taken back."""

import pytest
from sqlalchemy import Engine

from tests.contract.test_bulk import rows_in
from tests.contract.test_import_resuming import in_portions_of
from tests.contract.test_imports import counts, csv_of, reader, reasons, send
from tests.support.working import work_off
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


def chart(engine: Engine) -> dict[str, str | None]:
    """Who is above whom, by their usernames."""
    people = {row["id"]: row for row in rows_in(engine, "user_account")}
    return {
        row["username"]: people[row["superior_id"]]["username"] if row["superior_id"] else None
        for row in people.values()
    }


def test_rows_that_together_close_a_circle_are_seen_together(world: World, engine: Engine) -> None:
    """ORG, C79: each is fine by itself; the dry run sees the second one as the run does."""
    rows = [["clerk1", "audit"], ["audit", "marketing"], ["marketing", "clerk1"]]
    data, how = csv_of([["username", "superior"], *rows]), {"mode": "update"}
    api = reader(world, "admin", "en")
    dry = send(api, "users", data, options=how, dry_run=True)
    done = send(api, "users", data, options=how)
    assert counts(dry) == counts(done) == (0, 2, 0, 1)
    assert reasons(dry) == reasons(done)
    assert "circle" in reasons(done)[4]
    now = chart(engine)
    assert (now["clerk1"], now["audit"]) == ("audit", "marketing")
    assert now["marketing"] != "clerk1"


def test_a_new_person_is_nobodys_superior_within_his_own_file(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C79: a dry run can't know him, and where a portion ends decides nothing."""
    where = [rows_in(engine, "department")[0]["name"]]
    where += [role["name"] for role in rows_in(engine, "role", code="salesperson")]
    rows = [["new1", "New 1", *where, None], ["new2", "New 2", *where, "new1"]]
    data = csv_of([["username", "name", "department", "roles", "superior"], *rows])
    for size in (1, 2):
        world.renew()
        in_portions_of(size, monkeypatch)
        api = reader(world, "admin", "en")
        dry = send(api, "users", data, dry_run=True)
        begun = send(api, "users", data).json
        work_off(world)
        report = api.get(f"/imports/{begun['import_id']}/report").json
        [failed] = report["failed"]
        assert report["created"] == 1
        assert reasons(dry) == {3: f"{failed['code']}: {failed['reason']}"}
    again = send(api, "users", data)
    work_off(world)
    assert again.status_code == 202
    assert chart(engine)["new2"] == "new1"
