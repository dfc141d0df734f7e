"""The one gate (PERM-4): no statement goes round the scope of the work under way.

Reading: every ORM statement gets the condition of each scoped entity for the operation under way.
Writing: a flush of a scoped row outside the store's writer is refused, so nothing can go round it.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria

from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import ScopeMissing
from app.store.context import Acting, current, current_or_none
from app.store.record import Row
from app.store.scope import is_gated, predicate, seats_for

MOST_DERIVED = 500
"""So many predicates of one person are kept; seats that come and go make new ones."""


def install(session: Any) -> None:
    """Put the gate on a session class or scoped session; once per program."""
    event.listen(session, "do_orm_execute", _scope_statement)
    event.listen(session, "before_flush", _refuse_foreign_flush)


def _scope_statement(state: ORMExecuteState) -> None:
    """Add the predicates of all scoped entities to a SELECT, UPDATE or DELETE."""
    if not state.is_orm_statement or state.is_column_load:
        return
    if not (state.is_select or state.is_update or state.is_delete):
        return
    work = current_or_none()
    if work is not None and work.is_system:
        return
    named = _gated_in(state.statement)
    if named:
        state.statement = state.statement.options(*_criteria(current(), named))


def _gated_in(statement: Any) -> list[Entity]:
    """The gated entities that it reads: those whose tables it names anywhere.

    Mappers tell of neither counts nor subqueries, so all its parts are looked at. Loader options
    bring in tables that it doesn't name: with any of those it is all gated entities.
    """
    gated = (entity for entity in catalogue if is_gated(entity.model))
    if statement._with_options:
        return list(gated)
    named = _tables_in(statement)
    return [entity for entity in gated if entity.model.__tablename__ in named]


def _tables_in(statement: Any) -> set[str]:
    """The names of all tables that a statement reads, wherever in it.

    Every request asks for it of every statement: columns, of which most of it consists, tell their
    table and are not walked into. What was seen is kept alive: parts may be made on the way, and
    the number of one that is gone would be given to the next, which would then be passed over.
    """
    names, todo, seen = set[str](), [statement], dict[int, Any]()
    while todo:
        part = todo.pop()
        kind = part.__visit_name__
        if kind == "column":
            part = part.table
            if part is None:
                continue
            kind = part.__visit_name__
        if kind == "table":
            names.add(part.name)
        elif kind != "bindparam" and id(part) not in seen:
            seen[id(part)] = part
            todo += part.get_children()
    return names


def _criteria(work: Acting, named: Iterable[Entity]) -> Iterator[Any]:
    """One option per gated entity that a statement names."""
    for entity in named:
        key = ("criterion", entity.key, work.operation_on(entity.key), work.entity, work.pools)
        if key not in work.memory:
            work.memory[key] = _criterion(entity, work)
        yield work.memory[key]


def _criterion(entity: Entity, work: Acting) -> Any:
    """The option of one entity: it follows from rights, seats and the way it is looked at."""
    assert work.actor is not None  # noqa: S101 - for the type checker; system work has no criteria
    operation, rights = work.operation_on(entity.key), work.actor.rights
    looked_at = [(entity, operation)]
    if entity.is_attached:
        looked_at = [(catalogue.get(link.to), "read") for link in entity.parents]
    seats = tuple(tuple(seats_for(one, work, does)) for one, does in looked_at)
    pools = work.pools and entity.key == work.entity
    key, known = (entity.model, operation, pools, seats), rights.derived
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


def _refuse_foreign_flush(session: Session, context: Any, instances: Any) -> None:
    """Scoped rows are written by the store's writer only; anything else is a defect."""
    work = current_or_none()
    if work is not None and work.is_system:
        return
    changed = (thing for thing in session.dirty if session.is_modified(thing))
    for thing in (*session.new, *session.deleted, *changed):
        if isinstance(thing, Row) and catalogue.of(type(thing)):
            raise ScopeMissing(f"{type(thing).__name__} must be written through the store")
