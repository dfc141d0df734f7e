"""Ways round the front door: choices, history, reports, exports, pools, masks, escalation."""

import io
from datetime import timedelta
from typing import Any

import pytest
import python_calamine
from sqlalchemy import Engine

from app.extensions import db
from app.spec import clock
from tests.contract.calls import (
    Api,
    condition,
    filters_of,
    grant_fields,
    pool_ids,
    role_ids,
    stored,
    user_ids,
    write,
)
from tests.support.matrix import with_changes
from tests.support.snapshot import changed, snapshot
from tests.support.web import hidden_inputs, submit
from tests.support.worlds import World


def test_choices_end_where_the_scope_ends(world: World) -> None:
    """C22: customers to choose from are those one may read, whatever is typed."""
    client = world.client("sales1a")
    for words in ("", "Customer", "03", "1388", "%", "_", "\\"):
        answer = client.get("/contacts/options/customer", query_string={"q": words})
        assert {one["value"] for one in answer.json} <= {1, 2, 6}, words
    assert client.get("/contacts/options/customer?q=%25").json == [], "a wildcard is a character"


def test_choices_are_nobodys_business_elsewhere(world: World) -> None:
    """No right to the entity, unknown fields, fields that are no relation, endless words."""
    client = world.client("sales1a")
    assert client.get("/users/options/roles").status_code == 403
    assert client.get("/customers/options/nope").status_code == 404
    assert client.get("/customers/options/mobile").status_code == 404
    assert client.get(f"/customers/options/owner?q={'x' * 51}").status_code == 400
    assert client.get("/contacts/options/customer?q=%00").status_code == 400


def test_disabled_people_are_not_offered(world: World, engine: Engine) -> None:
    sales1b = user_ids(engine)["sales1b"]
    write(engine, "user", sales1b, is_active=False)
    client = world.client("manager")
    assert client.get("/customers/options/new_owner?q=sales1b").json == []
    answer = Api(world, "manager").bulk("customers", "transfer", [1], {"new_owner": "sales1b"})
    assert answer.status_code == 422


def test_history_of_foreign_records_is_closed(world: World) -> None:
    """C26: the page is 404 with every tab; the log itself needs its own right."""
    client = world.client("sales1a")
    for tab in ("details", "contacts", "team", "history", "nope"):
        assert client.get(f"/customers/show/3?tab={tab}").status_code == 404
    for path in ("/audit/list/", "/audit/show/1", "/api/v1/audit/", "/api/v1/audit/1"):
        assert client.get(path).status_code == 403


def test_history_shows_only_fields_of_its_reader(world: World, engine: Engine) -> None:
    """PERM-6: old and new values are hidden and masked as today's are (T3)."""
    manager = Api(world, "manager")
    assert manager.put("/customers/1", {"annual_revenue": "777.00", "mobile": "13911112222"})
    client = world.client("marketing")
    page = client.get("/customers/show/1?tab=history").text
    assert "777" not in page
    page = world.client("legal").get("/customers/show/1?tab=history").text
    assert "13911112222" not in page
    assert "13880000001" not in page
    assert "139****2222" in page


def test_the_systems_log_tells_its_admin_no_customers(world: World) -> None:
    """Contract §7: the system admin has nothing on customer data, not through the log either."""
    assert Api(world, "manager").put("/customers/1", {"short_name": "zz"}).status_code == 200
    client = world.client("system")
    assert client.get("/audit/list/").status_code == 200
    assert "Customer 01" not in client.get("/audit/list/?size=100").text
    assert "Customer 01" not in client.get("/api/v1/audit/?q=(page_size:100)").text


def test_a_report_belongs_to_its_doer(world: World) -> None:
    """C76: another person gets 404 for the run, its report, its page; the super admin may look."""
    api = Api(world, "manager")
    run = api.bulk("customers", "transfer", [1], {"new_owner": "sales1b"}).json["operation_id"]
    paths = (
        f"/api/v1/operations/{run}",
        f"/api/v1/operations/{run}/report?format=json",
        f"/api/v1/operations/{run}/report?format=xlsx",
        f"/customers/bulk/transfer/report/{run}",
    )
    for path in paths:
        for person, status in (("manager", 200), ("leader1", 404), ("admin", 200)):
            with world.client(person).get(path) as answer:
                assert answer.status_code == status, (path, person)
    assert api.client.get(f"/leads/bulk/transfer/report/{run}").status_code == 404
    assert api.client.get(f"/customers/bulk/delete/report/{run}").status_code == 404
    assert api.client.get(f"/api/v1/operations/{run}/file").status_code == 404


def exported(api: Api, run: int) -> list[list[Any]]:
    """The cells of an export as its doer downloads it."""
    with api.client.get(f"/api/v1/operations/{run}/file") as answer:
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Disposition"].startswith("attachment")
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(answer.data))
    return book.get_sheet_by_index(0).to_python()


def test_an_export_belongs_to_its_doer_and_obeys_the_rights_of_now(
    world: World, engine: Engine
) -> None:
    """C73, C76: nobody else's, only rows still in scope, nothing after the right is gone."""
    api = Api(world, "manager")
    run = api.bulk("customers", "export", [1, 3], {"format": "xlsx"}).json["operation_id"]
    assert {row[0] for row in exported(api, run)[1:]} == {"Customer 01", "Customer 03"}
    for other in ("leader1", "audit", "sales1a"):
        assert world.client(other).get(f"/api/v1/operations/{run}/file").status_code == 404
    write(engine, "customer", 3, owner_id=user_ids(engine)["finance"])
    assert {row[0] for row in exported(api, run)[1:]} == {"Customer 01"}
    take_away(engine, "sales_manager", "customer", "export")
    assert api.client.get(f"/api/v1/operations/{run}/file").status_code == 403


def take_away(engine: Engine, role: str, entity: str, operation: str) -> None:
    """Another process takes an operation away from a role."""
    role_id = role_ids(engine)[role]
    table, version = db.metadata.tables["role_grant"], db.metadata.tables["rights_version"]
    with engine.begin() as connection:
        where = (table.c.role_id == role_id, table.c.entity == entity)
        have = connection.execute(table.select().where(*where)).mappings().one()["operations"]
        left = [one for one in have if one != operation]
        connection.execute(table.update().where(*where).values(operations=left))
        connection.execute(version.update().values(number=version.c.number + 1))


def test_exports_mask_what_lists_mask(world: World, engine: Engine) -> None:
    """EXP-1: a mask that holds in lists holds in a file of many rows."""
    grant_fields(engine, "sales_manager", "customer", mobile={"mask": 1}, email={"level": 0})
    write(engine, "customer", 1, email="hidden@example.com")
    api = Api(world, "manager")
    run = api.bulk("customers", "export", [1], {"format": "xlsx", "columns": "all"}).json
    cells = str(exported(api, run["operation_id"]))
    assert "138****0001" in cells
    assert "13880000001" not in cells
    assert "hidden@example.com" not in cells
    assert "13880000001" in api.get("/customers/1").text, "one record shows it"


def test_exported_text_is_never_a_formula(world: World, engine: Engine) -> None:
    """C72: xlsx has text cells, csv an apostrophe."""
    for number, text in enumerate(("=1+1", "+8613800000000", "-1", "@SUM(A1)", "＝1"), start=1):
        write(engine, "customer", number, short_name=text, name=f"={number}")
    api = Api(world, "admin")
    wanted = {"columns": "all", "format": "xlsx"}
    run = api.bulk("customers", "export", [1, 2, 3, 4, 5], wanted).json
    cells = [cell for row in exported(api, run["operation_id"]) for cell in row]
    assert {"=1+1", "+8613800000000", "-1", "@SUM(A1)", "＝1"} <= set(map(str, cells))
    run = api.bulk("customers", "export", [1, 2], {"columns": "all", "format": "csv"}).json
    with api.client.get(f"/api/v1/operations/{run['operation_id']}/file") as answer:
        body = answer.data.decode("utf-8-sig")
    assert '"\'=1+1"' in body
    assert '"=1' not in body


@pytest.mark.parametrize("person", ["sales1a", "sales2a", "leader1", "manager", "service", "audit"])
def test_pool_rows_stay_apart(world: World, engine: Engine, person: str) -> None:
    """Contract §6: not in the list, the count, the search, the API; only in their pool."""
    api = Api(world, person)
    assert not {11, 12, 13, 14} & api.ids("customers")
    assert api.get("/customers/", search="Customer 11").json["count"] == 0
    assert "Customer 11" not in api.client.get("/customers/list/?size=100").text
    pools = pool_ids(engine)
    inside = {name: api.ids("customers", condition("pool", "eq", i)) for name, i in pools.items()}
    assert inside["Open customers"] == {11}
    is_member = person == "sales2a"
    assert inside["Customers of Sales 2"] == ({12} if is_member else set())
    assert inside["Closed customers"] == set()
    assert api.get("/customers/12").status_code == (200 if is_member else 404)
    assert api.get("/customers/13").status_code == 404
    assert api.client.get("/customers/show/14").status_code == 404


SECRETS = {
    "remark": "secret remark",
    "email": "secret@hidden.example",
    "address": "Secret road 1",
    "credit_code": "SECRET-CODE",
    "main_business": "secret business",
}


def test_a_pool_shows_its_members_its_visible_columns_only(world: World, engine: Engine) -> None:
    """POOL-1, on the detail page, its tabs, the list, REST and the choices of columns."""
    write(engine, "customer", 11, **SECRETS)
    api = Api(world, "sales1a")
    pool = pool_ids(engine)["Open customers"]
    in_pool = [condition("pool", "eq", pool)]
    texts = [
        api.get("/customers/11").text,
        api.get("/customers/", filters=in_pool).text,
        api.get("/customers/", filters=in_pool, columns=["name", "remark", "email"]).text,
        api.client.get("/customers/list/", query_string={"filters": filters_of(*in_pool)}).text,
        *(api.client.get(f"/customers/show/11?tab={t}").text for t in ("", "history", "team")),
        api.bulk("customers", "claim", [11], dry_run=True).text,
        api.client.get("/customers/bulk/claim?id=11").text,
    ]
    for text in texts:
        assert "Customer 11" in text or "11" in text
        assert [secret for secret in SECRETS.values() if secret in text] == []
    for column in SECRETS:
        guess = [*in_pool, condition(column, "not_empty")]
        assert api.get("/customers/", filters=guess).status_code == 400, column
    admin = Api(world, "leader1").get("/customers/11").json["result"]
    assert admin["remark"] == "secret remark", "a pool's admin reads everything"


def test_a_dry_run_of_claiming_tells_what_the_pool_shows(world: World, engine: Engine) -> None:
    """POOL-1, C41: old values are those that reading the record gives, and whose it would be."""
    before = {"obtained_at": stored(engine, "customer", 1)["created_at"]}
    write(engine, "customer", 11, **before, obtained_way="imported", is_followed_up=True)
    told = {}
    for person in ("sales1a", "leader1"):
        api = Api(world, person)
        seen = set(api.get("/customers/11").json["result"])
        sample = api.bulk("customers", "claim", [11], dry_run=True).json["sample"]
        told[person] = {one["field"] for one in sample}
        assert told[person] <= seen, person
        assert {"owner", "pool"} <= told[person], person
    assert {"obtained_at", "obtained_way", "is_followed_up"} <= told["leader1"] - told["sales1a"]


def test_taken_tells_who_was_faster_and_nothing_of_what_came_after(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contract §5: who got what has *meanwhile* left one's pool; afterwards it is a foreign one."""
    people, admin = user_ids(engine), Api(world, "admin")
    to_one = {"to": [people["sales2a"]], "how": "equal"}
    assert admin.bulk("customers", "assign", [11], to_one).json["done"] == 1
    handed = {"new_owner": "manager", "old_owner": "remove"}
    assert admin.bulk("customers", "transfer", [11], handed).json["done"] == 1
    api = Api(world, "sales1a")
    assert api.get("/customers/11").status_code == 404
    for dry_run in (True, False):
        answer = api.bulk("customers", "claim", [11], dry_run=dry_run)
        assert [s["code"] for s in answer.json["skipped"]] == ["taken"]
        assert "Sales2A" in answer.text
        assert "Manager" not in answer.text
    later = clock.now() + timedelta(hours=1, minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    for dry_run in (True, False):
        answer = api.bulk("customers", "claim", [11], dry_run=dry_run)
        assert answer.status_code == 404, answer.text


def test_an_undo_tells_nothing_of_records_that_have_left(world: World, engine: Engine) -> None:
    """BULK-5, C19: what became of a record since is its readers' only, dry run, run and report."""
    people, admin, api = user_ids(engine), Api(world, "admin"), Api(world, "sales1a")
    released = api.bulk(
        "customers", "release", [1, 2], {"pool": pool_ids(engine)["Open customers"]}
    )
    run = released.json["operation_id"]
    to_one = {"to": [people["sales2a"]], "how": "equal"}
    assert admin.bulk("customers", "assign", [1], to_one).json["done"] == 1
    new = Api(world, "sales2a")
    version = new.get("/customers/1").json["result"]["version"]
    assert new.put("/customers/1", {"name": "Renamed since"}, version).status_code == 200
    version = admin.get("/customers/2").json["result"]["version"]
    assert admin.put("/customers/2", {"name": "Still in sight"}, version).status_code == 200
    assert (api.get("/customers/1").status_code, api.get("/customers/2").status_code) == (404, 200)
    page = f"/customers/bulk/undo/{run}"
    texts = [
        api.post(f"/operations/{run}/undo", {"dry_run": True}).text,
        api.client.get(page).text,
        (done := api.post(f"/operations/{run}/undo", {})).text,
    ]
    assert [done.json["done"], len(done.json["skipped"])] == [0, 2], done.text
    number = done.json["operation_id"]
    texts.append(api.get(f"/operations/{number}/report").text)
    texts.append(api.client.get(f"/customers/bulk/undo/report/{number}").text)
    for text in texts:
        assert "Renamed since" not in text
        assert "Sales2A" not in text
    assert "Admin" in texts[0], "who changed what he reads is told"


def test_a_pools_own_columns_hide_even_the_listed_ones(world: World, engine: Engine) -> None:
    pool = pool_ids(engine)["Open customers"]
    table, version = db.metadata.tables["pool"], db.metadata.tables["rights_version"]
    with engine.begin() as connection:
        where = table.update().where(table.c.id == pool)
        connection.execute(where.values(visible_columns=["industry"]))
        connection.execute(version.update().values(number=version.c.number + 1))
    write(engine, "customer", 11, next_contact_at=stored(engine, "customer", 1)["created_at"])
    api = Api(world, "sales1a")
    result = api.get("/customers/11").json["result"]
    assert {"mobile", "next_contact_at", "level"} & set(result) == set()
    page = api.client.get("/customers/show/11").text
    assert "1388" not in page
    assert "Next contact" not in page
    for column in ("mobile", "next_contact_at"):
        order = {"filters": filters_of(condition("pool", "eq", pool)), "order": column}
        assert api.client.get("/customers/list/", query_string=order).status_code == 400


def test_a_dry_run_is_no_oracle_on_masked_values(world: World, engine: Engine) -> None:
    """ "Nothing would change" must not tell a right guess; masks are never stored (C44)."""
    grant_fields(engine, "sales_manager", "customer", mobile={"mask": 2}, address={"mask": 2})
    api = Api(world, "manager")
    answers = [
        api.bulk("customers", "bulk_edit", [1], {"set": {"mobile": guess}}, dry_run=True).json
        for guess in ("13880000001", "13999999999")
    ]
    assert answers[0] == answers[1]
    before = snapshot(engine, db.metadata)
    for mask in ("138****0001", "浙江省****"):
        key = "mobile" if mask[0] == "1" else "address"
        answer = api.bulk("customers", "bulk_edit", [1, 3], {"set": {key: mask}})
        assert answer.status_code == 422
        assert api.put("/customers/3", {key: f"{mask}x"}).status_code == 422
    assert changed(before, snapshot(engine, db.metadata)) == []


def test_an_untouched_mask_keeps_the_value(world: World, engine: Engine) -> None:
    """C44 through the form: what is posted back as it came is not stored."""
    grant_fields(engine, "sales_manager", "customer", mobile={"mask": 2})
    client = world.client("manager")
    page = client.get("/customers/edit/1").text
    assert "13880000001" not in page
    assert "138****0001" in page
    form = {**hidden_inputs(page), "name": "Renamed", "mobile": "138****0001"}
    assert client.post("/customers/edit/1", data=form).status_code == 302
    assert stored(engine, "customer", 1)["mobile"] == "13880000001"
    assert stored(engine, "customer", 1)["name"] == "Renamed"


def test_nobody_hands_out_more_than_he_has(world: World, engine: Engine) -> None:
    """MATRIX-8, C34: system and people admins stay below what they don't hold themselves."""
    roles, users = role_ids(engine), user_ids(engine)
    before = snapshot(engine, db.metadata)
    for person in ("system", "people"):
        api = Api(world, person)
        for target in ("sales1a", person):
            for role in ("super_admin", "sales_manager", "system_admin"):
                if (person, role) == ("system", "system_admin"):
                    continue
                answer = api.put(f"/users/{users[target]}", {"roles": [roles[role]]})
                assert answer.status_code in (403, 422), (person, target, role)
        body = {
            "username": "mallory",
            "name": "M",
            "department": 1,
            "roles": [roles["super_admin"]],
        }
        assert api.post("/users/", body).status_code in (403, 422)
        own = api.put(f"/users/{users[person]}", {"department": 2})
        assert own.status_code in (403, 422)
        reset = api.client.get(f"/users/reset-password/{users['admin']}")
        assert reset.status_code in (403, 422)
    left = set(changed(before, snapshot(engine, db.metadata)))
    assert left <= {"history"}


def test_a_role_beyond_ones_own_rights_is_not_changed_at_all(world: World, engine: Engine) -> None:
    """MATRIX-8: "before and after" is about the whole role, not about the row that was touched."""
    system = world.client("system")
    path = f"/matrix/{role_ids(engine)['sales_manager']}"
    before = snapshot(engine, db.metadata)
    form = with_changes(Api(world, "admin").client.get(path).text, grant__department__list=True)
    form |= {**hidden_inputs(system.get(path).text), "scope:department": "all"}
    assert system.post(path, data=form).status_code == 403
    assert set(changed(before, snapshot(engine, db.metadata))) <= {"history"}


def test_the_last_super_admins_stay_even_together(world: World, engine: Engine) -> None:
    """C34: neither alone nor all at once, whoever asks."""
    users, roles = user_ids(engine), role_ids(engine)
    with engine.begin() as connection:
        connection.execute(
            db.metadata.tables["user_role"].insert(),
            {"user_id": users["finance"], "role_id": roles["super_admin"]},
        )
        version = db.metadata.tables["rights_version"]
        connection.execute(version.update().values(number=version.c.number + 1))
        for key in ("task", "event"):
            connection.execute(db.metadata.tables[key].update().values(owner_id=users["admin"]))
    system = Api(world, "system")
    answer = system.bulk("users", "disable", [users["admin"], users["finance"]])
    assert [s["code"] for s in answer.json["skipped"]] == ["blocked", "blocked"]
    answer = system.bulk("users", "disable", [users["finance"]])
    assert [s["code"] for s in answer.json["skipped"]] == ["blocked"], "that takes a super admin"
    assert Api(world, "admin").bulk("users", "disable", [users["finance"]]).json["done"] == 1
    answer = system.bulk("users", "disable", [users["admin"]])
    assert [s["code"] for s in answer.json["skipped"]] == ["blocked"]


def test_children_follow_their_own_scope_in_every_count(world: World, engine: Engine) -> None:
    """The number on a tab is the number of rows its reader gets (C24)."""
    write(engine, "contact", 3, customer_id=1)
    page = world.client("sales1a").get("/customers/show/1").text
    assert "Contact 03" not in page
    both = world.client("leader1").get("/customers/show/1?tab=contacts").text
    assert "Contact 03" in both


def test_a_form_cannot_move_a_record_out_of_scope(world: World, engine: Engine) -> None:
    """C23, C28, C29: born outside, or given to a parent one may not see."""
    client = world.client("sales1a")
    before = snapshot(engine, db.metadata)
    owner = str(user_ids(engine)["sales1b"])
    assert submit(client, "/customers/add", name="Born outside", owner=owner).status_code == 403
    assert submit(client, "/contacts/edit/1", name="C", customer="3").status_code == 422
    assert set(changed(before, snapshot(engine, db.metadata))) <= {"history"}
