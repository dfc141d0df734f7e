"""Which record a row is: by number, by unique fields, or by fields that its importer chose (IMP).

Whether a unique value is taken is looked at everywhere, as the database does; what else is matched,
and what may be changed, lies within the scope of editing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from app.extensions import db
from app.spec.entity import Entity
from app.spec.field import Field
from app.store import namesakes
from app.store.context import operating, system_scope

Values = Mapping[str, Any]
Hits = dict[str, list[int]]
"""By unique field the records that have the value: more than one where namesakes are let be."""


def unique_key(field: Field, value: Any) -> Any:
    """What of a value is compared: itself, or a company's name without its legal form."""
    derived = next((d for d in field.derived if d.is_unique), None)
    return derived.compute(value) if derived and value else value


def taken(entity: Entity, fields: Sequence[Field], rows: Sequence[Values]) -> list[Hits]:
    """For each row the living records that have one of its unique values, by field."""
    hits: list[Hits] = [{} for _row in rows]
    for f in fields:
        keys = [unique_key(f, row.get(f.key)) for row in rows]
        with system_scope("whether a unique value is taken is looked at everywhere"):
            by_key = namesakes.holders(entity, f, keys)
        for hit, key in zip(hits, keys, strict=True):
            if key in by_key:
                hit[f.key] = by_key[key]
    return hits


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
