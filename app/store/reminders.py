"""On which day somebody was last reminded of what waits for him: each day once, whoever does it."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Date, ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.store.engine import inserting
from app.store.organisation import User


class ReminderDay(db.Model):  # type: ignore[name-defined,misc]
    """The last of a person's days for which his reminders are written."""

    __tablename__ = "reminder_day"
    __table_args__ = {"extend_existing": False}  # noqa: RUF012 - SQLAlchemy's own form

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    day: Mapped[Any] = mapped_column(Date)


def people() -> Sequence[Any]:
    """Everybody active: number, time zone, and the last day of reminders; None for nobody's yet."""
    statement = (
        select(User.id, User.timezone, ReminderDay.day)
        .outerjoin(ReminderDay, ReminderDay.user_id == User.id)
        .where(User.is_active)
        .order_by(User.id)
    )
    return db.session.execute(statement).all()


def take(user_id: int, day: date) -> bool:
    """Take that day of a person's in the transaction under way; False when it is taken.

    Of several processes one gets it: the others wait for the end of its transaction.
    """
    table = ReminderDay.__table__
    mine = inserting(table).values(user_id=user_id, day=day)
    taken = mine.on_conflict_do_update(
        index_elements=["user_id"],
        set_={"day": mine.excluded.day},
        where=table.c.day < mine.excluded.day,
    ).returning(table.c.user_id)
    return db.session.execute(taken).first() is not None
