"""Removing records for good (CUS-3): rows and what hangs on them; the history stays."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Table, delete, func, select, update

from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.relations import LinksField, RelationField
from app.store import history, links, search_index
from app.store.context import system_scope
from app.store.history import History
from app.store.scope import member_of


def remove_rows(
    entity: Entity, titles: Mapping[int, str], operation: str, operation_id: int | None
) -> None:
    """Remove these records, given with their titles; what was done to them stays told.

    The caller holds their locks and has looked whether anything points at them.
    """
    ids = sorted(titles)
    for column in _hanging(entity):
        db.session.execute(delete(column.table).where(member_of(column, ids)))
    for table in attached():
        mine = table.c.entity == entity.key, member_of(table.c.record_id, ids)
        db.session.execute(delete(table).where(*mine))
    for other, field in pointing(entity):
        if _is_back_pointer(entity, other, field):
            column = other.model.__table__.c[field.column]
            cleared = update(column.table).where(member_of(column, ids)).values({column.name: None})
            db.session.execute(cleared)
    search_index.remove(entity, ids)
    table = entity.model.__table__
    db.session.execute(delete(table).where(member_of(table.c.id, ids)))
    written = ((i, titles[i], {"purged": [False, True]}) for i in ids)
    history.record_writes(operation, entity.key, written, operation_id)


def attached() -> list[Table]:
    """The tables whose rows name the record that they hang on: seats, stars. Not the history."""
    return [
        table
        for table in db.metadata.sorted_tables
        if {"entity", "record_id"} <= set(table.c.keys()) and table is not History.__table__
    ]


def pointing(entity: Entity) -> Iterator[tuple[Entity, RelationField]]:
    """Every relation that leads to this entity, with the entity that has it."""
    for other in catalogue:
        for field in other.fields.values():
            if isinstance(field, RelationField) and field.to == entity.key:
                yield other, field


def pointers(
    entity: Entity, going: Mapping[str, Mapping[int, int]]
) -> dict[int, tuple[Entity, RelationField, int]]:
    """Which records of this entity something points at that stays: from where, and how many.

    ``going`` are all records that go, by entity. What belongs to a parent may be named by
    it, as its primary one: that holds nothing.
    """
    found: dict[int, tuple[Entity, RelationField, int]] = {}
    ids = sorted(going[entity.key])
    for other, field in pointing(entity):
        if _is_back_pointer(entity, other, field):
            continue
        model, column = other.model, getattr(other.model, field.column)
        with system_scope("what points at a record holds it, whoever may see that"):
            stays = ~member_of(model.id, sorted(going.get(other.key, ())))
            rows = db.session.execute(
                select(column, func.count()).where(member_of(column, ids), stays).group_by(column)
            )
        found |= {record_id: (other, field, n) for record_id, n in rows}
    return found


def _is_back_pointer(entity: Entity, other: Entity, field: RelationField) -> bool:
    return not field.required and any(parent.to == other.key for parent in entity.parents)


def _hanging(entity: Entity) -> Iterator[Any]:
    """The columns of link tables that lead to this entity, from either side."""
    for other in catalogue:
        for field in other.fields.values():
            if isinstance(field, LinksField):
                mine, theirs = links.ends(other, field)
                if other.key == entity.key:
                    yield mine
                if field.to == entity.key:
                    yield theirs
