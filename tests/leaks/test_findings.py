"""The 20 findings of reliability §0, each as a test against our product; names cite the number."""

import threading
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from app.extensions import db
from app.operations.rules import Rules
from app.spec.catalogue import catalogue
from app.spec.errors import Conflict
from app.store import history
from tests.contract.calls import Api, condition, filters_of, grant_fields, stored, user_ids, write
from tests.support.snapshot import changed, snapshot
from tests.support.web import hidden_inputs, submit
from tests.support.worlds import World


@pytest.mark.parametrize("ids", [[3], [1, 3], [1, 99_999], [1, 9]])
def test_01_bulk_ids_out_of_scope_stop_everything(
    world: World, engine: Engine, ids: list[int]
) -> None:
    """Foreign, mixed, never existing, deleted: 404, and not even the own rows are touched (C20)."""
    api = Api(world, "sales1a")
    before = snapshot(engine, db.metadata)
    seats = {"users": ["sales2a"], "level": "read"}
    assert api.bulk("customers", "add_team", ids, seats).status_code == 404
    hidden = hidden_inputs(api.client.get("/customers/bulk/add_team?id=1").text)
    form = {**hidden, "ids": ids, "step": "run", "users": "2", "level": "read"}
    assert api.client.post("/customers/bulk/add_team", data=form).status_code == 404
    assert changed(before, snapshot(engine, db.metadata)) == []


def test_01_bulk_by_filter_reaches_the_operations_scope_only(world: World, engine: Engine) -> None:
    api = Api(world, "sales1a")
    everything = {"filters": [], "dry_run": True}
    answer = api.bulk("customers", "add_team", params={"users": ["sales2a"]}, **everything).json
    assert answer["total"] == 2, "the own two, not the one with a seat, not one of the others"
    named = condition("name", "in", ["Customer 01", "Customer 03"])
    answer = api.bulk(
        "customers", "add_team", params={"users": ["sales2a"]}, filters=[named], dry_run=True
    ).json
    assert answer["total"] == 1


def test_02_related_lists_forms_and_choices_are_scoped(world: World, engine: Engine) -> None:
    """A contact of one's own at a colleague's customer tells nothing of that customer."""
    write(engine, "contact", 1, customer_id=3)
    api = Api(world, "sales1a")
    assert api.get("/contacts/1").json["result"]["customer"] is None
    for path in ("/contacts/list/", "/contacts/show/1", "/contacts/show/1?tab=history"):
        assert "Customer 03" not in api.client.get(path).text
    assert api.client.get("/contacts/options/customer?q=Customer 03").json == []
    info = api.get("/contacts/_info")
    assert info.status_code == 200
    assert "Customer 0" not in info.text


def test_02_children_of_a_record_are_scoped_by_their_own_owner(
    world: World, engine: Engine
) -> None:
    """PERM-3: reading the parent gives no right to the child."""
    write(engine, "contact", 3, customer_id=1)
    page = world.client("sales1a").get("/customers/show/1?tab=contacts").text
    assert "Contact 01" in page
    assert "Contact 03" not in page


HIDDEN_COLUMNS = ("annual_revenue", "no_such", "password", "owner.password", "deleted_at", "id")


@pytest.mark.parametrize("column", HIDDEN_COLUMNS)
def test_03_no_oracle_on_columns_one_may_not_see(world: World, column: str) -> None:
    """Filter, order and chosen columns: 400 whatever the value (C43); marketing sees no revenue."""
    api = Api(world, "marketing")
    verdicts = set()
    for value in ("1", "2"):
        wanted = filters_of(condition(column, "eq", value))
        verdicts.add(api.client.get("/customers/list/", query_string={"filters": wanted}).status)
        verdicts.add(api.get("/customers/", filters=[condition(column, "eq", value)]).status)
    assert verdicts == {"400 BAD REQUEST"}
    for path in ("", "-"):
        if column != "id":
            assert api.client.get(f"/customers/list/?order={path}{column}").status_code == 400
    answer = api.get("/customers/", order_column=column, order_direction="asc")
    assert answer.status_code == (200 if column == "id" else 400)
    if column != "id":
        assert api.get("/customers/", columns=["name", column]).status_code == 400


def test_03_masked_columns_are_no_oracle_either(world: World) -> None:
    """Legal reads masked phones: no filter, no order, no search by their digits (PERM-6)."""
    api = Api(world, "legal")
    assert "1388****0001" not in api.get("/customers/1").text
    assert "138****0001" in api.get("/customers/1").text
    assert api.get("/customers/", filters=[condition("mobile", "sw", "138")]).status_code == 400
    assert api.get("/customers/", search="13880000001").json["ids"] == []
    assert api.get("/customers/", search="0001").json["ids"] == []
    page = api.client.get("/customers/list/").text
    assert "13880000001" not in page


@pytest.mark.parametrize("slug", ["claim"])
def test_03_claiming_by_filter_is_no_oracle_on_pool_rows(
    world: World, engine: Engine, slug: str
) -> None:
    """A pool shows its members few columns: no other one may steer a selection (POOL-1)."""
    write(engine, "customer", 11, remark="secret plan", email="boss@hidden.example")
    api = Api(world, "sales1a")
    for column, value in (("remark", "secret"), ("email", "boss")):
        answer = api.bulk("customers", slug, filters=[condition(column, "ct", value)], dry_run=True)
        assert answer.status_code == 400, answer.text
    fine = api.bulk("customers", slug, filters=[condition("name", "ct", "11")], dry_run=True)
    assert fine.json["total"] == 1


@pytest.mark.parametrize(
    "wrong",
    [
        [{"col": "nope", "opr": "eq", "value": 1}],
        [{"col": "name", "opr": "nope", "value": 1}],
        [{"col": "name", "opr": "eq"}],
        [{"col": "name"}],
        [{"name": "x"}],
        ["name"],
        [{"col": "name", "opr": "eq", "value": "x", "more": 1}],
        [{"and": []}],
        [{"and": [], "or": []}],
        [{"or": [{"col": "nope", "opr": "eq", "value": 1}]}],
        "name",
        {"col": "name", "opr": "eq", "value": "x"},
        [{"col": "updated_at", "opr": "between", "value": ["2026-01-01"]}],
        [{"col": "updated_at", "opr": "between", "value": ["2026-01-01"] * 3}],
        [{"col": "updated_at", "opr": "between", "value": "2026-01-01"}],
        [{"col": "updated_at", "opr": "within", "value": "some_day"}],
        [{"col": "updated_at", "opr": "within", "value": {}}],
        [{"col": "updated_at", "opr": "gt", "value": "9999-12-31T23:59:59-14:00"}],
        [{"col": "owner", "opr": "eq", "value": "@nobody"}],
        [{"col": "name", "opr": "eq", "value": "@me"}],
        [{"col": "name", "opr": "eq", "value": {"a": 1}}],
        [{"col": "name", "opr": "in", "value": [["x"]]}],
        [{"col": "owner", "opr": "eq", "value": 10**30}],
        [{"col": "is_locked", "opr": "eq", "value": "maybe"}],
        [{"col": "name", "opr": "eq", "value": "\x00"}],
        [{"col": "name", "opr": "eq", "value": "\ud800"}],
    ],
)
def test_04_a_wrong_filter_is_refused_never_dropped(world: World, wrong: Any) -> None:
    """400 on the list, in the API and in a bulk selection: "all that match" is never "all"."""
    api = Api(world, "manager")
    address = {"filters": filters_of(*wrong)} if isinstance(wrong, list) else {"filters": "name"}
    assert api.client.get("/customers/list/", query_string=address).status_code == 400
    body = {"filters": wrong, "params": {"set": {"level": "A"}}, "dry_run": True}
    assert api.post("/customers/bulk/bulk_edit", body).status_code == 400
    if "ud800" not in repr(wrong):
        assert api.get("/customers/", filters=wrong).status_code == 400


def test_04_a_filter_nested_without_end_is_refused(world: World) -> None:
    """C61: depth is no way to a 500."""
    api = Api(world, "manager")
    for depth in (7, 200, 450, 5_000):
        text = '{"and":[' * depth + '{"col":"name","opr":"empty"}' + "]}" * depth
        answer = api.client.get("/customers/list/", query_string={"filters": f"[{text}]"})
        assert answer.status_code == 400, depth
        raw = f'{{"filters":[{text}],"dry_run":true}}'
        answer = api.client.post(
            "/api/v1/customers/bulk/delete",
            data=raw,
            headers=api.headers,
            content_type="application/json",
        )
        assert answer.status_code == 400, depth


PROTECTED: dict[str, Any] = {
    "id": 77,
    "owner": "sales1b",
    "owner_id": 2,
    "version": 77,
    "created_at": "2020-01-01T00:00:00Z",
    "created_by": 1,
    "updated_at": "2020-01-01T00:00:00Z",
    "updated_by": 1,
    "deleted_at": "2020-01-01T00:00:00Z",
    "deleted_by_id": 1,
    "delete_batch": "x",
    "pool": 1,
    "pooled_at": None,
    "previous_owner": 1,
    "obtained_at": None,
    "obtained_way": "claimed",
    "is_locked": True,
    "locked_until": None,
    "lock_reason": "x",
    "deal_status": "won",
    "won_at": None,
    "name_sort": "a",
    "name_key": "a",
    "contacts": [1],
    "team": [1],
    "is_followed_up": True,
    "last_follow_up_at": None,
}


@pytest.mark.parametrize("key", PROTECTED)
def test_05_protected_columns_are_refused_on_every_channel(
    world: World, engine: Engine, key: str
) -> None:
    """422 and not stored: API create, API edit, form, bulk edit (C35)."""
    api = Api(world, "manager")
    page = hidden_inputs(api.client.get("/customers/edit/1").text)
    before = snapshot(engine, db.metadata)
    body = {key: PROTECTED[key]}
    if key != "owner":
        assert api.post("/customers/", {"name": "new", **body}).status_code == 422
    assert api.put("/customers/1", body).status_code == 422
    form = {**page, "name": "Customer 01", key: str(PROTECTED[key])}
    assert api.client.post("/customers/edit/1", data=form).status_code == 422
    assert api.bulk("customers", "bulk_edit", [1], {"set": body}).status_code == 422
    assert changed(before, snapshot(engine, db.metadata)) == []


def test_05_a_converted_lead_stays_what_it_is(world: World, engine: Engine) -> None:
    api = Api(world, "manager")
    before = snapshot(engine, db.metadata)
    for key in ("is_converted", "converted_at", "customer", "invalid_reason"):
        assert api.put("/leads/1", {key: None}).status_code == 422
    assert changed(before, snapshot(engine, db.metadata)) == []


def test_05_the_answer_to_a_write_hides_what_reading_hides(world: World, engine: Engine) -> None:
    """The stock API dumps the edit schema: phone and salary came back."""
    set_hidden(engine, "sales_manager", "customer", "annual_revenue")
    write(engine, "customer", 1, annual_revenue=777)
    api = Api(world, "manager")
    answer = api.put("/customers/1", {"short_name": "x"})
    assert answer.status_code == 200
    assert "annual_revenue" not in answer.json["result"]
    assert "777" not in answer.text


@pytest.mark.parametrize("verb", ["POST", "PUT", "DELETE"])
def test_06_the_api_wants_a_token_from_a_cookie(world: World, engine: Engine, verb: str) -> None:
    """No token, a wrong one, somebody else's: 400, nothing written (C49)."""
    client = world.client("manager")
    before = snapshot(engine, db.metadata)
    paths = {"POST": "/api/v1/customers/", "PUT": "/api/v1/customers/1"}
    others = Api(world, "sales1a").headers
    for headers in ({}, {"X-CSRFToken": "x"}, others):
        answer = client.open(
            paths.get(verb, "/api/v1/contacts/1"),
            method=verb,
            json={"name": "x"},
            headers={**headers, "If-Match": '"1"'},
        )
        assert answer.status_code == 400
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = client.open(paths.get(verb, "/api/v1/contacts/1"), method=verb, content_type=kind)
        assert answer.status_code in (400, 415)
    assert changed(before, snapshot(engine, db.metadata)) == []


def test_07_no_form_acts_without_its_token_and_no_get_acts(world: World, engine: Engine) -> None:
    client = world.client("admin")
    before = snapshot(engine, db.metadata)
    for path in (
        "/customers/delete/1",
        "/customers/bulk/delete?id=1",
        "/customers/bulk/claim?id=11",
    ):
        assert client.get(path).status_code == 200
    for path in ("/customers/delete/1", "/customers/add", "/customers/edit/1"):
        assert client.post(path, data={"name": "x"}).status_code == 400
    form = {"ids": "1", "step": "run"}
    assert client.post("/customers/bulk/delete", data=form).status_code == 400
    assert changed(before, snapshot(engine, db.metadata)) == []


def test_12_the_host_header_leads_nowhere(world: World) -> None:
    """An unknown host is refused before anything is answered; ours never redirects away (C14)."""
    client = world.app.test_client()
    answer = client.get("/login/?next=/customers/list/", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert "evil" not in str(answer.headers)
    for wanted in (
        "//evil.example",
        "https:evil.example",
        "/\\evil.example",
        "http://evil.example",
    ):
        client = world.app.test_client()
        page = client.get("/login/", query_string={"next": wanted}).text
        answer = client.post(
            "/login/",
            query_string={"next": wanted},
            data={
                **hidden_inputs(page),
                "username": "sales1a",
                "password": "Kites over the harbour 2026",
            },
        )
        assert answer.status_code == 302, answer.text
        assert "evil" not in answer.location


def test_14_a_unique_clash_reveals_nothing(world: World, engine: Engine) -> None:
    """409 with the field's name: no SQL, no parameters, nothing of the other record (C47, C58)."""
    write(engine, "customer", 3, email="secret@hidden.example")
    api = Api(world, "sales1a")
    taken = catalogue.get("customer").samples[0]["name"]
    owner = Api(world, "sales1b")
    assert owner.post("/customers/", {"name": taken, "remark": "hush"}).status_code == 201
    before = snapshot(engine, db.metadata)
    answer = api.post("/customers/", {"name": taken})
    assert answer.status_code == 409
    assert answer.json["code"] == "duplicate"
    assert list(answer.json["fields"]) == ["name"]
    page = submit(api.client, "/customers/add", name=taken, mobile="13912345678")
    assert page.status_code == 409
    assert "13912345678" in page.text, "nothing typed is lost"
    following = api.client.get("/customers/list/").text
    for text in (answer.text, page.text, following):
        for mark in ("INSERT", "UNIQUE", "uq_", "[SQL", "parameters", "hush", "sqlite"):
            assert mark not in text
    assert changed(before, snapshot(engine, db.metadata)) == []


class Veto(Rules):
    """Refuses every change after others of the request were made."""

    def before_change(self, entity: Any, record_id: int, before: Any, values: Any) -> None:
        values["remark"] = "dirty"
        history.record_event("denied", subject="written before the veto")
        raise Conflict

    def before_create(self, entity: Any, values: Any) -> None:
        history.record_event("denied", subject="written before the veto")
        raise Conflict


def test_15_a_veto_leaves_nothing(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the value, not the version, not even what was written before in the same request."""
    api = Api(world, "manager")
    page = hidden_inputs(api.client.get("/customers/edit/1").text)
    monkeypatch.setitem(vars(catalogue.get("customer")), "rules", Veto())
    before = snapshot(engine, db.metadata)
    assert api.put("/customers/1", {"remark": "vetoed"}, Idempotency_Key="k1").status_code == 409
    assert api.post("/customers/", {"name": "vetoed"}).status_code == 409
    form = {**page, "name": "Customer 01", "remark": "vetoed"}
    assert api.client.post("/customers/edit/1", data=form).status_code == 409
    answer = api.bulk("customers", "bulk_edit", [1], {"set": {"remark": "vetoed"}})
    assert [s["code"] for s in answer.json["skipped"]] == ["invalid"]
    # what follows in the same process commits; nothing dirty may go along
    assert Api(world, "sales1b").put("/customers/3", {"name": "x"}).status_code == 409
    assert stored(engine, "customer", 1)["remark"] is None
    assert stored(engine, "customer", 1)["version"] == 1
    left = set(changed(before, snapshot(engine, db.metadata)))
    assert left <= {"history", "operation_run", "operation_item"}, "the run with its one skip"
    with engine.connect() as connection:
        table = history.History.__table__
        vetoed = connection.execute(table.select().where(table.c.subject.like("%veto%"))).all()
    assert len(vetoed) <= 1, "only the bulk run, which committed its report"


def test_16_no_request_gets_another_threads_filter(world: World) -> None:
    """R13, C88: 4 threads x 300 filtered lists on one application object, pages and API."""
    wrong: list[str] = []
    clients = [world.client("admin") for _ in range(4)]

    def work(client: FlaskClient, number: int) -> None:
        mine, other = f"Customer {number:02}", f"Customer {number + 1:02}"
        wanted = filters_of(condition("name", "eq", mine))
        for turn in range(300):
            if turn % 2:
                answer = client.get("/customers/list/", query_string={"filters": wanted})
                body = answer.text.partition("<tbody")[2].partition("</tbody")[0]
            else:
                answer = client.get(
                    "/api/v1/customers/",
                    query_string={"q": f"(filters:!((col:name,opr:eq,value:'{mine}')))"},
                )
                body = answer.text
            if answer.status_code != 200 or mine not in body or other in body:
                wrong.append(f"{answer.status_code} {mine}")

    threads = [
        threading.Thread(target=work, args=(client, number))
        for number, client in enumerate(clients, start=1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    "path",
    [
        "/customers/list/?size=100000000",
        "/customers/list/?size=abc",
        "/customers/list/?size=-1",
        "/customers/list/?page=0",
        "/customers/list/?page=-1",
        "/customers/list/?page=abc",
        "/customers/list/?page=99999999999999999999",
        "/customers/list/?junk=1",
        "/customers/list/?view=nope",
        "/customers/list/?order=nope",
        "/customers/list/?order=--name",
        "/customers/list/?order=-",
        "/customers/list/?search=" + "x" * 201,
        "/customers/list/?filters=%7B",
        "/customers/list/?_flt_0_name=1",
        "/customers/list/?psize_CustomerView=1000000",
        "/customers/show/1?junk=1",
        "/customers/edit/1?junk=1",
        "/customers/delete/1?junk=1",
        "/customers/add?junk=1",
        "/customers/options/owner?junk=1",
        "/customers/bulk/delete?id=1&junk=1",
        "/customers/bulk/delete?id=abc",
        "/api/v1/customers/?junk=1",
        "/api/v1/customers/?q=(page_size:101)",
        "/api/v1/customers/?q=(page_size:0)",
        "/api/v1/customers/?q=(page_size:-1)",
        "/api/v1/customers/?q=(page_size:abc)",
        "/api/v1/customers/?q=(page:99999999999999)",
        "/api/v1/customers/?q=(junk:1)",
        "/api/v1/customers/?q=(((",
        "/api/v1/customers/?q=!(1)",
        "/api/v1/customers/?q=(order_column:name,order_direction:up)",
        "/api/v1/customers/1?junk=1",
        "/api/v1/customers/1?q=(junk:1)",
        "/api/v1/customers/1?q=(columns:!(nope))",
        "/api/v1/customers/_info?junk=1",
    ],
)
def test_17_junk_arguments_are_refused(world: World, path: str) -> None:
    """400 within the page, never 500, never ignored (C61)."""
    assert world.client("manager").get(path).status_code == 400


def test_17_unknown_operations_are_not_found(world: World) -> None:
    api = Api(world, "manager")
    for slug in ("nope", "list", "create", "__class__"):
        assert api.bulk("customers", slug, [1]).status_code == 404
        assert api.client.get(f"/customers/bulk/{slug}?id=1").status_code == 404


def test_18_saving_keeps_links_that_the_form_cannot_show(world: World, engine: Engine) -> None:
    """A disabled person stays a pool's member although no picker offers him any more."""
    ids = user_ids(engine)
    admin = Api(world, "admin")
    assert admin.put("/pools/2", {"members": [ids["sales1a"], ids["sales1b"]]}).status_code == 200
    with engine.begin() as connection:
        table = catalogue.get("user").model.__table__
        connection.execute(
            table.update().where(table.c.id == ids["sales1b"]).values(is_active=False)
        )
    page = admin.client.get("/pools/edit/2").text
    form = {**hidden_inputs(page), "name": "Renamed", "is_enabled": "y"}
    form["members"] = [str(ids["sales1a"]), str(ids["sales1b"])]
    form["admins"] = [str(ids["leader1"])]
    assert admin.client.post("/pools/edit/2", data=form).status_code == 302
    members = {one["id"] for one in admin.get("/pools/2").json["result"]["members"]}
    assert members == {ids["sales1a"], ids["sales1b"]}


def test_20_a_role_named_like_another_gets_nothing_of_it(world: World, engine: Engine) -> None:
    """Codes are compared whole; a new role has none, whatever it is called (C38)."""
    admin = Api(world, "admin")
    made = []
    for name in ("super_admin", "super_admin_2", "Super", "sales_manager.*", ".*"):
        answer = admin.post("/roles/", {"name": name})
        assert answer.status_code == 201
        made.append(answer.json["id"])
        assert admin.post("/roles/", {"name": name, "code": "super_admin"}).status_code == 422
    me = user_ids(engine)["sales1a"]
    with engine.begin() as connection:
        table = db.metadata.tables["user_role"]
        connection.execute(table.delete().where(table.c.user_id == me))
        connection.execute(table.insert(), [{"user_id": me, "role_id": role} for role in made])
        version = db.metadata.tables["rights_version"]
        connection.execute(version.update().values(number=version.c.number + 1))
    client = world.client("sales1a")
    for path in ("/customers/list/", "/users/list/", "/matrix/", "/api/v1/customers/"):
        assert client.get(path).status_code == 403, path


def test_20_the_frameworks_own_security_pages_are_not_there(world: World) -> None:
    client = world.client("admin")
    for path in (
        "/userinfo/",
        "/resetmypassword/form",
        "/permissions/list/",
        "/viewmenus/list/",
        "/permissionviews/list/",
        "/registeruser/list/",
        "/swagger/v1",
        "/api/v1/security/users/",
        "/api/v1/security/roles/",
        "/api/v1/menu/",
    ):
        assert client.get(path).status_code == 404, path


def set_hidden(engine: Engine, role: str, entity: str, *keys: str) -> None:
    """Hide fields from a role, as an administrator would in the matrix."""
    grant_fields(engine, role, entity, **{key: {"level": 0} for key in keys})
