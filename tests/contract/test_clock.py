"""The clock by hand (R7): due times, second tries, being replaced, the admin's page (C97–C99)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event
from threading import enumerate as enumerate_threads
from time import sleep
from typing import Any

import pytest
import time_machine
from apscheduler.schedulers.base import STATE_PAUSED, STATE_RUNNING
from sqlalchemy import Engine, select, text

from app.extensions import db
from app.jobs import alarm, clock
from app.spec import clock as times
from app.spec.routines import ROUTINES, Report, Routine, declare
from app.spec.words import Label
from app.store import due_runs, exports, imports, mails
from app.store.due_runs import DueRun
from app.store.history import SURFACES, record_event
from app.store.outbox import Outbox
from app.store.sweeping import SWEEP
from tests.support.web import csrf_token
from tests.support.worlds import World

PROBE = "probe"
DUE = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)


class Probe:
    """A routine whose doing the test decides."""

    def __init__(self) -> None:
        self.done, self.fault = 0, False

    def does(self) -> Report:
        record_event("set_up", subject=PROBE)
        self.done += 1
        if self.fault:
            raise RuntimeError("the disk is gone")
        return {"records": self.done}


@pytest.fixture
def probe() -> Iterator[Probe]:
    made = Probe()
    label = Label("Probe", "探针")
    counted = {"records": Label("records", "记录")}
    ROUTINES[PROBE] = Routine(PROBE, label, "0 2 * * *", made.does, counted)
    yield made
    del ROUTINES[PROBE]


@pytest.fixture
def ticking(world: World) -> clock.Clock:
    """A clock that only does what a test asks it for."""
    world.is_dirty = True
    return clock.Clock(world.app, is_on=False)


def run_of(engine: Engine) -> DueRun:
    with engine.connect() as connection:
        table = DueRun.__table__
        return connection.execute(select(table).where(table.c.routine == PROBE)).one()


def effects(engine: Engine) -> int:
    """How often it was done; each time is told in words that the log knows."""
    history = db.metadata.tables["history"]
    with engine.connect() as connection:
        found = connection.execute(select(history).where(history.c.subject == PROBE)).all()
    assert all(SURFACES.find(entry.surface) for entry in found)
    return len(found)


def test_a_due_time_is_done_once(ticking: clock.Clock, probe: Probe, engine: Engine) -> None:
    for _ in range(2):
        ticking.meet(PROBE, DUE)
    assert (probe.done, effects(engine)) == (1, 1)
    assert (run_of(engine).state, run_of(engine).report) == ("done", {"records": 1})


def test_what_fails_leaves_nothing_and_is_tried_again(
    world: World, ticking: clock.Clock, probe: Probe, engine: Engine
) -> None:
    """C99: after 1, 5 and 30 minutes; the admins hear of it once, after the third failure."""
    probe.fault = True
    start = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
    with time_machine.travel(start, tick=False) as moment:
        ticking.meet(PROBE, DUE)
        for pause in (1, 5, 30):
            failed = run_of(engine)
            assert (failed.state, failed.error) == ("failed", "RuntimeError")
            waits = failed.next_try_at - failed.finished_at
            assert abs(waits - timedelta(minutes=pause)) < timedelta(seconds=1)
            if world.server.kind == "postgresql":  # its own clock doesn't travel
                engine_waits(engine)
            with world.app.app_context():
                moment.shift(timedelta(minutes=pause))
                assert due_runs.take_over(PROBE, DUE, ticking.name)
            ticking.do(PROBE, DUE)
    assert run_of(engine).next_try_at is None, "four failures are enough"
    assert effects(engine) == 0
    with engine.connect() as connection:
        outbox = Outbox.__table__
        told = connection.execute(select(outbox).where(outbox.c.kind == "routine_failed")).all()
    assert {message.user_id for message in told}
    assert len(told) == len({message.user_id for message in told})
    with world.app.app_context():
        assert due_runs.left() == []
    page = world.client("admin").get("/notifications/").text
    assert "Probe" in page or "探针" in page


def engine_waits(engine: Engine) -> None:
    """Let a failed run be due at once."""
    with engine.begin() as connection:
        table = DueRun.__table__
        connection.execute(table.update().values(next_try_at=datetime(2020, 1, 1, tzinfo=UTC)))


def test_whoever_was_replaced_writes_nothing(
    world: World, ticking: clock.Clock, probe: Probe, engine: Engine
) -> None:
    """A paused process wakes up when another one has done its work: its own is taken back."""
    other = clock.Clock(world.app, is_on=False)
    with world.app.app_context():
        assert due_runs.claim(PROBE, DUE, ticking.name)
    with engine.begin() as connection:
        old = datetime(2020, 1, 1, tzinfo=UTC)
        connection.execute(DueRun.__table__.update().values(beat_at=old))
    with world.app.app_context():
        assert due_runs.left() == [(PROBE, DUE)]
        assert due_runs.take_over(PROBE, DUE, other.name)
        assert not due_runs.take_over(PROBE, DUE, ticking.name), "it beats again"
    ticking.do(PROBE, DUE)
    assert effects(engine) == 0
    other.do(PROBE, DUE)
    assert effects(engine) == 1


@pytest.mark.parametrize(
    ("zone", "at", "now", "expected"),
    [
        ("Asia/Shanghai", "0 2 * * *", "2026-03-01T18:00:01", "2026-03-01T18:00:00"),
        ("Asia/Shanghai", "0 2 * * *", "2026-03-01T17:59:59", "2026-02-28T18:00:00"),
        ("Asia/Shanghai", "0 2 29 2 *", "2028-02-29T00:00:00", "2028-02-28T18:00:00"),
        ("Asia/Shanghai", "0 2 1 * *", "2026-03-20T00:00:00", None),
        ("Europe/Berlin", "30 2 * * *", "2026-10-25T12:00:00", "2026-10-25T00:30:00"),
        ("Europe/Berlin", "30 2 * * *", "2026-03-29T12:00:00", "2026-03-29T01:30:00"),
    ],
)
def test_the_last_time_that_was_missed_is_caught_up(
    probe: Probe, zone: str, at: str, now: str, expected: str | None
) -> None:
    """C97, C98: within its day; summer time, leap day, the hour that there is twice."""
    routine = Routine(PROBE, Label("Probe", "探针"), at, probe.does, {})
    found = clock.last_due(routine, zone, datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert found == (expected and datetime.fromisoformat(expected).replace(tzinfo=UTC))


@pytest.mark.parametrize("ahead", [0, 60], ids=["meanwhile", "machine ahead"])
def test_what_is_due_while_a_clock_starts_is_met(
    ticking: clock.Clock, probe: Probe, monkeypatch: pytest.MonkeyPatch, ahead: int
) -> None:
    """C96, C98: neither between two looks at the time, nor between two clocks that differ."""
    due = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)
    told, met = [due - timedelta(seconds=1)], list[tuple[str, datetime]]()

    class Scheduler:
        def add_job(self, *_: Any, **__: Any) -> None:
            told[0] = due + timedelta(seconds=1)  # it waits for the next day from now on

    routine = Routine(PROBE, Label("Probe", "探针"), "0 18 * * *", probe.does, {})
    monkeypatch.setattr(clock, "ROUTINES", {PROBE: routine})
    monkeypatch.setattr(ticking, "_scheduler", Scheduler())
    monkeypatch.setattr(clock.times, "now", lambda: told[0])
    monkeypatch.setattr(due_runs, "now", lambda: told[0] - timedelta(seconds=ahead))
    submitted = ticking._executor.pool
    monkeypatch.setattr(submitted, "submit", lambda _what, *run: met.append(run))
    ticking._set_to("UTC")
    monkeypatch.setattr(ticking, "_scheduler", None)
    assert met == [(PROBE, due)]


def look(scheduler: Any) -> None:
    """One look of a scheduler at what is due; its own thread never wakes up."""
    scheduler.state = STATE_RUNNING
    scheduler._process_jobs()
    scheduler.state = STATE_PAUSED


def test_a_process_that_was_paused_does_the_last_time_once(
    ticking: clock.Clock, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R7, C97: one of all times that passed meanwhile, late or not; none that is too late."""
    routine = Routine(PROBE, Label("Probe", "探针"), "0 * * * *", probe.does, {})
    monkeypatch.setitem(ROUTINES, PROBE, routine)
    met = list[datetime]()
    monkeypatch.setattr(ticking, "meet", lambda _key, due_at: met.append(due_at))
    monkeypatch.setattr(ticking._executor.pool, "submit", lambda what, *run: what(*run))
    scheduler = ticking._make()
    scheduler.start(paused=True)
    hourly = clock._trigger(routine, "UTC")
    for catch_up, wanted in ((timedelta(hours=9), [DUE + timedelta(hours=5)]), (timedelta(0), [])):
        monkeypatch.setitem(ROUTINES, PROBE, replace(routine, catch_up=catch_up))
        with time_machine.travel(DUE + timedelta(hours=5, minutes=20), tick=False):
            scheduler.add_job(probe.does, hourly, id=PROBE, next_run_time=DUE)
            look(scheduler)
        assert met == wanted
        assert not any(ticking._executor._instances.values()), "free for the next time"
        scheduler.remove_job(PROBE)
        met.clear()
    scheduler.shutdown()


def test_the_second_hour_of_the_same_name_is_not_late(
    ticking: clock.Clock, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C98: both count as one when they are claimed, but the second is an hour later."""
    routine = Routine(PROBE, Label("Probe", "探针"), "0 * * * *", probe.does, {})
    monkeypatch.setitem(ROUTINES, PROBE, replace(routine, catch_up=timedelta(minutes=1)))
    met = list[datetime]()
    monkeypatch.setattr(ticking, "meet", lambda _key, due_at: met.append(due_at))
    monkeypatch.setattr(ticking._executor.pool, "submit", lambda what, *run: what(*run))
    scheduler, hourly = ticking._make(), clock._trigger(routine, "Europe/Berlin")
    scheduler.start(paused=True)
    first = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)
    with time_machine.travel(first + timedelta(hours=1, seconds=1), tick=False):
        second = hourly.get_next_fire_time(None, first + timedelta(minutes=30))
        scheduler.add_job(probe.does, hourly, id=PROBE, next_run_time=second)
        look(scheduler)
    scheduler.shutdown()
    assert second.fold, "the clock shows two o'clock for the second time"
    assert met == [first]


def test_a_routine_that_is_always_too_late_is_refused(probe: Probe) -> None:
    """C97: no process is at the very moment."""
    routine = Routine("never", Label("Never", "从不"), "0 * * * *", probe.does, {})
    with pytest.raises(ValueError, match="too late"):
        declare(replace(routine, catch_up=timedelta(0)))
    assert "never" not in ROUTINES


def test_a_routine_is_not_begun_again_while_it_is_at_work(
    ticking: clock.Clock, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R7: however long it takes, a process does each routine once at a time."""
    held = list[tuple[Any, ...]]()
    monkeypatch.setattr(ticking, "meet", lambda _key, _due_at: None)
    monkeypatch.setattr(ticking._executor.pool, "submit", lambda *what: held.append(what))
    scheduler = ticking._make()
    scheduler.start(paused=True)
    with time_machine.travel(DUE, tick=False) as moment:
        scheduler.add_job(probe.does, clock._trigger(ROUTINES[PROBE], "UTC"), id=PROBE)
        for _day in range(3):
            moment.shift(timedelta(days=1))
            look(scheduler)
        assert len(held) == 1
        what, *run = held.pop()
        what(*run)
        moment.shift(timedelta(days=1))
        look(scheduler)
        assert len(held) == 1
    scheduler.shutdown()


def test_admins_see_the_clock_and_can_ask(
    world: World, ticking: clock.Clock, probe: Probe, engine: Engine
) -> None:
    """“Run now” is done by whichever process ticks next, and says who wanted it."""
    ticking.meet(PROBE, DUE)
    admin = world.client("admin")
    page = admin.get("/clock/").text
    assert all(f'data-routine="{key}"' in page for key in (PROBE, SWEEP.key))
    token = csrf_token(admin, "/clock/")
    for path, status in ((f"/clock/{PROBE}/run", 302), ("/clock/nothing/run", 404)):
        assert admin.post(path, data={"csrf_token": token}).status_code == status
    with world.app.app_context():
        asked = due_runs.left()
        assert [key for key, _due in asked] == [PROBE]
        assert due_runs.take_over(*asked[0], ticking.name)
    ticking.do(*asked[0])
    assert probe.done == 2
    assert "admin" in admin.get("/clock/").text
    assert world.client("sales1a").get("/clock/").status_code == 403


def test_a_key_is_declared_once() -> None:
    with pytest.raises(ValueError, match="another key"):
        declare(SWEEP)


def test_the_sweep_reports_what_it_forgot(world: World, ticking: clock.Clock) -> None:
    """R10: twice in a row is as good as once; the second time finds nothing."""
    for ago in (3, 2):
        ticking.meet(SWEEP.key, times.now() - timedelta(hours=ago))
    with world.app.app_context():
        states = [run.state for run in due_runs.latest(5) if run.routine == SWEEP.key]
    assert states == ["done", "done"]


def test_what_one_sweep_cannot_do_keeps_none_of_the_others(
    world: World, ticking: clock.Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is tried by itself; the fault is told when all have been."""
    tried: list[str] = []

    def fail(*_given: object) -> int:
        raise TimeoutError

    monkeypatch.setattr(imports, "sweep", fail)
    for module in (exports, mails):
        monkeypatch.setattr(module, "sweep", lambda: tried.append("later") or 0)
    ticking.meet(SWEEP.key, times.now() - timedelta(hours=1))
    assert tried == ["later"] * 2
    with world.app.app_context():
        (run,) = (run for run in due_runs.latest(5) if run.routine == SWEEP.key)
    assert (run.state, run.error) == ("failed", "TimeoutError")


def test_what_kills_its_workers_is_given_up(
    world: World,
    ticking: clock.Clock,
    probe: Probe,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """C99: the row of a dead worker's last attempt is closed, and the admins hear of it once."""
    with world.app.app_context():
        assert due_runs.claim(PROBE, DUE, "dead")
    table, old = DueRun.__table__, datetime(2020, 1, 1, tzinfo=UTC)
    with engine.begin() as connection:
        most = due_runs.MOST_ATTEMPTS
        connection.execute(table.update().values(beat_at=old, attempts=most))
    monkeypatch.setattr(ticking, "_set_to", lambda _zone: None)  # nothing is caught up here
    for _ in range(2):
        ticking.tick()
    assert (run_of(engine).state, run_of(engine).error) == ("failed", "WorkerDied")
    assert probe.done == 0
    with engine.connect() as connection:
        outbox = Outbox.__table__
        told = connection.execute(select(outbox.c.user_id).where(outbox.c.kind == "routine_failed"))
        readers = told.scalars().all()
    assert readers
    assert len(readers) == len(set(readers))


def test_what_waits_for_a_thread_is_at_work_already(
    ticking: clock.Clock, probe: Probe, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C96: all threads are busy for longer than the lease; nothing is taken over from oneself."""
    monkeypatch.setattr(ticking, "_set_to", lambda _zone: None)  # nothing is caught up here
    table, old = DueRun.__table__, datetime(2020, 1, 1, tzinfo=UTC)
    with engine.begin() as connection:
        row = {"routine": PROBE, "due_at": DUE, "state": "queued", "attempts": 0}
        connection.execute(table.insert().values(row))
    is_free, pool = Event(), ticking._executor.pool
    for _thread in range(clock.WORKERS):
        pool.submit(is_free.wait, 30)
    for _tick in range(3):
        ticking.tick()
        with engine.begin() as connection:
            connection.execute(table.update().values(beat_at=old))
    is_free.set()
    pool.shutdown(30)
    assert (run_of(engine).state, run_of(engine).attempts, probe.done) == ("done", 1, 1)
    with pytest.raises(RuntimeError):
        pool.submit(is_free.set)  # nobody would do it


@pytest.mark.parametrize("server", [pytest.param("postgresql", id="alarm")], indirect=True)
def test_one_message_when_two_raise_the_alarm(world: World, engine: Engine) -> None:
    """C99: whoever comes second waits for the first, tells nobody twice and doesn't stumble.

    Not on SQLite: writers queue there before they look.
    """
    world.is_dirty = True
    outbox, batch = Outbox.__table__, f"{PROBE}:{DUE:%Y%m%d%H%M%S}"
    first = {"dedup_key": f"{alarm.FAILED.key}:{batch}:1", "user_id": 1, "kind": alarm.FAILED.key}
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )

    def second() -> None:
        with world.app.app_context():
            alarm.raise_alarm(PROBE, DUE, alarm.ALARMING)

    with ThreadPoolExecutor(1) as pool, engine.connect() as watching:
        with engine.begin() as connection:
            connection.execute(outbox.insert().values(data={}, at=times.now(), **first))
            told = pool.submit(second)
            while not told.done() and not watching.scalar(waiting):
                watching.rollback()
                sleep(0.01)
        told.result(30)
    with engine.connect() as connection:
        receivers = connection.scalars(
            select(outbox.c.user_id).where(outbox.c.kind == alarm.FAILED.key)
        ).all()
    assert 1 in receivers
    assert len(receivers) == len(set(receivers))


def test_stopping_waits_so_long_and_no_longer(
    ticking: clock.Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A routine that hangs keeps no process: its run is taken over as from one that was killed."""
    monkeypatch.setattr(clock, "LAST_ROUTINES", 0.01)
    monkeypatch.setattr(ticking, "_is_on", True)
    monkeypatch.setattr(ticking, "tick", lambda: None)
    is_over, has_ended = Event(), Event()
    ticking.start()
    ticking._executor.pool.submit(lambda: is_over.wait(30) and has_ended.set())
    ticking.stop()
    assert not has_ended.is_set()
    mine = [thread for thread in enumerate_threads() if thread.name.startswith("routine")]
    assert mine
    assert all(thread.daemon for thread in mine), "the end of the process doesn't wait either"
    is_over.set()
    assert has_ended.wait(30)


def test_no_fault_ends_the_ticking(
    ticking: clock.Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A thread that ended would be missed by nobody: it says what happened and goes on."""
    ticks = []

    def stumble() -> None:
        ticks.append(1)
        if len(ticks) == 3:
            ticking._stop.set()
        raise RuntimeError("away")

    monkeypatch.setattr(ticking, "tick", stumble)
    monkeypatch.setattr(clock, "TICK", 0)
    ticking._tick_on()
    assert len(ticks) == 3
    assert caplog.text.count("the clock stumbled") == 3
