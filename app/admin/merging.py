"""Two people at one form: what each of them changed, what merges, what must be decided (UI-6, R4).

A form carries the values it started from. What its reader left alone isn't saved at all, so it
can't undo what somebody else saved meanwhile; only a field that both changed is a conflict.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from werkzeug.datastructures import MultiDict

from app.admin import details, forms
from app.extensions import db
from app.operations.editing import Conflict
from app.spec.entity import Entity
from app.spec.errors import StaleVersion
from app.spec.field import Field
from app.store.context import actor
from app.store.policy import Policy

Saved = TypeVar("Saved")

ORIGINAL = "original"
"""The hidden input with the values a form started from; without it every field is changed."""


def sealed(values: Mapping[str, Any]) -> str:
    """The values a form starts from, as its hidden input carries them."""
    return json.dumps(dict(values), ensure_ascii=False, separators=(",", ":"), default=str)


def opened(form: MultiDict[str, str]) -> forms.Raw:
    """The values a posted form had started from; what can't be one is left out."""
    try:
        found = json.loads(form.get(ORIGINAL) or "{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: value for key, value in found.items() if _is_plain(value)}


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(one, str | int) for one in value)
    return value is None or isinstance(value, str | int | float)


def changed(fields: Mapping[str, Field], raw: forms.Raw, original: forms.Raw) -> forms.Raw:
    """What the person at the form changed."""
    return {
        key: value
        for key, value in raw.items()
        if key not in original or not _same(fields.get(key), value, original[key])
    }


def _same(field: Field | None, one: Any, other: Any) -> bool:
    """Whether two inputs mean the same value, however it is written."""
    if one == other or field is None:
        return bool(one == other)
    try:
        return bool(field.parse(one) == field.parse(other))
    except ValueError:
        return False


def saved(entity: Entity, original: forms.Raw, version: int, save: Callable[[int], Saved]) -> Saved:
    """Save over the version seen, or over a newer one that left the same fields alone (UI-6).

    Raises StaleVersion with the fields that somebody else has changed as well.
    """
    try:
        return save(version)
    except StaleVersion as stale:
        policy = Policy(actor(), entity, "edit")
        stale.conflicts = collisions(policy, stale, original)
        if stale.conflicts or not original:
            raise
        newer = stale.details["version"]
    db.session.rollback()
    return save(newer)


def collisions(policy: Policy, refusal: StaleVersion, original: forms.Raw) -> Sequence[Conflict]:
    """The fields that somebody else changed as well since the form was opened."""
    return [
        one
        for one in refusal.conflicts
        if one.field.key not in original
        or not _same(
            one.field,
            forms.stored_values(policy, [one.field], {one.field.key: one.theirs})[one.field.key],
            original[one.field.key],
        )
    ]


def compared(
    policy: Policy, conflicts: Sequence[Conflict], original: forms.Raw
) -> list[dict[str, Any]]:
    """Both values of each conflict and the one before them, as the reader may see them."""
    return [
        {
            "key": one.field.key,
            "label": str(one.field.label),
            "mine": _shown(policy, one.field, one.mine),
            "theirs": _shown(policy, one.field, one.theirs),
            "original": _before(policy, one.field, original),
        }
        for one in conflicts
    ]


def _before(policy: Policy, field: Field, original: forms.Raw) -> str:
    if field.key not in original:
        return ""
    if field.key in policy.masked:
        return str(original[field.key] or "")
    try:
        return _shown(policy, field, field.parse(original[field.key]))
    except ValueError:
        return ""


def _shown(policy: Policy, field: Field, value: Any) -> str:
    """One side of a conflict as text, masked as the reader sees the field."""
    names = details.names_of(field, [value])
    return details.past(policy, field, field.to_json(value), names)
