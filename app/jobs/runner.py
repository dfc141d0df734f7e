"""The runner: takes up jobs and does them chunk by chunk, each chunk one transaction (R3).

A chunk renews the lease, asks whether the person still may, does its rows, and counts them; it
happens as a whole or not at all. So a worker may be killed anywhere: another one goes on after the
last chunk that was committed (C91).
"""

import logging
import os
import random
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Event

from flask import Flask
from flask_babel import gettext as _
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.extensions import db
from app.jobs import ending
from app.jobs.kind import Kind
from app.jobs.kinds import KINDS
from app.spec import clock, words
from app.spec.errors import NotPermitted, Refusal, ServerFault, StorageFull
from app.store import access, jobs
from app.store.context import Origin, acting_as, origin
from app.store.engine import be_patient, is_full, is_postgres, may_write
from app.store.jobs import Job

MOST_ATTEMPTS = 10
"""So often a job is taken up without getting on; then it is given up."""
MOST_FAULTS = 3
"""So often a worker goes on after the database was busy, before he lets others try (C87)."""
BREATH = 0.02
"""Seconds between two chunks in which others may write, where one at a time does."""

log = logging.getLogger("crm.jobs")


class Runner:
    """One worker; ``stop`` lets it end after the chunk under way."""

    def __init__(self, app: Flask, stop: Event | None = None) -> None:
        self.app = app
        self.stop = stop or Event()
        self.name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    def run_due(self) -> int:
        """Do every job that nobody holds, one after the other; answers how many it took up."""
        taken = 0
        with self.app.app_context():
            waiting = jobs.due(KINDS)
        for number in waiting:
            if not self.stop.is_set():
                taken += self.run(number)
        return taken

    def run(self, number: int) -> bool:
        """Do one job to its end, unless somebody holds it; False when it couldn't be taken up."""
        with self.app.app_context():
            is_mine = jobs.take_up(number, self.name, KINDS)
            db.session.commit()
        if not is_mine:
            return False
        self._run(number)
        with self.app.app_context():
            jobs.let_go(number, self.name)
            db.session.commit()
        return True

    def _run(self, number: int) -> None:
        for faults in range(1, MOST_FAULTS + 1):
            try:
                return self._advance(number)
            except Refusal as refusal:
                return self._fail(number, refusal)
            except (DBAPIError, PoolTimeout) as fault:
                if is_full(fault):
                    return self._fail(number, StorageFull())
                log.warning("job %s had to stop", number, exc_info=faults == MOST_FAULTS)
                _rest(faults)
            except Exception:  # whatever a kind does wrong must not end the worker
                log.exception("job %s failed", number)
                return self._fail(number, ServerFault())
        return None

    def _advance(self, number: int) -> None:
        """Chunk after chunk, until the job is over or lost or the worker is stopped.

        One object of its kind does them; after a chunk that was rolled back another one goes on.
        """
        kind, person = self._taken_up(number)
        is_over = False
        with ExitStack() as open_things:
            open_things.callback(_let_go, kind)
            while not (is_over or self.stop.is_set()):
                began = time.monotonic()
                if kind.prepares:
                    self._prepare(kind, person)
                with self._transaction(number) as job:
                    if job is None:
                        return
                    _chunk(job, kind, began)
                    is_over, breath = job.state in jobs.CLOSED, pause_between()
                time.sleep(breath)

    def _taken_up(self, number: int) -> tuple[Kind, int]:
        """The object that does a job, and whose job it is."""
        with self._reading():
            job = jobs.taken(number)
            if job.attempts > MOST_ATTEMPTS:
                raise ServerFault
            kind = KINDS[job.kind]()
            kind.take_up(job)
            words.language.set(job.language)
            person = job.actor_id
        if kind.head_start:
            with self.app.app_context():
                jobs.hold(number, self.name, kind.head_start)
                db.session.commit()
        return kind, person

    def _prepare(self, kind: Kind, person: int) -> None:
        """What of a chunk only reads."""
        with self._reading():
            be_patient()
            who = access.load_actor(person)
            clock.zone.set(who.timezone or clock.DEFAULT_ZONE)
            with acting_as(who):
                kind.prepare()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """A transaction that holds up no writer."""
        token = may_write.set(False)
        try:
            with self.app.app_context():
                yield
                db.session.rollback()
        finally:
            may_write.reset(token)

    def _fail(self, number: int, refusal: Refusal) -> None:
        """Close the job with what went wrong, even when its kind can't settle it.

        When the database takes nothing at all, as on a full disk, the job stays open: whoever takes
        it up next goes on, or says what is wrong then.
        """
        for faults in range(1, MOST_FAULTS + 1):
            try:
                with self._transaction(number) as job:
                    if job is not None:
                        job.end("failed", code=refusal.code, sentence=_sentence(refusal))
                        if faults < MOST_FAULTS:
                            KINDS[job.kind]().settle(job)
                        ending.tell(job)
            except Exception:  # whatever a kind does wrong must not keep its job for ever
                log.exception("job %s could not be settled", number)
                _rest(faults)
            else:
                return

    @contextmanager
    def _transaction(self, number: int) -> Iterator[Job | None]:
        """One transaction on a job that this worker holds, as the person whose job it is.

        None when it is lost or over. Commits at the end; an exception leaves nothing behind.
        """
        with self.app.app_context():
            be_patient()
            job = jobs.renew(number, self.name)
            if job is None:
                db.session.rollback()
                yield None
                return
            words.language.set(job.language)
            who = access.load_actor(job.actor_id)
            clock.zone.set(who.timezone or clock.DEFAULT_ZONE)
            origin.set(Origin(KINDS[job.kind].surface, request_id=f"job-{number}"))
            with acting_as(who):
                yield job
                db.session.commit()


def _let_go(kind: Kind) -> None:
    """Close what a kind has open; that this fails must not hide why the job ended."""
    try:
        kind.let_go()
    except Exception:  # whatever a kind does wrong
        log.exception("a job of kind %s could not be let go", kind.slug)


def _rest(faults: int) -> None:
    """Let others get on after a fault, the longer the more there were."""
    time.sleep(random.uniform(0.1, 0.5) * faults)  # noqa: S311 - no secret


def pause_between() -> float:
    """Seconds between two chunks: on PostgreSQL nobody waits for his turn to write."""
    return 0.0 if is_postgres() else BREATH


def _chunk(job: Job, kind: Kind, began: float) -> None:
    """Do a chunk that was begun at that moment of the monotonic clock."""
    if job.state == "cancelling":
        job.end("cancelled")
        return _settle(job, kind)
    if not access.is_active(job.actor_id):
        raise NotPermitted(_("This account is disabled."))
    job.state, job.started_at = "running", job.started_at or clock.now()
    settled = job.settled
    more = kind.advance(job)
    job.rate = _rate(job, job.settled - settled, time.monotonic() - began + pause_between())
    job.attempts = job.attempts if kind.begins_anew else 0
    if not more:
        job.end("done")
        _settle(job, kind)
    return None


def _settle(job: Job, kind: Kind) -> None:
    kind.settle(job)
    ending.tell(job)


def _rate(job: Job, rows: int, seconds: float) -> int:
    """Rows per second, the last chunks counting most."""
    now = rows / max(seconds, 0.001)
    return round(now if not job.rate else 0.7 * job.rate + 0.3 * now)


def _sentence(refusal: Refusal) -> str:
    """What is wrong, and with which parameters."""
    wrong = [str(one) for some in refusal.fields.values() for one in some]
    is_its_own = refusal.message is not refusal.sentence
    said = refusal.message if is_its_own else refusal.of_a_job or refusal.sentence
    return " ".join([str(said), *wrong])
