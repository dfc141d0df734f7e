"""``flask crm worker``: jobs done by processes of their own, on PostgreSQL (architecture §6)."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, text

from app.extensions import db
from app.jobs.workers import Workers
from app.operations.behaviour import CHUNK
from config import ConfigError, settings
from tests.contract.calls import user_ids
from tests.contract.test_jobs import fill
from tests.races.crowd import Elsewhere, Place
from tests.races.test_jobs import counts, state
from tests.support.templates import dispose
from tests.support.worlds import World, environment, make_app

POSTGRES = pytest.mark.parametrize("server", ["postgresql"], indirect=True)
ROWS = 3_000


@pytest.fixture
def served(world: World) -> Iterator[Elsewhere]:
    """The same database under an application whose jobs are done by workers."""
    found = Elsewhere(Place.of(world))
    instance, url = Path(world.app.config["CRM_INSTANCE"]), world.server.url(world.name)
    found.app = make_app(instance, url, {"CRM_JOBS": "workers"})
    yield found
    dispose(found.app)


@contextmanager
def working(world: World, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of its own process."""
    surroundings = {
        **os.environ,
        **environment(world.app.config["CRM_INSTANCE"], world.server.url(world.name)),
        "CRM_JOBS": "workers",
    }
    command = [sys.executable, "-m", "flask", "--app", "app", "crm", "worker", *more]
    worker = subprocess.Popen(command, env=surroundings, stderr=subprocess.PIPE)
    with worker:
        yield worker
        worker.kill()


def wait_for(engine: Engine, job: int, seconds: float = 60) -> tuple[str, int]:
    until = time.monotonic() + seconds
    while state(engine, job)[0] not in ("done", "failed") and time.monotonic() < until:
        time.sleep(0.1)
    return state(engine, job)


def queued(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(text("SELECT count(*) FROM procrastinate_jobs")) or 0


class Gate:
    """Stops whoever writes some customers, until it is opened: a state that doesn't pass by."""

    def __init__(self, engine: Engine, name: str, ids: Sequence[int]) -> None:
        self._engine, self.name = engine, name
        chosen = ", ".join(map(str, ids))
        statements = (
            "CREATE TABLE IF NOT EXISTS gate_open (name text)",
            "CREATE OR REPLACE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " WHILE NOT EXISTS (SELECT 1 FROM gate_open WHERE name = TG_ARGV[0])"
            " LOOP PERFORM pg_sleep(0.02); END LOOP; RETURN NEW; END $$",
            f"CREATE TRIGGER gate_{name} BEFORE UPDATE ON customer FOR EACH ROW"
            f" WHEN (NEW.id IN ({chosen})) EXECUTE FUNCTION wait_at_gate('{name}')",
        )
        with engine.begin() as connection:
            for one in statements:
                connection.execute(text(one))

    def open(self) -> None:
        with self._engine.begin() as connection:
            connection.execute(text("INSERT INTO gate_open VALUES (:name)"), {"name": self.name})


@POSTGRES
def test_a_worker_does_what_web_processes_queue(
    world: World, engine: Engine, served: Elsewhere
) -> None:
    """Queued in the transaction that makes it; a stopped worker leaves the rest to the next."""
    api, ids = served.api("manager"), fill(engine, ROWS)
    refused = api.bulk("customers", "transfer", ids, {"new_owner": "nobody"})
    assert (refused.status_code, queued(engine)) == (422, 0)
    answer = api.bulk("customers", "transfer", ids, {"new_owner": "sales1b"}).json
    assert queued(engine) == 1
    second, last = Gate(engine, "second", ids[700:701]), Gate(engine, "last", ids[-1:])
    with working(world) as first:
        until(engine, "SELECT done FROM job", CHUNK)
        first.send_signal(signal.SIGTERM)
        second.open()
        assert first.wait(20) == 0
    reached, done = state(engine, answer["job_id"])
    assert reached == "running"
    assert CHUNK <= done < ROWS
    last.open()
    with working(world):
        assert wait_for(engine, answer["job_id"]) == ("done", ROWS)
    found = counts(engine, answer["operation_id"], user_ids(engine)["sales1b"])
    assert set(found.values()) == {ROWS}, found


HELD = "SELECT count(*) FROM job WHERE worker LIKE :who AND state = 'running'"


def until(engine: Engine, sentence: str, number: int, **given: str) -> None:
    """Return when that many rows are found."""
    end = time.monotonic() + 60
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while connection.scalar(text(sentence), given) != number:
            assert time.monotonic() < end, sentence
            time.sleep(0.02)


@POSTGRES
def test_a_killed_worker_is_replaced(world: World, engine: Engine, served: Elsewhere) -> None:
    """Two are at work at once, each on a job of its own; one dies, and the other does both.

    Nobody tells that it is gone: the others notice its silence.
    """
    api, rows = served.api("manager"), [fill(engine, ROWS), fill(engine, ROWS)]
    second = Gate(engine, "second", [ids[700] for ids in rows])
    one_each = "--concurrency", "1"
    with working(world, *one_each) as first, working(world, *one_each):
        until(engine, "SELECT count(*) FROM procrastinate_workers", 2)
        jobs = [
            api.bulk("customers", "transfer", ids, {"new_owner": who}).json
            for ids, who in zip(rows, ("sales1b", "sales2a"), strict=True)
        ]
        until(engine, "SELECT count(DISTINCT worker) FROM job WHERE done > 0", 2)
        first.kill()
        until(engine, HELD, 1, who=f"%:{first.pid}:%")
        second.open()
        for job in jobs:
            assert wait_for(engine, job["job_id"], 120) == ("done", ROWS)
    for job, ids in zip(jobs, rows, strict=True):
        assert runs_rows(engine, job["operation_id"]) == (len(ids), len(ids))


def runs_rows(engine: Engine, run: int) -> tuple[int, int]:
    """How many entries a run has in the history, and about how many records."""
    table = db.metadata.tables["history"]
    mine = (table.c.operation_id == run, table.c.entity == "customer")
    found = select(func.count(), func.count(table.c.record_id.distinct())).where(*mine)
    with engine.connect() as connection:
        total, records = connection.execute(found).one()
        return total, records


@POSTGRES
def test_what_is_rolled_back_was_never_queued(engine: Engine, served: Elsewhere) -> None:
    workers = Workers(served.app)
    with served.app.app_context():
        workers.defer(7)
        db.session.rollback()
        assert queued(engine) == 0
        workers.defer(7)
        db.session.commit()
    assert queued(engine) == 1


def test_workers_need_postgresql() -> None:
    with pytest.raises(ConfigError, match="CRM_JOBS: workers need PostgreSQL"):
        settings({"CRM_JOBS": "workers"})
    with pytest.raises(ConfigError, match="CRM_JOBS"):
        settings({"CRM_JOBS": "elves"})
    assert settings({"CRM_JOBS": "workers", "DATABASE_URL": "postgresql://x/y"})["CRM_JOBS"]
