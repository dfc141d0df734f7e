"""Who stands in for whom, from when until when (NOTE, docs/decisions/0041).

In that time the deputy has the other's to-dos, and reads the records that they are about.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, delete, insert, or_, select, true
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import clock
from app.spec.types import UTCDateTime
from app.store.context import actor_id, system_scope
from app.store.organisation import User
from app.store.version import touch


class Deputy(db.Model):  # type: ignore[name-defined,misc]
    """That somebody stands in for somebody else, from one instant until before another."""

    __tablename__ = "deputy"
    __table_args__ = (
        Index("ix_deputy_user_id", "user_id", "ends_at"),
        Index("ix_deputy_deputy_id", "deputy_id", "ends_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    deputy_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    starts_at: Mapped[Any] = mapped_column(UTCDateTime())
    ends_at: Mapped[Any] = mapped_column(UTCDateTime())
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))


_T = Deputy.__table__


@dataclass(frozen=True, slots=True)
class Absence:
    """Somebody's time away."""

    user_id: int
    starts_at: datetime
    ends_at: datetime

    def holds(self, moment: datetime) -> bool:
        """Whether it has begun and isn't over."""
        return self.starts_at <= moment < self.ends_at


def load() -> Mapping[int, tuple[Absence, ...]]:
    """Whom everybody stands in for, now and later, by deputy: one statement."""
    found: dict[int, tuple[Absence, ...]] = {}
    for row in db.session.execute(select(_T).where(_T.c.ends_at > clock.now()).order_by(_T.c.id)):
        absence = Absence(row.user_id, row.starts_at, row.ends_at)
        found[row.deputy_id] = (*found.get(row.deputy_id, ()), absence)
    return found


def names(people: Iterable[int]) -> dict[int, tuple[str, str]]:
    """What those of these people are called who are active, in both languages."""
    with system_scope("who stands in for whom"):
        found = db.session.execute(
            select(User.id, User.name, User.name_en).where(
                User.id.in_(list(people)), User.is_active
            )
        )
        return {row.id: (row.name, row.name_en or "") for row in found}


def of(people: Collection[int] | None, deputy: int) -> list[Any]:
    """What is arranged now and for later: for these people (None: for everybody), and of that
    deputy; the next first.
    """
    whose = true() if people is None else _T.c.user_id.in_(people)
    theirs = or_(whose, _T.c.deputy_id == deputy)
    rows = select(_T).where(theirs, _T.c.ends_at > clock.now()).order_by(_T.c.starts_at, _T.c.id)
    return list(db.session.execute(rows))


def find(number: int) -> Any:
    """One that isn't over; None for any other number."""
    return db.session.execute(
        select(_T).where(_T.c.id == number, _T.c.ends_at > clock.now())
    ).one_or_none()


def add(user_id: int, deputy_id: int, starts_at: datetime, ends_at: datetime) -> Any:
    """Let somebody stand in; the row, or None where somebody does in that time already.

    Whoever arranges something at the same moment waits for this transaction, as ``touch`` comes
    first. The caller commits.
    """
    touch()
    other = (_T.c.user_id == user_id, _T.c.starts_at < ends_at, _T.c.ends_at > starts_at)
    if db.session.scalar(select(_T.c.id).where(*other).limit(1)) is not None:
        return None
    row = {"user_id": user_id, "deputy_id": deputy_id, "starts_at": starts_at, "ends_at": ends_at}
    adding = insert(_T).values(**row, created_by_id=actor_id()).returning(_T)
    return db.session.execute(adding).one()


def drop(number: int) -> bool:
    """End or call off one at once; False when somebody else was faster. The caller commits."""
    touch()
    done: Any = db.session.execute(delete(_T).where(_T.c.id == number))
    return bool(done.rowcount)
