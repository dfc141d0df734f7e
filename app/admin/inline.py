"""Editing one field of a record where it stands (LIST-5): a form with a single input.

The same fields, rules, history and lock as the form of the whole record. What is wrong is said at
the input, which keeps what was typed; when somebody else saved the same field meanwhile, both
values are shown and nothing is written.
"""

from collections.abc import Sequence
from typing import Any

from flask import Response, jsonify, render_template, request
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup
from sqlalchemy.exc import IntegrityError

from app.admin import forms, lists, merging, state
from app.admin.clash import refusal_of
from app.admin.errors import body_of
from app.admin.lists.editable import editable
from app.admin.page import here
from app.extensions import db
from app.operations import editing, likenesses
from app.spec.entity import Entity
from app.spec.errors import BadRequest, Conflict, Invalid, Namesake, Refusal, StaleVersion
from app.spec.field import Field
from app.store import door, titles
from app.store.context import actor
from app.store.policy import Policy


def control(entity: Entity, record_id: int, key: str) -> Response:
    """The input over the present value, with the version it was read at."""
    record, field = _found(entity, record_id, key)
    return jsonify({"html": _form(entity, record, field)})


def save(entity: Entity, record_id: int, key: str) -> Response:
    """Save the one value and answer the cell anew.

    422 and 409 bring the input again with what was typed; sent twice it writes once, because the
    version that was seen is gone by then.
    """
    field = editable(entity).get(key) or _found(entity, record_id, key)[1]
    original = merging.opened(request.form)
    state.only(request.args)
    state.only(request.form, {*forms.CONTROL, key, *forms.inputs_beside([field])})
    raw = forms.read(request.form, {key: field})
    version = state.whole(request.form.get("row_version"), 0)
    mine = merging.changed({key: field}, raw, original)
    confirmed = forms.is_confirmed(request.form, raw)
    try:
        merging.saved(
            entity,
            original,
            version,
            lambda seen: editing.edit(
                entity, record_id, mine, version=seen, is_confirmed=confirmed
            ),
        )
        db.session.commit()
    except (Invalid, Conflict, IntegrityError) as error:
        db.session.rollback()
        refusal = refusal_of(error, entity) if isinstance(error, IntegrityError) else error
        if isinstance(refusal, Namesake):
            likenesses.note_told(refusal)
        return _refused(entity, record_id, field, refusal, raw)
    record, _field = _found(entity, record_id, key)
    return jsonify({"cell": _cell(entity, record, field)})


def _found(entity: Entity, record_id: int, key: str) -> tuple[Any, Field]:
    """The record and the field, or what is wrong in the contract's order (§1)."""
    field = Policy(actor(), entity, "edit").readable.get(key)
    record = door.fetch(entity, record_id, "edit", [field] if field else ())
    if field is None:
        raise BadRequest(_l("There is no column %(name)s.", name=key))
    state.only(request.args)
    if key not in editable(entity):
        raise Invalid(fields={key: [_l("This field can't be written.")]})
    return record, field


def _refused(
    entity: Entity, record_id: int, field: Field, refusal: Refusal, raw: forms.Raw
) -> Response:
    """The input again with what was typed, the sentences, and in a conflict both values."""
    record, _field = _found(entity, record_id, field.key)
    sentences = [str(s) for some in refusal.fields.values() for s in some]
    conflict = None
    if isinstance(refusal, StaleVersion):
        policy = Policy(actor(), entity, "edit")
        [found, *_rest] = merging.compared(policy, refusal.conflicts, {}, raw) or [{"sides": ()}]
        conflict = {side["name"]: side["text"] for side in found["sides"]}
    html = _form(
        entity,
        record,
        field,
        typed=raw.get(field.key, ""),
        sentences=sentences or [str(refusal.message)],
        conflict=conflict,
        namesake=refusal.value if isinstance(refusal, Namesake) else "",
    )
    body = {**body_of(refusal), "html": html, "cell": _cell(entity, record, field)}
    answer = jsonify(body)
    answer.status_code = refusal.status
    return answer


def _form(
    entity: Entity,
    record: Any,
    field: Field,
    *,
    typed: Any = None,
    sentences: Sequence[str] = (),
    conflict: dict[str, Any] | None = None,
    namesake: str = "",
) -> str:
    policy = Policy(actor(), entity, "edit")
    now = forms.stored_values(policy, [field], door.values_of(entity, record, [field]))
    value = now[field.key] if typed is None else typed
    text = titles.of_relations(record, [field]).get(field.key) if typed is None else None
    screen = {
        "action": f"/{entity.plural}/cell/{record.id}/{field.key}",
        "hidden": [
            ("csrf_token", generate_csrf()),
            ("row_version", str(record.version)),
            (merging.ORIGINAL, merging.sealed(now)),
            *([(forms.CONFIRMED, namesake)] if namesake else []),
        ],
        "field": forms.control(entity, field, value, errors=sentences, policy=policy, text=text),
        "conflict": conflict,
        "is_confirming": bool(namesake),
    }
    return render_template("cell.html", screen=screen)


def _cell(entity: Entity, record: Any, field: Field) -> Markup:
    """The content of the cell as the list shows it, the title as the link to the record."""
    operation = "list" if actor().rights.may(entity.key, "list") else "edit"
    policy = Policy(actor(), entity, operation, in_list=True)
    [row] = lists.rows(policy, [record], [field])
    if field.key != entity.title:
        return row["cells"][0]
    return Markup('<a href="{}">{}</a>').format(here(row["url"]), row["title"])
