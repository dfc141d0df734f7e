"""Living records that are called the same, whoever's they are and wherever they lie (CUS)."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, select, union_all

from app.extensions import db
from app.spec.entity import Entity
from app.spec.field import Field
from app.store.context import system_scope

MOST = 5
"""How many of them are told."""


def unique_column(entity: Entity, field: Field) -> Any:
    """The column in which no two living records have the same."""
    derived = next((d for d in field.derived if d.is_unique), None)
    return getattr(entity.model, derived.column_of(field.key) if derived else field.column)


def unique_value(field: Field, value: Any) -> Any:
    """What that column holds of a value."""
    derived = next((d for d in field.derived if d.is_unique), None)
    return derived.compute(value) if derived and value else value


def taken(entity: Entity, field: Field, values: Collection[Any]) -> set[Any]:
    """Those of the values of its unique column that a living record has."""
    column = unique_column(entity, field)
    wanted = sorted({value for value in values if value})
    if not wanted:
        return set()
    return set(db.session.scalars(_alive(entity, field, select(column).where(column.in_(wanted)))))


def holders(entity: Entity, field: Field, values: Collection[Any]) -> dict[Any, list[int]]:
    """The living records that have these values in its unique column, by value."""
    column = unique_column(entity, field)
    wanted = sorted({value for value in values if value})
    found: dict[Any, list[int]] = {}
    if not wanted:
        return found
    asked = select(column, entity.model.id).where(column.in_(wanted))
    for value, record in db.session.execute(_alive(entity, field, asked)):
        found.setdefault(value, []).append(record)
    return found


def called(entity: Entity, field: Field, value: str, *, besides: int = 0) -> list[str]:
    """The names of living records that are called so, but for one; at most ``MOST``."""
    [key] = [d.compute(value) for d in field.derived if d.is_unique]
    model = entity.model
    alike = select(getattr(model, field.key)).where(unique_column(entity, field) == key)
    with system_scope("whether a name is taken is looked at everywhere"):
        found = _alive(entity, field, alike.where(model.id != besides))
        return list(db.session.scalars(found.limit(MOST)))


def _alive(entity: Entity, field: Field, statement: Select[Any]) -> Any:
    """The statement over living records, in two halves where each has an index of its own."""
    model = entity.model
    if entity.is_binned:
        statement = statement.where(model.deleted_at.is_(None))
    if not field.shared_by:
        return statement
    said = getattr(model, field.shared_by)
    return union_all(statement.where(said.is_(None)), statement.where(said.is_not(None)))
