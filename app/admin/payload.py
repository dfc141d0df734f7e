"""Records as JSON (contract §2): the same shape for reading one, many, and after writing."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.field import Field
from app.spec.relations import LinksField, RelationField
from app.store import titles
from app.store.policy import Policy


def records(policy: Policy, rows: Sequence[Any], fields: Sequence[Field]) -> list[dict[str, Any]]:
    """Many records; linked ones are looked up for all of them at once."""
    linked = titles.linked_ids(policy.entity, rows, fields)
    names = _names(policy.entity, linked)
    return [_record(policy, row, fields, linked, names) for row in rows]


def record(policy: Policy, row: Any, fields: Sequence[Field]) -> dict[str, Any]:
    """One record."""
    return records(policy, [row], fields)[0]


def _names(
    entity: Entity, linked: Mapping[tuple[int, str], Sequence[int]]
) -> dict[tuple[str, int], str]:
    """The titles of linked records by field and id."""
    wanted: dict[str, set[int]] = {}
    for (_row, key), ids in linked.items():
        wanted.setdefault(key, set()).update(ids)
    found: dict[tuple[str, int], str] = {}
    for key, several in wanted.items():
        field = entity.fields[key]
        assert isinstance(field, LinksField)  # noqa: S101 - only such have linked ids
        for i, name in titles.by_ids(catalogue.get(field.to), several).items():
            found[(key, i)] = name
    return found


def _record(
    policy: Policy,
    row: Any,
    fields: Sequence[Field],
    linked: Mapping[tuple[int, str], Sequence[int]],
    names: Mapping[tuple[str, int], str],
) -> dict[str, Any]:
    body: dict[str, Any] = {"id": row.id, "version": getattr(row, "version", 1)}
    masked = []
    for f in policy.visible(row, fields):
        if isinstance(f, RelationField):
            body[f.key] = _linked(f, getattr(row, f.key))
        elif isinstance(f, LinksField):
            ids = linked.get((row.id, f.key), ())
            body[f.key] = [{"id": i, "label": names.get((f.key, i), "")} for i in ids]
        else:
            value = getattr(row, f.column)
            if f.key in policy.masked and value is not None:
                masked.append(f.key)
                body[f.key] = policy.shown(f, value)
            else:
                body[f.key] = f.to_json(value)
    if policy.masked:
        body["masked"] = masked
    return body


def _linked(field: RelationField, target: Any) -> dict[str, Any] | None:
    """A linked record as id and label; null for none and for one out of the reader's scope."""
    if target is None:
        return None
    body = {"id": target.id, "label": titles.of(target, field)}
    if field.is_person:
        body["username"] = target.username
    return body
