"""Facts about this installation: what an upgrade left behind, how far an indexing has come."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db


class Installation(db.Model):  # type: ignore[name-defined,misc]
    """One fact; ``upgraded_to`` is what the last upgrade left behind."""

    __tablename__ = "installation"
    __table_args__ = {"extend_existing": False}  # noqa: RUF012 - SQLAlchemy's own form

    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(String(255))
