"""The history (AUDIT-1, AUDIT-2): one entry per write, in the transaction that writes.

The same table takes events that change no record: logins, refusals, exports. Rows are only ever
added; the database itself refuses to change or remove them (AUDIT-3).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Index,
    Integer,
    Select,
    String,
    and_,
    column,
    func,
    insert,
    or_,
    select,
    true,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, joinedload, mapped_column

from app.extensions import db
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.columns import choice, integer, moment, person, text
from app.spec.operations import OPERATIONS
from app.spec.options import Dictionary, Option, fixed, option
from app.spec.words import Label
from app.store.context import actor_id, origin, system_scope
from app.store.event_kinds import EVENT_KINDS, EVENTS
from app.store.many import insert_columns
from app.store.record import Entry
from app.store.rights import Rights
from app.store.scope import member_of


class Verbs(Dictionary):
    """Everything an entry can be about: the operations and the events."""

    def current(self) -> tuple[Option, ...]:
        return (*(Option(verb.slug, verb.label) for verb in OPERATIONS.values()), *EVENTS)


class Kinds(Dictionary):
    """The declared entities, as the kinds of record an entry can be about."""

    def current(self) -> tuple[Option, ...]:
        return tuple(Option(entity.key, entity.one) for entity in catalogue)


VERBS = Verbs("verb", Label("Operation", "操作"), (), is_editable=False)
KINDS = Kinds("kind", Label("Record kind", "记录类型"), (), is_editable=False)
SURFACES = fixed(
    "surface",
    "From",
    "来源",
    option("ui", "Page", "页面"),
    option("api", "API", "接口"),
    option("import", "Import", "导入"),
    option("job", "Background job", "后台任务"),
    option("clock", "Scheduled task", "定时任务"),
    option("system", "System", "系统"),
)


class History(Entry):
    """Who did what to which record, when and from where; ``changes`` maps field to [old, new]."""

    at = moment("Time", "时间", required=True, listed=True, sortable=True, quick=True)
    actor = person("Who", "操作人", listed=True, quick=True, is_constrained=False)
    operation = choice("Operation", "操作", VERBS, required=True, listed=True, quick=True)
    entity = choice("Record kind", "记录类型", KINDS, listed=True, quick=True)
    record_id = integer("Record number", "记录编号", listed=True)
    subject = text("Subject", "对象", max_length=255, listed=True)
    surface = choice("From", "来源", SURFACES, listed=True)
    ip = text("IP address", "IP 地址", max_length=45, listed=True)
    request_id = text("Request", "请求编号", max_length=36)

    operation_id: Mapped[Any] = mapped_column(nullable=True, type_=Integer)
    changes: Mapped[Any] = mapped_column(JSON, default=dict)

    __table_args__ = (
        Index("ix_history_record", "entity", "record_id", "id"),
        Index(
            "ix_history_operation_id",
            "operation_id",
            "entity",
            "record_id",
            sqlite_where=sql("operation_id IS NOT NULL"),
            postgresql_where=sql("operation_id IS NOT NULL"),
        ),
    )

    @classmethod
    def __visible_to__(cls, rights: Rights) -> ColumnElement[bool]:
        """Events, and entries of the entities whose every row the reader may read anyway."""
        if rights.is_super:
            return true()
        whole = [e.key for e in catalogue if rights.reach(e.key, "read").everything]
        seen: ColumnElement[bool] = cls.entity.in_(["", *whole])
        return seen


_waiting: ContextVar[list[Mapping[str, Sequence[Any]]] | None] = ContextVar(
    "history that waits to be added", default=None
)


def _head(operation: str) -> dict[str, Any]:
    came = origin.get()
    return {
        "at": clock.now(),
        "actor_id": actor_id(),
        "surface": came.surface,
        "ip": came.ip,
        "request_id": came.request_id,
        "operation": operation,
    }


def record_writes(
    operation: str,
    entity: str,
    writes: Iterable[tuple[int, str, Mapping[str, Any]]],
    operation_id: int | None = None,
) -> None:
    """Add one entry per written row, given as (id, title, {field: [old, new]} in JSON values)."""
    told = list(writes)
    if not told:
        return
    columns: dict[str, Sequence[Any]] = {
        "record_id": [record_id for record_id, _title, _changes in told],
        "subject": [title[:255] for _record_id, title, _changes in told],
        "changes": [dict(changes) for _record_id, _title, changes in told],
    }
    same = {**_head(operation), "entity": entity, "operation_id": operation_id}
    waiting = _waiting.get()
    if waiting is None:
        insert_columns(History.__table__, columns, same)
    else:
        waiting.append(columns | {key: [one] * len(told) for key, one in same.items()})


@contextmanager
def together() -> Iterator[None]:
    """Add the entries that come about within in one statement at the end; none after an error."""
    if _waiting.get() is not None:
        yield
        return
    waiting: list[Mapping[str, Sequence[Any]]] = []
    token = _waiting.set(waiting)
    try:
        yield
    finally:
        _waiting.reset(token)
    if waiting:
        whole = {key: [one for some in waiting for one in some[key]] for key in waiting[0]}
        insert_columns(History.__table__, whole)


def record_event(kind: str, *, subject: str = "", detail: Mapping[str, Any] | None = None) -> None:
    """Add an entry that is about no record: a login, a refusal, an export.

    A kind that is neither an event nor an operation is a defect: the audit log couldn't name it.
    """
    if kind not in OPERATIONS and kind not in EVENT_KINDS:
        raise ValueError(f"{kind} is no event: declare it in EVENTS")
    row = {**_head(kind), "subject": subject[:255], "changes": dict(detail or {})}
    row |= {"entity": "", "record_id": None, "operation_id": None}
    db.session.execute(insert(History.__table__), [row])


def events(kind: str, limit: int) -> list[History]:
    """The newest entries of one kind of event, with the people who acted: one statement.

    For somebody whose right to what they tell of has been asked.
    """
    statement = (
        select(History)
        .options(joinedload(History.actor))
        .where(History.operation == kind)
        .order_by(History.id.desc())
        .limit(limit)
    )
    with system_scope("events are read by whoever may see what they are about"):
        return list(db.session.scalars(statement))


def left_pools(
    entity: str, ids: Sequence[int], since: datetime
) -> dict[int, tuple[int, int | None]]:
    """The pool that each record left last, and to whom; those that have left none since, absent."""
    left, entered = (History.changes[("pool", side)].as_string() for side in (0, 1))
    taker = History.changes[("owner", 1)].as_integer()
    with system_scope("the pool that a record left is asked for whatever its kind"):
        rows = db.session.execute(
            select(History.record_id, left, taker)
            .where(
                History.entity == entity,
                member_of(History.record_id, ids),
                History.at >= since,
                left.is_not(None),
                entered.is_(None),
            )
            .order_by(History.id)
        )
        return {record_id: (int(pool), owner) for record_id, pool, owner in rows}


def kinds_of_run(run: int) -> set[str]:
    """The entities whose records a bulk run has written."""
    with system_scope("what a run has written is known whatever its kind"):
        return set(
            db.session.scalars(select(History.entity).where(History.operation_id == run).distinct())
        )


def counts_of_run(run: int, entities: Iterable[str]) -> dict[str, int]:
    """How many records of these entities a bulk run has written; those without any are absent."""
    number = func.count(History.record_id.distinct())
    mine = (History.operation_id == run, History.entity.in_(list(entities)))
    with system_scope("what a run has written is known whatever its kind"):
        return dict(
            db.session.execute(
                select(History.entity, number).where(*mine).group_by(History.entity)
            ).all()
        )


def records_of_run(run: int, entity: str) -> Select[tuple[int]]:
    """The records of an entity that a bulk run has written, as a query to look among."""
    return select(History.record_id).where(History.operation_id == run, History.entity == entity)


def written_by(run: int, entity: str, ids: Sequence[int]) -> dict[int, dict[str, list[Any]]]:
    """What a bulk run wrote into these records: record to field to [old, new], in JSON values."""
    statement = (
        select(History.record_id, History.changes)
        .where(
            History.operation_id == run,
            History.entity == entity,
            member_of(History.record_id, ids),
        )
        .order_by(History.id)
    )
    found: dict[int, dict[str, list[Any]]] = {}
    with system_scope("what a run has written is known whatever its kind"):
        for record_id, changes in db.session.execute(statement):
            seen = found.setdefault(record_id, {})
            for key, (old, new) in changes.items():
                seen[key] = [seen[key][0] if key in seen else old, new]
    return found


def called_by(run: int, entity: str, ids: Sequence[int]) -> dict[int, str]:
    """What these records were called when a bulk run wrote them."""
    statement = (
        select(History.record_id, History.subject)
        .where(
            History.operation_id == run,
            History.entity == entity,
            member_of(History.record_id, ids),
        )
        .order_by(History.id)
    )
    with system_scope("what a run has written is known whatever its kind"):
        return dict(db.session.execute(statement).all()) if ids else {}


def newest(entity: str, ids: Sequence[int]) -> dict[int, History]:
    """The last entry of each of these records, with who acted: one statement."""
    last = (
        select(func.max(History.id))
        .where(History.entity == entity, member_of(History.record_id, ids))
        .group_by(History.record_id)
    )
    statement = select(History).options(joinedload(History.actor)).where(History.id.in_(last))
    with system_scope("who wrote last is asked whatever the kind"):
        return {entry.record_id: entry for entry in db.session.scalars(statement)}


def changes_by(operation: str, entity: str, record_id: int) -> list[dict[str, Any]]:
    """What one operation has changed in a record, each time that it did: oldest first."""
    mine = (History.entity == entity, History.record_id == record_id)
    statement = select(History.changes).where(*mine, History.operation == operation)
    with system_scope("what an operation has changed is known whatever the kind"):
        return list(db.session.scalars(statement.order_by(History.id)))


def of_record(
    entity: str, record_id: int, *, before: int | None = None, limit: int | None = None
) -> list[History]:
    """The newest entries of one record, with the people who acted: one statement.

    Only entries older than the one with the id ``before``, at most ``limit`` of them. For somebody
    who has been shown the record itself: its history goes with it.
    """
    statement = (
        select(History)
        .options(joinedload(History.actor))
        .where(History.entity == entity, History.record_id == record_id)
        .order_by(History.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(History.id < before)
    with system_scope("a record's history is read by whoever reads the record"):
        return list(db.session.scalars(statement))


def of_operations(
    entity: str, record_id: int, operations: Sequence[str], limit: int
) -> list[History]:
    """The newest entries of these operations on one record: one statement; as ``of_record``."""
    statement = (
        select(History)
        .options(joinedload(History.actor))
        .where(History.entity == entity, History.record_id == record_id)
        .where(History.operation.in_(operations))
        .order_by(History.id.desc())
        .limit(limit)
    )
    with system_scope("a record's history is read by whoever reads the record"):
        return list(db.session.scalars(statement))


def of_numbers(numbers: Sequence[int]) -> list[History]:
    """These entries, newest first, with the people who acted: one statement; as ``of_record``."""
    statement = (
        select(History)
        .options(joinedload(History.actor))
        .where(member_of(History.id, numbers))
        .order_by(History.id.desc())
    )
    with system_scope("a record's history is read by whoever reads the record"):
        return list(db.session.scalars(statement)) if numbers else []


def last_until(entity: str, record_id: int, moment: datetime) -> History | None:
    """The newest entry of a record that is not later, with who acted; as ``of_record``."""
    statement = (
        select(History)
        .options(joinedload(History.actor))
        .where(History.entity == entity, History.record_id == record_id, History.at <= moment)
        .order_by(History.id.desc())
        .limit(1)
    )
    with system_scope("a record's history is read by whoever reads the record"):
        return db.session.scalar(statement)


def nearest(
    entity: str, record_id: int, moment: datetime, title: str
) -> list[tuple[str, list[Any], bool, bool]]:
    """The changes of a record next to a moment: (field, [old, new], is it later, is it the last).

    Per field the first one after it and the last one until then, of the title also the very first:
    the database picks them, so that a long history costs no more rows than a short one.
    """
    change = func.json_each(History.changes).table_valued(
        column("key", String), column("value", JSON), joins_implicitly=True
    )
    is_later = History.at > moment
    side = (change.c.key, is_later)
    picked = (
        select(
            change.c.key,
            change.c.value,
            is_later.label("is_later"),
            func.row_number().over(partition_by=side, order_by=History.id).label("first"),
            func.row_number().over(partition_by=side, order_by=History.id.desc()).label("last"),
        )
        .where(History.entity == entity, History.record_id == record_id)
        .subquery()
    )
    row = picked.c
    wanted = or_(
        and_(row.is_later, row.first == 1),
        and_(~row.is_later, or_(row.last == 1, and_(row.first == 1, row.key == title))),
    )
    found = select(row.key, row.value, row.is_later, row.last == 1).where(wanted)
    with system_scope("a record's history is read by whoever reads the record"):
        return [(key, pair, later, last) for key, pair, later, last in db.session.execute(found)]
