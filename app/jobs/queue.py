"""Putting a job in the queue, within the transaction that makes it; cancelling, taking up again."""

from collections.abc import Mapping
from typing import Any, Protocol

from flask import current_app
from flask_babel import lazy_gettext as _l

from app.spec.errors import Conflict
from app.store import jobs, runs
from app.store.jobs import CLOSED, Job

EXTENSION = "jobs"
PAGE = "page"
"""The parameter of a job that says where its result stands, when that is no report of a run."""


class Engine(Protocol):
    """What drives the runner: threads of this process, or workers of their own."""

    def defer(self, number: int) -> None:
        """See to it that a job is done once the transaction under way has committed."""

    def start(self) -> None:
        """Begin to work in this process, if that is where the work is done; once is enough."""

    def stop(self) -> None:
        """End after the chunk under way."""

    def work(self, concurrency: int) -> None:
        """Do nothing else, so many jobs at a time, until a signal ends it."""


def engine() -> Engine:
    """What drives the jobs of this application."""
    found: Engine = current_app.extensions[EXTENSION]
    return found


def enqueue(
    kind: str,
    *,
    operation_id: int | None = None,
    parameters: Mapping[str, Any] | None = None,
    total: int = 0,
    skipped: int = 0,
    person: tuple[int, str] | None = None,
) -> int:
    """A new job of the actor's, or of another ``person`` with his language, who asked for it.

    Returns its number. Rolled back, there never was one.
    """
    number = jobs.add(
        kind,
        operation_id=operation_id,
        parameters=parameters or {},
        total=total,
        skipped=skipped,
        person=person,
    )
    engine().defer(number)
    return number


def cancel(number: int) -> Job:
    """Ask one's own job to stop after the chunk under way; Conflict when it is over."""
    job = jobs.own(number, lock=True)
    if job.state in CLOSED:
        raise Conflict(_l("This has ended already."))
    job.state = "cancelling"
    engine().defer(number)
    return job


def retry(number: int) -> Job:
    """Let one's own job that failed or was cancelled go on where it stopped.

    Conflict for any other, and when what it did has been undone meanwhile.
    """
    job = jobs.own(number, lock=True)
    if job.state not in ("failed", "cancelled"):
        raise Conflict(_l("Only what failed or was cancelled can be continued."))
    if job.operation_id:
        runs.own(job.operation_id, lock=True)  # an undo that begins now waits, and then refuses
        if runs.undone_by([job.operation_id]):
            raise Conflict(_l("This has been undone already."))
    job.state, job.finished_at, job.attempts = "queued", None, 0
    job.error_code = job.error = ""
    engine().defer(number)
    return job
