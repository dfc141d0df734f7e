"""Small pictures kept in the database, so that every process on every host has them."""

from typing import Any

from sqlalchemy import LargeBinary, String, select
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import clock
from app.spec.pictures import examined
from app.spec.types import UTCDateTime
from app.store.engine import inserting


class Picture(db.Model):  # type: ignore[name-defined,misc]
    """A picture under the digest of its bytes: the same one is kept once and never changes."""

    __tablename__ = "picture"
    __table_args__ = {"extend_existing": False}  # noqa: RUF012 - SQLAlchemy's own form

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[Any] = mapped_column(UTCDateTime())


def keep(content: bytes) -> str:
    """Keep a picture, in the transaction under way; answers its name.

    ValueError when it is none.
    """
    name, content = examined(content)
    row = {"name": name, "content": content, "at": clock.now()}
    db.session.execute(inserting(Picture.__table__).values(row).on_conflict_do_nothing())
    return name


def content_of(name: str) -> bytes | None:
    """The bytes of a picture; None when there is none of that name."""
    row = Picture.__table__.c
    found: bytes | None = db.session.scalar(select(row.content).where(row.name == name))
    return found
