"""The one gate (PERM-4): which rows a piece of work may touch.

Reading: every ORM statement gets the predicate of each scoped entity for the operation under way.
Writing: a flush of a scoped row outside the store's writer is refused, so nothing can go round it.
Rows in a pool stay apart (contract §6): they are seen only by work that says it looks at pools.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Table,
    and_,
    any_,
    bindparam,
    event,
    false,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.orm.util import LoaderCriteriaOption
from sqlalchemy.sql.visitors import iterate

from app.extensions import db
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import ScopeMissing
from app.spec.operations import OPERATIONS
from app.spec.relations import LinksField
from app.spec.scopes import Reach
from app.spec.types import Numbers
from app.store.context import Acting, Actor, current, current_or_none
from app.store.engine import is_postgres
from app.store.pools import TeamSeat
from app.store.record import Row
from app.store.rights import Rights

POOL_MEMBER_OPERATIONS = frozenset({"list", "read", "claim", "assign"})
POOL_ADMIN_OPERATIONS = POOL_MEMBER_OPERATIONS | {"delete", "restore", "export"}
"""What a pool's own lists add (POOL-1); the role needs the operation besides (POOL-3)."""


MOST_DERIVED = 500
"""So many predicates of one person are kept; seats that come and go make new ones."""

FEW = 50
"""So many ids are bound one by one on SQLite; more travel as one JSON text."""


def install(session: Any) -> None:
    """Put the gate on a session class or scoped session; once per program."""
    event.listen(session, "do_orm_execute", _scope_statement)
    event.listen(session, "before_flush", _refuse_foreign_flush)


def predicate(entity: Entity, work: Acting) -> ColumnElement[bool]:
    """The rows of an entity that the work under way may touch, as one SQL expression."""
    model = entity.model
    if work.is_system or not is_gated(model):
        return true()
    if work.actor is not None and hasattr(model, "__visible_to__"):
        return model.__visible_to__(work.actor.rights)  # type: ignore[no-any-return]
    if not entity.is_binned:
        return _scoped(entity, work, work.operation_on(entity.key))
    operation = work.operation_on(entity.key)
    verb = OPERATIONS.get(operation)
    binned = verb is not None and verb.rows == "binned"
    alive: ColumnElement[bool] = (
        model.deleted_at.is_not(None) if binned else model.deleted_at.is_(None)
    )
    if not entity.is_owned:
        return alive
    return and_(alive, _scoped(entity, work, operation))


def in_pools(entity: Entity, work: Acting) -> ColumnElement[bool]:
    """Of the rows within the work's scope those in pools: plainer than all of them, less the rest.

    For an entity whose records may lie in pools.
    """
    operation = work.operation_on(entity.key)
    if work.actor is None or not work.actor.rights.may(entity.key, operation):
        return false()
    return and_(entity.model.deleted_at.is_(None), _pooled(entity, work.actor, operation))


def _scoped(entity: Entity, work: Acting, operation: str) -> ColumnElement[bool]:
    actor = work.actor
    if actor is None or not actor.rights.may(entity.key, operation):
        return false()
    verb = OPERATIONS[operation]
    owned = _owned(entity, work, operation)
    if not entity.is_pooled:
        return owned
    pooled = _pooled(entity, actor, operation)
    if verb.rows == "pool":
        return pooled
    if verb.rows in ("both", "binned") or (work.pools and entity.key == work.entity):
        return or_(owned, pooled)
    return owned


def _owned(entity: Entity, work: Acting, operation: str) -> ColumnElement[bool]:
    """Rows of owners within reach, and rows with a team seat where the operation takes them."""
    model = entity.model
    assert work.actor is not None  # noqa: S101 - for the type checker; the caller has looked
    reach = work.actor.rights.reach(entity.key, operation)
    apart = [model.pool_id.is_(None)] if entity.is_pooled else []
    if reach.everything:
        return and_(true(), *apart)
    ways = [_owner_in(model.owner_id, reach)]
    if seats := seat_ids(entity, work, OPERATIONS[operation].seats):
        ways.append(member_of(model.id, seats))
    if OPERATIONS[operation].for_partakers:
        me = work.actor.user_id
        ways += [_lets_in(entity, f, me) for f in entity.letting_in]
    return and_(or_(*ways), *apart)


def _lets_in(entity: Entity, field: LinksField, person: int) -> ColumnElement[bool]:
    """The records in whose field he stands, found by the index of the link table.

    They may be many more than his seats, so their ids aren't fetched. On PostgreSQL they are one
    array that the database makes once per statement, and only when it needs it: the owner's index
    and the primary key can then be walked together. SQLite does that for a subquery by itself.
    """
    table, key = db.metadata.tables[field.table], entity.model.id
    his = select(table.c[f"{entity.key}_id"]).where(table.c[f"{field.to}_id"] == person)
    if is_postgres():
        return key == any_(func.array(his.scalar_subquery()))  # type: ignore[no-any-return]
    return key.in_(his)  # type: ignore[no-any-return]


def outside(entity: Entity, operation: str, records: Iterable[Any]) -> set[int]:
    """The ids of loaded rows that don't look within the scope of that operation.

    For what a page offers: what is done asks ``predicate`` again. Whom a field of the record lets
    in isn't asked here: he doesn't get to change it by that.
    """
    work = current()
    if work.actor is None or not entity.is_owned:
        return set()
    rights = work.actor.rights
    reach = rights.reach(entity.key, operation)
    seats = set(seat_ids(entity, work, _seats_level(entity, operation, rights)))
    return {
        row.id
        for row in records
        if not (reach.covers(row.owner_id) or row.id in seats)
        or (getattr(row, "pool_id", None) and not rights.is_super)
    }


def _owner_in(column: Any, reach: Reach) -> ColumnElement[bool]:
    """``= :me`` for one owner: the planner then walks the index (architecture §3)."""
    owners = sorted(reach.owners)
    mine: ColumnElement[bool] = (
        column == owners[0] if len(owners) == 1 else member_of(column, owners)
    )
    return mine


def _pooled(entity: Entity, actor: Actor, operation: str) -> ColumnElement[bool]:
    """Rows in pools whose own lists give the actor this operation (POOL-1)."""
    pool: Any = entity.model.pool_id
    if actor.rights.is_super:
        in_any: ColumnElement[bool] = pool.is_not(None)
        return in_any
    by_members = operation in POOL_MEMBER_OPERATIONS
    by_admins = operation in POOL_ADMIN_OPERATIONS
    pools = sorted(
        seat.pool_id
        for seat in actor.rights.pools.values()
        if by_members or (by_admins and seat.is_admin)
    )
    return member_of(pool, pools)


def seat_ids(entity: Entity, work: Acting, level: str) -> list[int]:
    """The records on which the actor has a running seat of that level (PERM-3, CUS-4).

    Read once per piece of work; expiry is checked at the moment of use, never by a nightly job.
    """
    if not level or work.actor is None:
        return []
    if "seats" not in work.memory:
        me = work.actor.user_id
        work.memory["seats"] = running_seats([me]).get(me, {})
    return [
        record
        for record, held in work.memory["seats"].get(entity.key, ())
        if level == "read" or held == level
    ]


def running_seats(user_ids: Sequence[int]) -> dict[int, dict[str, list[tuple[int, str]]]]:
    """All running seats of people in one indexed statement: user, entity, (record, level)."""
    seat = TeamSeat.__table__.c
    rows = db.session.execute(
        select(seat.user_id, seat.entity, seat.record_id, seat.level).where(
            member_of(seat.user_id, user_ids), or_(seat.until.is_(None), seat.until > clock.now())
        )
    )
    found: dict[int, dict[str, list[tuple[int, str]]]] = {}
    for user, entity, record, level in rows:
        found.setdefault(user, {}).setdefault(entity, []).append((record, level))
    return found


def _scope_statement(state: ORMExecuteState) -> None:
    """Add the predicates of all scoped entities to a SELECT, UPDATE or DELETE."""
    if not state.is_orm_statement or state.is_column_load:
        return
    if not (state.is_select or state.is_update or state.is_delete):
        return
    if state.is_relationship_load and any(
        isinstance(option, LoaderCriteriaOption) for option in state.user_defined_options
    ):
        return  # the criteria were handed on with the parent statement
    if current_or_none() is None and not _asks_for_gated(state.statement):
        return
    state.statement = state.statement.options(*_criteria(current()))


def _asks_for_gated(statement: Any) -> bool:
    """Whether it names a gated table anywhere: mappers tell of neither counts nor subqueries."""
    gated = {entity.model.__tablename__ for entity in catalogue if is_gated(entity.model)}
    parts = (getattr(part, "table", part) for part in iterate(statement))
    return any(isinstance(part, Table) and part.name in gated for part in parts)


def is_gated(model: type) -> bool:
    """Whether rows of that model are looked at through the gate."""
    marks = ("__owned__", "__binned__")
    return any(getattr(model, m, False) for m in marks) or hasattr(model, "__visible_to__")


def _criteria(work: Acting) -> tuple[Any, ...]:
    """One option per gated entity; all of them, because joins and subqueries hide mappers."""
    if work.is_system:
        return ()
    key = ("criteria", work.operation, work.entity, work.pools)
    if key not in work.memory:
        gated = (entity for entity in catalogue if is_gated(entity.model))
        work.memory[key] = tuple(_criterion(entity, work) for entity in gated)
    options: tuple[Any, ...] = work.memory[key]
    return options


def _criterion(entity: Entity, work: Acting) -> Any:
    """The option of one entity: it follows from rights, seats and the way it is looked at."""
    assert work.actor is not None  # noqa: S101 - for the type checker; system work has no criteria
    operation, rights = work.operation_on(entity.key), work.actor.rights
    seats = seat_ids(entity, work, _seats_level(entity, operation, rights))
    pools = work.pools and entity.key == work.entity
    key, known = (entity.model, operation, pools, tuple(seats)), rights.derived
    found = known.get(key)
    if found is None:
        if len(known) >= MOST_DERIVED:
            known.clear()
        found = known[key] = with_loader_criteria(
            entity.model,
            predicate(entity, work),
            include_aliases=True,
            propagate_to_loaders=True,
        )
    return found


def _seats_level(entity: Entity, operation: str, rights: Rights) -> str:
    """The level of the seats that widen this scope; none when there is no scope to widen."""
    key, known = ("seats", entity.key, operation), rights.derived
    if key not in known:
        verb = OPERATIONS.get(operation) if rights.may(entity.key, operation) else None
        is_limited = entity.is_owned and not rights.reach(entity.key, operation).everything
        known[key] = verb.seats if verb and is_limited else ""
    found: str = known[key]
    return found


def member_of(column: Any, ids: Sequence[int]) -> ColumnElement[bool]:
    """``column`` is one of ``ids``: one array bind on PostgreSQL; on SQLite an IN, of many JSON."""
    if not ids:
        return false()
    if is_postgres():
        return column == any_(bindparam(None, list(ids), Numbers()))  # type: ignore[no-any-return]
    if len(ids) > FEW:
        each = func.json_each(json.dumps(list(ids))).table_valued("value")
        return column.in_(select(each.c.value))  # type: ignore[no-any-return]
    return column.in_(ids)  # type: ignore[no-any-return]


def _refuse_foreign_flush(session: Session, context: Any, instances: Any) -> None:
    """Scoped rows are written by the store's writer only; anything else is a defect."""
    work = current_or_none()
    if work is not None and work.is_system:
        return
    changed = (thing for thing in session.dirty if session.is_modified(thing))
    for thing in (*session.new, *session.deleted, *changed):
        if isinstance(thing, Row) and catalogue.of(type(thing)):
            raise ScopeMissing(f"{type(thing).__name__} must be written through the store")
