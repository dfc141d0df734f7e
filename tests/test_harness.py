"""The fixtures themselves, on both kinds of database: fresh, equal to the company, fast."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page
from sqlalchemy import Engine, func, inspect, select, text
from sqlalchemy.exc import DBAPIError

from app.extensions import db
from app.spec.catalogue import catalogue
from tests.support.company import company
from tests.support.snapshot import changed, snapshot
from tests.support.web import log_in
from tests.support.worlds import World


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_starts_from_the_same_rows(world: World, engine: Engine, turn: int) -> None:
    """The second turn would find what the first one wrote."""
    table = catalogue.get("follow_up").model.__table__
    with engine.begin() as connection:
        rows = connection.scalar(select(func.count()).select_from(table))
        assert rows == len(company().rows["follow_up"]), turn
        connection.execute(table.delete())
    assert world.is_dirty


def test_snapshot_of_a_whole_world_sees_one_changed_row(engine: Engine) -> None:
    before = snapshot(engine, db.metadata)
    assert changed(before, snapshot(engine, db.metadata)) == []
    with engine.begin() as connection:
        connection.execute(text("UPDATE lead SET name = 'other' WHERE id = 1"))
    assert changed(before, snapshot(engine, db.metadata)) == ["lead"]


def test_people_are_logged_in_without_a_password_check(
    log_in_as: Callable[[str], FlaskClient], client: FlaskClient
) -> None:
    assert client.get("/").status_code == 302
    for person in company().users:
        assert log_in_as(person).get("/").status_code == 200, person


def test_people_can_log_in_through_the_form(client: FlaskClient) -> None:
    assert log_in(client, "sales1a").get("/").status_code == 200


@pytest.mark.browser
def test_browser_opens_pages_as_somebody(page_as: Callable[[str], Page]) -> None:
    page = page_as("sales1a")
    answer = page.goto("/")
    assert answer is not None
    assert answer.status == 200
    assert page.locator("h1").count() == 1


WRITTEN = (
    "UPDATE history SET operation = 'other'",
    "DELETE FROM preference",
    "INSERT INTO tag (name, name_key, version) VALUES ('new', 'new', 1)",
    "ALTER TABLE tag ADD COLUMN extra INTEGER",
)


@pytest.mark.parametrize("written", WRITTEN)
def test_a_renewed_world_is_as_the_first(world: World, engine: Engine, written: str) -> None:
    """Guarded rows, rows that came, numbers that were given, and what is no row."""
    before, last = snapshot(engine, db.metadata), next_of(engine)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        elif "history" in written:
            connection.execute(text("DROP TRIGGER history_keeps_UPDATE"))
        connection.execute(text(written))
    world.renew()
    assert changed(before, snapshot(engine, db.metadata)) == ["rights_version"]
    assert next_of(engine) == last
    with engine.connect() as connection, pytest.raises(DBAPIError):
        connection.execute(text("UPDATE history SET operation = 'other'"))
    assert "extra" not in {column["name"] for column in inspect(engine).get_columns("tag")}


def next_of(engine: Engine) -> int:
    """The number that the next tag gets."""
    table = catalogue.get("tag").model.__table__
    with engine.connect() as connection:
        row = {"name": "next", "name_key": "next"}
        number = connection.execute(table.insert().values(row).returning(table.c.id)).scalar_one()
        connection.rollback()
    return int(number)
