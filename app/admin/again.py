"""The records that a run has left out, once more with the same settings (BULK-4)."""

from collections.abc import Mapping
from typing import Any

from flask import request
from flask_babel import gettext as _

from app.admin import forms, state
from app.operations import selection
from app.spec.entity import Entity
from app.spec.errors import BadRequest
from app.spec.field import Field
from app.spec.operations import Operation
from app.store import door, runs
from app.store.context import actor
from app.store.runs import OperationRun

NUMBER = "again"
"""The input with the number of the run; it must be one's own (C19)."""


def button(entity: Entity, verb: Operation, run: OperationRun) -> dict[str, Any]:
    """What leads from a report to the operation's dialog; nothing where nothing was left out."""
    if not run.skipped or not actor().rights.may(entity.key, verb.slug):
        return {}
    return {"action": f"/{entity.plural}/bulk/{verb.slug}", "name": NUMBER, "number": run.id}


def left_out(entity: Entity, verb: Operation) -> list[int]:
    """The records that the run left out, as far as they can still be read.

    BadRequest for more than one request may name.
    """
    run = _run(entity, verb)
    ids = runs.skipped_ids(run.id, selection.MAX_IDS + 1) if run else []
    if len(ids) > selection.MAX_IDS:
        limit = f"{selection.MAX_IDS:,}"
        raise BadRequest(
            _("More than %(limit)s were left out: select them by a filter.", limit=limit)
        )
    seen = [door.within(entity, ids, operation) for operation in ("read", "list", verb.slug)]
    return sorted(set().union(*seen))


def settings(entity: Entity, verb: Operation, fields: Mapping[str, Field]) -> forms.Raw:
    """What was asked for then, as the dialog's inputs hold it; empty when none is repeated."""
    run = _run(entity, verb)
    if run is None:
        return {}
    typed: forms.Raw = run.params.get("set") or {
        key: forms.typed(fields[key], fields[key].from_json(given))
        for key, given in run.params.items()
        if key in fields
    }
    return typed


def _run(entity: Entity, verb: Operation) -> OperationRun | None:
    number = state.whole(request.form.get(NUMBER), 0)
    return runs.own(number, entity.key, verb.slug) if number else None
