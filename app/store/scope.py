"""Which rows a piece of work may touch, as SQL: by owner, team, pool, or the record they belong to.

A scope belongs to an operation (PERM-2). Rows in a pool stay apart (contract §6): they are seen by
work that says it looks at pools, and no other. The gate puts these conditions to every statement.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    any_,
    bindparam,
    false,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.sql.util import ClauseAdapter

from app.extensions import db
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.operations import OPERATIONS
from app.spec.relations import LinksField, RelationField
from app.spec.scopes import EVERYTHING, Reach
from app.spec.types import Numbers
from app.store.context import Acting, Actor, current
from app.store.engine import is_postgres
from app.store.pools import TeamSeat
from app.store.rights import Rights

POOL_MEMBER_OPERATIONS = frozenset({"list", "read", "claim", "assign"})
POOL_ADMIN_OPERATIONS = POOL_MEMBER_OPERATIONS | {"delete", "restore", "export", "move_pool"}
"""What a pool's own lists add (POOL-1); the role needs the operation besides (POOL-3)."""

LOOKING = frozenset({"list", "read", "export"})
OF_A_DEPUTY = frozenset({"list", "read", "create", "edit"})
"""What one does with what belongs to the records of those whom one stands in for (0041)."""
AUTHORS_ONLY = frozenset({"edit"})
"""What belongs to another record is looked at by whoever reads that, and edited by its author
(ACT-3)."""

FEW_OWNERS = 10
"""Up to so many people's records are collected to find what belongs to them."""
FEW = 50
"""So many ids are bound one by one on SQLite; more travel as one JSON text."""


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
    if entity.is_attached:
        return and_(alive, _attached(entity, work, operation))
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


def _attached(entity: Entity, work: Acting, operation: str) -> ColumnElement[bool]:
    """Rows of records that he reads: to look at all of them, to change them his own only.

    For anything else their author must be within his reach (ACT-3). Each role that grants the
    operation counts by itself: what another lets him read is not his to export (PERM-2).
    """
    actor = work.actor
    if actor is None or not actor.rights.may(entity.key, operation):
        return false()
    return or_(*(_by(one, entity, operation) for one in _roles(entity, work, actor, operation)))


def _roles(entity: Entity, work: Acting, actor: Actor, operation: str) -> Iterator[Acting]:
    """The work as it would be done with each of the roles alone that grant the operation."""
    for alone in each_role(entity, actor.rights, operation):
        yield replace(work, actor=replace(actor, rights=alone))


def each_role(entity: Entity, rights: Rights, operation: str) -> Iterator[Rights]:
    """What each of the roles alone that grant the operation gives (PERM-2)."""
    if rights.is_super:
        yield rights
        return
    as_deputy = operation in OF_A_DEPUTY
    for role in dict.fromkeys(given.role for given in rights.granting(entity.key, operation)):
        yield rights.alone(role, as_deputy=as_deputy)


def _by(work: Acting, entity: Entity, operation: str) -> ColumnElement[bool]:
    assert work.actor is not None  # noqa: S101 - for the type checker; the caller has looked
    belongs = _of_whole_records(entity, work, work.actor, walks=operation != "list")
    reach = _reach(entity, operation, work.actor.rights)
    return belongs if reach.everything else and_(belongs, _owner_in(entity.model.author_id, reach))


def attachable(entity: Entity, to: Entity, work: Acting) -> ColumnElement[bool]:
    """The records of kind ``to`` that he may write down something about."""
    if work.actor is None or not work.actor.rights.may(entity.key, "create"):
        return false()
    return or_(*(whole(to, one) for one in _roles(entity, work, work.actor, "create")))


def _reach(entity: Entity, operation: str, rights: Rights) -> Reach:
    """Whose rows the operation is about."""
    if entity.is_attached and not rights.is_super:
        if operation in LOOKING:
            return EVERYTHING
        if operation in AUTHORS_ONLY:
            return Reach(owners=frozenset({rights.user_id}))
    return rights.reach(entity.key, operation)


def _of_whole_records(
    entity: Entity, work: Acting, actor: Actor, *, walks: bool
) -> ColumnElement[bool]:
    """Rows of records that he reads as wholes.

    Asked row by row: a list is walked until its page is full. Unless it ``walks``, those of few
    people are collected by way of their records: walking would pass by nearly all there are.
    """
    parents = [catalogue.get(link.to) for link in entity.parents]
    reaches = [actor.rights.reach(parent.key, "read") for parent in parents]
    is_wide = any(reach.everything or len(reach.owners) > FEW_OWNERS for reach in reaches)
    ways = zip(entity.parents, parents, strict=True)
    if walks or is_wide:
        return or_(*(_belongs(entity.model, link, parent, work) for link, parent in ways))
    collected = [_collected(entity.model, link, parent, work) for link, parent in ways]
    return entity.model.id.in_(union_all(*collected))  # type: ignore[no-any-return]


def _belongs(model: Any, link: RelationField, parent: Entity, work: Acting) -> ColumnElement[bool]:
    """Whether a row's record of that kind may be read, looked up when the row is come to.

    PostgreSQL would rather read all records of that kind first and keep their numbers; that is
    what the offset keeps it from.
    """
    table, readable = _readable(model, link, parent, work)
    mine = table.c.id == getattr(model, link.column)
    found = select(literal(1)).select_from(table).where(mine, readable)
    return (found.offset(0) if is_postgres() else found).exists()


def _collected(model: Any, link: RelationField, parent: Entity, work: Acting) -> Select[Any]:
    """The numbers of the rows of those records of that kind that may be read."""
    table, readable = _readable(model, link, parent, work)
    rows = model.__table__.alias(f"{table.name}_rows")
    joined = table.join(rows, rows.c[link.column] == table.c.id)
    return select(rows.c.id).select_from(joined).where(readable)


def _readable(
    model: Any, link: RelationField, parent: Entity, work: Acting
) -> tuple[Any, ColumnElement[bool]]:
    """The record's table, by another name: whoever asks may have joined it himself; and which of
    its rows are read."""
    table = parent.model.__table__.alias(f"{model.__tablename__}_{link.key}")
    return table, ClauseAdapter(table).traverse(whole(parent, work))


def whole(entity: Entity, work: Acting) -> ColumnElement[bool]:
    """The records that he reads as wholes: of one in a pool mere members see columns (POOL-1)."""
    work = replace(work, operation="read", entity=entity.key, pools=False)
    readable = predicate(entity, work)
    assert work.actor is not None  # noqa: S101 - for the type checker; the caller has looked
    if not entity.is_pooled or not work.actor.rights.may(entity.key, work.operation):
        return readable
    alive, pools = entity.model.deleted_at.is_(None), _in_pools(entity, work.actor, is_admin=True)
    return or_(readable, and_(alive, pools))


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
    and the primary key can then be walked together. SQLite looks each id up among his.
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
    if work.actor is None or not entity.responsible:
        return set()
    rights, whose = work.actor.rights, f"{entity.responsible}_id"
    reach, seats = _reach(entity, operation, rights), set(seats_for(entity, work, operation))
    return {
        row.id
        for row in records
        if not (reach.covers(getattr(row, whose)) or row.id in seats)
        or (getattr(row, "pool_id", None) and not rights.is_super)
    }


def holds_those_of(entity: Entity, operation: str, owner: int) -> bool:
    """Whether the doer's scope of that operation has all living records of that owner, but for
    those in pools."""
    who = current().actor
    if who is None or not entity.is_owned or not who.rights.may(entity.key, operation):
        return False
    return who.rights.reach(entity.key, operation).covers(owner)


def _owner_in(column: Any, reach: Reach) -> ColumnElement[bool]:
    """``= :me`` for one owner: the planner then walks the index (architecture §3)."""
    owners = sorted(reach.owners)
    mine: ColumnElement[bool] = (
        column == owners[0] if len(owners) == 1 else member_of(column, owners)
    )
    return mine


def _pooled(entity: Entity, actor: Actor, operation: str) -> ColumnElement[bool]:
    """Rows in pools whose own lists give the actor this operation (POOL-1)."""
    if operation in POOL_MEMBER_OPERATIONS:
        return _in_pools(entity, actor, is_admin=False)
    if operation in POOL_ADMIN_OPERATIONS or actor.rights.is_super:
        return _in_pools(entity, actor, is_admin=True)
    return false()


def _in_pools(entity: Entity, actor: Actor, *, is_admin: bool) -> ColumnElement[bool]:
    """Rows in pools that the actor belongs to; with ``is_admin`` those that he is an admin of."""
    pool: Any = entity.model.pool_id
    if actor.rights.is_super:
        in_any: ColumnElement[bool] = pool.is_not(None)
        return in_any
    seats = actor.rights.pools.values()
    return member_of(pool, sorted(one.pool_id for one in seats if one.is_admin or not is_admin))


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


def is_gated(model: type) -> bool:
    """Whether rows of that model are looked at through the gate."""
    marks = ("__owned__", "__attached__", "__binned__")
    return any(getattr(model, m, False) for m in marks) or hasattr(model, "__visible_to__")


def seats_for(entity: Entity, work: Acting, operation: str) -> list[int]:
    """The records with a seat that widens the scope of that operation."""
    assert work.actor is not None  # noqa: S101 - for the type checker; system work has no scope
    return seat_ids(entity, work, _seats_level(entity, operation, work.actor.rights))


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
