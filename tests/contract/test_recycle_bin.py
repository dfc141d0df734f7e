"""The recycle bin (CUS-3): who deleted what, back again exactly as it was, or gone for good."""

from typing import Any

import pytest
from sqlalchemy import Engine, func, or_, select, text

from app.extensions import db
from app.spec.catalogue import catalogue
from app.store import search_index
from app.store.context import system_scope
from app.store.purging import attached
from tests.contract.calls import Api, pool_ids, stored, write
from tests.generated.browser import Person
from tests.support.statements import count_statements
from tests.support.web import hidden_inputs
from tests.support.worlds import World

TOLD = {"version", "updated_at", "updated_by_id", "deleted_at", "deleted_by_id", "delete_batch"}
BINNED = [entity.key for entity in catalogue if "purge" in entity.operations]


def rows_of(engine: Engine, *keys: str) -> dict[str, list[dict[str, Any]]]:
    """Every row of these entities and of what hangs on them, without what a write leaves."""
    tables = [catalogue.get(key).model.__table__ for key in keys]
    tables += [t for t in db.metadata.sorted_tables if t.name.endswith(("_tags", "_seat", "star"))]
    with engine.connect() as connection:
        return {
            t.name: [
                {k: v for k, v in row.items() if k not in TOLD}
                for row in connection.execute(t.select().order_by(*t.primary_key)).mappings()
            ]
            for t in tables
        }


def dress(api: Api, engine: Engine) -> None:
    """A customer with tags, a team, a lock, two contacts and a star; the second one is primary."""
    customer = api.bulk("customers", "add_tags", [1], {"tags": ["VIP"]})
    assert customer.json["done"] == 1
    api.bulk("contacts", "add_tags", [1], {"tags": ["VIP"]})
    api.bulk("customers", "add_team", [1], {"users": ["finance"], "level": "write"})
    api.bulk("customers", "lock", [1], {"reason": "tender"})
    api.post("/contacts/", {"name": "Second", "customer": 1})
    api.client.post("/customers/star/1", headers=api.headers)
    for number in (1, 3):
        write(engine, "customer", number, primary_contact_id=max(contacts_of(engine, number)))


def contacts_of(engine: Engine, customer: int) -> list[int]:
    table = catalogue.get("contact").model.__table__
    with engine.connect() as connection:
        return list(connection.scalars(select(table.c.id).where(table.c.customer_id == customer)))


def test_delete_and_restore_give_back_exactly_the_same_rows(world: World, engine: Engine) -> None:
    api = Api(world, "manager")
    dress(api, engine)
    before = rows_of(engine, "customer", "contact", "lead")
    assert api.bulk("customers", "delete", [1, 3]).json["done"] == 2
    assert api.bulk("customers", "restore", [1, 3]).json["done"] == 2
    assert rows_of(engine, "customer", "contact", "lead") == before


def test_the_bin_shows_who_deleted_what_and_what_went_along(world: World, engine: Engine) -> None:
    """Only what one may restore or purge, newest first; what went along stands with its parent."""
    manager = Api(world, "leader1")
    assert "Customer 09" in manager.client.get("/recycle-bin/").text
    assert manager.bulk("customers", "delete", [1]).json["done"] == 1
    page = manager.client.get("/recycle-bin/").text
    assert page.index("Customer 01") < page.index("Customer 09")
    assert "1 × Contacts" in page
    assert "Leader1" in page
    assert "Contact 01" not in page, "it went along"
    assert "Customer 10" not in page, "of another department"
    assert "/customers/bulk/restore?id=1" in page
    assert "bulk/purge" not in page, "nobody but the super admin"
    assert "/customers/bulk/purge?id=1" in Api(world, "admin").client.get("/recycle-bin/").text
    leads = manager.client.get("/recycle-bin/?kind=leads").text
    assert "Lead 09" in leads
    assert "Customer" not in leads.partition("<tbody>")[2]
    for who, path, status in (
        ("sales1a", "/recycle-bin/", 403), ("audit", "/recycle-bin/", 403),
        ("leader1", "/recycle-bin/?kind=tags", 404), ("leader1", "/recycle-bin/?kind=x", 404),
        ("leader1", "/recycle-bin/?wrong=1", 400),
    ):  # fmt: skip
        assert world.client(who).get(path).status_code == status, (who, path)
    assert "/recycle-bin/" in manager.client.get("/notifications/").text
    assert "/recycle-bin/" not in world.client("sales1a").get("/notifications/").text


def test_the_bin_takes_few_statements_however_full_it_is(world: World, engine: Engine) -> None:
    api, counts = Api(world, "leader1"), []
    for ids in ([1], [2, 3, 4]):
        assert api.bulk("customers", "delete", ids).json["done"] == len(ids)
        api.client.get("/recycle-bin/")
        with count_statements() as seen:
            assert api.client.get("/recycle-bin/").status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 8


def test_purge_leaves_no_row_of_it_anywhere(world: World, engine: Engine) -> None:
    """Children deleted along, links, seats, stars, search; the history keeps a last line."""
    api = Api(world, "admin")
    dress(api, engine)
    contacts = contacts_of(engine, 1)
    assert api.bulk("customers", "delete", [1]).json["done"] == 1
    asked = api.client.get("/customers/bulk/purge?id=1").text
    assert "Customer 01" in asked[asked.index("bulk-scope") :], "one record is called by its name"
    dry = api.bulk("customers", "purge", [1], dry_run=True)
    assert dry.json["will_change"] == 1
    assert stored(engine, "customer", 1)
    assert api.bulk("customers", "purge", [1]).json["done"] == 1
    gone = {"customer": [1], "contact": contacts}
    assert orphans(world, engine, gone) == []
    with engine.connect() as connection:
        told = connection.execute(
            text("SELECT entity, record_id, subject FROM history WHERE operation = 'purge'")
        ).all()
    noted = {i for entity, i, _subject in told if entity == "follow_up"}
    assert noted, "what was noted of it goes too, whenever it was deleted"
    gone["follow_up"] = sorted(noted)
    assert orphans(world, engine, gone) == []
    assert {(entity, i) for entity, i, _subject in told} == {
        (key, i) for key, ids in gone.items() for i in ids
    }
    assert all(subject for _entity, _id, subject in told)
    assert api.bulk("customers", "restore", [1]).status_code == 404


def orphans(world: World, engine: Engine, gone: dict[str, list[int]]) -> list[str]:
    """The tables in which something still names one of these records: all of them are walked."""
    found: list[str] = []
    keys = {catalogue.get(key).model.__tablename__: ids for key, ids in gone.items()}
    with engine.connect() as connection:
        for table in db.metadata.sorted_tables:
            for column in table.c:
                targets = {key.column.table.name for key in column.foreign_keys}
                targets |= {n for n in keys if column.name in (f"{n}_id", f"primary_{n}_id")}
                targets |= {table.name} if column.name == "id" else set()
                found += [
                    f"{table.name}.{column.name}"
                    for name in targets & set(keys)
                    if connection.scalar(select(func.count()).where(column.in_(keys[name])))
                ]
            if table in attached():
                hung = [
                    (table.c.entity == key) & table.c.record_id.in_(ids)
                    for key, ids in gone.items()
                ]
                n = connection.scalar(select(func.count()).where(or_(*hung)))
                found += [table.name] if n else []
        for key, ids in gone.items():
            with world.app.app_context(), system_scope("walk the search index"):
                side = search_index.side_table(catalogue.get(key))
                id_name = "id" if engine.dialect.name == "postgresql" else "rowid"
            wanted = ", ".join(map(str, ids))
            query = text(f"SELECT count(*) FROM {side} WHERE {id_name} IN ({wanted})")  # noqa: S608
            found += [side] if connection.scalar(query) else []
    return found


def test_every_table_that_names_records_is_known() -> None:
    """A table with its own way of naming a record would be left behind by a purge."""
    assert {"team_seat", "star"} <= {table.name for table in attached()}
    for table in db.metadata.sorted_tables:
        names = {column.name for column in table.c}
        is_told = table.name in (
            "history",
            "operation_item",
            "hand_over_item",
            "import_line",
            "outbox",
        )
        assert "record_id" not in names or "entity" in names or is_told, table.name


def test_what_something_points_at_is_not_purged(world: World, engine: Engine) -> None:
    """Said with how many and where; a contact that its customer merely names as primary may go."""
    api = Api(world, "admin")
    write(engine, "lead", 1, customer_id=2)
    assert api.delete("/contacts/3").status_code == 200
    assert api.bulk("customers", "delete", [2, 3]).json["done"] == 2
    run = api.bulk("customers", "purge", [2, 3], dry_run=True).json
    assert [(one["id"], one["code"]) for one in run["skipped"]] == [(2, "blocked"), (3, "blocked")]
    assert "1 × Leads" in run["skipped"][0]["reason"]
    assert "1 × Contacts" in run["skipped"][1]["reason"], "deleted by itself before"
    assert api.bulk("contacts", "purge", [3]).json["done"] == 1
    assert stored(engine, "customer", 3)["primary_contact_id"] is None
    write(engine, "lead", 1, customer_id=None)
    assert api.bulk("customers", "purge", [2, 3]).json["done"] == 2
    assert Api(world, "manager").bulk("customers", "purge", [9]).status_code == 403


def test_purging_asks_and_says_that_it_is_for_good(world: World) -> None:
    admin = Api(world, "admin").client
    page = admin.get("/customers/bulk/purge?id=14").text
    assert "for good" in page
    inputs = hidden_inputs(page)
    answer = admin.post("/customers/bulk/purge", data={**inputs, "ids": "14"})
    assert answer.status_code == 302
    assert "/recycle-bin/?kind=customers" in admin.get(answer.location).text


def test_deleting_says_what_goes_along_or_stands_in_the_way(world: World, engine: Engine) -> None:
    admin = Api(world, "admin")
    assert "1 × Contacts" in admin.client.get("/customers/delete/1").text
    question = admin.client.get(f"/pools/delete/{pool_ids(engine)['Open customers']}").text
    assert "/customers/list/?filters=" in question
    assert '<button type="submit" class="btn btn-danger"' not in question


@pytest.mark.parametrize("key", BINNED)
def test_restore_says_which_value_is_taken(world: World, engine: Engine, key: str) -> None:
    """C102: for every unique value of every entity; a name frees up when its record is deleted."""
    entity, api = catalogue.get(key), Api(world, "admin")
    unique = [d for f in entity.fields.values() for d in f.derived if d.is_unique]
    if not unique:
        return
    body = {**entity.samples[0]}
    made = [api.post(f"/{entity.plural}/", body).json["id"]]
    assert api.post(f"/{entity.plural}/", body).status_code == 409
    assert api.bulk(entity.plural, "delete", made).json["done"] == 1
    assert api.post(f"/{entity.plural}/", body).status_code == 201
    answer = api.bulk(entity.plural, "restore", made).json
    assert [one["code"] for one in answer["skipped"]] == ["duplicate"]


@pytest.mark.parametrize(("who", "may_restore"), [("manager", True), ("sales1a", False)])
def test_whoever_may_restore_is_led_to_the_bin(world: World, who: str, may_restore: bool) -> None:
    person = Person(who, world.client(who))
    form = hidden_inputs(person.get("/contacts/delete/1").text)
    answer = person.post("/contacts/delete/1", form)
    assert answer.status_code == 302, answer.text
    page = person.get("/contacts/list/").text
    assert "Moved to the recycle bin." in page
    link = '<a href="/contacts/list/?view=deleted">Open the recycle bin</a>'
    assert (link in page) is may_restore
    assert person.get("/contacts/list/?view=deleted").status_code == (200 if may_restore else 403)
