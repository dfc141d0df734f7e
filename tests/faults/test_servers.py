"""What gunicorn does to its processes, and what becomes of the work in them (C94b, C94d)."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from http.client import HTTPException
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.contract.calls import Api, stored, user_ids
from tests.contract.test_bulk import rows_in
from tests.contract.test_jobs import fill, started
from tests.races.test_jobs import counts, let_leases_end, state
from tests.support.serving import PATIENCE, PLACE, Answer, Browser, Served, gunicorn, run_py, wait
from tests.support.worlds import World

ROWS = 3_000
LISTENING = "0A"
ACCEPTS = "00010000"


def sockets_and_files(pid: int) -> set[str]:
    """What a process has open of sockets and databases; what listens may be shared by all."""
    found = set[str]()
    with suppress(FileNotFoundError):  # it has ended
        for path in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):  # closed meanwhile
                found.add(os.readlink(path))
    return {one for one in found if one.startswith("socket:") or ".sqlite" in one} - _listeners()


def _listeners() -> set[str]:
    """The sockets of this machine that wait for connections."""
    tcp = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    unix = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    inodes = [line[9] for line in tcp if line[3] == LISTENING]
    inodes += [line[6] for line in unix if line[3] == ACCEPTS]
    return {f"socket:[{inode}]" for inode in inodes}


def slow_down(engine: Engine) -> None:
    """Let every change of a customer take far longer than a process may be silent.

    PostgreSQL ends such a statement after five seconds, SQLite doesn't.
    """
    if engine.dialect.name == "postgresql":
        statements = [
            "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$",
            "CREATE TRIGGER dawdle AFTER UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION dawdle()",
        ]
    else:
        statements = [
            "CREATE TRIGGER dawdle AFTER UPDATE ON customer BEGIN SELECT count(*)"
            " FROM customer a, customer b, customer c, customer d, customer e, customer f,"
            " customer g, customer h, customer i; END"
        ]
    with engine.begin() as connection:
        for one in statements:
            connection.execute(text(one))


def speed_up(engine: Engine) -> None:
    """As before, once nobody holds the table any more."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("DROP FUNCTION dawdle CASCADE"))
        else:
            connection.execute(text("DROP TRIGGER dawdle"))


def test_forked_processes_share_nothing_and_die_cleanly(
    world: World, engine: Engine, tmp_path: Path
) -> None:
    """C94d, C94b: made before the fork, ended while they write; boots are paid for once."""
    with gunicorn(world, tmp_path, "--preload", "--timeout", "3") as served:
        manager = Browser(served.base, "manager")
        share_nothing(served, manager)
        time_out(served, manager, engine)
        run_out_of_memory(served, manager, world, engine)


def share_nothing(served: Served, manager: Browser) -> None:
    """C94d: no connection and no thread is older than the fork; each process has its own."""
    master = served.master.pid
    assert len([*Path(f"/proc/{master}/task").iterdir()]) == 1
    assert not sockets_and_files(master)
    until = time.monotonic() + PATIENCE
    found: list[set[str]] = []
    while len(found) < 2 or not all(found):
        assert time.monotonic() < until, "one of them never has a connection"
        assert manager.ask("/customers/list/").status == 200
        found = [sockets_and_files(pid) for pid in served.workers()]
    mine, others = found
    assert not {one for one in mine & others if one.startswith("socket:")}


def time_out(served: Served, manager: Browser, engine: Engine) -> None:
    """C94b: gunicorn ends a process that is silent too long; nothing of its request is there."""
    headers = {"If_Match": '"1"', "Idempotency_Key": "late"}
    change = partial(manager.ask, f"{PLACE}1", {"remark": "late"}, verb="PUT", **headers)
    slow_down(engine)
    entries = len(rows_in(engine, "history"))
    for _try in range(8):
        before = {*served.workers()}
        if not is_answered(change):
            break
    wait(lambda: {*served.workers()} - before, "nobody replaces it")
    speed_up(engine)
    assert stored(engine, "customer", 1)["version"] == 1
    assert len(rows_in(engine, "history")) == entries
    again = change()
    assert (again.status, "Idempotent-Replayed" in again.headers) == (200, False), again
    assert stored(engine, "customer", 1)["version"] == 2


def is_answered(change: Callable[[], Answer]) -> bool:
    """Whether PostgreSQL gave up before gunicorn did, as it may on a busy machine."""
    try:
        answer = change()
    except (OSError, HTTPException):  # killed
        return False
    if answer.status == 500:  # told to end by an exception: gunicorn's own page
        assert "code" not in answer.text, answer
        return False
    assert answer.status == 503, answer
    return True


def run_out_of_memory(served: Served, manager: Browser, world: World, engine: Engine) -> None:
    """C94b: what the system does then is a kill -9; another process ends the job."""
    moving, mine = fill(engine, ROWS), user_ids(engine)["sales1b"]
    job, run = started(Api(world, "manager"), "transfer", moving, {"new_owner": "sales1b"})
    wait(lambda: state(engine, job)[1] > 0, "nobody takes it up")
    [row] = rows_in(engine, "job", id=job)
    killed = int(row["worker"].split(":")[1])
    os.kill(killed, signal.SIGKILL)
    wait(lambda: killed not in served.workers(), "it doesn't end")
    assert len(set(counts(engine, run, mine).values())) == 1, "half a chunk"
    let_leases_end(engine)
    until = time.monotonic() + PATIENCE
    while state(engine, job)[0] != "done":  # threads begin with the first request of a process
        assert manager.ask("/healthz").status == 200
        assert time.monotonic() < until, "nobody goes on"
        time.sleep(0.1)
    assert set(counts(engine, run, mine).values()) == {ROWS}


@contextmanager
def everybody_waits(engine: Engine) -> Iterator[None]:
    """While it is open, nobody can change the first customer."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE customer SET version = version WHERE id = 1"))
        yield
        connection.rollback()


def test_a_stop_lets_requests_end(world: World, engine: Engine, tmp_path: Path) -> None:
    """C94b, with threads as documented: silence is no time-out, SIGTERM drains and ends."""
    log = tmp_path / "log"
    options = ("--threads", "4", "--timeout", "3", "--preload", "--log-level", "debug")
    with log.open("wb") as said, gunicorn(world, tmp_path, *options, said=said) as served:
        manager = Browser(served.base, "manager")
        change = partial(manager.ask, f"{PLACE}1", {"remark": "x"}, verb="PUT", If_Match='"1"')
        if world.server.kind == "postgresql":  # on SQLite it would last for ever
            slow_down(engine)
            late = change()
            assert (late.status, int(late.headers["Retry-After"]) > 0) == (503, True), late
            speed_up(engine)
        earlier = log.read_text().count("PUT /api")
        with ThreadPoolExecutor(1) as pool, everybody_waits(engine):
            asked = pool.submit(change)
            wait(lambda: log.read_text().count("PUT /api") > earlier, "nobody takes the request")
            served.master.send_signal(signal.SIGTERM)
            wait(lambda: "Handling signal: term" in log.read_text(), "nobody hears the signal")
        answer = asked.result(PATIENCE)
        assert served.master.wait(PATIENCE) == 0
    assert answer.status in (200, 503), "PostgreSQL waits for a row no longer than three seconds"
    assert (stored(engine, "customer", 1)["remark"] == "x") is (answer.status == 200)


def somebody_waits(engine: Engine) -> bool:
    """Whether PostgreSQL keeps somebody waiting for a row; a new look each time."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with engine.connect() as connection:
        return bool(connection.scalar(waiting))


@pytest.mark.parametrize("server", ["postgresql"], indirect=True)  # which shows who waits
def test_the_small_server_ends_what_is_under_way(
    world: World, engine: Engine, tmp_path: Path
) -> None:
    """C94b, for ``python run.py``: who waits is answered, and the process ends without a fault."""
    with run_py(world, tmp_path) as served:
        manager = Browser(served.base, "manager")
        change = partial(manager.ask, f"{PLACE}1", {"remark": "x"}, verb="PUT", If_Match='"1"')
        with ThreadPoolExecutor(1) as pool, everybody_waits(engine):
            asked = pool.submit(change)
            wait(lambda: somebody_waits(engine), "nobody takes the request")
            served.master.send_signal(signal.SIGTERM)
        answer = asked.result(PATIENCE)
        assert served.master.wait(PATIENCE) == 0
    assert answer.status in (200, 503), "PostgreSQL waits for a row no longer than three seconds"
    assert (stored(engine, "customer", 1)["remark"] == "x") is (answer.status == 200)
