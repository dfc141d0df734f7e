"""Messages to people, written with the change they tell of (NOTE, R6).

One row per batch and receiver. The in-app list reads it; mail is sent from it when it comes.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, func, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import clock
from app.spec.types import UTCDateTime


class Outbox(db.Model):  # type: ignore[name-defined,misc]
    """One message to one person; ``dedup_key`` lets nobody get it twice."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_user_id", "user_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    dedup_key: Mapped[str] = mapped_column(String(120), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    kind: Mapped[str] = mapped_column(String(40))
    data: Mapped[Any] = mapped_column(JSON)
    at: Mapped[Any] = mapped_column(UTCDateTime())
    read_at: Mapped[Any] = mapped_column(UTCDateTime(), nullable=True)


def tell(kind: str, batch: str, people: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
    """Add one message per receiver, given as (user id, data), to the transaction under way."""
    moment = clock.now()
    rows = [
        {
            "dedup_key": f"{kind}:{batch}:{user_id}",
            "user_id": user_id,
            "kind": kind,
            "data": dict(data),
            "at": moment,
        }
        for user_id, data in people
    ]
    if rows:
        db.session.execute(insert(Outbox.__table__), rows)


def unread(user_id: int) -> int:
    """How many messages somebody hasn't read."""
    return (
        db.session.scalar(
            select(func.count(Outbox.id)).where(Outbox.user_id == user_id, Outbox.read_at.is_(None))
        )
        or 0
    )


def latest(user_id: int, limit: int = 100) -> list[Outbox]:
    """Somebody's newest messages."""
    return list(
        db.session.scalars(
            select(Outbox).where(Outbox.user_id == user_id).order_by(Outbox.id.desc()).limit(limit)
        )
    )


def mark_read(user_id: int) -> None:
    """Mark all of somebody's messages as read."""
    db.session.execute(
        update(Outbox)
        .where(Outbox.user_id == user_id, Outbox.read_at.is_(None))
        .values(read_at=clock.now())
    )
