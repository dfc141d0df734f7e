"""Bulk runs and what became of each row: the report and the undo read them (BULK-4, BULK-5)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, func, insert, literal, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec import clock
from app.spec.entity import Entity
from app.spec.errors import NotFound
from app.spec.types import UTCDateTime
from app.store.context import Actor, actor, actor_id, current
from app.store.door import MAX_ID
from app.store.engine import be_patient
from app.store.many import insert_many
from app.store.scope import member_of, predicate
from app.store.separate import reading

CREATED = "created"
"""The code of a row that a run has made."""
PAGE = 5_000
"""Rows of a report that are read together."""
PENDING = "pending"
"""The outcome of a row that a job has still to do."""


class OperationRun(db.Model):  # type: ignore[name-defined,misc]
    """One run of a bulk operation: who, what, on which selection, with which counts."""

    __tablename__ = "operation_run"
    __table_args__ = (
        Index("ix_operation_run_actor_id", "actor_id", "id"),
        Index("ix_operation_run_undoes_id", "undoes_id", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    operation: Mapped[str] = mapped_column(String(40))
    entity: Mapped[str] = mapped_column(String(40))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    """Whose it is; None: the system does it by itself."""
    at: Mapped[Any] = mapped_column(UTCDateTime())
    selection: Mapped[Any] = mapped_column(JSON)
    params: Mapped[Any] = mapped_column(JSON)
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    undoes_id: Mapped[int | None]
    """The run that this one takes back: unique, so that no run is ever undone twice (BULK-5)."""


class OperationItem(db.Model):  # type: ignore[name-defined,misc]
    """What became of one row of a run; what was written into it stands in the history alone."""

    __tablename__ = "operation_item"
    __table_args__ = {"extend_existing": False}  # noqa: RUF012 - SQLAlchemy's own form

    operation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """The run that writes it, so nobody asks row by row whether there is one (decision 0027)."""
    record_id: Mapped[int] = mapped_column(primary_key=True)
    outcome: Mapped[str] = mapped_column(String(10))
    code: Mapped[str] = mapped_column(String(40), default="")
    reason: Mapped[str] = mapped_column(Text, default="")


def start(
    operation: str,
    entity: str,
    selection: Any,
    params: Mapping[str, Any],
    *,
    undoes: int | None = None,
    **foreseen: int,
) -> int:
    """Note that a run begins and return its number; ``undoes`` names the run it takes back.

    ``foreseen`` are the numbers that it will most likely end with, for one that ends in the same
    transaction: whoever finds others writes them with ``count``.
    """
    number: int = db.session.execute(
        insert(OperationRun)
        .values(
            operation=operation,
            entity=entity,
            actor_id=actor_id(),
            at=clock.now(),
            selection=selection,
            params=dict(params),
            undoes_id=undoes,
            **foreseen,
        )
        .returning(OperationRun.id)
    ).scalar_one()
    return number


def freeze(run: int, entity: Entity, where: Sequence[Any]) -> int:
    """Note the rows that match, within the scope of the work under way, as still to be done.

    One statement of the database, however many rows; answers how many (R3).
    """
    return _freeze(run, entity.model.id, [predicate(entity, current()), *where])


def freeze_done(run: int, past: int) -> int:
    """Note the rows that a past run has changed as still to be done by this one; how many."""
    return _freeze(run, OperationItem.record_id, _done(past))


def _freeze(run: int, record_id: Any, where: Sequence[Any]) -> int:
    columns = {
        "operation_id": literal(run),
        "record_id": record_id,
        "outcome": literal(PENDING),
        "code": literal(""),
        "reason": literal(""),
    }
    be_patient()
    rows = select(*columns.values()).where(*where)
    statement = insert(OperationItem.__table__).from_select(list(columns), rows)
    answer: Any = db.session.execute(statement.execution_options(preserve_rowcount=True))
    count: int = answer.rowcount
    return count


def pending(run: int, after: int, most: int) -> list[int]:
    """The next rows of a run that nothing has been done with, in the order of their ids."""
    item = OperationItem
    statement = select(item.record_id).where(
        item.operation_id == run, item.record_id > after, item.outcome == PENDING
    )
    return list(db.session.scalars(statement.order_by(item.record_id).limit(most)))


def sizes(run: int, entity: Entity, key: str) -> list[tuple[Any, int]]:
    """How many of the rows of a run that nothing has been done with have each value of a field."""
    item, model = OperationItem, entity.model
    left = select(item.record_id).where(item.operation_id == run, item.outcome == PENDING)
    column = getattr(model, entity.fields[key].column)
    found = select(column, func.count()).where(model.id.in_(left)).group_by(column)
    return [(value, n) for value, n in db.session.execute(found)]


def count_pending(run: int) -> int:
    """With how many rows of a run nothing has been done."""
    left = (OperationItem.operation_id == run, OperationItem.outcome == PENDING)
    return db.session.scalar(select(func.count()).where(*left)) or 0


def settle(run: int, after: int, upto: int) -> None:
    """Note what is still to be done between two ids as done, in one statement (BULK-6)."""
    item = OperationItem.__table__
    db.session.execute(
        update(item)
        .where(item.c.operation_id == run, item.c.outcome == PENDING)
        .where(item.c.record_id > after, item.c.record_id <= upto)
        .values(outcome="done")
    )


def unsettle(run: int) -> None:
    """Note what a run has done as still to be done: nothing has come of it.

    Only exports that an earlier version left under way said so row by row, before their file was.
    """
    item = OperationItem.__table__
    be_patient()
    db.session.execute(update(item).where(*_done(run)).values(outcome=PENDING))


def note_first(run: int, items: Iterable[Mapping[str, Any]]) -> None:
    """Say what became of rows of which the run has said nothing yet, and had nothing to do."""
    insert_many(OperationItem.__table__, _items(run, items))


def _items(run: int, items: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"operation_id": run, "code": "", "reason": "", **item} for item in items]


def note(run: int, items: Iterable[Mapping[str, Any]]) -> None:
    """Say what became of rows of a run; of a row that was still to be done, once."""
    told = ("outcome", "code", "reason")
    insert_many(OperationItem.__table__, _items(run, items), over=told)


def count(run: int, *, total: int, done: int, skipped: int, failed: int = 0) -> None:
    """Write how far a run is."""
    db.session.execute(
        update(OperationRun)
        .where(OperationRun.id == run)
        .values(total=total, done=done, skipped=skipped, failed=failed)
    )


def made(run: int, ids: Sequence[int]) -> set[int]:
    """Those of the records that a run has created."""
    item = OperationItem
    statement = select(item.record_id).where(
        item.operation_id == run, item.code == CREATED, member_of(item.record_id, ids)
    )
    return set(db.session.scalars(statement))


def noted(run: int, ids: Sequence[int]) -> set[int]:
    """Those of the records that the report of a run has already."""
    item = OperationItem
    statement = select(item.record_id).where(
        item.operation_id == run, member_of(item.record_id, ids)
    )
    return set(db.session.scalars(statement))


def owners_of_made(run: int, entity: Entity) -> dict[int, int]:
    """How many of the living records that a run has created each person owns."""
    model: Any = entity.model
    made = (OperationItem.operation_id == run, OperationItem.code == CREATED)
    found = (
        select(model.owner_id, func.count())
        .join(OperationItem, OperationItem.record_id == model.id)
        .where(*made, model.owner_id.is_not(None))
        .group_by(model.owner_id)
    )
    return dict(db.session.execute(found).all())


def under_way(number: int) -> OperationRun:
    """A run for the job that does it, whoever acts."""
    return db.session.execute(select(OperationRun).where(OperationRun.id == number)).scalar_one()


def own(number: int, entity: str = "", operation: str = "", *, lock: bool = False) -> OperationRun:
    """A run of the actor's own, or of the system on a pool that he is an admin of.

    NotFound for anybody else's and for other kinds.

    With ``lock`` nobody else can undo it until this transaction ends.
    """
    who = actor()
    if not 0 < number <= MAX_ID:
        raise NotFound
    statement = select(OperationRun).where(OperationRun.id == number)
    if lock:
        statement = statement.with_for_update(key_share=True)
        statement = statement.execution_options(populate_existing=True)
    run = db.session.scalars(statement).one_or_none()
    if run is None or not _is_shown(run, who):
        raise NotFound
    if (entity and run.entity != entity) or (operation and run.operation != operation):
        raise NotFound
    return run


def _is_shown(run: OperationRun, who: Actor) -> bool:
    if run.actor_id == who.user_id or who.rights.is_super:
        return True
    seat = who.rights.pools.get(run.params.get("pool") or 0)
    return run.actor_id is None and seat is not None and seat.is_admin


def of(numbers: Iterable[int | None]) -> list[OperationRun]:
    """These runs, for somebody whose they are; None stands for no run."""
    wanted = [number for number in numbers if number]
    if not wanted:
        return []
    return list(db.session.scalars(select(OperationRun).where(OperationRun.id.in_(wanted))))


def verdicts(number: int) -> Iterator[Sequence[Any]]:
    """What became of every row of a run, without what was written: page by page, by their ids.

    Each page is read by itself: a slow reader keeps no transaction open.
    """
    item, last = OperationItem.__table__.c, 0
    columns = select(item.record_id, item.outcome, item.code, item.reason)
    while True:
        following = columns.where(item.operation_id == number, item.record_id > last)
        with reading() as connection:
            page = connection.execute(following.order_by(item.record_id).limit(PAGE)).all()
        if page:
            yield page
        if len(page) < PAGE:
            return
        last = page[-1].record_id


def items(number: int, outcome: str = "", limit: int | None = None) -> list[OperationItem]:
    """What became of the rows of a run, in the order of their ids; the first ``limit`` of them."""
    statement = select(OperationItem).where(OperationItem.operation_id == number)
    if outcome:
        statement = statement.where(OperationItem.outcome == outcome)
    return list(db.session.scalars(statement.order_by(OperationItem.record_id).limit(limit)))


def skipped_ids(number: int, limit: int) -> list[int]:
    """The rows that a run has left out, in the order of their ids; the first ``limit`` of them."""
    item = OperationItem
    found = select(item.record_id).where(item.operation_id == number, item.outcome == "skipped")
    return list(db.session.scalars(found.order_by(item.record_id).limit(limit)))


def done_ids(number: int, limit: int | None = None) -> list[int]:
    """The rows that a run has changed, in the order of their ids; the first ``limit`` of them."""
    statement = select(OperationItem.record_id).where(*_done(number))
    return list(db.session.scalars(statement.order_by(OperationItem.record_id).limit(limit)))


def _done(number: int) -> list[Any]:
    return [OperationItem.operation_id == number, OperationItem.outcome == "done"]


def undone_by(numbers: Iterable[int]) -> dict[int, OperationRun]:
    """The runs that took these back, by the number of the run taken back."""
    found = select(OperationRun).where(OperationRun.undoes_id.in_(list(numbers)))
    return {run.undoes_id: run for run in db.session.scalars(found) if run.undoes_id}


def latest(limit: int, before: int | None = None) -> list[OperationRun]:
    """The actor's newest runs, at most ``limit``; only older ones than ``before`` (BULK-9)."""
    statement = select(OperationRun).where(OperationRun.actor_id == actor().user_id)
    if before is not None:
        statement = statement.where(OperationRun.id < before)
    return list(db.session.scalars(statement.order_by(OperationRun.id.desc()).limit(limit)))
