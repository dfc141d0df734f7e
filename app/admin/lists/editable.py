"""Which cells of a list its reader may edit in place (LIST-5)."""

from collections.abc import Sequence
from typing import Any

from app.admin.lists.listed import Listed
from app.spec.entity import Entity
from app.spec.field import Field
from app.spec.kinds import ChoicesField
from app.spec.relations import LinksField, TagsField
from app.spec.repeats import RepeatField
from app.store import scope
from app.store.context import actor
from app.store.policy import Policy


def editable(entity: Entity) -> dict[str, Field]:
    """The fields of his form that a list shows in full, each with one input, and tags."""
    if "edit" not in entity.operations or not actor().rights.may(entity.key, "edit"):
        return {}
    policy = Policy(actor(), entity, "edit")
    masked = policy.masked | Policy(actor(), entity, "list", in_list=True).masked
    return {
        key: field
        for key, field in policy.writable(creating=False).items()
        if key not in masked and _is_one_input(field)
    }


def _is_one_input(field: Field) -> bool:
    """Whether one input in a cell holds it."""
    return isinstance(field, TagsField) or not isinstance(
        field, LinksField | RepeatField | ChoicesField
    )


def cells(me: Listed, records: Sequence[Any]) -> dict[str, Any]:
    """Where the shown cells are edited, which columns can be, and the rows that can't.

    A row that he may see and not edit is marked for the page only; the gate refuses it anyway.
    """
    can_be = {} if me.is_bin else editable(me.entity)
    keys = [f.key for f in me.columns if f.key in can_be]
    return {
        "url": f"/{me.entity.plural}/cell/",
        "keys": " ".join(keys),
        "fixed": scope.outside(me.entity, "edit", records) if keys else (),
    }
