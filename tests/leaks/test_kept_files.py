"""Kept files outlive no right to what they hold, by whatever way it was read (EXP-3, C76)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text, update

from app.extensions import db
from app.operations.exporting import behaviour
from tests.contract.calls import Api, pool_ids, role_ids, user_ids
from tests.leaks.test_right_now import set_seat
from tests.support.working import work_off
from tests.support.worlds import World

READ_BY = {"scope": ("leader1", 3), "pool": ("leader1", 10), "seat": ("leader1", 4)}
"""By which way somebody reads the record that a follow-up belongs to."""


def bump(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE rights_version SET number = number + 1"))


def lose(engine: Engine, how: str) -> None:
    """Another process takes away what he reads the record by."""
    who = user_ids(engine)["leader1"]
    if how == "scope":
        grant = db.metadata.tables["role_grant"]
        mine = (grant.c.role_id == role_ids(engine)["sales_manager"], grant.c.entity == "customer")
        with engine.begin() as connection:
            connection.execute(update(grant).where(*mine).values(scope="self"))
    elif how == "pool":
        admins = db.metadata.tables["pool_admins"]
        mine = (admins.c.pool_id == pool_ids(engine)["Open customers"], admins.c.user_id == who)
        with engine.begin() as connection:
            connection.execute(admins.delete().where(*mine))
    else:
        set_seat(engine, "leader1", 6, datetime.now(UTC) - timedelta(seconds=1), "read")
    bump(engine)


def kept(world: World, api: Api) -> int:
    """The number of an export of all his follow-ups, written by a job."""
    answer = api.bulk("follow-ups", "export", filters=[], params={"format": "csv"})
    assert answer.status_code == 202, answer.text
    work_off(world)
    number: int = answer.json["operation_id"]
    return number


def fetch(api: Api, run: int) -> Any:
    return api.client.get(f"/api/v1/operations/{run}/file", buffered=True)


@pytest.mark.parametrize("how", READ_BY)
def test_a_file_of_attached_rows_ends_with_the_right_to_their_records(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """EXP-3, C76, decision 0032: such rows come by their records: scope, pools, seats in teams."""
    monkeypatch.setattr(behaviour, "AT_ONCE", 1)
    person, row = READ_BY[how]
    if how == "seat":
        set_seat(engine, person, 6, None, "read")
    api = Api(world, person)
    assert api.get(f"/follow-ups/{row}").status_code == 200
    run = kept(world, api)
    assert fetch(api, run).status_code == 200
    lose(engine, how)
    assert api.get(f"/follow-ups/{row}").status_code == 404
    answer = fetch(api, run)
    assert (answer.status_code, answer.json["code"]) == (403, "not_permitted")


def test_wider_rights_keep_it(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More seats than at the time take nothing away; a file that says nothing of them is none."""
    monkeypatch.setattr(behaviour, "AT_ONCE", 1)
    api = Api(world, "leader1")
    run = kept(world, api)
    set_seat(engine, "leader1", 6, None, "read")
    assert fetch(api, run).status_code == 200
    file = db.metadata.tables["export_file"]
    with engine.begin() as connection:
        [grounds] = connection.scalars(file.select().with_only_columns(file.c.grounds))
        del grounds["parents"]
        connection.execute(update(file).values(grounds=grounds))
    assert fetch(api, run).status_code == 403
