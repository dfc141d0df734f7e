"""What pools have recycled by themselves, and whom that was foretold (POOL-6, POOL-10)."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import (
    Date,
    ForeignKey,
    Index,
    String,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import clock
from app.spec.entity import Entity
from app.spec.types import UTCDateTime
from app.store.door import held
from app.store.organisation import User
from app.store.pools import Pool
from app.store.runs import OperationItem
from app.store.scope import member_of

OWNER, SUPERIOR = "owner", "superior"
"""Who is warned of a record, one after the other."""


class RecyclingRun(db.Model):  # type: ignore[name-defined,misc]
    """What one pool took in one night; without an end it is under way, or was killed."""

    __tablename__ = "recycling_run"
    __table_args__ = (Index("ix_recycling_run_pool_id", "pool_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    pool_id: Mapped[int] = mapped_column(ForeignKey("pool.id"))
    day: Mapped[Any] = mapped_column(Date)
    operation_id: Mapped[int | None]
    """The run with what became of each record; None while it has taken none."""
    examined: Mapped[int] = mapped_column(default=0)
    recycled: Mapped[int] = mapped_column(default=0)
    warned: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[Any] = mapped_column(UTCDateTime())
    finished_at: Mapped[Any] = mapped_column(UTCDateTime(), nullable=True)


class RecyclingWarning(db.Model):  # type: ignore[name-defined,misc]
    """That somebody was warned of a record; kept while it is about to go from the same owner."""

    __tablename__ = "recycling_warning"
    __table_args__ = {"extend_existing": False}  # noqa: RUF012 - SQLAlchemy's own form

    entity: Mapped[str] = mapped_column(String(40), primary_key=True)
    record_id: Mapped[int] = mapped_column(primary_key=True)
    stage: Mapped[str] = mapped_column(String(10), primary_key=True)
    owner_id: Mapped[int]
    pool_id: Mapped[int]
    run_id: Mapped[int] = mapped_column(index=True)


def begin(pool: int, day: date) -> int:
    """The pool's run that was never ended, or a new one."""
    table = RecyclingRun.__table__
    last = select(table.c.id).where(table.c.pool_id == pool, table.c.finished_at.is_(None))
    found: int | None = db.session.scalar(last.order_by(table.c.id.desc()).limit(1))
    if found is None:
        row = {"pool_id": pool, "day": day, "examined": 0, "recycled": 0, "warned": 0}
        adding = insert(table).values(**row, started_at=clock.now()).returning(table.c.id)
        found = db.session.execute(adding).scalar_one()
    return found


def abandon(pools: Sequence[int]) -> None:
    """End what was begun for pools that recycle nothing any more."""
    table = RecyclingRun.__table__
    others = (table.c.finished_at.is_(None), ~member_of(table.c.pool_id, pools))
    db.session.execute(update(table).where(*others).values(finished_at=clock.now()))


def is_open(pool: int) -> bool:
    """Whether a pool still takes records; it is then held until this transaction ends."""
    chosen = select(Pool.id).where(Pool.id == pool, Pool.is_enabled, Pool.deleted_at.is_(None))
    return db.session.scalar(held(chosen, Pool)) is not None


def of(number: int) -> RecyclingRun:
    """That run as it is now, held: of two who do it at once one takes records at a time."""
    found = select(RecyclingRun).where(RecyclingRun.id == number).with_for_update()
    return db.session.execute(found.execution_options(populate_existing=True)).scalar_one()


def told_by(operation: int) -> RecyclingRun:
    """The run whose report has that number."""
    found = select(RecyclingRun).where(RecyclingRun.operation_id == operation)
    return db.session.execute(found).scalar_one()


def latest(pool: int, limit: int) -> Sequence[RecyclingRun]:
    """A pool's newest runs."""
    found = select(RecyclingRun).where(RecyclingRun.pool_id == pool)
    return db.session.scalars(found.order_by(RecyclingRun.id.desc()).limit(limit)).all()


def losers(entity: Entity, operation: int) -> list[tuple[int, int, int]]:
    """Who lost how many records by a run, and the first of them; only those who are still here."""
    model: Any = entity.model
    who = model.previous_owner_id
    found = (
        select(who, func.count(), func.min(model.id))
        .join(OperationItem, OperationItem.record_id == model.id)
        .join(User, User.id == who)
        .where(OperationItem.operation_id == operation, OperationItem.outcome == "done")
        .where(User.is_active)
        .group_by(who)
        .order_by(who)
    )
    return [(person, n, first) for person, n, first in db.session.execute(found)]


def forget(entity: Entity, pool: int, stage: str, where: Sequence[Any]) -> None:
    """Drop what was said of records that aren't about to go any more, or have another owner."""
    mark, model = RecyclingWarning.__table__, entity.model
    still = exists().where(model.id == mark.c.record_id, model.owner_id == mark.c.owner_id, *where)
    mine = (mark.c.entity == entity.key, mark.c.stage == stage, mark.c.pool_id == pool)
    db.session.execute(delete(mark).where(*mine, ~still))


def warn(entity: Entity, pool: int, run: int, stage: str, where: Sequence[Any]) -> None:
    """Note all records that are about to go and of which nothing has been said: one statement."""
    mark, model = RecyclingWarning.__table__, entity.model
    said = exists().where(
        mark.c.entity == entity.key, mark.c.record_id == model.id, mark.c.stage == stage
    )
    columns = {
        "entity": literal(entity.key),
        "record_id": model.id,
        "stage": literal(stage),
        "owner_id": model.owner_id,
        "pool_id": literal(pool),
        "run_id": literal(run),
    }
    rows = select(*columns.values()).where(*where, ~said)
    db.session.execute(insert(mark).from_select(list(columns), rows))


def warned(run: int, stage: str) -> list[tuple[int, int, int]]:
    """Of whose records a run has warned, of how many, and the first of them."""
    mark = RecyclingWarning
    found = select(mark.owner_id, func.count(), func.min(mark.record_id))
    found = found.where(mark.run_id == run, mark.stage == stage)
    rows = db.session.execute(found.group_by(mark.owner_id).order_by(mark.owner_id))
    return [(owner, n, first) for owner, n, first in rows]


def active(people: Sequence[int]) -> set[int]:
    """Those of these people who are still here."""
    return set(
        db.session.scalars(select(User.id).where(User.is_active, member_of(User.id, people)))
    )


def names_of(pool: int) -> tuple[str, str]:
    """What a pool is called in Chinese and in English."""
    row = db.session.execute(select(Pool.name, Pool.name_en).where(Pool.id == pool)).one()
    return row.name, row.name_en or ""


def kind_of(pool: int) -> str:
    """Which kind of records a pool holds, by its plural."""
    found: str = db.session.execute(select(Pool.kind).where(Pool.id == pool)).scalar_one()
    return found
