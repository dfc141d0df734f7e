"""Checklists: the small steps of a record, one row each, in the order they stand in.

Whoever changes something here holds the record, so that what it tells of its checklist, "3/5", is
counted by one at a time; no version, so that nobody is told that another was faster (C86).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ForeignKey, Index, String, delete, func, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import clock
from app.spec.entity import CHECKLIST, Entity
from app.spec.errors import NotFound
from app.spec.types import UTCDateTime
from app.store.context import actor_id
from app.store.organisation import User


class ChecklistLine(db.Model):  # type: ignore[name-defined,misc]
    """One step of a record; done by somebody at some time, or not yet."""

    __tablename__ = "checklist_line"
    __table_args__ = (Index("ix_checklist_line_record", "entity", "record_id", "place"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    entity: Mapped[str] = mapped_column(String(40))
    record_id: Mapped[int]
    place: Mapped[int]
    text: Mapped[str] = mapped_column(String(200))
    done_at: Mapped[Any] = mapped_column(UTCDateTime(), nullable=True)
    done_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))


_T = ChecklistLine.__table__


@dataclass(frozen=True)
class Line:
    """A step as pages and programs tell it."""

    id: int
    place: int
    text: str
    done_at: Any
    done_by: tuple[int, str, str, str] | None
    """Who ticked it: id, username, name, English name."""

    @property
    def is_done(self) -> bool:
        return self.done_at is not None


def of(entity: str, record_id: int) -> list[Line]:
    """The steps of a record in their order: one statement. Ask for the record first."""
    user = User.__table__.c
    asked = (
        select(
            *(_T.c.id, _T.c.place, _T.c.text, _T.c.done_at),
            *(user.id, user.username, user.name, user.name_en),
        )
        .select_from(_T.outerjoin(User.__table__, user.id == _T.c.done_by_id))
        .where(_T.c.entity == entity, _T.c.record_id == record_id)
        .order_by(_T.c.place, _T.c.id)
    )
    return [
        Line(number, place, text, done_at, (*by,) if by[0] else None)
        for number, place, text, done_at, *by in db.session.execute(asked)
    ]


def add(entity: str, record_id: int, texts: Sequence[str], after: int) -> list[int]:
    """Add steps behind those up to place ``after``; their numbers."""
    row = {"entity": entity, "record_id": record_id, "done_at": None, "done_by_id": None}
    rows = [{**row, "text": text, "place": after + n} for n, text in enumerate(texts, start=1)]
    done = db.session.execute(insert(_T).returning(_T.c.id, sort_by_parameter_order=True), rows)
    return list(done.scalars())


def tick(number: int, *, is_done: bool) -> None:
    """Mark a step as done by whoever acts, or as still to be done."""
    at, by = (clock.now(), actor_id()) if is_done else (None, None)
    _put(number, {"done_at": at, "done_by_id": by})


def reword(number: int, text: str) -> None:
    _put(number, {"text": text})


def place(number: int, at: int) -> None:
    _put(number, {"place": at})


def _put(number: int, values: dict[str, Any]) -> None:
    done: Any = db.session.execute(update(_T).where(_T.c.id == number).values(**values))
    if not done.rowcount:
        raise NotFound


def remove(number: int) -> None:
    db.session.execute(delete(_T).where(_T.c.id == number))


def tell(entity: Entity, record_id: int) -> str | None:
    """Let the record tell how many of its steps are done, None without any; what it tells now."""
    here = (_T.c.entity == entity.key, _T.c.record_id == record_id)
    done, total = db.session.execute(
        select(func.count(_T.c.done_at), func.count()).select_from(_T).where(*here)
    ).one()
    table = entity.model.__table__
    told = f"{done}/{total}" if total else None
    change = update(table).where(table.c.id == record_id).values({CHECKLIST: told})
    db.session.execute(change)
    return told
