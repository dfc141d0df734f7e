"""The clock: every process ticks, one of them claims a due time and does the work (R7).

APScheduler says when; a row in the database decides who. A worker that dies is replaced, a failure
is tried again, and what was missed while everything was down is caught up at the next start.
"""

import atexit
import logging
import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event, Lock, Thread
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.executors.base import BaseExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.extensions import db
from app.jobs.alarm import raise_alarm
from app.jobs.pool import Pool
from app.spec import clock as times
from app.spec import company, words
from app.spec.routines import ROUTINES, Routine
from app.store import due_runs, settings
from app.store.context import Origin, origin, system_scope

EXTENSION = "clock"
TICK = 5
"""Seconds between two looks at what was asked for, abandoned or is to be tried again."""
WORKERS = 2
"""Routines that one process does at the same time."""
LAST_ROUTINES = 10.0
"""Seconds that the routines under way have to end when the process stops; one that hasn't is taken
over elsewhere, as from a process that was killed."""
log = logging.getLogger("crm.clock")


class Clock:
    """The clock of one process; started once, by hand or with the first request."""

    def __init__(self, app: Flask, *, is_on: bool) -> None:
        self._app, self._is_on = app, is_on
        self.name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._lock, self._stop = Lock(), Event()
        self._executor = _Claiming(self)
        self._scheduler: BackgroundScheduler | None = None
        self._ticker = Thread(target=self._tick_on, name="clock", daemon=True)
        self._at_work: set[tuple[str, datetime]] = set()
        self._zone = ""

    def start(self) -> None:
        """Begin to tick; once is enough."""
        if not self._is_on or self._scheduler is not None:
            return
        with self._lock:
            if self._scheduler is None:
                self._scheduler = self._make()
                self._scheduler.start()
                self._ticker.start()
                atexit.register(self.stop)

    def stop(self) -> None:
        """End after the routines under way, but wait for them no longer than they may take."""
        self._stop.set()
        if self._scheduler is not None and self._scheduler.running:
            self._executor.until = time.monotonic() + LAST_ROUTINES
            self._ticker.join(LAST_ROUTINES)  # first: the scheduler waits with its doors locked
            self._scheduler.shutdown()

    def _make(self) -> BackgroundScheduler:
        return BackgroundScheduler(
            executors={"default": self._executor},
            job_defaults={"coalesce": True, "max_instances": 1},
            timezone=UTC,
        )

    def _tick_on(self) -> None:
        while not self._stop.is_set():
            try:
                self.tick()
            except Exception:  # nobody would miss a thread that ended
                log.exception("the clock stumbled")
            self._stop.wait(TICK)

    def tick(self) -> None:
        """Look after everything that no due time brings: the zone, the dead, the second tries."""
        try:
            with self._app.app_context():
                settings.obey_now()
                zone = company.time_zone()
                if zone != self._zone:
                    self._set_to(zone)
                due_runs.beat(self.name, self._at_work.copy())
                for key, due_at, attempts in due_runs.give_up():
                    raise_alarm(key, due_at, attempts)
                waiting = due_runs.left()
        except SQLAlchemyError as fault:
            log.warning("the clock waits: %s", type(fault).__name__)
            return
        for key, due_at in waiting:
            if self._stop.is_set():
                return
            if key in ROUTINES and self._takes_over(key, due_at):
                self._at_work.add((key, due_at))  # beats from now on, however long it queues
                self._executor.pool.submit(self.do, key, due_at)

    def _set_to(self, zone: str) -> None:
        """Follow the company's zone: the same times of day, and what was missed before."""
        for routine in ROUTINES.values():
            if self._scheduler is not None:
                self._scheduler.add_job(
                    self.meet,
                    _trigger(routine, zone),
                    args=(routine.key, None),  # the executor knows the due time
                    id=routine.key,
                    replace_existing=True,
                )
        # Afterwards, and by whichever clock is ahead: what is due meanwhile is met twice at most.
        now = max(due_runs.now(), times.now())
        for routine in ROUTINES.values():
            missed = last_due(routine, zone, now)
            if missed is not None:
                self._executor.pool.submit(self.meet, routine.key, missed)
        self._zone = zone

    def _takes_over(self, key: str, due_at: datetime) -> bool:
        with self._app.app_context():
            return due_runs.take_over(key, due_at, self.name)

    def meet(self, key: str, due_at: datetime) -> None:
        """Do a routine at its time, unless another process has claimed that."""
        try:
            with self._app.app_context():
                early = (due_at - due_runs.now()).total_seconds()
                if early > 0:  # this machine's clock is ahead of the database's (C98)
                    time.sleep(early)
                is_mine = due_runs.claim(key, due_at, self.name)
        except SQLAlchemyError as fault:  # nobody claimed it: caught up at the next start
            log.warning("%s due at %s was not claimed: %s", key, due_at, type(fault).__name__)
            return
        if is_mine:
            self.do(key, due_at)

    def do(self, key: str, due_at: datetime) -> None:
        """Do what this process has claimed; its effect and the note of it are one transaction."""
        with self._app.app_context(), self._working(key, due_at):
            settings.obey_now()
            words.language.set(words.LANGUAGES[0])
            times.zone.set(company.time_zone())
            origin.set(Origin("clock", request_id=f"{key}-{due_at:%Y%m%d%H%M%S}"))
            try:
                with system_scope(f"the routine {key}"):
                    report = ROUTINES[key].does()
                if due_runs.finish(key, due_at, self.name, report):
                    db.session.commit()
                else:
                    db.session.rollback()
                    log.warning("%s due at %s was taken over meanwhile", key, due_at)
            except Exception as fault:  # whatever a routine does wrong must not stop the clock
                log.exception("%s due at %s failed", key, due_at)
                db.session.rollback()
                self._note_failure(key, due_at, type(fault).__name__)

    def _note_failure(self, key: str, due_at: datetime, error: str) -> None:
        """So that it is tried again; when even that fails, the run counts as one of the dead."""
        try:
            raise_alarm(key, due_at, due_runs.fail(key, due_at, self.name, error))
        except SQLAlchemyError:
            log.exception("the failure of %s due at %s was not noted", key, due_at)

    @contextmanager
    def _working(self, key: str, due_at: datetime) -> Iterator[None]:
        """While it is open, the tick beats for this run."""
        self._at_work.add((key, due_at))
        try:
            yield
        finally:
            self._at_work.discard((key, due_at))


class _Claiming(BaseExecutor):  # type: ignore[misc]
    """Runs nothing by itself: hands each due time to the clock, which claims it first.

    Of several that passed while the process was paused the last one; none that is later than what
    is caught up at a start. That an executor of one's own decides about this is how it is with
    APScheduler: its ``misfire_grace_time`` is looked at by those that run jobs themselves.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self.pool = Pool("routine", WORKERS)
        self.until = 0.0
        """How long an end waits for what is under way, by the monotonic clock."""

    def _do_submit_job(self, job: Any, run_times: list[datetime]) -> None:
        due_at = run_times[-1]
        is_late = times.now() - due_at > ROUTINES[job.id].catch_up
        self.pool.submit(self._leave_out if is_late else self._meet, job.id, _scheduled(due_at))

    def _meet(self, key: str, due_at: datetime) -> None:
        try:
            self._clock.meet(key, due_at)
        finally:
            self._run_job_success(key, [])

    def _leave_out(self, key: str, due_at: datetime) -> None:
        log.warning("%s due at %s is too late to be done", key, due_at)
        self._run_job_success(key, [])

    def shutdown(self, wait: bool = True) -> None:
        self.pool.shutdown(max(0.0, self.until - time.monotonic()) if wait else 0.0)


def last_due(routine: Routine, zone: str, now: datetime) -> datetime | None:
    """The last time before ``now`` that the routine was due and is still to be caught up (C97)."""
    trigger, found = _trigger(routine, zone), None
    moment = now - routine.catch_up
    while True:
        due = trigger.get_next_fire_time(None, moment.astimezone(ZoneInfo(zone)))
        if due is None or due > now:
            return found
        found, moment = _scheduled(due), due.astimezone(UTC) + timedelta(seconds=1)


def next_due(routine: Routine, now: datetime) -> datetime | None:
    """When the routine is due next, by the company's clock."""
    zone = company.time_zone()
    found = _trigger(routine, zone).get_next_fire_time(None, now.astimezone(ZoneInfo(zone)))
    return None if found is None else _scheduled(found)


def _trigger(routine: Routine, zone: str) -> CronTrigger:
    return CronTrigger.from_crontab(routine.at, timezone=ZoneInfo(zone))


def _scheduled(due: datetime) -> datetime:
    """A due time as it is claimed: an hour that a zone has twice in autumn counts once (C98)."""
    return due.replace(fold=0, microsecond=0).astimezone(UTC)


def clock_of(app: Flask) -> Clock:
    """The clock of this process."""
    found: Clock = app.extensions[EXTENSION]
    return found


def install(app: Flask) -> Clock:
    """Give the application its clock, which starts with the first request, after any fork."""
    made = Clock(app, is_on=app.config["CRM_CLOCK"])
    app.extensions[EXTENSION] = made
    app.before_request(made.start)
    return made
