"""The three steps of a bulk operation in the browser: settings, dry run, result (BULK-2).

The selection and the settings travel in the forms' hidden inputs; nothing is written before the
last step, and that one happens once however often it is sent.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf

from app.admin import again, comparing, duplicates, forms, proposals, state
from app.admin.bulk.frame import frame, inputs, sets_values
from app.admin.bulk.rehearsal import expected
from app.admin.once import once
from app.admin.page import go_to
from app.admin.security.paths import same_site
from app.jobs import bulk
from app.operations import engine, reports, selection
from app.operations.behaviour import Behaviour
from app.operations.outcome import Outcome
from app.operations.registry import behaviour
from app.operations.selection import Selection, look_at
from app.spec.entity import Entity
from app.spec.errors import BadRequest, Invalid, Refusal, StaleCount
from app.spec.field import Field
from app.spec.operations import Operation
from app.spec.plurals import ngettext
from app.store import door, titles
from app.store.context import operating
from app.store.idempotency import Replay
from app.store.listing import Query

SELECTION = frozenset(
    {"ids", "all", "filters", "search", "expected_count", "matching", again.NUMBER}
)
Answer = str | Response | tuple[str, int]


def answer(entity: Entity, slug: str) -> Answer:
    """The next step of the operation, from what was posted or from a record's own page."""
    verb, does = entity.verb(slug), behaviour(slug)
    assert verb is not None  # noqa: S101 - the view has looked
    fields = {f.key: f for f in inputs(entity, does)}
    chosen = _chosen(entity, verb)
    state.only(request.args, {"id", *fields} if request.method == "GET" else ())
    step = request.form.get("step", "")
    raw = _raw(does, entity, fields)
    if step not in ("preview", "run") and fields:
        look_at(entity, verb, chosen)
        given = _defaults(fields) | again.settings(entity, verb, fields)
        return _settings(entity, verb, fields, chosen, given)
    try:
        if step == "run":
            return _run(entity, verb, does, chosen, raw)
        outcome = engine.run(does, entity, chosen, _params(does, entity, raw), dry_run=True)
    except Invalid as refusal:
        return _settings(entity, verb, fields, chosen, raw, refusal), refusal.status
    except StaleCount as refusal:  # asked again, with the number of now (BULK-1)
        chosen = replace(chosen, expected=refusal.details["count"])
        outcome = engine.run(does, entity, chosen, _params(does, entity, raw), dry_run=True)
        return _preview(entity, verb, chosen, raw, outcome, refusal), refusal.status
    return _preview(entity, verb, chosen, raw, outcome)


def _raw(does: Behaviour, entity: Entity, fields: Mapping[str, Field]) -> forms.Raw:
    """What the dialog sent; in a bulk edit only what was filled in is meant."""
    posted = request.form.copy()
    for name in {*SELECTION, "step"} - set(fields):
        posted.poplist(name)
    raw = forms.read(posted, fields)
    if sets_values(entity, does):
        return {k: v for k, v in raw.items() if k in request.form and v not in ("", [])}
    return raw


def _params(does: Behaviour, entity: Entity, raw: forms.Raw) -> dict[str, Any]:
    return {"set": raw} if sets_values(entity, does) else comparing.folded(raw)


def _defaults(fields: Mapping[str, Field]) -> forms.Raw:
    given = {k: request.args.getlist(k) for k in request.args if k in fields}
    return {key: given.get(key) or forms.typed(f, f.initial()) for key, f in fields.items()}


def _chosen(entity: Entity, verb: Operation) -> Selection:
    """The selection from ticked boxes, from "all that match", or from one record's page."""
    if request.method == "GET":
        named = [state.whole(one, 0) for one in request.args.getlist("id") or [""]]
        return Selection(ids=tuple(dict.fromkeys(named)))
    if request.form.get("all"):
        query = Query(
            conditions=tuple(state.conditions(request.form.get("filters", ""))),
            search=request.form.get("search", ""),
        )
        # The list counted what the reader sees; what travels from here on is what he may change.
        counted = request.form.get("expected_count", "") if request.form.get("step") else ""
        expected = (
            state.whole(counted, 0) if counted else selection.matching_count(entity, verb, query)
        )
        return Selection(query=query, expected=expected)
    ids = request.form.getlist("ids") or again.left_out(entity, verb)
    if not ids:
        raise BadRequest(_("Nothing is selected."))
    return Selection(ids=tuple(dict.fromkeys(state.whole(str(i), 0) for i in ids)))


def _scope(entity: Entity, verb: Operation, chosen: Selection) -> str:
    """How many records are meant; where more match than he may change, both numbers (BULK-1).

    One record alone is called by its name, as far as its reader may know it.
    """
    if chosen.query is None and len(chosen.ids) == 1:
        asked = verb.slug if verb.rows == "binned" else "read"
        with operating(asked, entity.key):
            named = titles.by_ids(entity, chosen.ids)
        if named:
            return named[chosen.ids[0]]
    count = len(chosen.ids) if chosen.query is None else chosen.expected or 0
    matching = _matching()
    if chosen.query is not None and matching > count:
        return _(
            "%(matching)s match · %(operation)s is permitted for %(allowed)s",
            matching=f"{matching:,}",
            operation=verb.label,
            allowed=f"{count:,}",
        )
    return ngettext("%(num)s record is selected.", "%(num)s records are selected.", count)


def _matching() -> int:
    """How many the list showed; 0 when it had not counted them all."""
    name = "matching" if request.form.get("step") else "expected_count"
    return state.whole(request.form.get(name), 0)


def _hidden(chosen: Selection, step: str) -> list[tuple[str, str]]:
    kept = [("csrf_token", generate_csrf()), ("step", step)]
    if chosen.query is None:
        return [*kept, *(("ids", str(i)) for i in chosen.ids)]
    filters = json.dumps(list(chosen.query.conditions), ensure_ascii=False)
    return [
        *kept,
        ("all", "1"),
        ("filters", filters),
        ("search", chosen.query.search),
        ("expected_count", str(chosen.expected)),
        ("matching", str(_matching() or "")),
    ]


def _settings(
    entity: Entity,
    verb: Operation,
    fields: Mapping[str, Field],
    chosen: Selection,
    raw: forms.Raw,
    refusal: Refusal | None = None,
) -> str:
    errors = refusal.fields if refusal else {}
    other = [str(s) for key, some in errors.items() if key not in fields for s in some]
    only_filled = sets_values(entity, behaviour(verb.slug))
    proposed = proposals.of(entity, verb, chosen)
    if refusal is None:
        raw = raw | {k: v for k, v in proposals.first(entity, proposed).items() if not raw.get(k)}
    compared = comparing.screen(entity, verb, chosen, fields, raw)
    screen = frame(entity, verb, "form") | {
        "compared": compared,
        "duplicates": duplicates.shown(proposed),
        "hidden": _hidden(chosen, "preview"),
        "scope": _scope(entity, verb, chosen),
        "only_filled": only_filled,
        "fields": [
            forms.control(entity, f, raw.get(key, ""), errors=errors.get(key, ()))
            | ({"unset": _("Leave as it is"), "required": False} if only_filled else {})
            for key, f in ({} if compared else fields).items()
        ],
        "errors": [str(refusal.message), *other] if refusal else [],
    }
    return render_template("bulk.html", screen=screen)


def _preview(
    entity: Entity,
    verb: Operation,
    chosen: Selection,
    raw: forms.Raw,
    outcome: Outcome,
    refusal: Refusal | None = None,
) -> str:
    params = [
        (key, str(one))
        for key, value in raw.items()
        for one in (value if isinstance(value, list) else [value])
        if one not in (None, "", False)
    ]
    screen = frame(entity, verb, "preview") | {
        "scope": _scope(entity, verb, chosen),
        "hidden": [*_hidden(chosen, "run"), ("form_nonce", forms.nonce()), *params],
        "preview": expected(entity, verb, outcome),
        "errors": [str(refusal.message)] if refusal else [],
    }
    return render_template("bulk.html", screen=screen)


def _run(
    entity: Entity, verb: Operation, does: Behaviour, chosen: Selection, raw: forms.Raw
) -> Response:
    def effect() -> Replay:
        outcome, _job = bulk.run(does, entity, chosen, _params(does, entity, raw))
        path = reports.address(entity, verb.slug, outcome.operation_id or 0)
        if verb.is_light:
            path = _at_once(entity, verb, chosen, outcome) or path
        return Replay(302, {"Location": path}, {"operation_id": outcome.operation_id})

    replay, _is_replay = once(request.form.get("form_nonce"), effect)
    return go_to(replay.headers["Location"])


def _at_once(entity: Entity, verb: Operation, chosen: Selection, outcome: Outcome) -> str:
    """Where what was done at once leads, with the word on it; empty for the report."""
    then, ids = request.form.get("then"), chosen.ids[:1]
    if then not in ("record", "list"):
        return ""
    if outcome.done:
        flash(_("Done: %(operation)s", operation=verb.label), "success")
    elif outcome.skipped:
        flash(outcome.skipped[0].reason, "warning")
    else:
        return ""
    if then == "record" and (outcome.done or door.within(entity, ids, "read")):
        return f"/{entity.plural}/show/{ids[0]}"
    return same_site(request.form.get("next")) or f"/{entity.plural}/list/"
