"""The database dies while everybody is at work, and comes back (C93)."""

import time
from collections.abc import Callable, Iterator, Sequence, Sized
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest
from sqlalchemy import Engine, update

from app.spec.catalogue import catalogue
from tests.contract.calls import Api, user_ids
from tests.contract.test_jobs import fill, started
from tests.races.test_jobs import counts, let_leases_end, state
from tests.support.own_postgres import OwnPostgres
from tests.support.serving import PATIENCE, Answer, Browser, Saver, gunicorn, stored_once, wait
from tests.support.worlds import World

SAVERS = 3
ROWS = 4_000
AFTER = 12
"""Requests after each return, more than there are processes; no process may fail its first."""


@pytest.fixture(scope="module")
def postgres(shared_folder: Path) -> Iterator[OwnPostgres]:
    """Skips where the servers of the wheel can't be had."""
    folder = shared_folder / f"outages-{uuid4().hex}"
    folder.mkdir(mode=0o755)
    try:
        made = OwnPostgres(folder / "data")
    except ImportError as reason:
        pytest.skip(f"no PostgreSQL that may be stopped: install the wheel ({reason})")
    yield made
    made.close()


@pytest.fixture
def world(postgres: OwnPostgres, tmp_path: Path) -> Iterator[World]:
    """The application on that PostgreSQL."""
    postgres.start()
    found = World(postgres.server, tmp_path, "one")
    yield found
    postgres.start()
    found.close()


class Reader:
    """Somebody who looks at a list and asks for it as a program, again and again."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.refused: list[Answer] = []

    def read_until(self, stop: Event) -> None:
        while not stop.is_set():
            for path in ("/customers/list/", "/api/v1/customers/"):
                answer = self.browser.ask(path)
                assert answer.status in (200, 503), answer
                if answer.status == 503:
                    self.refused.append(answer)
                time.sleep(0.02)


@contextmanager
def at_work(base: str) -> Iterator[tuple[list[Saver], Reader]]:
    """People who save and one who reads, as long as this is open; whatever they met is raised."""
    savers = [Saver(Browser(base, "manager"), f"Saver {number}") for number in range(SAVERS)]
    reader, stop = Reader(Browser(base, "sales1a")), Event()
    with ThreadPoolExecutor(SAVERS + 1) as pool:
        busy = [pool.submit(one.save_until, stop) for one in savers]
        busy.append(pool.submit(reader.read_until, stop))
        try:
            yield savers, reader
        finally:
            stop.set()
            for one in busy:
                one.result(PATIENCE)


def more(lists: Sequence[Sized], by: int) -> Callable[[], bool]:
    """Whether each of them has got so much longer by then."""
    wanted = [len(one) + by for one in lists]
    return lambda: all(len(one) >= n for one, n in zip(lists, wanted, strict=True))


class Site:
    """What is served, the database under it, and what is known of its outages."""

    def __init__(self, world: World, postgres: OwnPostgres, visitor: Browser) -> None:
        self.postgres, self.visitor, self.away = postgres, visitor, list[tuple[float, float]]()
        self.api = Api(world, "manager")
        with world.app.app_context():
            self.engine: Engine = world.database.engine
        self.mine = user_ids(self.engine)["sales1b"]

    def interrupt_a_job(self, refusals: Sequence[Sized]) -> None:
        """A job is in the middle when the database dies, and ends at 100 % when it is back."""
        moving = fill(self.engine, ROWS)
        job, run = started(self.api, "transfer", moving, {"new_owner": "sales1b"})
        wait(lambda: state(self.engine, job)[1] > 0, "the job doesn't begin")
        assert state(self.engine, job)[0] == "running", "it must be in the middle"
        self._outage(refusals)
        found = counts(self.engine, run, self.mine)
        assert len(set(found.values())) == 1, f"half a chunk: {found}"
        let_leases_end(self.engine)
        wait(lambda: state(self.engine, job)[0] == "done", "the job doesn't end")
        assert set(counts(self.engine, run, self.mine).values()) == {ROWS}
        table = catalogue.get("customer").model.__table__
        with self.engine.begin() as connection:
            connection.execute(update(table).where(table.c.id.in_(moving)).values(name="Past"))

    def _outage(self, refusals: Sequence[Sized]) -> None:
        """Everybody hears of it twice; afterwards every process serves the first who asks."""
        heard, died = more(refusals, 2), time.monotonic()
        self.postgres.die()
        wait(heard, "somebody is left waiting")
        self.postgres.start()
        self.away.append((died, time.monotonic()))
        for _request in range(AFTER):
            answer = self.visitor.ask("/api/v1/customers/", {"name": f"After {time.monotonic()}"})
            assert answer.status == 201, answer
            assert self.visitor.ask("/customers/list/").status == 200


def survive(world: World, postgres: OwnPostgres, folder: Path, times: int) -> None:
    """So many outages while people save and read and a job runs."""
    with gunicorn(world, folder) as served, at_work(served.base) as (savers, reader):
        refusals = [*(one.refused for one in savers), reader.refused]
        site = Site(world, postgres, Browser(served.base, "manager"))
        for _outage in range(times):
            wait(more([one.told for one in savers], 1), "nobody saves")
            site.interrupt_a_job(refusals)
    for answer in (found for some in refusals for found in some):
        is_fair(answer, site.away)
    assert not any(one.broken for one in savers)
    stored_once(site.engine, savers)


def is_fair(answer: Answer, away: Sequence[tuple[float, float]]) -> None:
    """AssertionError unless it says when to come again, and nobody asked after the return."""
    assert int(answer.headers["Retry-After"]) > 0
    assert "json" not in answer.headers["Content-Type"] or "unavailable" in answer.text
    assert any(answer.began <= returned and answer.ended >= died for died, returned in away), answer


def test_an_outage_is_said_and_over_when_it_is_over(
    world: World, postgres: OwnPostgres, tmp_path: Path
) -> None:
    """503 meanwhile, the first request after it succeeds; nothing half, nothing twice, 100 %."""
    survive(world, postgres, tmp_path, 1)


@pytest.mark.prove
def test_seven_outages(world: World, postgres: OwnPostgres, tmp_path: Path) -> None:
    """The whole of C93's first two faults."""
    survive(world, postgres, tmp_path, 7)
