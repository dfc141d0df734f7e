"""Whose turn it is: a stored position per list of people, so that turns go on between runs."""

from sqlalchemy import String, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db


class Rotation(db.Model):  # type: ignore[name-defined,misc]
    """How many turns have been taken of one list."""

    __tablename__ = "rotation"
    __table_args__ = {"extend_existing": False}  # noqa: RUF012 - SQLAlchemy's own form

    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    turns: Mapped[int] = mapped_column(default=0)


def position(key: str) -> int:
    """How many turns have been taken; locked until the transaction ends."""
    statement = select(Rotation.turns).where(Rotation.key == key[:255]).with_for_update()
    return db.session.scalar(statement) or 0


def advance(key: str, turns: int) -> None:
    """Note that so many turns were taken."""
    dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    table = Rotation.__table__
    db.session.execute(
        dialect.insert(table)
        .values(key=key[:255], turns=turns)
        .on_conflict_do_update(index_elements=["key"], set_={"turns": table.c.turns + turns})
    )
