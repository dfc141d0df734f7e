"""Time of check: what was true a second ago opens nothing (C10, CUS-4, MATRIX-9)."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from app.extensions import db
from tests.contract.calls import Api, pool_ids, role_ids, set_role, user_ids, write
from tests.support.company import PASSWORD
from tests.support.worlds import World


def set_seat(engine: Engine, person: str, record: int, until: datetime | None, level: str) -> None:
    """Give or change a team seat behind everybody's back."""
    table, who = db.metadata.tables["team_seat"], user_ids(engine)[person]
    where = (table.c.entity == "customer", table.c.record_id == record, table.c.user_id == who)
    with engine.begin() as connection:
        connection.execute(table.delete().where(*where))
        row = {"entity": "customer", "record_id": record, "user_id": who}
        connection.execute(table.insert().values(**row, level=level, until=until))


@pytest.mark.parametrize("level", ["read", "write"])
def test_a_seat_ends_at_its_second(world: World, engine: Engine, level: str) -> None:
    """Running for a minute more: open; over since a second: 404, on every surface."""
    api = Api(world, "sales1a")
    now = datetime.now(UTC)
    set_seat(engine, "sales1a", 7, now + timedelta(minutes=1), level)
    assert api.get("/customers/7").status_code == 200
    assert api.client.get("/customers/edit/7").status_code == (200 if level == "write" else 404)
    set_seat(engine, "sales1a", 7, now - timedelta(seconds=1), level)
    for path in ("/api/v1/customers/7", "/customers/show/7", "/customers/edit/7"):
        assert api.client.get(path).status_code == 404, path
    assert api.put("/customers/7", {"short_name": "x"}).status_code == 404
    assert 7 not in api.ids("customers")


def test_a_write_seat_gives_no_more_than_editing(world: World, engine: Engine) -> None:
    """PERM-3: never delete, transfer, release, team, export-all."""
    set_role(engine, "clerk1", "sales_manager")
    set_seat(engine, "clerk1", 7, None, "write")
    api = Api(world, "clerk1")
    assert api.put("/customers/7", {"short_name": "x"}).status_code == 200
    assert api.delete("/customers/7", version=2).status_code == 404
    params = {
        "transfer": {"new_owner": "clerk1"},
        "release": {"pool": pool_ids(engine)["Open customers"]},
        "add_team": {"users": ["sales1a"]},
        "bulk_edit": {"set": {"level": "A"}},
        "export": {},
        "delete": {},
    }
    for slug, given in params.items():
        answer = api.bulk("customers", slug, [7], given)
        codes = [skip["code"] for skip in answer.json["skipped"]]
        assert (answer.json["done"], codes) == (0, ["not_permitted"]), slug


def token_client(world: World, username: str) -> FlaskClient:
    """A program with an access token of that person."""
    client = world.app.test_client()
    login = {"username": username, "password": PASSWORD, "provider": "db"}
    token = client.post("/api/v1/security/login", json=login).json["access_token"]
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def test_a_disabled_person_is_out_on_the_next_request(world: World, engine: Engine) -> None:
    browser, program = world.client("sales1a"), token_client(world, "sales1a")
    assert browser.get("/customers/list/").status_code == 200
    assert program.get("/api/v1/customers/").status_code == 200
    write(engine, "user", user_ids(engine)["sales1a"], is_active=False)
    assert browser.get("/customers/list/").status_code == 302
    assert browser.get("/api/v1/customers/").status_code == 401
    assert program.get("/api/v1/customers/").status_code == 401


def test_disabling_through_the_page_works_at_once(world: World, engine: Engine) -> None:
    """The same by the product's own operation: the person owns nothing, so he may go."""
    person = user_ids(engine)["legal"]
    with engine.begin() as connection:
        for key in ("task", "event"):
            connection.execute(db.metadata.tables[key].update().values(owner_id=1))
    browser = world.client("legal")
    assert browser.get("/customers/list/").status_code == 200
    assert Api(world, "system").bulk("users", "disable", [person]).json["done"] == 1
    assert browser.get("/customers/list/").status_code == 302


def test_a_role_taken_away_is_gone_on_the_next_request(world: World, engine: Engine) -> None:
    browser = world.client("sales1a")
    assert browser.get("/customers/list/").status_code == 200
    person = user_ids(engine)["sales1a"]
    system = Api(world, "admin")
    answer = system.put(f"/users/{person}", {"roles": [role_ids(engine)["legal"]]})
    assert answer.status_code == 200, answer.text
    assert browser.get("/leads/list/").status_code == 403
    assert browser.get("/customers/add").status_code == 403
    assert "138****0001" in browser.get("/customers/list/").text, "and the new one holds"


def test_moving_house_changes_the_scope_at_once(world: World, engine: Engine) -> None:
    """PERM-1: the owner's current department decides."""
    leader, people = Api(world, "leader1"), user_ids(engine)
    assert {1, 2, 3} <= leader.ids("customers")
    table = db.metadata.tables["department"]
    with engine.connect() as connection:
        marketing = (
            connection.execute(table.select().where(table.c.name == "Marketing"))
            .mappings()
            .one()["id"]
        )
    admin = Api(world, "admin")
    moved = admin.put(f"/users/{people['sales1a']}", {"department": marketing})
    assert moved.status_code == 200, moved.text
    assert not {1, 2} & leader.ids("customers")
    assert leader.get("/customers/1").status_code == 404


ELSEWHERE = """
import sys
from sqlalchemy import text
from app import create_app
from config import settings
from app.extensions import db
from app.store import access
from app.store.context import system_scope

application = create_app({**settings({"CRM_INSTANCE": sys.argv[1], "DATABASE_URL": sys.argv[2]})})
with application.app_context(), system_scope("another process changes rights"):
    db.session.execute(
        text("DELETE FROM user_role WHERE user_id = (SELECT id FROM user_account "
             "WHERE username = 'sales1a')")
    )
    access.touch()
    db.session.commit()
"""


def test_what_another_process_changes_holds_on_the_next_request(world: World) -> None:
    """MATRIX-9: rights are cached per version, and the version is in the database."""
    browser = world.client("sales1a")
    assert browser.get("/customers/list/").status_code == 200
    world.is_dirty = True
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore",
            "-c",
            ELSEWHERE,
            world.app.config["CRM_INSTANCE"],
            world.server.url(world.name),
        ],
        cwd=Path(__file__).parents[2],
        env={**os.environ},
        timeout=120,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-500:]
    assert browser.get("/customers/list/").status_code == 403


def test_a_pool_closed_a_moment_ago_is_closed(world: World, engine: Engine) -> None:
    """Claiming, reading and listing stop with the next request (POOL-1)."""
    member = Api(world, "sales2a")
    pool = pool_ids(engine)["Customers of Sales 2"]
    assert member.get("/customers/12").status_code == 200
    answer = Api(world, "admin").put(f"/pools/{pool}", {"member_departments": [1]})
    assert answer.status_code == 200, answer.text
    assert member.get("/customers/12").status_code == 404
    assert member.bulk("customers", "claim", [12]).status_code == 404
