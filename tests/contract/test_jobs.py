"""Background jobs (BULK-3): what runs as one, what it says, and what may happen on the way."""

import gc
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
import time_machine
from sqlalchemy import Engine, func, insert, select, update

from app.extensions import db
from app.jobs import ending
from app.jobs.bulk import Bulk
from app.jobs.runner import MOST_ATTEMPTS
from app.jobs.threads import Threads
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.errors import ServerFault
from app.store import jobs, mails
from tests.contract.calls import Api, condition, filters_of, pool_ids, set_role, stored, user_ids
from tests.contract.test_bulk import LATER, rows_in
from tests.support.snapshot import changed, snapshot
from tests.support.statements import count_statements
from tests.support.web import hidden_inputs
from tests.support.working import work_off
from tests.support.worlds import World

MANY = 1_201
"""Rows of a job: two full chunks and a part of one."""
SHAPE = {
    *("id", "kind", "state", "total", "done", "skipped", "failed", "rate"),
    *("operation_id", "download", "error", "created_at", "finished_at"),
}


def fill(engine: Engine, number: int = MANY, **values: Any) -> list[int]:
    """So many customers, of sales1a unless something else is said."""
    table, now = catalogue.get("customer").model.__table__, datetime.now(UTC)
    first = {"owner_id": user_ids(engine)["sales1a"], "created_at": now, "updated_at": now}
    rows = [{**first, "name": f"Many {i}", **values} for i in range(number)]
    with engine.begin() as connection:
        return list(connection.scalars(insert(table).returning(table.c.id), rows))


def started(api: Api, slug: str, ids: list[int], params: dict[str, Any]) -> tuple[int, int]:
    """The numbers of the job and of the run."""
    answer = api.bulk("customers", slug, ids, params)
    assert answer.status_code == 202, answer.text
    assert set(answer.json) == {"job_id", "operation_id"}
    return answer.json["job_id"], answer.json["operation_id"]


def job_of(api: Api, number: int) -> dict[str, Any]:
    answer = api.get(f"/jobs/{number}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    assert set(found) == SHAPE
    assert found["state"] in jobs.STATES
    return found


def messages(engine: Engine) -> list[dict[str, Any]]:
    """What was told of what was done, besides that a job has ended."""
    return [row for row in rows_in(engine, "outbox") if row["kind"] != ending.ENDED.key]


def owned(engine: Engine, username: str) -> int:
    table = catalogue.get("customer").model.__table__
    with engine.connect() as connection:
        mine = table.c.owner_id == user_ids(engine)[username]
        return connection.scalar(select(func.count()).where(mine)) or 0


def entries(engine: Engine, run: int) -> int:
    """How many rows the history says that a run wrote; none twice."""
    table = db.metadata.tables["history"]
    with engine.connect() as connection:
        found = connection.scalars(
            select(table.c.record_id).where(
                table.c.operation_id == run, table.c.entity == "customer"
            )
        ).all()
    assert len(found) == len(set(found))
    return len(found)


def changes_of(engine: Engine, run: int) -> dict[int, dict[str, list[Any]]]:
    """What a run wrote into each customer, as the history tells it: field to [old, new]."""
    written = rows_in(engine, "history", operation_id=run, entity="customer")
    return {entry["record_id"]: entry["changes"] for entry in written}


def test_five_hundred_run_at_once_and_one_more_is_a_job(world: World, engine: Engine) -> None:
    """BULK-3, contract §5: 202 with the numbers; the rows are those that matched then."""
    ids, api = fill(engine, 501), Api(world, "manager")
    at_once = api.bulk("customers", "lock", ids[:500], {"reason": "tender"})
    assert (at_once.status_code, at_once.json["done"]) == (200, 500)
    before = owned(engine, "sales1b")
    job, run = started(api, "transfer", ids, {"new_owner": "sales1b", "message": "yours now"})
    assert job_of(api, job) | {"created_at": ""} == {
        **{"id": job, "kind": "bulk", "state": "queued", "total": 501, "done": 0, "skipped": 0},
        **{"failed": 0, "rate": 0, "operation_id": run, "download": None, "error": None},
        **{"created_at": "", "finished_at": None},
    }
    assert owned(engine, "sales1b") == before
    assert messages(engine) == []
    late = fill(engine, 1)[0]
    assert work_off(world) == 1
    ended = job_of(api, job)
    assert (ended["state"], ended["done"], ended["finished_at"] is None) == ("done", 501, False)
    assert owned(engine, "sales1b") == before + 501
    assert stored(engine, "customer", late)["owner_id"] == user_ids(engine)["sales1a"]
    assert entries(engine, run) == 501
    history = rows_in(engine, "history", operation_id=run)
    assert {(e["surface"], e["request_id"]) for e in history} == {("job", f"job-{job}")}
    told = messages(engine)
    assert [(m["user_id"], m["data"]["count"]) for m in told] == [
        (user_ids(engine)["sales1b"], 501)
    ]
    report = api.get(f"/operations/{run}").json
    assert (report["total"], report["done"], report["skipped"]) == (501, 501, 0)
    assert work_off(world) == 0


def test_two_thousand_are_exported_at_once_and_one_more_is_a_job(
    world: World, engine: Engine
) -> None:
    """BULK-3: an export changes nothing, so its limit is another one."""
    ids, api = fill(engine, 2_001), Api(world, "admin")
    params = {"format": "csv"}
    at_once = api.bulk("customers", "export", ids[1:], params)
    assert (at_once.status_code, at_once.json["done"]) == (200, 2_000)
    assert at_once.json["download"]
    job, _run = started(api, "export", ids, params)
    assert (job_of(api, job)["state"], job_of(api, job)["total"]) == ("queued", 2_001)


def test_a_filter_of_many_rows_is_frozen_in_the_operations_scope(
    world: World, engine: Engine
) -> None:
    """BULK-1: only rows within the doer's scope; a moved count is asked about again."""
    fill(engine, 600)
    fill(engine, 30, owner_id=user_ids(engine)["sales2a"])
    api = Api(world, "leader1")
    wanted = {"filters": [condition("name", "sw", "Many ")], "params": {"reason": "tender"}}
    before = snapshot(engine, db.metadata)
    for counted in (599, 601, 630, 7):
        answer = api.post("/customers/bulk/lock", {**wanted, "expected_count": counted})
        assert (answer.status_code, answer.json["count"]) == (409, 600)
    assert changed(before, snapshot(engine, db.metadata)) == []
    answer = api.post("/customers/bulk/lock", {**wanted, "expected_count": 600})
    assert answer.status_code == 202
    run = answer.json["operation_id"]
    frozen = rows_in(engine, "operation_item", operation_id=run)
    assert len(frozen) == 600
    assert {item["outcome"] for item in frozen} == {"pending"}
    work_off(world)
    assert job_of(api, answer.json["job_id"])["done"] == 600


def test_the_same_key_starts_one_job(world: World, engine: Engine) -> None:
    """BULK-8, C83: the second answer is the first one's."""
    ids, api = fill(engine, 501), Api(world, "manager")
    body = {"ids": ids, "params": {"new_owner": "sales1b"}}
    first, second = (
        api.post("/customers/bulk/transfer", body, Idempotency_Key="again") for _twice in range(2)
    )
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json == second.json
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(rows_in(engine, "job")) == len(rows_in(engine, "operation_run")) == 1


THREE = {"to": ["sales1a", "sales1b", "sales2a"]}
CASES: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("transfer", "manager", {}, {"new_owner": "sales1b", "old_owner": "read", "until": LATER}),
    ("assign", "manager", {"owner_id": "clerk1"}, {**THREE, "how": "equal"}),
    ("assign", "manager", {"owner_id": "clerk1"}, {**THREE, "how": "round_robin"}),
    ("assign", "manager", {"owner_id": "clerk1"}, {**THREE, "how": "load"}),
    ("claim", "sales1a", {"owner_id": None, "pool_id": "pool"}, {}),
    ("release", "manager", {}, {"pool": "pool", "reason": "idle"}),
    ("lock", "manager", {}, {"reason": "tender", "until": LATER}),
    ("unlock", "manager", {"is_locked": True}, {}),
    ("set_deal_status", "manager", {}, {"status": "won"}),
    ("add_tags", "manager", {}, {"tags": ["VIP", "展会"]}),
    ("add_team", "manager", {}, {"users": ["sales2a"], "level": "read"}),
    ("bulk_edit", "manager", {}, {"set": {"level": "A", "source": "referral"}}),
    ("delete", "manager", {}, {}),
]


def kept(shown: Any) -> Any:
    """What the report keeps of a value that the sample shows with its label."""
    return shown["id"] if isinstance(shown, dict) else shown


@pytest.mark.parametrize(
    ("slug", "who", "rows", "params"), CASES, ids=[f"{c[0]} {c[3].get('how', '')}" for c in CASES]
)
def test_a_job_does_what_its_dry_run_said(
    world: World,
    engine: Engine,
    slug: str,
    who: str,
    rows: dict[str, Any],
    params: dict[str, Any],
) -> None:
    """The same verdict per row and the same new values, chunk by chunk by different workers."""
    named = {"pool": pool_ids(engine)["Open customers"], **user_ids(engine)}
    if "pool" in params:
        params = {**params, "pool": named["pool"]}
    rows = {k: named.get(v, v) for k, v in rows.items()}
    ids, api = fill(engine, **rows), Api(world, who)
    if slug in ("transfer", "release", "lock", "bulk_edit", "set_deal_status"):
        table = catalogue.get("customer").model.__table__
        marked = {"is_locked": True, "level": "A", "source": "referral", "deal_status": "won"}
        marked |= {"owner_id": user_ids(engine)["sales1b"], "lock_reason": "tender"}
        with engine.begin() as connection:
            some = table.c.id.in_(ids[1::7])
            connection.execute(table.update().where(some).values(**marked))
    dry = api.bulk("customers", slug, ids, params, dry_run=True).json
    assert dry["will_change"] > MANY / 2
    job, run = started(api, slug, ids, params)
    while work_off(world, chunks=1):
        pass
    ended = job_of(api, job)
    assert ended["state"] == "done", ended
    assert (ended["done"], ended["skipped"]) == (
        dry["will_change"],
        sum(reason["count"] for reason in dry["reasons"]),
    )
    items = {
        item["record_id"]: item for item in rows_in(engine, "operation_item", operation_id=run)
    }
    assert [items[skip["id"]]["code"] for skip in dry["skipped"]] == [
        skip["code"] for skip in dry["skipped"]
    ]
    tags = {tag["id"]: tag["name"] for tag in rows_in(engine, "tag")}
    for one in dry["sample"]:
        if not one["field"].endswith("_at"):
            old, new = changes_of(engine, run)[one["id"]][one["field"]]
            new = [tags[tag] for tag in new] if one["field"] == "tags" else new
            assert (old, new) == (kept(one["old"]), kept(one["new"])), one
    assert entries(engine, run) == ended["done"]
    heard = messages(engine)
    told = {m["user_id"]: m["data"]["count"] for m in heard}
    assert len(heard) == len(told), "one message to each, whatever the number of chunks (NOTE)"
    assert told == {one["user"]["id"]: one["count"] for one in dry["notified"]}


def test_a_chunk_is_written_and_noted_by_one_statement_each(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BULK-6: also where another second begins with every hundredth look at the clock."""
    began, looks = clock.now(), count()
    monkeypatch.setattr(clock, "now", lambda: began + timedelta(seconds=next(looks) // 100))
    ids = fill(engine)
    started(Api(world, "manager"), "transfer", ids, {"new_owner": "sales1b"})
    with count_statements() as asked:
        work_off(world, chunks=1)
    about = ("UPDATE customer ", "UPDATE operation_item ", "INSERT INTO operation_item ")
    writes = [one for one in asked if one.startswith(about)]
    assert [one.split()[1] for one in writes] == ["customer", "operation_item"], str(asked)


def test_each_shares_out_the_same_over_chunks(world: World, engine: Engine) -> None:
    """POOL-3: turns and loads go on from chunk to chunk, whoever does them."""
    api, people = Api(world, "manager"), ["sales1b", "sales2a", "leader1"]
    for how in ("equal", "round_robin", "load"):
        ids = fill(engine)
        job, run = started(api, "assign", ids, {"to": people, "how": how})
        while work_off(world, chunks=1):
            pass
        assert job_of(api, job)["state"] == "done"
        gave = [changes["owner"][1] for changes in changes_of(engine, run).values()]
        numbers = [gave.count(user_ids(engine)[name]) for name in people]
        assert max(numbers) - min(numbers) <= 3, (how, numbers)


def test_rights_lost_on_the_way_stop_it(world: World, engine: Engine) -> None:
    """C40: after the loss not one row more, and it says so; given back, it can go on."""
    ids, api = fill(engine), Api(world, "manager")
    job, run = started(api, "transfer", ids, {"new_owner": "sales1b"})
    before = owned(engine, "sales1b")
    work_off(world, chunks=1)
    assert owned(engine, "sales1b") == before + 500 == before + entries(engine, run)
    set_role(engine, "manager", "clerk")
    work_off(world)
    [row] = rows_in(engine, "job")
    assert (row["state"], row["error_code"], row["done"]) == ("failed", "not_permitted", 500)
    assert owned(engine, "sales1b") == before + 500
    told = messages(engine)
    assert [m["data"]["count"] for m in told] == [500], "whoever got records is told of them"
    set_role(engine, "manager", "sales_manager")
    assert job_of(api, job)["error"]["code"] == "not_permitted"
    assert api.post(f"/jobs/{job}/retry", {}).json["state"] == "queued"
    work_off(world)
    assert (job_of(api, job)["done"], entries(engine, run)) == (MANY, MANY)
    assert sorted(m["data"]["count"] for m in messages(engine)) == [500, MANY - 500]


def test_a_disabled_person_does_nothing_more(world: World, engine: Engine) -> None:
    ids, api = fill(engine), Api(world, "manager")
    started(api, "transfer", ids, {"new_owner": "sales1b"})
    table = db.metadata.tables["user_account"]
    with engine.begin() as connection:
        mine = table.c.username == "manager"
        connection.execute(update(table).where(mine).values(is_active=False))
    before = owned(engine, "sales1b")
    work_off(world)
    assert rows_in(engine, "job")[0]["state"] == "failed"
    assert owned(engine, "sales1b") == before
    with world.app.app_context(), engine.connect() as connection:
        assert jobs.neglected(connection) == (0, 1), "what the doctor says"


def test_a_receiver_disabled_on_the_way_stops_it(world: World, engine: Engine) -> None:
    """ORG-1: nothing more is handed to somebody who can't be chosen any more."""
    ids, api = fill(engine), Api(world, "manager")
    job, _run = started(api, "transfer", ids, {"new_owner": "sales1b"})
    work_off(world, chunks=1)
    table = db.metadata.tables["user_account"]
    with engine.begin() as connection:
        him = table.c.username == "sales1b"
        connection.execute(update(table).where(him).values(is_active=False))
    work_off(world)
    ended = job_of(api, job)
    assert (ended["state"], ended["error"]["code"], ended["done"]) == ("failed", "invalid", 500)


def test_cancelled_between_chunks_and_taken_up_again(world: World, engine: Engine) -> None:
    """What is done stays done and is told; going on does the rest, nothing twice."""
    ids, api = fill(engine), Api(world, "manager")
    job, run = started(api, "transfer", ids, {"new_owner": "sales1b"})
    assert api.post(f"/jobs/{job}/retry", {}).status_code == 409
    assert api.post(f"/operations/{run}/undo", {}).status_code == 409, "still under way"
    work_off(world, chunks=1)
    assert job_of(api, job)["state"] == "running"
    assert api.post(f"/jobs/{job}/cancel", {}).json["state"] == "cancelling"
    work_off(world)
    assert (job_of(api, job)["state"], entries(engine, run)) == ("cancelled", 500)
    assert api.post(f"/jobs/{job}/cancel", {}).status_code == 409
    report = api.get(f"/operations/{run}/report").json
    assert (report["total"], report["done"]) == (MANY, 500)
    assert {row["outcome"] for row in report["rows"]} == {"done", "pending"}
    assert api.post(f"/jobs/{job}/retry", {}).status_code == 200
    work_off(world)
    assert (job_of(api, job)["state"], entries(engine, run)) == ("done", MANY)
    assert sum(m["data"]["count"] for m in messages(engine)) == MANY


def test_nobody_else_sees_or_touches_it(world: World, engine: Engine) -> None:
    """Contract §5: other people's jobs are not found, those of a super admin's eyes neither."""
    job, _run = started(Api(world, "manager"), "lock", fill(engine, 501), {"reason": "x"})
    for who in ("leader1", "admin"):
        api = Api(world, who)
        assert api.get(f"/jobs/{job}").status_code == 404
        assert api.post(f"/jobs/{job}/cancel", {}).status_code == 404
        assert api.post(f"/jobs/{job}/retry", {}).status_code == 404
        assert api.client.get(f"/jobs/{job}/progress").status_code == 404
        assert f'data-job="{job}"' not in api.client.get("/jobs/tray").text
    mine = Api(world, "manager")
    assert mine.get("/jobs/999999").status_code == 404
    assert mine.client.get(f"/api/v1/jobs/{job}?x=1").status_code == 400
    assert mine.post(f"/jobs/{job}/cancel", {"force": True}).status_code == 400
    assert f'data-job="{job}"' in mine.client.get("/jobs/tray").text


def test_a_large_run_is_undone_by_a_job(world: World, engine: Engine) -> None:
    """BULK-5: chunk by chunk, with the rights of then; what somebody changed stays."""
    ids, api = fill(engine), Api(world, "manager")
    _job, run = started(api, "transfer", ids, {"new_owner": "sales1b", "old_owner": "read"})
    work_off(world)
    other = Api(world, "admin")
    assert other.bulk("customers", "lock", ids[:3], {"reason": "talks"}).json["done"] == 3
    dry = api.post(f"/operations/{run}/undo", {"dry_run": True}).json
    assert (dry["total"], dry["will_change"]) == (MANY, MANY - 3)
    answer = api.post(f"/operations/{run}/undo", {})
    assert answer.status_code == 202, answer.text
    assert api.post(f"/operations/{run}/undo", {}).status_code == 409
    while work_off(world, chunks=1):
        pass
    ended = job_of(api, answer.json["job_id"])
    assert (ended["state"], ended["done"], ended["skipped"]) == ("done", MANY - 3, 3)
    assert {stored(engine, "customer", i)["owner_id"] for i in ids[3:]} == {
        user_ids(engine)["sales1a"]
    }
    left = api.get(f"/operations/{answer.json['operation_id']}/report").json["rows"]
    assert [row["id"] for row in left if row["code"] == "changed"] == ids[:3]
    with engine.connect() as connection:
        seats = db.metadata.tables["team_seat"]
        mine = seats.c.record_id.in_(ids)
        assert connection.scalar(select(func.count()).where(mine)) == 3


def test_the_pages_show_progress_then_the_report(world: World, engine: Engine) -> None:
    """UI-7, BULK-9: report, list of operations and tray; cancel and go on are buttons."""
    fill(engine)
    client = world.client("manager")
    token = hidden_inputs(client.get("/notifications/").text)["csrf_token"]
    wanted = filters_of(condition("name", "sw", "Many "))
    chosen = {"all": "1", "filters": wanted, "search": "", "csrf_token": token}
    first = client.post("/customers/bulk/lock", data=chosen)
    preview = client.post(
        "/customers/bulk/lock", data={**hidden_inputs(first.text), "reason": "tender"}
    )
    twice = [client.post("/customers/bulk/lock", data=hidden_inputs(preview.text)) for _ in "ab"]
    assert [answer.status_code for answer in twice] == [302, 302]
    assert twice[0].location == twice[1].location
    [job] = rows_in(engine, "job")
    progress = f"/jobs/{job['id']}/progress"
    for page in (twice[0].location, "/operations/", progress, "/jobs/tray"):
        assert 'data-job-state="queued"' in client.get(page).text, page
    work_off(world, chunks=1)
    assert 'data-job-state="running"' in client.get(progress).text
    report = client.get(twice[0].location)
    stop = client.post(f"/jobs/{job['id']}/cancel", data=hidden_inputs(report.text))
    assert (stop.status_code, stop.location) == (302, twice[0].location)
    work_off(world)
    stopped = client.get(twice[0].location).text
    assert 'data-job-state="cancelled"' in stopped
    assert f'action="/jobs/{job["id"]}/retry"' in stopped
    assert client.post(f"/jobs/{job['id']}/retry", data={"csrf_token": token}).status_code == 302
    work_off(world)
    assert "data-job-state" not in client.get(twice[0].location).text
    assert client.get("/jobs/tray").text.strip() == ""
    assert client.get("/jobs/").location == "/operations/"


def test_progress_says_how_far_how_fast_and_how_long(world: World, engine: Engine) -> None:
    """BULK-3: done of total, rows per second, time left; on its own, in reports and in the list."""
    ids, api = fill(engine), Api(world, "manager")
    api.client.get("/lang/en")
    job, run = started(api, "lock", ids, {"reason": "tender"})
    places = (f"/jobs/{job}/progress", "/operations/", f"/customers/bulk/lock/report/{run}")
    assert job_of(api, job)["rate"] == 0
    assert all(f"0 of {MANY:,}" in api.client.get(place).text for place in places)
    assert not any("per second" in api.client.get(place).text for place in places)
    work_off(world, chunks=1)
    assert job_of(api, job)["rate"] > 0
    table, left = db.metadata.tables["job"], MANY - 500
    for rate, sentence in ((100, f"{left // 100} seconds"), (1, f"about {-(-left // 60)} minutes")):
        with engine.begin() as connection:
            connection.execute(update(table).values(rate=rate))
        for place in places:
            page = api.client.get(place).text
            assert f"500 of {MANY:,}" in page, place
            assert f"{rate} per second · {sentence} left" in page, place


def test_a_fault_of_ours_ends_a_job_and_not_its_worker(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BULK-3: cleanly reported, with what was done till then; the next job is done, and it too."""
    ids, api = fill(engine), Api(world, "manager")
    faulty, run = started(api, "lock", ids, {"reason": "tender"})
    after, _run = started(api, "add_tags", ids, {"tags": ["Fair"]})
    advance = Bulk.advance

    def breaking(self: Bulk, job: jobs.Job) -> bool:
        if job.id == faulty and job.cursor:
            raise RuntimeError("nobody thought of that")
        return advance(self, job)

    monkeypatch.setattr(Bulk, "advance", breaking)
    work_off(world)
    ended = job_of(api, faulty)
    assert (ended["state"], ended["error"]["code"]) == ("failed", ServerFault.code)
    assert (ended["done"], entries(engine, run)) == (500, 500)
    assert ended["error"]["message"] in ("系统出错。", "Something went wrong on our side.")
    assert "500" in told(world)
    assert (job_of(api, after)["state"], job_of(api, after)["done"]) == ("done", MANY)
    monkeypatch.setattr(Bulk, "advance", advance)
    assert api.post(f"/jobs/{faulty}/retry", {}).status_code == 200
    work_off(world)
    assert (job_of(api, faulty)["state"], entries(engine, run)) == ("done", MANY)


def test_a_job_that_its_workers_die_of_is_given_up(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BULK-3: reported like any other; no worker more is lost with it."""
    ids, api, died = fill(engine, 501), Api(world, "manager"), list[int]()
    job, run = started(api, "lock", ids, {"reason": "tender"})

    def dying(_self: Bulk, job: jobs.Job) -> bool:
        died.append(job.attempts)
        raise KeyboardInterrupt

    monkeypatch.setattr(Bulk, "advance", dying)
    for _worker in range(MOST_ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            work_off(world)
        with engine.begin() as connection:  # its lease has ended
            connection.execute(update(db.metadata.tables["job"]).values(lease_until=None))
    work_off(world)
    assert len(died) == MOST_ATTEMPTS
    ended = job_of(api, job)
    assert (ended["state"], ended["error"]["code"]) == ("failed", ServerFault.code)
    assert entries(engine, run) == 0


def test_a_lost_lease_writes_nothing_more(world: World, engine: Engine) -> None:
    """A worker that was paused too long finds that somebody else has gone on."""
    ids, api = fill(engine), Api(world, "manager")
    job, run = started(api, "transfer", ids, {"new_owner": "sales1b"})
    with world.app.app_context():
        assert not jobs.take_up(job, "older", ["other"]), "a kind it doesn't know"
        assert jobs.take_up(job, "slow", ["bulk"])
        assert not jobs.take_up(job, "quick", ["bulk"]), "held"
        db.session.commit()
        table = db.metadata.tables["job"]
        long_ago = datetime.now(UTC) - timedelta(minutes=1)
        db.session.execute(update(table).values(lease_until=long_ago))
        assert jobs.take_up(job, "quick", ["bulk"])
        db.session.commit()
        assert jobs.renew(job, "slow") is None
        assert jobs.renew(job, "quick") is not None
        jobs.let_go(job, "quick")
        db.session.commit()
    work_off(world)
    assert entries(engine, run) == MANY


@pytest.mark.parametrize("minutes", [-3, 3])
def test_a_wrong_clock_takes_no_job_and_no_mail_from_others(
    world: World, engine: Engine, minutes: int
) -> None:
    """C98: the worker whose clock is late, and the other one, count by the database's clock."""
    if world.server.kind == "sqlite":
        return  # serves one machine, with one clock
    job, _run = started(Api(world, "manager"), "lock", fill(engine, 501), {"reason": "x"})
    wrong = datetime.now(UTC) + timedelta(minutes=minutes)
    people, past = user_ids(engine), datetime(2020, 1, 1, tzinfo=UTC)
    with world.app.app_context():
        due = mails.Planned(mails.SINGLE, "one", people["manager"], past, []).row
        db.session.execute(insert(mails.Mail.__table__), [due])
        db.session.commit()
        for turn, worker in enumerate(("first", "second")):
            is_wrong = (turn == 0) == (minutes < 0)
            with time_machine.travel(wrong) if is_wrong else nullcontext():
                assert jobs.take_up(job, worker, ["bulk"]) is (turn == 0)
                db.session.commit()
                assert len(mails.claim(worker, 9)) == (turn == 0)


def test_its_person_hears_how_it_ended(world: World, engine: Engine) -> None:
    """NOTE: one message for each end, that leads to the report."""
    ids, api = fill(engine, 501), Api(world, "manager")
    job, run = started(api, "lock", ids, {"reason": "tender"})
    assert "501" not in told(world)
    assert api.post(f"/jobs/{job}/cancel", {}).status_code == 200
    work_off(world)
    assert "cancelled after 0 records" in told(world)
    assert api.post(f"/jobs/{job}/retry", {}).status_code == 200
    work_off(world)
    page = told(world)
    assert "Lock · Customers: finished, 501 done, 0 left out." in page
    assert f'href="/customers/bulk/lock/report/{run}"' in page
    assert "501" not in world.client("sales1b").get("/notifications/").text


def told(world: World) -> str:
    client = world.client("manager")
    client.get("/lang/en")
    return client.get("/notifications/").text


def test_a_serving_process_looks_for_no_garbage_in_the_program(world: World) -> None:
    """Done over for every few hundred rows, that took a sixth of an import."""
    gc.unfreeze()
    engine = Threads(world.app, 1)
    engine.start()
    try:
        assert gc.get_freeze_count() > 100_000
    finally:
        engine.stop()
        gc.unfreeze()
