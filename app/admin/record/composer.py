"""Writing down on the page of a record what belongs to it: a text and a few choices (ACT, UI-5)."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash, request
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf

from app.admin import forms
from app.admin.record import panels, soon
from app.admin.record.panels import Panel, Seen
from app.admin.uploads import with_files
from app.operations import editing
from app.operations.rules import rules_of
from app.spec import files as spec_files
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import Invalid, NotFound
from app.spec.field import Field
from app.spec.relations import RelationField
from app.spec.settings import value as setting
from app.spec.words import Label
from app.store import attachments, door
from app.store.attachments import Received
from app.store.context import actor
from app.store.idempotency import Replay
from app.store.policy import Policy

FILE = "file"
TEMPLATE = "panels/composer.html"


def _kind(entity: Entity) -> tuple[Entity, RelationField] | None:
    """What can be written down about such records, and its link to them."""
    for other in catalogue:
        for link in other.parents if other.is_attached else ():
            if link.to == entity.key:
                return other, link
    return None


def _inputs(other: Entity) -> dict[str, Field]:
    """The fields that are asked for: to which record it belongs and who writes it is known."""
    writable = Policy(actor(), other, "create").writable(creating=True)
    known = {other.responsible, *(link.key for link in other.parents)}
    return {key: f for key, f in writable.items() if key not in known}


def content(seen: Seen) -> Mapping[str, Any] | None:
    """The empty composer of a record; None where nothing can be written down about it."""
    found = _kind(seen.entity)
    is_limited = seen.policy.pool_columns(seen.record) is not None
    if found is None or is_limited or rules_of(seen.entity).is_closed(seen.record):
        return None
    if not actor().rights.may(found[0].key, "create"):
        return None
    return _form(seen.entity, seen.record.id, found[0], {}, {})


def _form(
    entity: Entity,
    record_id: int,
    other: Entity,
    raw: Mapping[str, Any],
    errors: Mapping[str, Sequence[Any]],
) -> dict[str, Any]:
    policy, fields = Policy(actor(), other, "create"), _inputs(other)
    values = {key: forms.typed(f, f.initial()) for key, f in fields.items()} | dict(raw)
    controls = {
        key: forms.control(
            other, f, values.get(key), errors=errors.get(key, ()), policy=policy, offers=False
        )
        for key, f in fields.items()
    }
    for key, one in controls.items():
        if getattr(fields[key], "is_ahead", False):
            one["soon"] = soon.choices()
    text = controls.pop(other.title)
    first = [one for key, one in controls.items() if fields[key].fact]
    return {
        "action": f"/{entity.plural}/compose/{record_id}",
        "hidden": [("csrf_token", generate_csrf()), ("form_nonce", forms.nonce())],
        "text": text,
        "first": first,
        "more": [one for one in controls.values() if one not in first],
        "takes_files": other.has_files,
        "accept": ",".join(f".{kind}" for kind in spec_files.taken()),
        "most_mb": setting(spec_files.MOST_MB),
        "errors": [str(one) for key, some in errors.items() if key not in fields for one in some],
        "draft": f"{other.key}.{entity.key}.{record_id}",
        "is_returned": bool(raw),
    }


def again(
    entity: Entity, record_id: int, raw: Mapping[str, Any], errors: Mapping[str, Sequence[Any]]
) -> dict[str, Any]:
    """The composer with what was typed and what is wrong with it."""
    found = _kind(entity)
    assert found is not None  # noqa: S101 - for the type checker; somebody has just used it
    return _form(entity, record_id, found[0], raw, errors)


def read(entity: Entity) -> dict[str, Any]:
    """What was typed; NotFound for a kind of record about which nothing is written down.

    NotPermitted for whoever may write nothing down.
    """
    found = _kind(entity)
    if found is None:
        raise NotFound
    door.demand(found[0].key, "create")
    return forms.read(request.form, _inputs(found[0]))


def write(entity: Entity, pk: int, raw: Mapping[str, Any]) -> Replay:
    """Write it down, with the files that came along; once, commits.

    Raises as creating does, NotFound when the record isn't within reach.
    """
    found = _kind(entity)
    assert found is not None  # noqa: S101 - for the type checker; it has been read
    other, link = found

    def written(received: Sequence[Received]) -> Replay:
        try:
            number = editing.create(other, {**raw, link.key: pk})
        except Invalid as refusal:
            if link.key in refusal.fields:
                raise NotFound from None
            raise
        for one in received:
            attachments.add(other, number, str(raw.get(other.title) or "")[:80], one)
        flash(_("Saved."), "success")
        return Replay(302, {"Location": f"/{entity.plural}/show/{pk}"}, {"id": number})

    answer, _replayed = with_files(
        request.files.getlist(FILE), request.form.get("form_nonce"), written
    )
    return answer


panels.declare(
    Panel("composer", Label("Log a follow-up", "写跟进"), "message", TEMPLATE, content, rank=1)
)
