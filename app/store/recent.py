"""Which records somebody has looked at lately (UI-15): a trail of his own, fifty steps long.

It is written by a request of its own after the page (docs/decisions), so that reading a page stays
reading. What it leads to is found through the gate anew each time.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec.entity import Entity
from app.spec.types import UTCDateTime
from app.store.context import actor
from app.store.engine import inserting

KEPT = 50


class RecentView(db.Model):  # type: ignore[name-defined,misc]
    """When one person has last looked at one record."""

    __tablename__ = "recent_view"
    __table_args__ = (Index("ix_recent_view_user_id_at", "user_id", "at"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    entity: Mapped[str] = mapped_column(String(40), primary_key=True)
    record_id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[Any] = mapped_column(UTCDateTime())


def note(entity: Entity, record_id: int) -> None:
    """Remember that the actor looks at it now, and forget what is older than the newest fifty."""
    me, table = actor().user_id, RecentView.__table__
    at = datetime.now(UTC)  # finer than whole seconds: two pages opened at once have an order
    statement = inserting(table).values(user_id=me, entity=entity.key, record_id=record_id, at=at)
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id", "entity", "record_id"], set_={"at": statement.excluded.at}
        )
    )
    last_kept = (
        select(table.c.at)
        .where(table.c.user_id == me)
        .order_by(table.c.at.desc())
        .offset(KEPT - 1)
        .limit(1)
        .scalar_subquery()
    )
    db.session.execute(delete(table).where(table.c.user_id == me, table.c.at < last_kept))


def latest(limit: int) -> list[tuple[str, int]]:
    """What the reader has looked at last, newest first, as (entity, record id)."""
    row = RecentView.__table__.c
    found = db.session.execute(
        select(row.entity, row.record_id)
        .where(row.user_id == actor().user_id)
        .order_by(row.at.desc(), row.entity, row.record_id)
        .limit(limit)
    )
    return [(entity, record_id) for entity, record_id in found]


def first(statement: Any, entity: Entity) -> Any:
    """The statement over the entity's rows, only those looked at lately, the newest first."""
    row = RecentView.__table__.c
    mine = (row.user_id == actor().user_id, row.entity == entity.key)
    return (
        statement.join(RecentView.__table__, row.record_id == entity.model.id)
        .where(*mine)
        .order_by(None)
        .order_by(row.at.desc(), entity.model.id)
    )
