"""The due times of routines, a row each: whoever inserts it does the work (R7).

The key is the scheduled time and not the moment of doing, so clocks that differ by seconds can't
make two of one. A worker that works beats; whose heart stands still is replaced.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    Connection,
    ForeignKey,
    Index,
    String,
    Text,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import clock
from app.spec.routines import ROUTINES, Report
from app.spec.types import UTCDateTime
from app.store import leases
from app.store.context import actor_id
from app.store.engine import inserting
from app.store.separate import reading, writing

LEASE = timedelta(seconds=15)
"""After so long without a beat a worker counts as dead."""
PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
"""How long to wait after the first, second, third failure; a fourth one is the last (C99)."""
MOST_ATTEMPTS = 10
"""After so many a due time is given up whose worker died: maybe of it."""
OPEN = ("queued", "running")


class DueRun(db.Model):  # type: ignore[name-defined,misc]
    """One routine at one due time: by whom, how it went, what it did."""

    __tablename__ = "due_run"
    __table_args__ = (Index("ix_due_run_state", "state", "next_try_at"),)

    routine: Mapped[str] = mapped_column(String(40), primary_key=True)
    due_at: Mapped[Any] = mapped_column(UTCDateTime(), primary_key=True)
    state: Mapped[str] = mapped_column(String(10))
    worker: Mapped[str] = mapped_column(String(80), default="")
    beat_at: Mapped[Any] = mapped_column(UTCDateTime(), nullable=True)
    attempts: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[Any] = mapped_column(UTCDateTime(), nullable=True)
    finished_at: Mapped[Any] = mapped_column(UTCDateTime(), nullable=True)
    next_try_at: Mapped[Any] = mapped_column(UTCDateTime(), nullable=True)
    """When a failed run is tried again; None when it isn't."""
    report: Mapped[Any] = mapped_column(JSON, default=dict)
    error: Mapped[str] = mapped_column(Text, default="")
    """The kind of fault of the last failure, for the admin."""
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    """Who asked for it besides the clock."""


_T = DueRun.__table__


def now() -> datetime:
    """What time it is by the database's clock, which all processes share (C98)."""
    with reading() as connection:
        found: datetime = connection.execute(select(leases.moment())).scalar_one()
    return found


def claim(routine: str, due_at: datetime, worker: str) -> bool:
    """Take a due time that nobody has taken yet; exactly one caller is told True."""
    begun = leases.moment()
    row = {"state": "running", "worker": worker, "attempts": 1, "started_at": begun}
    with writing() as connection:
        return _insert(connection, {"routine": routine, "due_at": due_at, "beat_at": begun, **row})


def ask(routine: str) -> bool:
    """Let a routine be done now, besides its times; the caller commits.

    False when it was asked for this second already.
    """
    row = {"state": "queued", "attempts": 0, "asked_by_id": actor_id()}
    return _insert(db.session.connection(), {"routine": routine, "due_at": clock.now(), **row})


def _insert(connection: Connection, row: dict[str, Any]) -> bool:
    adding = inserting(_T).values(report={}, error="", **row).on_conflict_do_nothing()
    return connection.execute(adding.returning(_T.c.routine)).first() is not None


def left() -> list[tuple[str, datetime]]:
    """What waits for a worker: asked for, abandoned, or to be tried again; oldest first."""
    with reading() as connection:
        found = select(_T.c.routine, _T.c.due_at).where(_waits()).order_by(_T.c.due_at)
        return [(row.routine, row.due_at) for row in connection.execute(found)]


def take_over(routine: str, due_at: datetime, worker: str) -> bool:
    """Take what waits for a worker; False when somebody else was faster."""
    begun = leases.moment()
    with writing() as connection:
        taken = connection.execute(
            update(_T)
            .where(_T.c.routine == routine, _T.c.due_at == due_at, _waits())
            .values(
                state="running",
                worker=worker,
                beat_at=begun,
                started_at=begun,
                attempts=_T.c.attempts + 1,
                next_try_at=None,
            )
        )
    return bool(taken.rowcount)


def _waits() -> Any:
    again = (_T.c.state == "failed") & (_T.c.next_try_at <= leases.moment())
    abandoned = _is_dead() & (_T.c.attempts < MOST_ATTEMPTS)
    return or_(_T.c.state == "queued", abandoned, again)


def _is_dead() -> Any:
    return (_T.c.state == "running") & (_T.c.beat_at < leases.moment(-LEASE))


def give_up() -> list[tuple[str, datetime, int]]:
    """End what its last worker died of too; answers routine, due time and number of attempts."""
    hopeless = (_is_dead(), _T.c.attempts >= MOST_ATTEMPTS)
    with reading() as connection:
        if connection.execute(select(_T.c.routine).where(*hopeless).limit(1)).first() is None:
            return []
    with writing() as connection:
        ended = update(_T).where(*hopeless)
        ended = ended.values(state="failed", finished_at=leases.moment(), error="WorkerDied")
        told = connection.execute(ended.returning(_T.c.routine, _T.c.due_at, _T.c.attempts))
        return [(row.routine, row.due_at, row.attempts) for row in told]


def beat(worker: str, runs: Iterable[tuple[str, datetime]]) -> None:
    """Tell that this worker is alive and at these runs that it has taken."""
    at_work = list(runs)
    if not at_work:
        return
    with writing() as connection:
        mine = (_T.c.worker == worker, _T.c.state == "running")
        these = tuple_(_T.c.routine, _T.c.due_at).in_(at_work)
        connection.execute(update(_T).where(*mine, these).values(beat_at=leases.moment()))


def finish(routine: str, due_at: datetime, worker: str, report: Report) -> bool:
    """Note in the transaction under way that it is done; False when somebody else has taken over.

    Then the transaction must be taken back: the other one does the work.
    """
    done = {"state": "done", "finished_at": leases.moment(), "report": dict(report), "error": ""}
    return _end(routine, due_at, worker, done, db.session.connection())


def fail(routine: str, due_at: datetime, worker: str, error: str) -> int:
    """Note that it went wrong and when it is tried again; answers how often it has failed."""
    with writing() as connection:
        mine = (_T.c.routine == routine, _T.c.due_at == due_at, _T.c.worker == worker)
        attempts = connection.scalar(select(_T.c.attempts).where(*mine)) or 0
        pause = PAUSES[attempts - 1] if 0 < attempts <= len(PAUSES) else None
        failed = {
            "state": "failed",
            "finished_at": leases.moment(),
            "next_try_at": leases.moment(pause) if pause else None,
            "error": error,
        }
        _end(routine, due_at, worker, failed, connection)
    return attempts


def _end(
    routine: str, due_at: datetime, worker: str, values: dict[str, Any], connection: Any
) -> bool:
    mine = (_T.c.routine == routine, _T.c.due_at == due_at, _T.c.worker == worker)
    ended = update(_T).where(*mine, _T.c.state == "running").values(**values)
    return bool(connection.execute(ended).rowcount)


def latest(per_routine: int) -> Sequence[DueRun]:
    """The newest runs of each routine, newest first."""
    place = func.row_number().over(partition_by=_T.c.routine, order_by=_T.c.due_at.desc())
    ranked = select(_T.c.routine, _T.c.due_at, place.label("place")).subquery()
    found = (
        select(DueRun)
        .join(ranked, (ranked.c.routine == DueRun.routine) & (ranked.c.due_at == DueRun.due_at))
        .where(ranked.c.place <= per_routine)
        .order_by(DueRun.due_at.desc())
    )
    return db.session.scalars(found).all()


def sweep() -> int:
    """Forget runs that ended longer ago than their routine keeps them; answers how many."""
    gone = 0
    with writing() as connection:
        for routine in ROUTINES.values():
            ended = (_T.c.routine == routine.key, _T.c.state.not_in(OPEN))
            old = _T.c.due_at < clock.now() - routine.kept
            gone += connection.execute(_T.delete().where(*ended, old)).rowcount
    return gone
