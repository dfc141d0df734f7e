"""POOL-1: what a pool shows its members is chosen on its form, and nothing else gets out."""

from typing import Any

from sqlalchemy import Engine, select

from app.extensions import db
from app.spec.catalogue import catalogue
from app.store.pools import POOL_FIELDS, shown_in_pools
from tests.contract.calls import Api, condition, filters_of, pool_ids, stored, write
from tests.support.web import submit
from tests.support.worlds import World


def choose(world: World, pool: int, *columns: str) -> Any:
    """The super admin chooses what the pool shows."""
    api = Api(world, "admin")
    version = api.get(f"/pools/{pool}").headers["ETag"].strip('"')
    return api.put(f"/pools/{pool}", {"visible_columns": list(columns)}, int(version))


def test_members_see_what_was_chosen_at_once(world: World, engine: Engine) -> None:
    """By form and by REST; kept in the history with names, and obeyed by the next request."""
    pool = pool_ids(engine)["Open customers"]
    write(engine, "customer", 11, remark="chosen remark", short_name="unchosen")
    page = world.client("admin").get(f"/pools/edit/{pool}").text
    assert 'name="visible_columns"' in page
    client = world.client("admin")
    chosen = {"name": "Open customers", "is_enabled": "1", "visible_columns": ["remark", "level"]}
    answer = submit(client, f"/pools/edit/{pool}", **chosen)
    assert answer.status_code == 302, answer.text
    assert stored(engine, "pool", pool)["visible_columns"] == ["level", "remark"], "in their order"
    api = Api(world, "sales1a")
    result = api.get("/customers/11").json["result"]
    assert result["remark"] == "chosen remark"
    assert {"mobile", "short_name", "source"} & set(result) == set()
    shown = api.client.get(f"/pools/show/{pool}").text
    assert "chosen remark" in shown
    assert "unchosen" not in shown
    history = client.get(f"/pools/show/{pool}?tab=history").text
    assert "Visible columns" in history
    assert "Remark" in history
    log = db.metadata.tables["history"]
    with engine.connect() as connection:
        where = (log.c.entity == "pool", log.c.operation == "edit")
        changes = connection.scalars(select(log.c.changes).where(*where)).one()
    assert changes["visible_columns"] == [[], ["level", "remark"]]
    assert choose(world, pool).status_code == 200
    assert "mobile" in api.get("/customers/11").json["result"], "none: the columns of the list"


def test_filters_orders_sums_and_words_keep_to_them(world: World, engine: Engine) -> None:
    """C24, C43: what isn't shown can't be asked for either, by no way."""
    pool = pool_ids(engine)["Open customers"]
    write(engine, "customer", 11, annual_revenue="777.00")
    assert choose(world, pool, "industry", "created_at").status_code == 200
    api, inside = Api(world, "sales1a"), condition("pool", "eq", pool)
    hidden = ("mobile", "level", "annual_revenue", "previous_owner", "obtained_at")
    for column in hidden:
        asked = api.get("/customers/", filters=[inside, condition(column, "not_empty")])
        assert asked.status_code == 400, column
        ordered = {"filters": filters_of(inside), "order": column}
        assert api.client.get("/customers/list/", query_string=ordered).status_code == 400, column
    write(engine, "customer", 11, industry="it")
    assert api.ids("customers", inside, condition("industry", "eq", "it")) == {11}
    assert api.get("/customers/", filters=[inside], search="80000011").json["count"] == 0
    assert api.get("/customers/", filters=[inside], search="Customer 11").json["ids"] == [11]
    sums = api.client.get("/customers/sums", query_string={"filters": filters_of(inside)})
    assert "777" not in sums.text
    found = api.client.get("/search/?q=80000011")
    assert "Customer 11" not in found.text
    admin = Api(world, "leader1")
    assert admin.get("/customers/", filters=[inside], search="80000011").json["ids"] == [11]


def test_only_fields_of_its_kind(world: World, engine: Engine) -> None:
    """Bad input: a lead's field for customers, nonsense, what is always shown."""
    pools = pool_ids(engine)
    answer = choose(world, pools["Open customers"], "company", "name_en")
    assert answer.status_code == 422
    assert "Company" in str(answer.json["fields"]["visible_columns"])
    for wrong in ("nonsense", "name", "pool"):
        assert choose(world, pools["Open leads"], wrong).status_code == 422, wrong
    assert choose(world, pools["Open leads"], "company").status_code == 200
    new = {"name": "New", "kind": "leads", "is_enabled": True, "visible_columns": ["deal_status"]}
    assert Api(world, "admin").post("/pools/", new).status_code == 422
    made = Api(world, "admin").post("/pools/", new | {"visible_columns": ["company"]})
    assert made.status_code == 201, made.text


def test_every_field_can_be_chosen() -> None:
    codes = set(POOL_FIELDS.codes())
    for entity in (one for one in catalogue if one.is_pooled):
        assert set(shown_in_pools(entity)) <= codes
    assert "Customers" in POOL_FIELDS.find("deal_status").label.en  # type: ignore[union-attr]
    assert "(" not in POOL_FIELDS.find("remark").label.en  # type: ignore[union-attr]
