"""What changed hands (XFER, POOL): who got whose records, run by run, as the history tells it.

Only of records that the reader may read where they are now: what has left his reach is nobody's
business any more, and of what lies in a pool its members are told no past (C41).
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, cast, func, or_, select, tuple_, union_all
from sqlalchemy import String as Text

from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.store import scope
from app.store.context import actor, operating, system_scope
from app.store.history import History
from app.store.policy import Policy
from app.store.runs import OperationItem, OperationRun
from app.store.scope import member_of

BIRTHS = ("create", "import", "convert")
"""What makes records: they change nobody's hands by it."""
_OLD, _NEW = (History.changes[("owner", side)].as_string() for side in (0, 1))


@dataclass(frozen=True)
class Move:
    """Records of a kind that went from one person to another in one run."""

    run: int
    entity: str
    operation: str
    actor_id: int | None
    old: int | None
    new: int | None
    at: datetime
    count: int
    record: int
    """One of them."""


def made(
    since: datetime,
    until: datetime,
    people: Collection[int] | None,
    limit: int,
    before: int | None = None,
) -> list[Move]:
    """The newest moves of a time from or to these people, None for everybody's.

    Only those of runs older than ``before``. Two statements at most, whatever the number of kinds.
    """
    kinds = [e for e in catalogue if e.is_owned and _tells_owners(e)]
    parts = [_of_kind(one, since, until, people, before) for one in kinds]
    if not parts:
        return []
    rows = union_all(*parts).subquery()
    newest = (rows.c.run.desc(), rows.c.entity, rows.c.old, rows.c.new)
    with system_scope("each kind carries the predicate of its reader"):
        found = db.session.execute(select(rows).order_by(*newest).limit(limit)).all()
    return list(_moves(found))


def _tells_owners(entity: Entity) -> bool:
    """Whether the reader may read such records, and whose they are (PERM-6)."""
    may_read = actor().rights.may(entity.key, "read")
    return may_read and "owner" in Policy(actor(), entity, "read").plain


def _moves(rows: Sequence[Any]) -> Iterator[Move]:
    for row in rows:
        told = row._asdict()
        told |= {side: int(told[side]) if told[side] else None for side in ("old", "new")}
        yield Move(**told)


def _of_kind(
    entity: Entity,
    since: datetime,
    until: datetime,
    people: Collection[int] | None,
    before: int | None,
) -> Select[Any]:
    """The moves of one kind of record, run by run."""
    with operating("read", entity.key) as work:
        readable = select(entity.model.id).where(scope.predicate(entity, work))
    where: list[ColumnElement[bool]] = [
        History.at >= since,
        History.at < until,
        History.entity == entity.key,
        History.operation.not_in(BIRTHS),
        History.operation_id.is_not(None),
        or_(_OLD.is_not(None), _NEW.is_not(None)),
        History.record_id.in_(readable),
    ]
    if people is not None:
        names = [str(person) for person in sorted(people)]
        where.append(or_(_OLD.in_(names), _NEW.in_(names)))
    if before is not None:
        where.append(History.operation_id < before)
    columns = {
        "run": History.operation_id,
        "entity": History.entity,
        "operation": History.operation,
        "actor_id": History.actor_id,
        "old": cast(_OLD, Text),
        "new": cast(_NEW, Text),
    }
    return (
        select(
            *(column.label(name) for name, column in columns.items()),
            func.max(History.at).label("at"),
            func.count().label("count"),
            func.max(History.record_id).label("record"),
        )
        .group_by(*columns.values())
        .where(*where)
    )


def pending_undos(
    people: Collection[int] | None,
    since: datetime,
    operations: Collection[tuple[str, str]],
    limit: int,
) -> list[tuple[OperationRun, int]]:
    """The newest runs of these people but the reader's own, None for everybody's, since then.

    Only of these operations, by kind of record, that changed something and nobody took back; each
    with the number of its records that the reader lists by now, none of them without any.
    """
    run = OperationRun
    taken_back = select(run.undoes_id).where(run.undoes_id.is_not(None))
    where = [
        run.at >= since,
        run.done > 0,
        run.actor_id != actor().user_id,
        run.id.not_in(taken_back),
        tuple_(run.entity, run.operation).in_(sorted(operations)),
    ]
    if people is not None:
        where.append(member_of(run.actor_id, sorted(people)))
    newest = select(run).where(*where).order_by(run.id.desc()).limit(limit)
    found = list(db.session.scalars(newest))
    counts = _listed(found)
    return [(one, counts[one.id]) for one in found if one.id in counts]


def _listed(found: Sequence[OperationRun]) -> dict[int, int]:
    """How many of the records that these runs have changed the reader lists, by run."""
    parts = []
    for key in sorted({one.entity for one in found}):
        entity, item = catalogue.get(key), OperationItem
        numbers = [one.id for one in found if one.entity == key]
        with operating("list", key) as work:
            listed = select(entity.model.id).where(scope.predicate(entity, work))
        done = (item.operation_id.in_(numbers), item.outcome == "done")
        part = select(item.operation_id, func.count().label("n")).where(*done)
        parts.append(part.where(item.record_id.in_(listed)).group_by(item.operation_id))
    if not parts:
        return {}
    with system_scope("each kind carries the predicate of its reader"):
        return dict(db.session.execute(union_all(*parts)).all())
