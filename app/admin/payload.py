"""Records as JSON (contract §2): the same shape for reading one, many, and after writing."""

from collections.abc import Sequence
from typing import Any

from app.spec.field import Field
from app.spec.relations import LinksField, RelationField
from app.store import titles
from app.store.policy import Policy


def records(policy: Policy, rows: Sequence[Any], fields: Sequence[Field]) -> list[dict[str, Any]]:
    """Many records; linked ones are looked up for all of them at once."""
    linked = titles.of_links(policy.entity, rows, fields)
    return [_record(policy, row, fields, linked) for row in rows]


def record(policy: Policy, row: Any, fields: Sequence[Field]) -> dict[str, Any]:
    """One record."""
    return records(policy, [row], fields)[0]


def _record(
    policy: Policy, row: Any, fields: Sequence[Field], linked: titles.Links
) -> dict[str, Any]:
    body: dict[str, Any] = {"id": row.id, "version": getattr(row, "version", 1)}
    masked = []
    for f in policy.visible(row, fields):
        if isinstance(f, RelationField):
            body[f.key] = _linked(f, getattr(row, f.key))
        elif isinstance(f, LinksField):
            body[f.key] = _several(f, linked.get((row.id, f.key), ()))
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


def _several(field: LinksField, some: Sequence[titles.Linked]) -> list[Any]:
    """Linked records as ids and labels; those that go by name as their names (contract §2)."""
    if field.is_named:
        return [one.title for one in some if one.title]
    return [{"id": one.id, "label": one.title} for one in some]


def _linked(field: RelationField, target: Any) -> dict[str, Any] | None:
    """A linked record as id and label; null for none and for one out of the reader's scope."""
    if target is None:
        return None
    body = {"id": target.id, "label": titles.of(target, field)}
    if field.is_person:
        body["username"] = target.username
    return body
