"""Messages to people, written with the change they tell of (NOTE, R6).

One row per batch and receiver: what the bell shows. Mails are made of them after the commit, by
``app.jobs.mailing``; what somebody doesn't want to see in the bell is left out when he reads.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, func, insert, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import clock
from app.spec.notices import Notice
from app.spec.types import UTCDateTime
from app.store.door import MAX_ID
from app.store.engine import inserting


class Outbox(db.Model):  # type: ignore[name-defined,misc]
    """One message to one person; ``dedup_key`` lets nobody get it twice."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_user_id", "user_id", "id"),
        Index(
            "ix_outbox_unsorted",
            "id",
            postgresql_where=text("sorted_at IS NULL"),
            sqlite_where=text("sorted_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    dedup_key: Mapped[str] = mapped_column(String(120), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    kind: Mapped[str] = mapped_column(String(40))
    data: Mapped[Any] = mapped_column(JSON)
    at: Mapped[Any] = mapped_column(UTCDateTime())
    read_at: Mapped[Any] = mapped_column(UTCDateTime(), nullable=True)
    sorted_at: Mapped[Any] = mapped_column(UTCDateTime(), nullable=True)
    """When it was decided which mails it goes into; None: that is still to be done."""


Message = tuple[str, int, Mapping[str, Any]]
"""What it is about, who gets it, and what it says: its batch, a user id, data."""


def tell(notice: Notice, batch: str, people: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
    """Add one message per receiver, given as (user id, data), to the transaction under way."""
    rows = _rows(notice, ((batch, user_id, data) for user_id, data in people))
    if rows:
        db.session.execute(insert(Outbox.__table__), rows)


def tell_once(notice: Notice, batch: str, people: Iterable[tuple[int, Mapping[str, Any]]]) -> int:
    """As ``tell``, but for those who were told of that already; answers how many were not."""
    return tell_all_once(notice, ((batch, user_id, data) for user_id, data in people))


def tell_all_once(notice: Notice, messages: Iterable[Message]) -> int:
    """As ``tell_once`` of several things in one statement.

    The database decides, so of several who tell at the same moment one does.
    """
    rows = _rows(notice, messages)
    if not rows:
        return 0
    untold = inserting(Outbox.__table__).values(rows)
    untold = untold.on_conflict_do_nothing(index_elements=[Outbox.dedup_key])
    told: Any = db.session.execute(untold.execution_options(preserve_rowcount=True))
    number: int = told.rowcount
    return number


def dedup_key(notice: Notice, batch: str, user_id: int) -> str:
    """What a message is known by: one per batch and receiver."""
    return f"{notice.key}:{batch}:{user_id}"


def known(keys: Collection[str]) -> set[str]:
    """Those of these messages that have been written."""
    if not keys:
        return set()
    return set(db.session.scalars(select(Outbox.dedup_key).where(Outbox.dedup_key.in_(keys))))


def _rows(notice: Notice, messages: Iterable[Message]) -> list[dict[str, Any]]:
    moment = clock.now()
    return [
        {
            "dedup_key": dedup_key(notice, batch, user_id),
            "user_id": user_id,
            "kind": notice.key,
            "data": dict(data),
            "at": moment,
        }
        for batch, user_id, data in messages
    ]


def unread(user_id: int, muted: Collection[str]) -> int:
    """How many messages somebody hasn't read; kinds that he has muted don't count."""
    waiting = (Outbox.user_id == user_id, Outbox.read_at.is_(None), Outbox.kind.not_in(muted))
    return db.session.scalar(select(func.count(Outbox.id)).where(*waiting)) or 0


def latest(
    user_id: int, muted: Collection[str], limit: int, before: int | None = None
) -> list[Outbox]:
    """Somebody's newest messages, or the newest of those older than ``before``."""
    wanted = [Outbox.user_id == user_id, Outbox.kind.not_in(muted)]
    if before is not None:
        wanted.append(Outbox.id < before)
    return list(
        db.session.scalars(select(Outbox).where(*wanted).order_by(Outbox.id.desc()).limit(limit))
    )


def mark_read(user_id: int, number: int | None = None) -> bool:
    """Mark one of somebody's messages, or all of them, as read; False when that one isn't his."""
    if number is not None and not 0 < number <= MAX_ID:
        return False
    his = [Outbox.user_id == user_id]
    if number is not None:
        his.append(Outbox.id == number)
    moment = func.coalesce(Outbox.read_at, clock.now())
    unread_only = [Outbox.read_at.is_(None)] if number is None else []
    marked: Any = db.session.execute(
        update(Outbox).where(*his, *unread_only).values(read_at=moment)
    )
    return number is None or bool(marked.rowcount)
