"""Which record a row is: by number, by unique fields, or by fields that its importer chose (IMP).

Whether a unique value is taken is looked at everywhere, as the database does; what else is matched,
and what may be changed, lies within the scope of editing.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from app.extensions import db
from app.spec.entity import Entity
from app.spec.field import Field
from app.store import namesakes
from app.store.context import operating, system_scope
from app.store.scope import member_of

Values = Mapping[str, Any]
Hits = dict[str, list[int]]
"""By unique field the records that have the value: more than one where namesakes are let be."""
Sign = tuple[str, Any]
"""A field, and what of a value is compared there."""


def signs(fields: Sequence[Field], rows: Sequence[Values]) -> list[list[Sign]]:
    """For each row what no two living records may share: unique fields, as they are compared.

    Of a company's name that is what is left without its legal form.
    """
    found: list[list[Sign]] = [[] for _row in rows]
    for f in fields:
        for mine, row in zip(found, rows, strict=True):
            if key := namesakes.unique_value(f, row.get(f.key)):
                mine.append((f.key, key))
    return found


def taken(entity: Entity, fields: Sequence[Field], rows: Sequence[Sequence[Sign]]) -> list[Hits]:
    """For each row the living records that have one of its unique values, by field."""
    holders: dict[Sign, list[int]] = {}
    for f in fields:
        keys = [key for mine in rows for name, key in mine if name == f.key]
        with system_scope("whether a unique value is taken is looked at everywhere"):
            found = namesakes.holders(entity, f, keys)
        holders |= {(f.key, key): some for key, some in found.items()}
    if not holders:
        return [{} for _row in rows]
    return [{sign[0]: holders[sign] for sign in mine if sign in holders} for mine in rows]


def agreeing(entity: Entity, keys: Sequence[str], rows: Sequence[Values]) -> list[list[int]]:
    """For each row the records in the scope of editing that agree with it in all these fields.

    Two at most, which stand for any number. A row that leaves a field empty agrees with none.
    """
    fields = [entity.fields[key] for key in keys]
    signs = [tuple(row.get(key) for key in keys) for row in rows]
    whole = [sign for sign in signs if all(part not in (None, "") for part in sign)]
    if not whole:
        return [[] for _row in rows]
    columns = [getattr(entity.model, f.column) for f in fields]
    lists = [sorted({sign[place] for sign in whole}, key=str) for place in range(len(fields))]
    record = entity.model.id
    statement = (
        select(func.min(record), func.max(record), *columns)
        .where(*(column.in_(wanted) for column, wanted in zip(columns, lists, strict=True)))
        .group_by(*columns)
    )
    with operating("edit", entity.key):
        groups = db.session.execute(statement).all()
    found = {tuple(group[2:]): sorted({group[0], group[1]}) for group in groups}
    return [found.get(sign, []) for sign in signs]


def children(entity: Entity, through: str, parents: Collection[int]) -> set[tuple[int, str]]:
    """The children that these records have already, as far as he reads them, by their names."""
    if not parents:
        return set()
    link, title = getattr(entity.model, entity.fields[through].column), entity.title
    named = select(link, getattr(entity.model, title)).where(member_of(link, sorted(parents)))
    with operating("read", entity.key):
        return {(parent, name) for parent, name in db.session.execute(named)}
