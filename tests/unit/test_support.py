"""The tests' own tools, where a mistake would let the product's mistakes pass."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, insert

from app.store import accounts
from tests.oracle import Oracle
from tests.support.catalogues import mistakes
from tests.support.company import PEOPLE, company
from tests.support.databases import SqliteServer
from tests.support.exemptions import EXEMPTIONS, unexplained
from tests.support.halves import BACKEND, is_lopsided
from tests.support.snapshot import changed, snapshot
from tests.support.statements import count_statements
from tests.support.web import hidden_inputs
from tests.support.worlds import World


def test_hidden_inputs_are_read_whatever_their_order_and_quotes() -> None:
    html = (
        "<input value='1 &amp; 2' name='a' type='hidden'><input type=\"text\" name=\"b\">"
        '<INPUT TYPE="hidden" NAME="c"><input type="hidden" value="no name">'
    )
    assert hidden_inputs(html) == {"a": "1 & 2", "c": ""}


@pytest.mark.parametrize(
    ("sqlite", "postgresql", "verdict"), [(3, 3, False), (3, 4, False), (3, 2, True), (1, 0, True)]
)
def test_smaller_postgresql_half_is_lopsided(
    sqlite: int, postgresql: int, *, verdict: bool
) -> None:
    assert is_lopsided(Counter(sqlite=sqlite, postgresql=postgresql)) is verdict


@pytest.mark.parametrize(
    ("node", "backend"),
    [
        ("t.py::f[sqlite]", "sqlite"),
        ("t.py::f[postgresql-customer-edit]", "postgresql"),
        ("t.py::f[customer-sqlite-edit]", "sqlite"),
        ("t.py::f[my_sqlite_case]", None),
        ("t.py::test_sqlite", None),
    ],
    ids=["alone", "first", "middle", "part", "name"],
)
def test_database_of_a_test_is_told_by_its_parameter(node: str, backend: str | None) -> None:
    found = BACKEND.search(node)
    assert (found.group(1) if found else None) == backend


@pytest.mark.parametrize(
    ("translated", "wrong"),
    [
        ("共 %(n)s 行", []),
        ("", ["is empty"]),
        ("共 %(m)s 行", ["has other placeholders: 共 %(m)s 行"]),
        ("共行", ["has other placeholders: 共行"]),
        (None, ["is missing"]),
    ],
)
def test_catalogue_mistakes_are_named(translated: str | None, wrong: list[str]) -> None:
    catalogue = Catalog(locale="zh")
    if translated is not None:
        catalogue.add("%(n)s rows", translated)
    assert list(mistakes(Message("%(n)s rows"), catalogue)) == wrong


def test_fuzzy_translation_is_a_mistake() -> None:
    catalogue = Catalog(locale="zh")
    catalogue.add("Save", "保存", flags={"fuzzy"})
    assert list(mistakes(Message("Save"), catalogue)) == ["is fuzzy"]


def test_snapshot_names_the_table_that_changed_and_statements_are_counted() -> None:
    metadata = MetaData()
    tables = [
        Table(name, metadata, Column("id", Integer, primary_key=True))
        for name in ("thing", "other", "user_session")
    ]
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    before = snapshot(engine, metadata)
    assert set(before) == {"thing", "other"}
    with count_statements() as asked, engine.begin() as connection:
        connection.execute(insert(tables[0]).values(id=1))
        connection.execute(insert(tables[2]).values(id=1))
    assert len(asked) == 2
    assert changed(before, snapshot(engine, metadata)) == ["thing"]
    engine.dispose()


def test_the_note_of_each_minute_belongs_to_no_request(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "TOUCH_EVERY", timedelta(0))
    client = world.client("manager")
    client.get("/customers/list/")
    with count_statements() as often:
        client.get("/customers/list/")
    monkeypatch.undo()
    with count_statements() as seldom:
        client.get("/customers/list/")
    assert list(often) == list(seldom)


def test_exemption_that_covers_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXEMPTIONS, "nouns", {"a.py": "because it is so"})
    assert unexplained("nouns", ["a.py line 3"]) == []
    assert unexplained("nouns", ["b.py line 3"]) == [
        "b.py line 3",
        "a.py: stale exemption from 'nouns'",
    ]


def test_file_databases_are_copied_and_dropped_whole(tmp_path: Path) -> None:
    server = SqliteServer(tmp_path)
    engine = create_engine(server.url("one"))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE thing (id INTEGER)")
    engine.dispose()
    server.settle("one")
    server.copy("one", "two")
    assert server.path("two").read_bytes() == server.path("one").read_bytes()
    server.drop("two")
    assert [path.name for path in tmp_path.iterdir()] == ["one.sqlite"]


def test_company_has_a_row_for_everybody_to_be_refused() -> None:
    """Whoever may list sees rows of each kind, and who is scoped not all of them."""
    oracle = Oracle(company())
    for key, rows in company().rows.items():
        alive = {row.id for row in rows if not row.is_deleted and row.pool is None}
        for person in PEOPLE:
            seen = oracle.visible(person.name, key, "list")
            if oracle.granting(person.name, key, "list")[:1]:
                assert seen, (person.name, key)
            if {"salesperson", "clerk"} & set(person.roles):
                assert seen < alive, (person.name, key)
    assert {role for person in PEOPLE for role in person.roles} == {
        grant.role for grant in oracle.grants
    }
