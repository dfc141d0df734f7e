"""Imports that one process begins and others take up (C77, C79): nobody can tell by what they did.

Sheets by chance, whose rows name the same records again and again: new ones, known ones, foreign
ones, ones in a pool; by number, by unique fields, by fields that others share.
"""

import json
import random
import zlib
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import chain, islice
from typing import Any

import pytest
from sqlalchemy import Engine

from app.admin.importing import work
from app.extensions import db
from app.jobs import importing
from app.operations.importing import applying, resuming
from app.spec import clock
from app.store import imports
from tests.contract.calls import Api, pool_ids
from tests.contract.test_bulk import rows_in
from tests.contract.test_imports import csv_of, in_all, send
from tests.contract.test_jobs import job_of
from tests.generated.seed import dice, seed_of
from tests.support.working import work_off
from tests.support.worlds import World

ROWS, PORTION = 36, 4
HEAD = ["id", "name", "mobile", "city", "remark", "contact.name", "contact.mobile"]
MOBILES = [f"1380013800{n}" for n in range(6)]
KNOWN = {1: MOBILES[0], 2: MOBILES[1], 3: MOBILES[1], 7: MOBILES[2], 11: MOBILES[3]}
"""Customers and their telephone numbers: two have the same, one is foreign, one in a pool."""
MODES = ("create", "update", "both", "attach")
MATCHES = ((), ("mobile",), ("city", "mobile"))
KEEP = imports.keep
LEFT = ("skipped", "failed")


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    return seed_of(request.config)


def in_portions_of(size: int, patch: pytest.MonkeyPatch) -> None:
    """Stage so few rows in a portion that a small sheet has many; each is a chunk of a job."""

    def keep_smaller(file: Any, portions: Iterable[bytes]) -> None:
        rows = chain.from_iterable(map(json.loads, portions))
        KEEP(file, iter(lambda: json.dumps([*islice(rows, size)]).encode(), b"[]"))

    patch.setattr(importing, "AT_ONCE", 0)
    patch.setattr(imports, "keep", keep_smaller)


def sheet(chance: random.Random, names: Sequence[str]) -> bytes:
    """Rows that agree with few records in this and that."""

    def row(number: int) -> list[Any]:
        return [
            chance.choice([1, 2, 11]) if chance.random() < 0.2 else None,
            chance.choice([*names, *(f"新客户{n}" for n in range(8))]),
            chance.choice([None, "bad", *MOBILES, *MOBILES]),
            chance.choice([None, "杭州", "宁波", "杭州"]),
            f"row {number}" if chance.random() < 0.8 else None,
            chance.choice([None, None, "王一", "王二"]),
            chance.choice([None, None, "13900139001", "bad"]),
        ]

    return csv_of([HEAD, *(row(number) for number in range(ROWS))])


def prepare(world: World, engine: Engine) -> Api:
    """The company as it was, but for some telephone numbers."""
    world.renew()
    with engine.begin() as connection:
        customer = db.metadata.tables["customer"]
        connection.execute(customer.update().values(city="杭州"))
        for number, mobile in KNOWN.items():
            one = customer.update().where(customer.c.id == number)
            connection.execute(one.values(mobile=mobile))
    return Api(world, "manager")


def outcome(api: Api, number: int) -> tuple[dict[str, Any], dict[int, Any]]:
    """The counts of an import, and the lines that changed nothing with their reasons."""
    report = api.get(f"/imports/{number}/report").json
    counts = {key: report[key] for key in ("total", "created", "updated")}
    lines = {row["line"]: (row["code"], row["reason"]) for key in LEFT for row in report[key]}
    assert report["total"] == report["done"] + len(lines)
    return counts | {key: len(report[key]) for key in LEFT}, lines


def written(engine: Engine, *tables: str) -> dict[str, set[str]]:
    """The rows of these tables, but for moments and for numbers that say only which came first."""
    return {name: {repr(lasting(row, name)) for row in rows_in(engine, name)} for name in tables}


def lasting(values: dict[str, Any], table: str = "") -> dict[str, Any]:
    """What is the same whenever it was written."""
    return {
        key: lasting(value) if isinstance(value, dict) else value
        for key, value in values.items()
        if not key.endswith("_at") and key != "at" and (key, table) != ("id", "history")
    }


WRITTEN = ("customer", "contact", "history", "operation_run", "operation_item", "import_line")


def ended(
    world: World, engine: Engine, data: bytes, options: Any, at_once: int | None = None
) -> Any:
    """An import whose worker ends after so many portions, until it is done; and what became."""
    api = prepare(world, engine)
    begun = send(api, "customers", data, options=options).json
    takes = 0
    while work_off(world, at_once):
        takes += 1
    job = job_of(api, begun["job_id"])
    assert job["state"] == "done", job
    assert not rows_in(engine, "import_claim"), "of no use any more"
    return takes, outcome(api, begun["import_id"]), written(engine, *WRITTEN)


@pytest.mark.parametrize("match", MATCHES, ids="+".join)
@pytest.mark.parametrize("mode", MODES)
def test_an_import_taken_up_after_each_portion_is_as_one_that_nobody_ended(
    world: World,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    mode: str,
    match: tuple[str, ...],
) -> None:
    """Rows, history, report, counts; the dry run has said them, and one portion does the same."""
    chance = dice(seed, "taken up", mode, match)
    names = [row["name"] for row in rows_in(engine, "customer") if row["id"] in KNOWN]
    data, options = sheet(chance, names), {"mode": mode, "match": list(match)}
    if mode != "update" and chance.random() < 0.5:
        options["pool"] = pool_ids(engine)["Open customers"]
    in_portions_of(ROWS, monkeypatch)
    _takes, (counts, lines), _written = ended(world, engine, data, options)
    in_portions_of(PORTION, monkeypatch)
    takes, verdicts, rows = ended(world, engine, data, options)
    assert (takes, verdicts) == (1, (counts, lines)), "where a portion ends decides nothing"
    takes, verdicts, again = ended(world, engine, data, options, at_once=1)
    assert (takes > ROWS // PORTION, verdicts) == (True, (counts, lines))
    assert {table: again[table] ^ rows[table] for table in rows} == {name: set() for name in rows}
    rehearsed = send(prepare(world, engine), "customers", data, options=options, dry_run=True).json
    assert {key: rehearsed[key] for key in counts} == counts
    assert {row["line"]: (row["code"], row["reason"]) for row in rehearsed["rows"]} == lines
    assert min(counts["created"] + counts["updated"], len(lines)), "nothing could go wrong"


def test_what_was_made_is_known_even_where_records_were_changed(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C77: in a pool nothing is matched, and nothing but the file says which rows are the same."""
    in_portions_of(2, monkeypatch)
    rows = [[1, None, None, "changed"], [None, "新客户1", MOBILES[5], None]]
    again = [[None, "新客户2", MOBILES[5], None], [1, None, None, "changed again"]]
    data = csv_of([["id", "name", "mobile", "remark"], *rows, *again])
    options = {"mode": "both", "match": ["mobile"], "pool": pool_ids(engine)["Open customers"]}
    _takes, (counts, lines), _written = ended(world, engine, data, options, at_once=1)
    assert (counts["created"], counts["updated"]) == (1, 1)
    assert [(line, code) for line, (code, _said) in lines.items()] == [
        (4, "repeated"),
        (5, "repeated"),
    ]
    assert "3" in lines[4][1]
    assert "2" in lines[5][1]


def test_a_record_is_changed_by_one_row_and_joined_by_the_next(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """IMP, BULK-5: the contact of a later row beside what an earlier one has changed; undone."""
    rows = [[1, "changed", None], [1, None, "王一"], [1, None, "王二"]]
    data = csv_of([["id", "remark", "contact.name"], *rows])
    for size in (len(rows), 1):
        in_portions_of(size, monkeypatch)
        _takes, (counts, lines), _written = ended(world, engine, data, {"mode": "update"}, 1)
        assert (counts["updated"], lines) == (3, {})
        [one] = rows_in(engine, "customer", id=1)
        assert one["remark"] == "changed"
        contacts = {row["name"] for row in rows_in(engine, "contact", customer_id=1)}
        assert {"王一", "王二"} <= contacts
        told = [row["changes"] for row in rows_in(engine, "history", operation="import")]
        assert sum("attached" in str(changes) for changes in told) == (1 if size > 1 else 2)
        run = rows_in(engine, "operation_run", operation="import")[-1]["id"]
        undone = Api(world, "manager").post(f"/operations/{run}/undo", {})
        assert (undone.status_code, undone.json["done"]) == (200, 1), undone.text
        assert rows_in(engine, "customer", id=1)[0]["remark"] != "changed"
        living = {row["name"] for row in rows_in(engine, "contact", deleted_at=None)}
        assert living.isdisjoint(["王一", "王二"])


def test_what_a_changed_record_was_called_is_known_too(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C79: a record that a row renames answers to both names, whichever portion asks."""
    name = rows_in(engine, "customer", id=1)[0]["name"]
    rows = [[1, "新名字"], [None, name], [None, "新名字"], [2, name], [2, "新名字"]]
    for size in (len(rows), 1):
        in_portions_of(size, monkeypatch)
        how = ended(world, engine, csv_of([["id", "name"], *rows]), {"mode": "both"}, at_once=1)
        _takes, (counts, lines), _written = how
        assert (counts["created"], counts["updated"]) == (0, 1)
        assert [code for code, _said in lines.values()] == [
            *["repeated", "repeated"],
            *["exists", "exists"],
        ], size


def test_an_import_that_an_earlier_version_began_is_not_gone_on_with(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C77: where it isn't known what earlier rows are, nothing is decided; what to do is said."""
    in_portions_of(2, monkeypatch)
    api = prepare(world, engine)
    data = csv_of([["name"], *([f"大客户{n}"] for n in range(6))])
    begun = send(api, "customers", data).json
    work_off(world, 2)
    with engine.begin() as connection:
        claims = db.metadata.tables["import_claim"]
        connection.execute(claims.delete().where(claims.c.number == 0))
    work_off(world)
    job = job_of(api, begun["job_id"])
    assert (job["state"], job["done"], job["error"]["code"]) == ("failed", 4, "conflict")
    assert "Undo" in job["error"]["message"]
    assert len(rows_in(engine, "customer", obtained_way="imported")) == 4
    assert api.post(f"/operations/{begun['operation_id']}/undo", {}).status_code == 200


def test_who_reads_many_claims_keeps_the_job_meanwhile(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C79: nobody takes an import up from one who is still reading; a cancelled one isn't read."""
    in_portions_of(2, monkeypatch)
    api, held = prepare(world, engine), list[Any]()
    begun = send(api, "customers", csv_of([["name"], *([f"大客户{n}"] for n in range(6))])).json
    work_off(world, 2)
    read = resuming.claims_before

    def watched(number: int, place: int) -> Any:
        held.extend(rows_in(engine, "job", id=begun["job_id"]))
        return read(number, place)

    monkeypatch.setattr(resuming, "claims_before", watched)
    monkeypatch.setattr(importing, "AT_ONCE", 1_000_000)
    work_off(world, 1)
    assert [one["lease_until"] > clock.now() + timedelta(minutes=3) for one in held] == [True]
    assert api.post(f"/jobs/{begun['job_id']}/cancel", {}).status_code == 200
    work_off(world)
    assert (job_of(api, begun["job_id"])["state"], len(held)) == ("cancelled", 1)


def test_claims_are_read_while_the_job_holds_nothing(
    world: World,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R10: a few at a time, and others write meanwhile."""
    in_portions_of(1, monkeypatch)
    monkeypatch.setattr(imports, "CLAIMS_AT_ONCE", 2)
    api, read, seen = prepare(world, engine), zlib.decompress, list[bool]()
    data = csv_of([["name"], *([f"大客户{n}"] for n in range(6))])
    begun = send(api, "customers", data).json
    work_off(world, 5)

    def unpacking(packed: bytes) -> bytes:
        seen.append(db.session().in_transaction())
        if not seen[-1]:
            in_all(engine, "import_file", name=f"written by others {len(seen)}")
        return read(packed)

    with monkeypatch.context() as patch:
        patch.setattr(resuming.zlib, "decompress", unpacking)
        work_off(world, 1)
    assert seen == [*[False] * 5, True], "the rows of a portion are read in its transaction"
    work_off(world)
    assert job_of(api, begun["job_id"])["done"] == 6


def test_nobody_waits_for_a_dry_run(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R10: a job looks at rows while others write; what it says is in its person's language."""
    in_portions_of(2, monkeypatch)
    monkeypatch.setattr(work, "LOOKED_AT_ONCE", 0)
    api, step, seen = prepare(world, engine), applying.Rehearsal.step, list[int]()
    api.client.get("/lang/en")
    data = csv_of([["name", "mobile"], *([f"大客户{n}", "bad"] for n in range(6))])
    begun = send(api, "customers", data, dry_run=True).json

    def stepping(self: applying.Rehearsal, file: Any, place: int) -> bool:
        seen.append(place)
        in_all(engine, "customer", remark=f"written by others {place}")
        return step(self, file, place)

    with monkeypatch.context() as patch:
        patch.setattr(applying.Rehearsal, "step", stepping)
        work_off(world)
    assert (seen, job_of(api, begun["job_id"])["failed"]) == ([0, 1, 2, 3], 6)
    said = api.get(f"/imports/{begun['import_id']}").json["rehearsal"]
    assert {row["reason"] for row in said["rows"]} == {
        row["reason"] for row in again(api, begun["import_id"])["rows"]
    }
    assert said["rows"][0]["reason"].startswith("Mobile")


def again(api: Api, number: int) -> Any:
    """The same dry run within a request."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(work, "LOOKED_AT_ONCE", 100)
        return api.post(f"/imports/{number}/run", {"dry_run": True}).json
