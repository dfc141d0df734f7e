"""Exports (EXP-2, EXP-3, C73-C76): files of jobs, who may fetch them, how long, what is told."""

import hashlib
import io
import tracemalloc
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook
from sqlalchemy import Engine, func, select, text, update

from app.extensions import db
from app.jobs import exporting
from app.operations.exporting import behaviour, drafts, writers
from app.operations.exporting.table import table_for
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.errors import StorageFull
from app.store import access, exports, listing, sweeping
from app.store.context import acting_as
from tests.contract.calls import Api, grant_fields, set_role, user_ids, write
from tests.contract.test_bulk import rows_in
from tests.contract.test_jobs import fill, job_of
from tests.support.web import hidden_inputs
from tests.support.working import work_off
from tests.support.worlds import World

FEW, MANY = 20, 53
"""Rows that are exported at once, and rows of a job of three chunks, in these tests."""
ALL = {"format": "xlsx", "columns": "all", "reason": "fair in May"}


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same limits a hundred times smaller: what is tested is what happens at them."""
    monkeypatch.setattr(behaviour, "AT_ONCE", FEW)
    monkeypatch.setattr(listing, "BATCH", 10)
    monkeypatch.setattr(exporting, "BATCHES", 2)
    monkeypatch.setattr(drafts, "PORTION", 1_000)


def asked(api: Api, ids: list[int], **params: Any) -> tuple[int, int]:
    """The numbers of the job and of the export."""
    answer = api.bulk("customers", "export", ids, {**ALL, **params})
    assert answer.status_code == 202, answer.text
    return answer.json["job_id"], answer.json["operation_id"]


def fetch(api: Api, run: int) -> Any:
    return api.client.get(f"/api/v1/operations/{run}/file", buffered=True)


def lines(data: bytes) -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()


def logged(engine: Engine, kind: str) -> list[dict[str, Any]]:
    return [row["changes"] for row in rows_in(engine, "history", operation=kind)]


def outcomes(api: Api, run: int) -> dict[str, int]:
    """What the report of an export says of its rows, counted; the workbook says the same."""
    told = Counter(row["outcome"] for row in api.get(f"/operations/{run}/report").json["rows"])
    book = api.client.get(f"/api/v1/operations/{run}/report?format=xlsx", buffered=True)
    words = {"done": "done", "not done": "pending", "skipped": "skipped"}
    assert Counter(words[line[2]] for line in lines(book.data)[1:]) == told
    return told


def parts(engine: Engine) -> int:
    with engine.connect() as connection:
        table = exports.ExportPart.__table__
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_a_large_export_is_a_file_of_its_maker(world: World, engine: Engine) -> None:
    """EXP-3, C74: written chunk by chunk, stored whole, logged with its fingerprint."""
    ids, api = fill(engine, MANY), Api(world, "manager")
    job, run = asked(api, ids)
    work_off(world, chunks=4)  # a worker that is stopped: what it wrote is lost with it
    assert (job_of(api, job)["done"], parts(engine)) == (MANY, 0)
    assert fetch(api, run).status_code == 404, "nothing of it is there before all of it is"
    assert api.get(f"/exports/{run}").json["download"] is None
    work_off(world)
    ended = job_of(api, job)
    assert (ended["state"], ended["done"], ended["total"]) == ("done", MANY, MANY)
    assert ended["download"] == f"/api/v1/operations/{run}/file"
    file = fetch(api, run)
    assert file.status_code == 200
    assert parts(engine) > 1
    about = api.get(f"/exports/{run}").json
    assert (about["state"], about["count"], about["size"], about["fetched"]) == (
        *("ready", MANY, len(file.data)),
        1,
    )
    assert about["sha256"] == hashlib.sha256(file.data).hexdigest()
    assert [row[0] for row in lines(file.data)[1:]] == ids
    [entry] = logged(engine, "export")
    assert (entry["sha256"], entry["count"]) == (about["sha256"], MANY)
    assert (entry["columns"], entry["reason"], entry["ids"]) == ("all", "fair in May", ids)
    assert [e["run"] for e in logged(engine, "export_fetched")] == [run]
    page = api.client.get("/exports/").text
    assert "fair in May" in page
    assert f"/api/v1/operations/{run}/file" in page
    assert api.get("/exports/").json["ids"] == [run]
    for who in ("leader1", "admin"):
        other = Api(world, who)
        assert fetch(other, run).status_code == 404, "its maker's only, whoever else asks"
        assert other.get(f"/exports/{run}").status_code == 404
        assert other.get("/exports/").json["ids"] == []


def test_its_time_ends(world: World, engine: Engine) -> None:
    """C76: after seven days it can't be fetched, and the clock removes it; the log stays."""
    api = Api(world, "manager")
    _job, run = asked(api, fill(engine, MANY))
    small = api.bulk("customers", "export", fill(engine, 3), ALL).json["operation_id"]
    work_off(world)
    assert (fetch(api, run).status_code, fetch(api, small).status_code) == (200, 200)
    with world.app.app_context():
        assert sweeping.sweep()["exports"] == 0
    with engine.begin() as connection:
        table = exports.Export.__table__
        assert {clock.now() + timedelta(days=7) - t < timedelta(minutes=5)
                for t in connection.scalars(select(table.c.expires_at))} == {True}  # fmt: skip
        connection.execute(update(table).values(expires_at=clock.now() - timedelta(seconds=1)))
    assert (fetch(api, run).status_code, fetch(api, small).status_code) == (410, 410)
    with world.app.app_context():
        assert sweeping.sweep()["exports"] == 1
    assert parts(engine) == 0
    assert api.get(f"/exports/{run}").json["state"] == "expired"
    assert len(logged(engine, "export")) == 2


NARROWED = ("role", "hidden", "masked", "scope")


@pytest.mark.parametrize("how", NARROWED)
def test_whoever_may_see_less_by_now_does_not_get_it(
    world: World, engine: Engine, how: str
) -> None:
    """C76: operation, columns, masks and scope are asked again when the file is fetched."""
    api = Api(world, "manager")
    _job, run = asked(api, fill(engine, MANY))
    work_off(world)
    assert fetch(api, run).status_code == 200
    if how == "role":
        set_role(engine, "manager", "clerk")
    elif how == "hidden":
        grant_fields(engine, "sales_manager", "customer", mobile={"level": 0})
    elif how == "masked":
        grant_fields(engine, "sales_manager", "customer", mobile={"mask": 2})
    else:
        write(engine, "user", user_ids(engine)["sales2a"], department_id=1)
        set_role(engine, "manager", "sales_manager")
    answer = fetch(api, run)
    assert (answer.status_code, answer.json["code"]) == (403, "not_permitted")
    assert len(logged(engine, "export_fetched")) == 1


def test_rights_that_shrink_while_it_is_written(world: World, engine: Engine) -> None:
    """C25, C40: no file mixes two states of rights, and rows out of reach are left out."""
    ids, api = fill(engine, MANY, mobile="13800138000"), Api(world, "manager")
    job, run = asked(api, ids)
    work_off(world, chunks=3)
    grant_fields(engine, "sales_manager", "customer", mobile={"mask": 2})
    write(engine, "customer", ids[1], owner_id=user_ids(engine)["admin"])
    work_off(world)
    assert (job_of(api, job)["done"], job_of(api, job)["skipped"]) == (MANY - 1, 1)
    rows = lines(fetch(api, run).data)
    place = rows[0].index("Mobile") if "Mobile" in rows[0] else rows[0].index("手机")
    assert [row[0] for row in rows[1:]] == [ids[0], *ids[2:]]
    assert {row[place] for row in rows[1:]} <= {""} | {
        r[place] for r in rows[1:] if "*" in r[place]
    }
    set_role(engine, "manager", "clerk")
    job, run = 0, 0


@pytest.mark.parametrize("end", ["ready", "cancelled"])
def test_one_that_an_earlier_version_began(world: World, engine: Engine, end: str) -> None:
    """That said of each row at once that it was done, when there was no file yet (BULK-4)."""
    ids, api = fill(engine, MANY), Api(world, "manager")
    job, run = asked(api, ids, format="csv")
    work_off(world, chunks=3)
    item = db.metadata.tables["operation_item"]
    with engine.begin() as connection:
        half = item.update().where(item.c.operation_id == run, item.c.record_id <= ids[19])
        connection.execute(half.values(outcome="done"))
    if end == "cancelled":
        assert api.post(f"/jobs/{job}/cancel", {}).status_code == 200
        work_off(world)
        assert outcomes(api, run) == {"pending": MANY}
    else:
        work_off(world)
        assert (job_of(api, job)["done"], job_of(api, job)["skipped"]) == (MANY, 0)
        assert fetch(api, run).data.count(b"\r\n") == MANY + 1


def test_cancelled_and_gone_on_with(world: World, engine: Engine) -> None:
    """What was cancelled leaves no file; going on begins anew and ends whole."""
    ids, api = fill(engine, MANY), Api(world, "manager")
    job, run = asked(api, ids, format="csv")
    work_off(world, chunks=3)
    assert api.post(f"/jobs/{job}/cancel", {}).status_code == 200
    work_off(world)
    ended = job_of(api, job)
    assert (ended["state"], ended["done"], parts(engine)) == ("cancelled", 0, 0)
    assert outcomes(api, run) == {"pending": MANY}, "nothing is exported without its file"
    assert fetch(api, run).status_code == 404
    report = api.client.get(f"/customers/bulk/export/report/{run}").text
    assert f"/operations/{run}/file" not in report
    assert api.post(f"/jobs/{job}/retry", {}).status_code == 200
    work_off(world)
    assert fetch(api, run).data.count(b"\r\n") == MANY + 1
    assert outcomes(api, run) == {"done": MANY}


def test_a_full_disk_is_an_answer(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C94: it says so, nothing half is left, and it goes on when there is room again."""
    ids, api = fill(engine, MANY), Api(world, "manager")
    job, run = asked(api, ids)

    class Full(drafts.Draft):
        def finish(self) -> None:
            with drafts._room():
                raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(exporting, "Draft", Full)
        work_off(world)
    ended = job_of(api, job)
    assert (ended["error"]["code"], ended["done"]) == (StorageFull.code, 0)
    assert (outcomes(api, run), parts(engine)) == ({"pending": MANY}, 0)
    assert api.post(f"/jobs/{job}/retry", {}).status_code == 200
    work_off(world)
    assert len(lines(fetch(api, run).data)) == MANY + 1


def test_a_full_sheet_is_followed_by_another(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R16: each with its headings, and every row on one of them."""
    monkeypatch.setattr(writers, "MOST_LINES", 21)
    ids, api = fill(engine, MANY), Api(world, "manager")
    _job, run = asked(api, ids)
    work_off(world)
    book = CalamineWorkbook.from_filelike(io.BytesIO(fetch(api, run).data))
    sheets = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
    assert [len(sheet) for sheet in sheets] == [21, 21, 14]
    assert len({tuple(sheet[0]) for sheet in sheets}) == 1
    assert [row[0] for sheet in sheets for row in sheet[1:]] == ids


def peak_of(world: World, user_id: int, rows: int) -> int:
    """Bytes in use at most while a workbook of so many rows is written and read."""
    with world.app.app_context(), acting_as(access.load_actor(user_id)):
        table = table_for(catalogue.get("customer"), "all")
        tracemalloc.start()
        with drafts.Draft("xlsx", table, 1) as draft:
            for first in range(0, rows, 500):
                draft.add(range(first, first + 500))
            draft.finish()
            assert sum(map(len, draft.portions())) > rows
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


@pytest.mark.parametrize("server", [pytest.param("sqlite", id="memory")], indirect=True)
def test_a_longer_file_takes_no_more_memory(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EXP: a row is gone from memory when it is written; one that keeps them is seen here."""
    cells = [f"text of column {n}" for n in range(5)]
    monkeypatch.setattr(
        drafts, "rows_of", lambda _table, ids, _server: ((i, [*cells, i]) for i in ids)
    )
    manager, most = user_ids(engine)["manager"], 300_000
    assert peak_of(world, manager, 3_000) - peak_of(world, manager, 500) < most
    book, kept = xlsxwriter.Workbook, {"constant_memory": False}
    monkeypatch.setattr(xlsxwriter, "Workbook", lambda to, how: book(to, how | kept))
    assert peak_of(world, manager, 3_000) - peak_of(world, manager, 500) > most


def limited(engine: Engine, code: str, limit: int) -> None:
    """A role that may export only so many rows by itself."""
    table = db.metadata.tables["role"]
    with engine.begin() as connection:
        connection.execute(update(table).where(table.c.code == code).values(export_limit=limit))
        connection.execute(text("UPDATE rights_version SET number = number + 1"))


def told(engine: Engine, username: str) -> list[str]:
    mine = user_ids(engine)[username]
    return [row["kind"] for row in rows_in(engine, "outbox", user_id=mine)]


@pytest.mark.parametrize("way", ["approve", "reject"])
def test_above_the_limit_the_superior_decides(world: World, engine: Engine, way: str) -> None:
    """EXP-2: a reason and somebody else's yes; nobody but who is asked decides, and once."""
    limited(engine, "sales_manager", 10)
    ids, api, boss = fill(engine, 12), Api(world, "leader1"), Api(world, "manager")
    bare = {"format": "xlsx", "columns": "all"}
    assert api.bulk("customers", "export", ids[:10], bare).status_code == 200
    for dry_run in (True, False):
        refused = api.bulk("customers", "export", ids, bare, dry_run=dry_run)
        assert (refused.status_code, list(refused.json["fields"])) == (422, ["reason"])
    assert "10" in api.bulk("customers", "export", ids, ALL, dry_run=True).json["warnings"][0]
    answer = api.bulk("customers", "export", ids, ALL)
    run = answer.json["operation_id"]
    assert (answer.status_code, answer.json["state"], answer.json["job_id"]) == (
        *(202, "waiting"),
        None,
    )
    assert (work_off(world), fetch(api, run).status_code) == (0, 404)
    assert api.get(f"/exports/{run}").json["approver"]["username"] == "manager"
    assert told(engine, "manager") == ["export_asked"]
    for who in ("leader1", "clerk1", "sales1a"):
        assert Api(world, who).post(f"/exports/{run}/{way}", {}).status_code == 404, who
        assert Api(world, who).get("/exports/waiting").json["result"] == []
    [waiting] = boss.get("/exports/waiting").json["result"]
    assert (waiting["actor"]["username"], waiting["total"]) == ("leader1", 12)
    page = boss.client.get("/exports/").text
    assert "fair in May" in page
    hidden = {**hidden_inputs(page), "remark": "for the fair only"}
    assert boss.client.post(f"/exports/{run}/{way}", data=hidden).status_code == 302
    assert boss.post(f"/exports/{run}/approve", {}).status_code == 409
    assert told(engine, "leader1") == ["export_decided"]
    assert "for the fair only" in api.client.get("/exports/").text
    assert "for the fair only" in api.client.get("/notifications/").text
    work_off(world)
    about = api.get(f"/exports/{run}").json
    if way == "approve":
        assert (about["state"], about["count"]) == ("ready", 12)
        assert fetch(api, run).status_code == 200
        assert (fetch(boss, run).status_code, fetch(Api(world, "admin"), run).status_code) == (
            404,
            404,
        )
    else:
        assert (about["state"], about["remark"]) == ("rejected", "for the fair only")
        assert fetch(api, run).status_code == 404
    assert [entry["run"] for entry in logged(engine, "export_decided")] == [run]


def test_without_a_superior_a_super_admin_decides(world: World, engine: Engine) -> None:
    """EXP-2: whoever has none, or whose superior is disabled, isn't left alone."""
    limited(engine, "sales_manager", 3)
    write(engine, "user", user_ids(engine)["manager"], superior_id=None)
    api, admin = Api(world, "manager"), Api(world, "admin")
    ids = fill(engine, 5)
    run = api.bulk("customers", "export", ids, ALL).json["operation_id"]
    assert told(engine, "admin") == ["export_asked"]
    assert admin.post(f"/exports/{run}/approve", {"remark": "fine"}).json == {
        "id": run,
        "approval": "approved",
    }
    work_off(world)
    assert fetch(api, run).status_code == 200
    assert admin.bulk("customers", "export", ids, ALL).status_code == 200, "no limit"


def test_nobody_gives_a_higher_limit_than_his_own(world: World, engine: Engine) -> None:
    """MATRIX-8: the limit of a role counts as what it grants."""
    api = Api(world, "people")
    set_role(engine, "people", "system_admin")
    for limit, status in ((1_000, 201), (1_001, 422), (None, 422)):
        body = {"name": f"Role {limit}", "export_limit": limit}
        assert api.post("/roles/", body).status_code == status, limit
