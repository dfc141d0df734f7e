"""How often somebody tries to get in, or how much he sends: counted in the database, so that all
processes share one count.

Each count is one statement in a short transaction of its own, before any password is looked at
(R12): it holds even if the request is undone, and a flood costs no hashing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import String, case, delete, literal, update
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import clock
from app.spec.types import UTCDateTime
from app.store.engine import inserting
from app.store.separate import writing


class LoginThrottle(db.Model):  # type: ignore[name-defined,misc]
    """How often somebody tried since ``started_at``: one row per account, address, network."""

    __tablename__ = "login_throttle"
    __table_args__ = {"extend_existing": False}  # noqa: RUF012 - SQLAlchemy's own form

    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(UTCDateTime())
    attempts: Mapped[int] = mapped_column(default=1)


@dataclass(frozen=True)
class Attempt:
    """One counter of an attempt, how far it may go within the window, and what this one counts."""

    key: str
    limit: int
    weight: int = 1


@dataclass(frozen=True)
class Refused:
    """The counter that is full, the seconds until it starts again, and whether it just got full."""

    key: str
    seconds: int
    is_first: bool


def count_attempts(attempts: Iterable[Attempt], window: timedelta) -> Refused | None:
    """Count one attempt on each counter, in the order given; stop at the first that is full.

    Returns the full one, or None when the attempt may go on. One statement per counter decides and
    counts at once: 600 tries from six processes let exactly ``limit`` through (R12). Every caller
    gives its counters in the same order of kinds, so that two attempts never wait for each other.
    """
    now = clock.now()
    with writing() as connection:
        for attempt in attempts:
            statement = _counting(attempt, now, window)
            count, started_at = connection.execute(statement).one()
            if count > attempt.limit:
                left = started_at + window - now
                is_first = count - attempt.weight <= attempt.limit
                return Refused(attempt.key, max(1, int(left.total_seconds())), is_first)
    return None


def _counting(attempt: Attempt, now: datetime, window: timedelta) -> Any:
    """Add to the counter, or start it again when its window has passed."""
    row = LoginThrottle.__table__
    is_over = row.c.started_at <= literal(now - window, UTCDateTime())
    return (
        inserting(row)
        .values(key=attempt.key, started_at=now, attempts=attempt.weight)
        .on_conflict_do_update(
            index_elements=[row.c.key],
            set_={
                "attempts": case((is_over, attempt.weight), else_=row.c.attempts + attempt.weight),
                "started_at": case((is_over, literal(now, UTCDateTime())), else_=row.c.started_at),
            },
        )
        .returning(row.c.attempts, row.c.started_at)
    )


def forgive_attempts(cleared: str, refunded: Iterable[str]) -> None:
    """After the right password: forget the account's count, give the addresses their try back."""
    row = LoginThrottle.__table__
    with writing() as connection:
        for key in refunded:
            connection.execute(
                update(row)
                .where(row.c.key == key, row.c.attempts > 0)
                .values(attempts=row.c.attempts - 1)
            )
        connection.execute(delete(row).where(row.c.key == cleared))


def sweep_attempts(keep: timedelta = timedelta(days=1)) -> int:
    """Drop counters whose window is long over; answers how many."""
    row = LoginThrottle.__table__
    with writing() as connection:
        return connection.execute(delete(row).where(row.c.started_at < clock.now() - keep)).rowcount
