"""What the steps of a bulk operation have in common: which one it is, and the way back."""

from collections.abc import Sequence
from typing import Any

from flask import request

from app.admin import lists, state
from app.operations.behaviour import Behaviour
from app.operations.bulk_edit import BulkEdit
from app.operations.registry import behaviour
from app.operations.undoing import ALIKE, UNDO, is_final
from app.spec.entity import Entity
from app.spec.field import Field
from app.spec.kinds import OptionField
from app.spec.operations import Operation
from app.spec.values import ValuesField
from app.store.context import actor
from app.store.policy import Policy


def inputs(entity: Entity, does: Behaviour) -> list[Field]:
    """The dialog's fields; a bulk edit offers every field that may be set for many."""
    if sets_values(entity, does):
        return list(BulkEdit.editable(Policy(actor(), entity, "bulk_edit")).values())
    return [f for f in does.params(entity) if not _is_settled(f)]


def _is_settled(field: Field) -> bool:
    """Whether there is nothing to choose: one choice, which is taken."""
    return isinstance(field, OptionField) and field.required and len(field.choices.options) == 1


def sets_values(entity: Entity, does: Behaviour) -> bool:
    """Whether its dialog asks for new values of fields, of which any may be left out."""
    return any(isinstance(f, ValuesField) for f in does.params(entity))


def frame(entity: Entity, verb: Operation, step: str) -> dict[str, Any]:
    """What ``bulk.html`` needs at every step, whichever it is."""
    is_asked_for = verb is not UNDO and verb.slug not in ALIKE
    return {
        "entity": lists.head(entity),
        "operation": {
            "slug": verb.slug,
            "label": str(verb.label),
            "icon": verb.icon,
            "danger": lists.is_alarming(verb),
            "writes": not is_asked_for or behaviour(verb.slug).writes,
            "final": is_asked_for and is_final(entity, verb),
            "has_settings": is_asked_for and bool(inputs(entity, behaviour(verb.slug))),
        },
        "step": step,
        "action": f"/{entity.plural}/bulk/{verb.slug}",
        "errors": [],
        "back_url": back_url(
            entity, verb, request.values.getlist("ids") or request.args.getlist("id")
        ),
    }


def back_url(entity: Entity, verb: Operation, ids: Sequence[Any]) -> str:
    """The page the operation was asked for from: one record's own, the list, the recycle bin."""
    base = f"/{entity.plural}"
    if verb.rows == "binned":
        return f"{state.BIN}?kind={entity.plural}"
    return f"{base}/show/{ids[0]}" if len(ids) == 1 else f"{base}/list/"
