"""What points at a record: the fields of other records that name it."""

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import select

from app.extensions import db
from app.operations.behaviour import chunks, lock_rows
from app.operations.rules import rules_of
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.relations import LinksField, RelationField
from app.store import history, links
from app.store.context import system_scope
from app.store.scope import member_of
from app.store.writer import Context, update_rows

Pointing = RelationField | LinksField


def fields(entity: Entity) -> Iterator[tuple[Entity, Pointing]]:
    """The fields that name records of this entity for as long as they are there."""
    for other in catalogue:
        for f in other.fields.values():
            if isinstance(f, LinksField) and f.to == entity.key:
                yield other, f
            if isinstance(f, RelationField) and f.to == entity.key and f.is_constrained:
                yield other, f


def at(entity: Entity, ids: Sequence[int], *, besides: int = 0) -> set[int]:
    """Those of the records that a living record names, but for those that a run has written."""
    found: set[int] = set()
    for other, f in fields(entity) if ids else ():
        model = other.model
        if isinstance(f, LinksField):
            mine, theirs = links.ends(other, f)
            statement = select(theirs).join(model, model.id == mine)
        else:
            theirs = getattr(model, f.column)
            statement = select(theirs)
        written = history.records_of_run(besides, other.key)
        where = [member_of(theirs, ids), model.id.not_in(written)]
        if other.is_binned:
            where.append(model.deleted_at.is_(None))
        with system_scope("what hangs on a record is known everywhere"):
            found |= set(db.session.scalars(statement.where(*where)))
    return found


def move(entity: Entity, to: Mapping[int, int], operation: str) -> None:
    """Let everything that names these records name others instead, with a history entry each.

    Also what lies in the recycle bin: it comes back where its record has gone.
    """
    for other, f in fields(entity):
        with system_scope("what hangs on a record goes where it goes, whoever owns it"):
            for ids in chunks(_naming(other, f, list(to))):
                _rename(other, f, ids, to, operation)


def _naming(other: Entity, field: Pointing, ids: Sequence[int]) -> list[int]:
    if isinstance(field, LinksField):
        mine, theirs = links.ends(other, field)
        statement = select(mine).where(member_of(theirs, ids)).distinct()
    else:
        model = other.model
        statement = select(model.id).where(member_of(getattr(model, field.column), ids))
    return sorted(db.session.scalars(statement))


def _rename(
    other: Entity, field: Pointing, ids: Sequence[int], to: Mapping[int, int], operation: str
) -> None:
    changes = [
        row.change(**{field.key: _instead(row.values[field.key], to)})
        for row in lock_rows(other, ids, (field.key,))
    ]
    update_rows(other, changes, Context(operation))
    rules_of(other).after_changes(other, changes)


def _instead(value: int | list[int], to: Mapping[int, int]) -> int | list[int]:
    if isinstance(value, list):
        return sorted({to.get(one, one) for one in value})
    return to.get(value, value)
