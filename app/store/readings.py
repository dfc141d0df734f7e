"""What somebody has read: one row per person and record, of whatever kind."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import clock
from app.spec.types import UTCDateTime
from app.store.engine import inserting


class Reading(db.Model):  # type: ignore[name-defined,misc]
    """That somebody has read a record, and when first."""

    __tablename__ = "reading"
    __table_args__ = {"extend_existing": False}  # noqa: RUF012 - SQLAlchemy's own form

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    entity: Mapped[str] = mapped_column(String(40), primary_key=True)
    record_id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[Any] = mapped_column(UTCDateTime())


def read_by(user_id: int, entity: str) -> Any:
    """The ids of the records of a kind that somebody has read, as a subquery."""
    row = Reading.__table__.c
    return select(row.record_id).where(row.user_id == user_id, row.entity == entity)


def note(user_id: int, entity: str, ids: Iterable[int]) -> None:
    """Note that somebody has read these, in the transaction under way; twice does no harm."""
    rows = [
        {"user_id": user_id, "entity": entity, "record_id": record_id, "at": clock.now()}
        for record_id in ids
    ]
    if rows:
        table = Reading.__table__
        db.session.execute(inserting(table).values(rows).on_conflict_do_nothing())
