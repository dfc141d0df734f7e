"""Whose turn it is: a stored position per list of people, so that turns go on between runs."""

import hashlib
from collections.abc import Sequence

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.store.engine import inserting


class Rotation(db.Model):  # type: ignore[name-defined,misc]
    """How many turns have been taken of one list."""

    __tablename__ = "rotation"
    __table_args__ = {"extend_existing": False}  # noqa: RUF012 - SQLAlchemy's own form

    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    turns: Mapped[int] = mapped_column(default=0)


def key_of(operation: str, entity: str, people: Sequence[int]) -> str:
    """The name of a list of people, by its digest: the list itself may be longer than any key."""
    digest = hashlib.sha256(",".join(map(str, people)).encode()).hexdigest()
    return f"{operation}:{entity}:{digest}"


def position(key: str, *, lock: bool = True) -> int:
    """How many turns have been taken; the row is made if need be and locked till the end.

    Without ``lock`` nothing is written: a dry run only looks.
    """
    if not lock:
        return db.session.scalar(select(Rotation.turns).where(Rotation.key == key)) or 0
    return advance(key, 0)


def advance(key: str, turns: int) -> int:
    """Note that so many turns were taken; returns how many there were altogether."""
    table = Rotation.__table__
    number: int = db.session.execute(
        inserting(table)
        .values(key=key, turns=turns)
        .on_conflict_do_update(index_elements=["key"], set_={"turns": table.c.turns + turns})
        .returning(table.c.turns)
    ).scalar_one()
    return number
