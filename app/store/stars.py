"""What somebody keeps an eye on (LIST-5): his own stars, which nobody else sees or sets.

A star is no right: a starred record that is deleted, purged or handed over is out of sight like any
other, because whoever asks for starred rows asks through the gate.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import clock
from app.spec.entity import Entity
from app.spec.types import UTCDateTime
from app.store.context import actor
from app.store.engine import inserting
from app.store.scope import member_of


class Star(db.Model):  # type: ignore[name-defined,misc]
    """One record that one person has starred."""

    __tablename__ = "star"

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    entity: Mapped[str] = mapped_column(String(40), primary_key=True)
    record_id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[Any] = mapped_column(UTCDateTime())
    came_from: Mapped[int | None]
    """The merged record that it was copied from: back there, it goes from here (CUS-7)."""


def put(entity: Entity, record_id: int) -> None:
    """Star a record that the caller has found through the gate; the second time changes nothing."""
    db.session.execute(
        inserting(Star.__table__)
        .values(user_id=actor().user_id, entity=entity.key, record_id=record_id, at=clock.now())
        .on_conflict_do_nothing()
    )


def remove(entity: Entity, record_id: int) -> None:
    """Take the star away, if there is one."""
    db.session.execute(
        delete(Star.__table__).where(*_mine(entity), Star.__table__.c.record_id == record_id)
    )


def among(entity: Entity, ids: Sequence[int]) -> set[int]:
    """Those of the records that the reader has starred, in one statement."""
    if not ids:
        return set()
    row = Star.__table__.c
    found = select(row.record_id).where(*_mine(entity), member_of(row.record_id, ids))
    return set(db.session.scalars(found))


def are_mine(entity: Entity) -> ColumnElement[bool]:
    """The condition "the reader has starred it" for a query over the entity's rows."""
    starred = select(Star.__table__.c.record_id).where(*_mine(entity))
    is_among: ColumnElement[bool] = entity.model.id.in_(starred)
    return is_among


def _mine(entity: Entity) -> tuple[ColumnElement[bool], ...]:
    row = Star.__table__.c
    return row.user_id == actor().user_id, row.entity == entity.key
