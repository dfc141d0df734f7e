"""Rows with all kinds of values for every field of an entity, and what the tables hold of them."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, text

from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.field import Field
from app.spec.kinds import ChoicesField, IntegerField, OptionField
from app.spec.relations import LinksField, RelationField, TagsField
from app.store import access
from app.store.context import system_scope
from app.store.writer import Context, insert_rows
from tests.generated import plain
from tests.generated.stage import Stage

ROWS = 24


def value_of(stage: Stage, field: Field, number: int, now: datetime) -> Any:
    """A value for that row; relations point at what an empty company has anyway."""
    if isinstance(field, ChoicesField):
        return list(field.choices.codes()[number % 3 : number % 5])
    if isinstance(field, OptionField):
        codes = [option.code for option in field.choices.current()]
        return None if number % 5 == 4 else codes[number % len(codes)]
    if isinstance(field, TagsField) and number % 5 == 4:
        return []
    if isinstance(field, LinksField):
        return [number % 3 + 1, number % 2 + 4] if field.to != "user" else [number % 3 + 1]
    if isinstance(field, RelationField):
        return None if number % 5 == 4 else number % 4 + 1
    value = plain.varied(field.kind, number, now)
    if isinstance(field, IntegerField) and value is not None and value < field.minimum:
        return field.minimum + number
    limit = getattr(field, "max_length", None)
    if isinstance(value, str) and limit and field.kind != "birthday":
        return value[:limit] if not field.unique else f"{number:02}{value}"[:limit]
    return value


def fill(stage: Stage, entity: Entity, count: int = ROWS, **fixed: Any) -> list[int]:
    """Write that many varied rows with some values ``fixed``; none of them lies in a pool."""
    now = datetime.now(UTC).replace(microsecond=0)
    rows = []
    for number in range(count):
        row = {
            key: value_of(stage, f, number, now)
            for key, f in entity.fields.items()
            if key not in ("pool", "created_by", "updated_by", "created_at", "updated_at")
        }
        for key, f in entity.fields.items():
            if f.required and row.get(key) is None:
                row[key] = value_of(stage, f, 1_000 + number * 5, now)
        if entity.is_attached:  # it belongs to one record, of each kind in turn
            row |= dict.fromkeys(f.key for f in entity.parents)
            row[entity.parents[number % len(entity.parents)].key] = number % 4 + 1
        row |= {key: value for key, value in fixed.items() if key in entity.fields}
        row[entity.title] = f"{number:02} {row[entity.title] or 'Empty'} of {count}"
        rows.append(row)
    with stage.world.app.app_context(), system_scope("rows of all kinds"):
        ids = insert_rows(entity, rows, Context("create"))
        access.touch()
        db.session.commit()
    return ids


def stored_rows(stage: Stage, entity: Entity) -> dict[int, dict[str, Any]]:
    """All living rows outside pools, by id: field to stored value, links as lists."""
    table = entity.model.__table__
    with stage.world.app.app_context(), stage.engine.connect() as connection:
        # As plain dictionaries: a row of the table pool answers to "pool_id" with its own id.
        found = [dict(one) for one in connection.execute(select(table)).mappings()]
        links = {f.key: linked(connection, entity, f) for f in _linked(entity)}
        names = dict(connection.execute(text("SELECT id, name FROM tag")).all())
    rows = {}
    for one in found:
        if one.get("deleted_at") is not None or one.get("pool_id") is not None:
            continue
        values = {f.key: one[f.column] for f in entity.fields.values() if f.is_stored}
        own = {key: some.get(one["id"], []) for key, some in links.items()}
        own |= {f.key: [names[i] for i in own[f.key]] for f in _linked(entity) if f.is_named}
        over = {f.key: False for f in entity.fields.values() if _has_ended(f, values)}
        rows[one["id"]] = {**values, **own, **over, "id": one["id"]}
    return rows


def _has_ended(field: Field, values: dict[str, Any]) -> bool:
    """Whether a yes has become a no by itself, in plain Python."""
    end = values.get(getattr(field, "until", ""))
    return bool(end and values[field.key] and end <= datetime.now(UTC))


def _linked(entity: Entity) -> list[LinksField]:
    return [f for f in entity.fields.values() if isinstance(f, LinksField)]


def linked(connection: Any, entity: Entity, field: LinksField) -> dict[int, list[int]]:
    table = db.metadata.tables[field.table]
    found: dict[int, list[int]] = {}
    for row in connection.execute(select(table)).mappings():
        found.setdefault(row[f"{entity.key}_id"], []).append(row[f"{field.to}_id"])
    return found


ENTITIES = [entity.key for entity in catalogue]
