"""Background jobs (BULK-3): one row each, the truth for progress, cancelling and taking up again.

A worker holds a job by a lease that it renews in the transaction of every chunk: whoever lost it
writes nothing more, and whatever a killed worker had not committed never happened (R3).
"""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    Connection,
    ForeignKey,
    Index,
    String,
    Text,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import clock, words
from app.spec.errors import NotFound
from app.spec.types import UTCDateTime
from app.store import leases
from app.store.context import actor
from app.store.door import MAX_ID
from app.store.separate import reading

LEASE = timedelta(seconds=15)
"""After so long without a chunk another worker may take a job up."""
LATE = timedelta(minutes=5)
"""So long nobody leaves a job alone where workers run."""
OPEN = ("queued", "running", "cancelling")
CLOSED = ("cancelled", "done", "failed")
STATES = (*OPEN, *CLOSED)


class Job(db.Model):  # type: ignore[name-defined,misc]
    """One piece of work for a worker: what kind, for whom, and how far it is."""

    __tablename__ = "job"
    __table_args__ = (
        Index("ix_job_actor_id", "actor_id", "id"),
        Index("ix_job_state", "state", "lease_until"),
        Index("ix_job_operation_id", "operation_id", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    actor_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    language: Mapped[str] = mapped_column(String(5))
    operation_id: Mapped[int | None] = mapped_column(ForeignKey("operation_run.id"))
    """The run whose rows it does, if it is about one."""
    parameters: Mapped[Any] = mapped_column(JSON, default=dict)
    state: Mapped[str] = mapped_column(String(12), default="queued")
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    rate: Mapped[int] = mapped_column(default=0)
    """Rows per second, of the last chunks."""
    cursor: Mapped[int] = mapped_column(default=0)
    """The last row that is settled."""
    kept: Mapped[Any] = mapped_column(JSON, default=dict)
    """What the next chunk has to know."""
    error_code: Mapped[str] = mapped_column(String(40), default="")
    error: Mapped[str] = mapped_column(Text, default="")
    """Why it failed, in the language of whoever started it."""
    worker: Mapped[str] = mapped_column(String(80), default="")
    lease_until: Mapped[Any] = mapped_column(UTCDateTime(), nullable=True)
    attempts: Mapped[int] = mapped_column(default=0)
    """How often it was taken up since the last chunk that went well."""
    created_at: Mapped[Any] = mapped_column(UTCDateTime())
    started_at: Mapped[Any] = mapped_column(UTCDateTime(), nullable=True)
    finished_at: Mapped[Any] = mapped_column(UTCDateTime(), nullable=True)

    @property
    def settled(self) -> int:
        """How many rows have a verdict."""
        return self.done + self.skipped + self.failed

    @property
    def seconds_left(self) -> int | None:
        """How long it will take at this rate; None while nobody knows."""
        if self.state not in OPEN or not self.rate or not self.total:
            return None
        return int((self.total - self.settled) / self.rate)

    def end(self, state: str, *, code: str = "", sentence: str = "") -> None:
        """Close it; a closed job is held by nobody."""
        self.state, self.finished_at = state, clock.now()
        self.error_code, self.error = code, sentence
        self.lease_until = None


def add(
    kind: str,
    *,
    operation_id: int | None,
    parameters: Mapping[str, Any],
    total: int,
    skipped: int,
    person: tuple[int, str] | None = None,
) -> int:
    """A new job of the actor's, in the transaction under way; returns its number.

    Or of another ``person``, given with his language, who asked for it.
    """
    mine, language = person or (actor().user_id, words.language.get())
    number: int = db.session.execute(
        insert(Job)
        .values(
            kind=kind,
            actor_id=mine,
            language=language,
            operation_id=operation_id,
            parameters=dict(parameters),
            total=total,
            skipped=skipped,
            created_at=clock.now(),
        )
        .returning(Job.id)
    ).scalar_one()
    return number


def due(kinds: Collection[str]) -> list[int]:
    """The open jobs of these kinds that nobody holds, oldest first; waits for no writer."""
    with reading() as connection:
        return list(connection.scalars(select(Job.id).where(*_free(kinds)).order_by(Job.id)))


def neglected(connection: Connection) -> tuple[int, int]:
    """How many jobs nobody has held for a while, and how many failed within a week."""
    now = clock.now()
    late = or_(Job.lease_until.is_(None), Job.lease_until < now - LATE)
    is_waiting = Job.state.in_(OPEN) & late & (Job.created_at < now - LATE)
    has_failed = (Job.state == "failed") & (Job.finished_at > now - timedelta(days=7))
    counts = select(func.count().filter(is_waiting), func.count().filter(has_failed))
    waiting, failed = connection.execute(counts.select_from(Job)).one()
    return waiting, failed


def take_up(number: int, worker: str, kinds: Collection[str]) -> bool:
    """Take a job of these kinds that nobody holds; False when somebody else was faster.

    The caller commits.
    """
    taken: Any = db.session.execute(
        update(Job.__table__)
        .where(Job.id == number, *_free(kinds))
        .values(worker=worker, lease_until=leases.moment(LEASE), attempts=Job.attempts + 1)
    )
    return bool(taken.rowcount)


def taken(number: int) -> Job:
    """A job that was taken up, as it is."""
    return db.session.execute(select(Job).where(Job.id == number)).scalar_one()


def renew(number: int, worker: str) -> Job | None:
    """The job with its lease renewed and its row locked to the end of this transaction.

    None when this worker has lost it, or it is closed: then he must write nothing. That the same
    transaction does a chunk makes this the fence: of two workers one waits here and then gives up.
    """
    held: Any = db.session.execute(
        update(Job.__table__)
        .where(Job.id == number, Job.worker == worker, Job.state.in_(OPEN))
        .values(lease_until=leases.moment(LEASE))
    )
    if not held.rowcount:
        return None
    found = select(Job).where(Job.id == number).execution_options(populate_existing=True)
    job: Job = db.session.execute(found).scalar_one()
    return job


def hold(number: int, worker: str, seconds: float) -> None:
    """Keep a job for so much longer without a sign of life; the caller commits."""
    db.session.execute(
        update(Job.__table__)
        .where(Job.id == number, Job.worker == worker)
        .values(lease_until=leases.moment(LEASE + timedelta(seconds=seconds)))
    )


def let_go(number: int, worker: str) -> None:
    """Give a job back before the lease ends; the caller commits."""
    db.session.execute(
        update(Job).where(Job.id == number, Job.worker == worker).values(lease_until=None)
    )


def own(number: int, *, lock: bool = False) -> Job:
    """A job of the actor's own; NotFound for everybody else's (contract §5)."""
    if not 0 < number <= MAX_ID:
        raise NotFound
    statement = select(Job).where(Job.id == number, Job.actor_id == actor().user_id)
    if lock:
        statement = statement.with_for_update()
    fresh = statement.execution_options(populate_existing=True)
    found: Job | None = db.session.execute(fresh).scalar()
    if found is None:
        raise NotFound
    return found


def of_runs(numbers: list[int]) -> dict[int, Job]:
    """The jobs that do these runs, by the number of the run; most runs need none."""
    found = db.session.scalars(select(Job).where(Job.operation_id.in_(numbers)))
    return {job.operation_id: job for job in found if job.operation_id}


def is_open(run: int) -> bool:
    """Whether a job is still at that run."""
    found = of_runs([run]).get(run)
    return found is not None and found.state in OPEN


def is_closed(number: int) -> bool:
    """Whether a job has ended, or never was."""
    state = db.session.scalar(select(Job.state).where(Job.id == number))
    return state is None or state in CLOSED


def under_way() -> list[Job]:
    """The actor's open jobs, oldest first."""
    statement = select(Job).where(Job.actor_id == actor().user_id, Job.state.in_(OPEN))
    return list(db.session.scalars(statement.order_by(Job.id)))


def _free(kinds: Collection[str]) -> list[Any]:
    """A newer version may know more kinds: those are left to its workers."""
    return [Job.state.in_(OPEN), Job.kind.in_(kinds), leases.is_over(Job.lease_until)]
