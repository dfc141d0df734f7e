"""R7, C95, C96: many clocks on one database; each due time is done once, whoever is killed."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import Engine, select

from app.extensions import db
from app.jobs import clock
from app.spec.routines import ROUTINES, Report, Routine
from app.spec.words import Label
from app.store import due_runs
from app.store.engine import may_write
from app.store.history import History, record_event
from tests.races.crowd import CONTEXT, PATIENCE, Elsewhere, Place, at_once, replace
from tests.races.test_jobs import ON_SQLITE
from tests.support.worlds import World

PROBE = "probe"
CLOCKS = 4
LEASE = 2.0
"""Seconds until a dead process counts as dead, in these tests."""


def _probe() -> Report:
    """Leaves one trace per doing, in the transaction that notes the doing."""
    record_event("set_up", subject=PROBE, detail={"process": os.getpid()})
    time.sleep(0.3)
    return {"traces": 1}


def _hasty() -> Report:
    """Commits what it does before it is noted that it was done."""
    record_event("set_up", subject=PROBE)
    db.session.commit()
    time.sleep(PATIENCE)
    return {"traces": 1}


def _meet_all(executor: Any, job: Any, run_times: list[datetime]) -> None:
    """Late is late and not left out: how fast a machine is isn't what is looked at here."""
    for due in run_times[:-1]:
        executor.pool.submit(executor._clock.meet, job.id, clock._scheduled(due))
    executor.pool.submit(executor._meet, job.id, clock._scheduled(run_times[-1]))


class Unhurried(clock.Clock):
    """A clock that meets each of its due times, however many have passed when it gets to them."""

    slot: int | None = None
    """Of naive ones, who share the seconds among themselves: which of them are this one's."""

    def _make(self) -> Any:
        made = super()._make()
        made._job_defaults.update(coalesce=False, max_instances=1_000)
        return made

    def meet(self, key: str, due_at: datetime) -> None:
        if self.slot is None or due_at.second % CLOCKS == self.slot:
            super().meet(key, due_at)


def _prepare(here: Elsewhere, *, is_naive: bool, does: Any = _probe) -> clock.Clock:
    """A clock with one routine that is due every second."""
    label = Label("Probe", "探针")
    ROUTINES.clear()
    ROUTINES[PROBE] = Routine(PROBE, label, "* * * * *", does, {"traces": label})
    replace("app.jobs.clock", "_trigger", lambda _routine, zone: CronTrigger(second="*"))
    replace("app.jobs.clock", "TICK", 1)
    replace("app.store.due_runs", "LEASE", timedelta(seconds=LEASE))
    if is_naive:
        replace("app.store.due_runs", "claim", lambda *_: True)
        replace("app.store.due_runs", "finish", lambda *_: True)
    clock._Claiming._do_submit_job = _meet_all  # type: ignore[method-assign]
    return Unhurried(here.app, is_on=True)


def tick_on(here: Elsewhere, seconds: float, is_naive: bool) -> Any:
    made = _prepare(here, is_naive=is_naive)
    made.start()
    time.sleep(seconds)
    made.stop()


def traces(engine: Engine) -> int:
    with engine.connect() as connection:
        found = select(History.__table__.c.id).where(History.__table__.c.subject == PROBE)
        return len(connection.execute(found).all())


def runs(engine: Engine) -> list[Any]:
    """What is claimed or done, without waiting for whoever is at work (SQLite)."""
    table = due_runs.DueRun.__table__
    token = may_write.set(False)
    try:
        with engine.connect() as connection:
            found = select(table).where(table.c.routine == PROBE).order_by(table.c.due_at)
            return list(connection.execute(found))
    finally:
        may_write.reset(token)


def check(engine: Engine) -> None:
    """No second was done twice, nothing hangs."""
    found = runs(engine)
    assert Counter(run.state for run in found) == {"done": len(found)}
    assert traces(engine) == len(found) > 1


def test_four_clocks_do_every_second_once(world: World, engine: Engine) -> None:
    """C95, for five seconds; a busy machine may be late for one, that is not looked at here."""
    at_once(Place.of(world), tick_on, [(5.0, False)] * CLOCKS)
    check(engine)
    assert len({run.worker for run in runs(engine)}) > 1


@pytest.mark.prove
def test_four_clocks_for_long(world: World, engine: Engine) -> None:
    at_once(Place.of(world), tick_on, [(120.0, False)] * CLOCKS)
    check(engine)
    times: list[datetime] = [run.due_at for run in runs(engine)]
    assert times[-1] - times[0] == timedelta(seconds=len(times) - 1), "none is left out"


def test_without_the_claim_each_clock_does_it(world: World, engine: Engine) -> None:
    """C89b: what happens when each process believes its own clock."""
    at_once(Place.of(world), tick_on, [(6.0, True)] * CLOCKS)
    seconds = 6 + 1
    assert traces(engine) > seconds


def _tick_until_killed(place: Place, does: Any = _probe, slot: int | None = None) -> None:
    made = _prepare(Elsewhere(place), is_naive=False, does=does)
    assert isinstance(made, Unhurried)
    made.slot = slot
    made.start()
    time.sleep(PATIENCE)


def wait_until(what: Any) -> None:
    """Return when it is so."""
    until = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.02)


def killed_at_random(
    world: World, engine: Engine, kills: int, *, is_naive: bool = False
) -> datetime:
    """Four clocks tick; again and again one of them is killed and another one begins.

    The first one lives, so that there is always one that ticks. Who is killed has met a due time:
    one that is just starting would die idle. Answers until when the first has met every due time.
    Naive ones share the seconds: those of a dead one are nobody's until it is replaced.
    """
    place, dice = Place.of(world), random.Random(kills)  # noqa: S311 - no secret
    alive: list[tuple[int, Any]] = []

    def begin(slot: int) -> None:
        given = (place, _probe, slot if is_naive else None)
        process = CONTEXT.Process(target=_tick_until_killed, args=given)
        process.start()
        alive.append((slot, process))

    def ticking() -> list[tuple[int, Any]]:
        met = [run.worker for run in runs(engine)]
        return [one for one in alive[1:] if any(f":{one[1].pid}:" in worker for worker in met)]

    def kill(slot: int, process: Any) -> None:
        os.kill(process.pid, signal.SIGKILL)
        process.join(5)
        alive.remove((slot, process))

    try:
        begin(0)
        wait_until(lambda: runs(engine))
        for slot in range(1, CLOCKS):
            begin(slot)
        for _turn in range(kills):
            wait_until(ticking)
            seen = len(runs(engine))
            wait_until(lambda seen=seen: len(runs(engine)) > seen)
            time.sleep(dice.uniform(0.0, 0.4))
            victim = dice.choice(ticking())
            kill(*victim)
            if is_naive:
                after = len(runs(engine))
                wait_until(lambda after=after: len(runs(engine)) > after + CLOCKS)
            begin(victim[0])
        for one in alive[1:]:
            kill(*one)
        return _met_by(engine, alive[0][1].pid)
    finally:
        for _slot, process in alive:
            process.kill()
            process.join(5)


def _met_by(engine: Engine, pid: int) -> datetime:
    """Until when the clock of that process, alone by now, has met every second."""
    last = max(run.due_at for run in runs(engine)) + timedelta(seconds=clock.WORKERS)

    def done() -> list[datetime]:
        mine = [run for run in runs(engine) if f":{pid}:" in run.worker and run.state == "done"]
        return [run.due_at for run in mine if run.due_at > last]

    wait_until(done)
    return max(done()) - timedelta(seconds=clock.WORKERS)


@pytest.fixture
def survivor(world: World) -> Iterator[clock.Clock]:
    """A clock of this process, without any routine that is due."""
    kept = dict(ROUTINES)
    label = Label("Probe", "探针")
    ROUTINES[PROBE] = Routine(PROBE, label, "0 0 1 1 *", _probe, {}, timedelta(seconds=1))
    yield clock.Clock(world.app, is_on=True)
    ROUTINES.clear()
    ROUTINES.update(kept)


def finish_off(survivor: clock.Clock, engine: Engine) -> None:
    """Let the survivor take over what the dead have left; done is then done."""
    survivor.start()
    until = time.monotonic() + due_runs.LEASE.total_seconds() + 30
    while time.monotonic() < until and any(run.state != "done" for run in runs(engine)):
        time.sleep(0.5)
    survivor.stop()


def check_killed(engine: Engine) -> None:
    """C96: none half, none twice, none left lying; one trace for each that was claimed."""
    found = runs(engine)
    assert Counter(run.state for run in found) == {"done": len(found)}
    assert traces(engine) == len(found)


def check_none_left_out(engine: Engine, until: datetime) -> None:
    """C96: none skipped either, whoever died when it was due."""
    times = {run.due_at for run in runs(engine)}
    first = min(times)
    wanted = {first + timedelta(seconds=n) for n in range(int((until - first).total_seconds()) + 1)}
    assert wanted - times == set(), "left out"


def test_a_killed_clock_is_replaced(
    world: World, engine: Engine, survivor: clock.Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C96, with four kills."""
    monkeypatch.setattr(due_runs, "LEASE", timedelta(seconds=LEASE))
    monkeypatch.setattr(clock, "TICK", 1)
    until = killed_at_random(world, engine, 4)
    assert len(runs(engine)) >= 4
    finish_off(survivor, engine)
    check_killed(engine)
    check_none_left_out(engine, until)


@ON_SQLITE
def test_seconds_that_belong_to_one_clock_would_die_with_it(world: World, engine: Engine) -> None:
    """C89b: the test above sees what is left out."""
    until = killed_at_random(world, engine, 1, is_naive=True)
    with pytest.raises(AssertionError, match="left out"):
        check_none_left_out(engine, until)


@ON_SQLITE
def test_an_effect_committed_by_itself_would_come_twice(
    world: World, engine: Engine, survivor: clock.Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C89b: the test above sees the fault that it is about."""
    monkeypatch.setattr(due_runs, "LEASE", timedelta(seconds=LEASE))
    monkeypatch.setattr(clock, "TICK", 1)
    process = CONTEXT.Process(target=_tick_until_killed, args=(Place.of(world), _hasty))
    process.start()
    until = time.monotonic() + PATIENCE
    while not traces(engine) and time.monotonic() < until:
        time.sleep(0.05)
    process.kill()
    process.join(5)
    finish_off(survivor, engine)
    with pytest.raises(AssertionError):
        check_killed(engine)


@pytest.mark.prove
def test_many_killed_clocks_are_replaced(
    world: World, engine: Engine, survivor: clock.Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due_runs, "LEASE", timedelta(seconds=LEASE))
    monkeypatch.setattr(clock, "TICK", 1)
    until = killed_at_random(world, engine, 40)
    finish_off(survivor, engine)
    check_killed(engine)
    check_none_left_out(engine, until)
    assert any(run.attempts > 1 for run in runs(engine)), "somebody died at work"
