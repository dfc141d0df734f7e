"""What the description says of fields: how they are read, and how they are written."""

from typing import Any

from app.admin.openapi.parts import FLAG, TEXT, WHOLE, Schema, maybe, ref, several
from app.spec.field import Field
from app.spec.kinds import ChoicesField, OptionField
from app.spec.relations import LinksField, RelationField, TagsField
from app.store.policy import Policy

TYPES: dict[str, Schema] = {
    "integer": WHOLE,
    "boolean": FLAG,
    "money": TEXT | {"examples": ["1234.50"]},
    "date": TEXT | {"format": "date"},
    "datetime": TEXT | {"format": "date-time"},
    "values": {"type": "object"},
    "picks": {"type": "object", "additionalProperties": {"type": "integer"}},
}


def read(policy: Policy, field: Field) -> Schema:
    """The field in an answer; masked, it is the text of the mask whatever it is made of."""
    return maybe(_read(policy, field)) | {"title": str(field.label)}


def _read(policy: Policy, field: Field) -> Schema:
    if isinstance(field, LinksField):
        return several(TEXT if field.is_named else ref("Linked"))
    if isinstance(field, RelationField):
        return ref("Linked")
    if isinstance(field, ChoicesField):
        return several(TEXT)
    return TEXT if field.key in policy.masked else TYPES.get(field.kind, TEXT)


def written(field: Field) -> Schema:
    """The field in a body."""
    return _written(field) | {"title": str(field.label)}


def _written(field: Field) -> Schema:
    if isinstance(field, TagsField):
        return several(TEXT)
    if isinstance(field, LinksField):
        return several(WHOLE)
    if isinstance(field, RelationField):
        return WHOLE | {"description": f"id of {field.to}"}
    if isinstance(field, ChoicesField):
        return several(TEXT | {"enum": list(field.choices.codes())})
    found: dict[str, Any] = dict(TYPES.get(field.kind, TEXT))
    if isinstance(field, OptionField) and field.choices.codes():
        found["enum"] = list(field.choices.codes())
    if hasattr(field, "max_length"):
        found["maxLength"] = field.max_length
    return found
