"""What points at a record: the fields of other records that name it."""

from collections.abc import Iterator, Sequence

from sqlalchemy import select

from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.relations import RelationField
from app.store import history
from app.store.context import system_scope
from app.store.gate import member_of


def fields(entity: Entity) -> Iterator[tuple[Entity, RelationField]]:
    """The fields that name records of this entity for as long as they are there."""
    for other in catalogue:
        for f in other.fields.values():
            if isinstance(f, RelationField) and f.to == entity.key and f.is_constrained:
                yield other, f


def at(
    entity: Entity, ids: Sequence[int], *, besides: int = 0
) -> Iterator[tuple[Entity, RelationField, int]]:
    """What living records point at these: their entity, the field and the id pointed at.

    Records that the run ``besides`` has written don't count.
    """
    for other, f in fields(entity) if ids else ():
        model, column = other.model, getattr(other.model, f.column)
        where = [
            member_of(column, ids),
            model.id.not_in(history.records_of_run(besides, other.key)),
        ]
        if other.is_binned:
            where.append(model.deleted_at.is_(None))
        with system_scope("what hangs on a record is known everywhere"):
            for to in db.session.scalars(select(column).where(*where).distinct()):
                yield other, f, to
