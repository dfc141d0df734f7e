"""Comments: what people say about a record to each other, one row each.

Whether somebody may read the record, and write about it, is the caller's to find out first. People
are mentioned in the stored text by number (``app/spec/mentions.py``).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, String, Text, func, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import clock, mentions
from app.spec.errors import NotFound
from app.spec.types import UTCDateTime
from app.spec.words import either
from app.store.context import actor
from app.store.door import MAX_ID
from app.store.organisation import User
from app.store.scope import member_of

LONGEST = 2000


class Comment(db.Model):  # type: ignore[name-defined,misc]
    """What somebody said about a record. A deleted one keeps its place and loses its words."""

    __tablename__ = "comment"
    __table_args__ = (Index("ix_comment_record", "entity", "record_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    entity: Mapped[str] = mapped_column(String(40))
    record_id: Mapped[int]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    text: Mapped[str] = mapped_column(Text())
    written_at: Mapped[Any] = mapped_column(UTCDateTime())
    edited_at: Mapped[Any] = mapped_column(UTCDateTime(), nullable=True)
    deleted_at: Mapped[Any] = mapped_column(UTCDateTime(), nullable=True)
    came_from: Mapped[int | None]
    """The merged record that it was copied from: back there, it goes from here (CUS-7)."""


_T = Comment.__table__


@dataclass(frozen=True)
class Person:
    """Somebody as comments name him: names and usernames are everybody's (docs/decisions/0013)."""

    id: int
    username: str
    name: str
    name_en: str

    @property
    def label(self) -> str:
        return either(self.name, self.name_en)


@dataclass(frozen=True)
class Told:
    """A comment as pages and programs tell it."""

    id: int
    text: str
    written_at: Any
    edited_at: Any
    is_deleted: bool
    author: Person


def page(
    entity: str, record_id: int, *, before: int | None = None, limit: int | None = None
) -> list[Told]:
    """What was said of a record, the newest first; what is older than comment ``before``."""
    found = _telling(entity, record_id).order_by(_T.c.id.desc()).limit(limit)
    rows = db.session.execute(found if before is None else found.where(_T.c.id < before))
    return [_told(row) for row in rows]


def find(entity: str, record_id: int, number: int) -> Told:
    """One comment of that record; NotFound for a deleted one and any other number."""
    one = _telling(entity, record_id).where(_T.c.id == number, _T.c.deleted_at.is_(None))
    row = db.session.execute(one).one_or_none() if 0 < number <= MAX_ID else None
    if row is None:
        raise NotFound
    return _told(row)


def count(entity: str, record_id: int) -> int:
    """How many comments a record has."""
    here = (_T.c.entity == entity, _T.c.record_id == record_id, _T.c.deleted_at.is_(None))
    return db.session.scalar(select(func.count()).select_from(_T).where(*here)) or 0


def _telling(entity: str, record_id: int) -> Select[Any]:
    """Tables, not models: what colleagues are called is everybody's."""
    user = User.__table__.c
    said = (_T.c.id, _T.c.text, _T.c.written_at, _T.c.edited_at, _T.c.deleted_at.is_not(None))
    return (
        select(*said, user.id, user.username, user.name, user.name_en)
        .join_from(_T, User.__table__, user.id == _T.c.user_id)
        .where(_T.c.entity == entity, _T.c.record_id == record_id)
    )


def _told(row: Any) -> Told:
    number, text, written_at, edited_at, is_deleted, *author = row
    return Told(number, text, written_at, edited_at, bool(is_deleted), Person(*author))


def mentioned(texts: Iterable[str]) -> dict[int, Person]:
    """Those whom these stored texts name, by number: a statement, where they name anybody."""
    wanted = sorted({number for text in texts for number in mentions.numbers(text)})
    user = User.__table__.c
    asked = select(user.id, user.username, user.name, user.name_en)
    if not wanted:
        return {}
    rows = db.session.execute(asked.where(member_of(user.id, wanted)))
    return {row.id: Person(*row) for row in rows}


def meant(text: str) -> dict[int, Person]:
    """Those whom a typed text names, by username or number."""
    user = User.__table__.c
    names, numbers = sorted(mentions.usernames(text)), sorted(mentions.numbers(text))
    if not names and not numbers:
        return {}
    asked = select(user.id, user.username, user.name, user.name_en)
    rows = db.session.execute(asked.where(user.username.in_(names) | user.id.in_(numbers)))
    return {row.id: Person(*row) for row in rows}


def add(entity: str, record_id: int, text: str) -> int:
    """Say something in my name; the comment's number."""
    row = {
        "entity": entity,
        "record_id": record_id,
        "user_id": actor().user_id,
        "text": text,
        "written_at": clock.now(),
    }
    number: int = db.session.execute(insert(_T).values(**row).returning(_T.c.id)).scalar_one()
    return number


def change(number: int, text: str) -> None:
    """Put it otherwise; NotFound when it was deleted meanwhile."""
    _put(number, {"text": text, "edited_at": clock.now()})


def remove(number: int) -> None:
    """Take the words away; that something was said stays. NotFound when somebody was faster."""
    _put(number, {"text": "", "deleted_at": clock.now()})


def _put(number: int, values: dict[str, Any]) -> None:
    one = (_T.c.id == number, _T.c.deleted_at.is_(None))
    done: Any = db.session.execute(update(_T).where(*one).values(**values))
    if not done.rowcount:
        raise NotFound


def voices(entity: str, record_id: int) -> Select[Any]:
    """The numbers of those who have said something about a record, as a query."""
    here = (_T.c.entity == entity, _T.c.record_id == record_id, _T.c.deleted_at.is_(None))
    return select(_T.c.user_id).where(*here)
