"""Rights that change while one worker is at a job: asked anew for each chunk of any kind (C40)."""

from functools import partial
from html import unescape
from typing import Any

import pytest
from sqlalchemy import Engine

from app.jobs import exporting
from app.operations.exporting import behaviour
from app.store import listing
from tests.contract.calls import Api, grant_fields, set_role, user_ids
from tests.contract.test_bulk import rows_in
from tests.contract.test_exports import fetch, lines
from tests.contract.test_imports import csv_of, send
from tests.contract.test_jobs import MANY, fill, started
from tests.support.working import work_off, work_on
from tests.support.worlds import World

ROWS = 2_100
"""So many that even a dry run of an import is a job."""


def transfer(_world: World, engine: Engine, api: Api) -> int:
    return started(api, "transfer", fill(engine), {"new_owner": "sales1b"})[0]


def undo(world: World, engine: Engine, api: Api) -> int:
    _job, run = started(api, "transfer", fill(engine), {"new_owner": "sales1b"})
    work_off(world)
    number: int = api.post(f"/operations/{run}/undo", {}).json["job_id"]
    return number


def imported(_world: World, _engine: Engine, api: Api, *, dry_run: bool = False) -> int:
    rows = csv_of([["Name"], *([f"Imported {n}"] for n in range(ROWS))])
    number: int = send(api, "customers", rows, dry_run=dry_run).json["job_id"]
    return number


def exported(_world: World, engine: Engine, api: Api) -> int:
    return started(api, "export", fill(engine), {"format": "csv"})[0]


STARTED = {
    "transfer": transfer,
    "undo": undo,
    "import": imported,
    "dry run": partial(imported, dry_run=True),
    "export": exported,
}
ALL = {"transfer": MANY, "undo": MANY, "import": ROWS, "dry run": ROWS, "export": MANY}


def there(engine: Engine) -> tuple[Any, ...]:
    """All that a job may have changed or made."""
    customers = rows_in(engine, "customer")
    return customers, rows_in(engine, "export_part"), rows_in(engine, "history", entity="customer")


@pytest.mark.parametrize("kind", STARTED)
def test_a_job_stops_when_its_person_may_no_longer(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """C40: the chunks before stay, not a row more, and it says so; given back, it goes on."""
    monkeypatch.setattr(behaviour, "AT_ONCE", 20)
    monkeypatch.setattr(listing, "BATCH", 100)
    api, then = Api(world, "manager"), list[Any]()
    job = STARTED[kind](world, engine, api)

    def lose() -> None:
        set_role(engine, "manager", "auditor")
        then.append((there(engine), rows_in(engine, "job", id=job)[0]["done"]))

    work_on(world, 2, lose)
    [(before, done)] = then
    [ended] = rows_in(engine, "job", id=job)
    assert (ended["state"], ended["error_code"]) == ("failed", "not_permitted")
    assert there(engine) == before
    assert 0 < done < ALL[kind]
    assert ended["done"] == (0 if kind == "export" else done), "of a file that isn't whole nothing"
    assert ended["error"] in unescape(api.client.get("/notifications/").text)
    set_role(engine, "manager", "sales_manager")
    assert api.post(f"/jobs/{job}/retry", {}).status_code == 200
    work_off(world)
    [ended] = rows_in(engine, "job", id=job)
    assert (ended["state"], ended["done"]) == ("done", ALL[kind])


def test_a_job_does_nothing_to_what_is_out_of_reach_by_then(world: World, engine: Engine) -> None:
    """C40: the operation is still permitted, but for his own records only."""
    ids, api = fill(engine), Api(world, "manager")
    job, run = started(api, "lock", ids, {"reason": "tender"})
    work_on(world, 1, partial(set_role, engine, "manager", "salesperson"))
    [ended] = rows_in(engine, "job", id=job)
    assert (ended["state"], ended["done"], ended["skipped"]) == ("done", 500, MANY - 500)
    assert len(rows_in(engine, "customer", is_locked=True, lock_reason="tender")) == 500
    left = rows_in(engine, "operation_item", operation_id=run, outcome="skipped")
    assert {item["code"] for item in left} == {"gone"}


def test_no_file_mixes_two_states_of_rights(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C25, C40: a mask that comes while it is written holds from the first row on."""
    monkeypatch.setattr(behaviour, "AT_ONCE", 20)
    monkeypatch.setattr(listing, "BATCH", 100)
    monkeypatch.setattr(exporting, "BATCHES", 1)
    ids, api = fill(engine, 500, mobile="13800138000"), Api(world, "manager")
    job, run = started(api, "export", ids, {"format": "xlsx", "columns": "all"})
    mask = partial(grant_fields, engine, "sales_manager", "customer", mobile={"mask": 2})
    work_on(world, 3, mask)
    assert rows_in(engine, "job", id=job)[0]["done"] == 500
    [head, *rows] = lines(fetch(api, run).data)
    place = next(i for i, name in enumerate(head) if name in ("Mobile", "手机"))
    assert {row[place] for row in rows} == {"138****8000"}


def test_an_import_that_was_begun_by_somebody_disabled_ends(world: World, engine: Engine) -> None:
    """C40: of a kind that asks for other rights too."""
    api = Api(world, "manager")
    job = imported(world, engine, api)
    user = user_ids(engine)["manager"]

    def disable() -> None:
        table = listing.db.metadata.tables["user_account"]
        with engine.begin() as connection:
            connection.execute(table.update().where(table.c.id == user).values(is_active=False))

    work_on(world, 1, disable)
    [ended] = rows_in(engine, "job", id=job)
    assert (ended["state"], ended["error_code"], ended["done"]) == ("failed", "not_permitted", 499)
