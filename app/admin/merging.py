"""Two people at one form: what each of them changed, what merges, what must be decided (UI-6, R4).

A form carries the values it started from. What its reader left alone isn't saved at all, so it
can't undo what somebody else saved meanwhile; only a field that both changed is a conflict.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from werkzeug.datastructures import MultiDict

from app.admin import cells, forms
from app.admin.record import changes
from app.admin.state import plain_json
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
DISPUTED = "disputed"
"""The one with what stood in the disputed fields before both changes."""


def sealed(values: Mapping[str, Any]) -> str:
    """The values a form starts from, as its hidden input carries them."""
    return json.dumps(dict(values), ensure_ascii=False, separators=(",", ":"), default=str)


def opened(form: MultiDict[str, str]) -> forms.Raw:
    """The values a posted form had started from; what can't be one is left out."""
    return _plain_json(form.get(ORIGINAL))


def _plain_json(text: str | None) -> forms.Raw:
    try:
        found = plain_json(text or "{}")
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


def saved(
    entity: Entity,
    original: forms.Raw,
    version: int,
    save: Callable[[int], Saved],
    *,
    over: Callable[[Mapping[str, Any]], None] = lambda _stored: None,
) -> Saved:
    """Save over the version seen, or over a newer one that left the same fields alone (UI-6).

    ``over`` is told what stood in a newer version before. Raises StaleVersion with the fields that
    somebody else has changed as well.
    """
    try:
        return save(version)
    except StaleVersion as stale:
        policy = Policy(actor(), entity, "edit")
        stale.conflicts = collisions(policy, stale, original)
        if stale.conflicts or not original:
            raise
        newer, stored = stale.details["version"], stale.stored
    db.session.rollback()
    answer = save(newer)
    over(stored)
    return answer


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


def decided(form: MultiDict[str, str], raw: forms.Raw) -> forms.Raw:
    """What was sent, with the choices made in a dispute; a script makes them in the inputs."""
    original, disputed = opened(form), _plain_json(form.get(DISPUTED))
    sides = {"theirs": original, "original": disputed}
    chosen = {
        key: sides[side][key]
        for key in raw
        if (side := form.get(f"{forms.CHOICE}{key}")) in sides and key in sides[side]
    }
    return {**raw, **chosen}


def overtaken_by(policy: Policy, record: Any) -> dict[str, Any]:
    """Who saved meanwhile, and when, as far as the reader may know."""
    known = policy.readable.keys()
    return {
        "who": changes.person(record.updated_by) if "updated_by" in known else "",
        "when": cells.moment(record.updated_at) if "updated_at" in known else "",
    }


def compared(
    policy: Policy, conflicts: Sequence[Conflict], original: forms.Raw, raw: forms.Raw
) -> list[dict[str, Any]]:
    """Per field both values and the one before them, as text and as an input would hold them.

    What a masked field was before can't be brought back by somebody who only knows its mask.
    """
    return [
        {
            "key": one.field.key,
            "label": str(one.field.label),
            "sides": [
                _side("mine", _shown(policy, one.field, one.mine), raw.get(one.field.key)),
                _side("theirs", _shown(policy, one.field, one.theirs), _typed(policy, one)),
                *_before(policy, one.field, original),
            ],
        }
        for one in conflicts
    ]


def kept(
    policy: Policy,
    shown: Mapping[str, Field],
    stored: Mapping[str, Any],
    *,
    original: forms.Raw,
    mine: forms.Raw,
) -> list[dict[str, str]]:
    """What others changed of the form's fields and its reader left alone: it merges by itself."""
    fields = [
        f for key, f in shown.items() if key in original and key in stored and key not in mine
    ]
    values = forms.stored_values(policy, fields, stored)
    return [
        {"label": str(f.label), "text": _shown(policy, f, stored[f.key])}
        for f in fields
        if not _same(f, values[f.key], original[f.key])
    ]


def _side(name: str, text: str, value: Any) -> dict[str, Any]:
    return {"name": name, "text": text, "value": value}


def _typed(policy: Policy, conflict: Conflict) -> Any:
    key = conflict.field.key
    return forms.stored_values(policy, [conflict.field], {key: conflict.theirs})[key]


def _before(policy: Policy, field: Field, original: forms.Raw) -> list[dict[str, Any]]:
    value = original.get(field.key)
    if field.key not in original or field.key in policy.masked:
        return []
    try:
        return [_side("original", _shown(policy, field, field.parse(value)), value)]
    except ValueError:
        return []


def _shown(policy: Policy, field: Field, value: Any) -> str:
    """One side of a conflict as text, masked as the reader sees the field."""
    was = field.to_json(value)
    names = changes.names_in([(field.key, [was])], {field.key: field})
    return changes.past(policy, field, was, names)
