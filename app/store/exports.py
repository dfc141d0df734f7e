"""Exports: what was asked for, who permitted it, and the file once it is written (EXP-2, EXP-3).

A large file lies in portions in the database, stored in the transaction that says it is there: any
process on any host can send it, nobody ever sees half of it, and an expiry has one place to look
at. After some days the portions go; that it was exported, with its fingerprint, stays.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import clock
from app.spec.errors import NotFound
from app.spec.types import UTCDateTime
from app.store.context import actor
from app.store.door import MAX_ID
from app.store.separate import reading, writing

MOST_WAITING = 100
"""So many are shown to whoever decides."""
SWEPT_AT_ONCE = 3
"""Files that go in one transaction: on SQLite nobody else writes meanwhile (R10)."""
WAITING, APPROVED, REJECTED = "waiting", "approved", "rejected"
"""What became of the question whether an export above the limit may be made (EXP-2)."""


class Export(db.Model):  # type: ignore[name-defined,misc]
    """One export of somebody's: numbered as the run that settles its rows."""

    __tablename__ = "export_file"
    __table_args__ = (
        Index("ix_export_file_actor_id", "actor_id", "operation_id"),
        Index("ix_export_file_approver_id", "approver_id", "approval"),
    )

    operation_id: Mapped[int] = mapped_column(ForeignKey("operation_run.id"), primary_key=True)
    actor_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    entity: Mapped[str] = mapped_column(String(40))
    format: Mapped[str] = mapped_column(String(5))
    total: Mapped[int]
    reason: Mapped[str] = mapped_column(Text, default="")
    approval: Mapped[str] = mapped_column(String(10), default="")
    """Empty for an export that needs none."""
    approver_id: Mapped[int | None]
    """Who is asked; nobody stands for the super admins."""
    decided_by_id: Mapped[int | None]
    decided_at: Mapped[Any] = mapped_column(UTCDateTime(), nullable=True)
    remark: Mapped[str] = mapped_column(Text, default="")
    is_kept: Mapped[bool] = mapped_column(default=False)
    """Whether the file is written once and kept, by a job; else it is written when fetched."""
    name: Mapped[str] = mapped_column(String(255), default="")
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    count: Mapped[int] = mapped_column(default=0)
    sha256: Mapped[str] = mapped_column(String(64), default="")
    grounds: Mapped[Any] = mapped_column(JSON, default=dict)
    """The rights that the file was written with."""
    written_at: Mapped[Any] = mapped_column(UTCDateTime(), nullable=True)
    expires_at: Mapped[Any] = mapped_column(UTCDateTime(), nullable=True)
    """Until when it can be fetched; unknown while it is not written."""
    fetched: Mapped[int] = mapped_column(default=0)
    """How often it was."""
    created_at: Mapped[Any] = mapped_column(UTCDateTime())

    @property
    def is_expired(self) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= clock.now()

    @property
    def can_be_fetched(self) -> bool:
        """Whether there is a file, or one can be written."""
        is_there = self.written_at is not None or not self.is_kept
        return is_there and not self.is_expired


class ExportPart(db.Model):  # type: ignore[name-defined,misc]
    """A portion of a written file."""

    __tablename__ = "export_part"
    __table_args__ = {"extend_existing": False}  # noqa: RUF012 - SQLAlchemy's own form

    export_id: Mapped[int] = mapped_column(ForeignKey("export_file.operation_id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


def begin(number: int, values: Mapping[str, Any]) -> None:
    """Note an export of the actor's, in the transaction that begins its run."""
    db.session.execute(
        insert(Export).values(
            operation_id=number, actor_id=actor().user_id, created_at=clock.now(), **values
        )
    )


def own(number: int) -> Export:
    """An export of the actor's own; NotFound for everybody else's, super admins' eyes included."""
    found = find(number)
    if found is None or found.actor_id != actor().user_id:
        raise NotFound
    return found


def find(number: int, *, lock: bool = False) -> Export | None:
    """The export of that run, whoever acts: he may look at the run, or is asked about it."""
    if not 0 < number <= MAX_ID:
        return None
    statement = select(Export).where(Export.operation_id == number)
    if lock:
        statement = statement.with_for_update()
    fresh = statement.execution_options(populate_existing=True)
    found: Export | None = db.session.execute(fresh).scalar()
    return found


def is_written(number: int) -> bool:
    """Whether the run of that number has made a file that is, or was, stored whole."""
    written = select(Export.written_at).where(Export.operation_id == number)
    return db.session.scalar(written) is not None


def under_way(number: int) -> Export:
    """An export for the job that writes it, whoever acts."""
    found = find(number)
    if found is None:
        raise NotFound
    return found


def waiting() -> list[Export]:
    """What the actor is to decide about, oldest first: super admins about all but their own."""
    me = actor()
    statement = select(Export).where(Export.approval == WAITING, Export.actor_id != me.user_id)
    if not me.rights.is_super:
        statement = statement.where(Export.approver_id == me.user_id)
    return list(db.session.scalars(statement.order_by(Export.operation_id).limit(MOST_WAITING)))


def latest(limit: int, before: int | None = None) -> list[Export]:
    """The actor's newest exports, at most ``limit``; only older ones than ``before``."""
    statement = select(Export).where(Export.actor_id == actor().user_id)
    if before is not None:
        statement = statement.where(Export.operation_id < before)
    return list(db.session.scalars(statement.order_by(Export.operation_id.desc()).limit(limit)))


def keep(export: Export, portions: Iterable[bytes], keep_for: timedelta) -> None:
    """Store the written file; it is there when this transaction commits."""
    size = 0
    for number, content in enumerate(portions):
        row = {"export_id": export.operation_id, "number": number, "content": content}
        db.session.execute(insert(ExportPart.__table__), [row])
        size += len(content)
    export.size, export.written_at = size, clock.now()
    export.expires_at = export.written_at + keep_for


def portions(number: int) -> Iterator[bytes]:
    """A stored file piece by piece, each read by itself: a slow reader holds up nobody."""
    part, place = ExportPart.__table__.c, 0
    while True:
        with reading() as connection:
            content = connection.scalar(
                select(part.content).where(part.export_id == number, part.number == place)
            )
        if content is None:
            return
        yield content
        place += 1


def note_fetched(number: int) -> None:
    """Count that a file was fetched (C76)."""
    row = Export.__table__
    mine = row.c.operation_id == number
    db.session.execute(update(row).where(mine).values(fetched=row.c.fetched + 1))


def sweep() -> int:
    """Forget the files whose time is over, few at a time; answers of how many."""
    found = 0
    while some := _sweep_some():
        found += some
    return found


def _sweep_some() -> int:
    with writing(is_patient=True) as connection:
        row, part = Export.__table__.c, ExportPart.__table__
        old = list(
            connection.scalars(
                select(row.operation_id)
                .where(row.expires_at < clock.now())
                .where(row.operation_id.in_(select(part.c.export_id)))
                .limit(SWEPT_AT_ONCE)
            )
        )
        connection.execute(delete(part).where(part.c.export_id.in_(old)))
    return len(old)
