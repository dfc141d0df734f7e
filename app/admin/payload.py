"""Records as JSON (contract §2): the same shape for reading one, many, and after writing."""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from app.spec.field import Field
from app.spec.relations import LinksField, RelationField
from app.store import titles
from app.store.policy import Policy

Reader = Callable[[Any], Any]


def records(policy: Policy, rows: Sequence[Any], fields: Sequence[Field]) -> list[dict[str, Any]]:
    """Many records; linked ones are looked up for all of them at once."""
    linked = titles.of_links(policy.entity, rows, fields)
    readers = {f.key: _reader(policy, f, linked) for f in fields}
    masked = [f.key for f in fields if f.key in policy.masked]
    return [_record(policy, row, readers, masked) for row in rows]


def record(policy: Policy, row: Any, fields: Sequence[Field]) -> dict[str, Any]:
    """One record."""
    return records(policy, [row], fields)[0]


def _record(
    policy: Policy, row: Any, readers: Mapping[str, Reader], masked: Sequence[str]
) -> dict[str, Any]:
    body = {"id": row.id, "version": getattr(row, "version", 1)}
    limit = policy.pool_columns(row)
    body |= {key: read(row) for key, read in readers.items() if limit is None or key in limit}
    if policy.masked:
        body["masked"] = [key for key in masked if body.get(key) is not None]
    return body


def _reader(policy: Policy, field: Field, linked: titles.Links) -> Reader:
    """How that field of a record is written for this reader: decided once, used for every row."""
    key, column = field.key, field.column
    if isinstance(field, RelationField):
        return _relation_reader(field)
    if isinstance(field, LinksField):
        return lambda row: _several(field, linked.get((row.id, key), ()))
    if key in policy.masked:
        return lambda row: policy.shown(field, getattr(row, column))
    if type(field).to_json is Field.to_json:  # as it is: the most of a record
        return attrgetter(column)
    return lambda row: field.to_json(getattr(row, column))


def _relation_reader(field: RelationField) -> Reader:
    """The record that each points at; one that several point at is put into words once."""
    read = attrgetter(field.key)
    said: dict[int, dict[str, Any]] = {}

    def reader(row: Any) -> dict[str, Any] | None:
        target = read(row)
        if target is None:
            return None
        if target.id not in said:
            said[target.id] = _linked(field, target)
        return said[target.id]

    return reader


def _several(field: LinksField, some: Sequence[titles.Linked]) -> list[Any]:
    """Linked records as ids and labels; those that go by name as their names (contract §2)."""
    if field.is_named:
        return [one.title for one in some if one.title]
    return [{"id": one.id, "label": one.title} for one in some]


def _linked(field: RelationField, target: Any) -> dict[str, Any]:
    """A linked record that the reader may see, as id and label."""
    body = {"id": target.id, "label": titles.of(target, field)}
    if field.is_person:
        body["username"] = target.username
    return body
