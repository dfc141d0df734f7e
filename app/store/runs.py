"""Bulk runs and what became of each row: the report, and later the undo, read them (BULK-4)."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import clock
from app.spec.errors import NotFound
from app.spec.types import UTCDateTime
from app.store.context import actor, actor_id
from app.store.door import MAX_ID


class OperationRun(db.Model):  # type: ignore[name-defined,misc]
    """One run of a bulk operation: who, what, on which selection, with which counts."""

    __tablename__ = "operation_run"
    __table_args__ = {"extend_existing": False}  # noqa: RUF012 - SQLAlchemy's own form

    id: Mapped[int] = mapped_column(primary_key=True)
    operation: Mapped[str] = mapped_column(String(40))
    entity: Mapped[str] = mapped_column(String(40))
    actor_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    at: Mapped[Any] = mapped_column(UTCDateTime())
    selection: Mapped[Any] = mapped_column(JSON)
    params: Mapped[Any] = mapped_column(JSON)
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)


class OperationItem(db.Model):  # type: ignore[name-defined,misc]
    """What became of one row of a run; ``changes`` maps field to [before, after]."""

    __tablename__ = "operation_item"
    __table_args__ = {"extend_existing": False}  # noqa: RUF012 - SQLAlchemy's own form

    operation_id: Mapped[int] = mapped_column(ForeignKey("operation_run.id"), primary_key=True)
    record_id: Mapped[int] = mapped_column(primary_key=True)
    outcome: Mapped[str] = mapped_column(String(10))
    code: Mapped[str] = mapped_column(String(40), default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    changes: Mapped[Any] = mapped_column(JSON, default=dict)


def start(operation: str, entity: str, selection: Any, params: Mapping[str, Any]) -> int:
    """Note that a run begins and return its number."""
    number: int = db.session.execute(
        insert(OperationRun)
        .values(
            operation=operation,
            entity=entity,
            actor_id=actor_id(),
            at=clock.now(),
            selection=selection,
            params=dict(params),
        )
        .returning(OperationRun.id)
    ).scalar_one()
    return number


def note(run: int, items: Iterable[Mapping[str, Any]]) -> None:
    """Add what became of rows of a run."""
    rows = [
        {"code": "", "reason": "", "changes": {}, **item, "operation_id": run} for item in items
    ]
    if rows:
        db.session.execute(insert(OperationItem.__table__), rows)


def finish(run: int, *, total: int, done: int, skipped: int) -> None:
    """Write the counts of a run that has ended."""
    db.session.execute(
        update(OperationRun)
        .where(OperationRun.id == run)
        .values(total=total, done=done, skipped=skipped)
    )


def own(number: int, entity: str = "", operation: str = "") -> OperationRun:
    """A run of the actor's own; NotFound for anybody else's and for other kinds."""
    who = actor()
    if not 0 < number <= MAX_ID:
        raise NotFound
    run = db.session.scalars(select(OperationRun).where(OperationRun.id == number)).one_or_none()
    if run is None or (run.actor_id != who.user_id and not who.rights.is_super):
        raise NotFound
    if (entity and run.entity != entity) or (operation and run.operation != operation):
        raise NotFound
    return run


def items(number: int, outcome: str = "", limit: int | None = None) -> list[OperationItem]:
    """What became of the rows of a run, in the order of their ids; the first ``limit`` of them."""
    statement = select(OperationItem).where(OperationItem.operation_id == number)
    if outcome:
        statement = statement.where(OperationItem.outcome == outcome)
    return list(db.session.scalars(statement.order_by(OperationItem.record_id).limit(limit)))
