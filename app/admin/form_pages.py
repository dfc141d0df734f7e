"""The forms of a record: a new one, an existing one, or one layer of it in place (UI-6).

A form refused comes back with everything that was typed. One that somebody overtook comes back as
a choice per field between what I typed, what was saved meanwhile, and what stood there before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf
from sqlalchemy.exc import IntegrityError

from app.admin import copying, duplicates, forms, lists, merging, pasting, state, walk
from app.admin.clash import refusal_of
from app.admin.once import once
from app.admin.page import go_to
from app.admin.security.paths import same_site
from app.extensions import db
from app.operations import editing, likenesses
from app.spec.entity import Entity
from app.spec.errors import (
    BadRequest,
    Conflict,
    Duplicate,
    Invalid,
    Lookalike,
    Namesake,
    Refusal,
    StaleVersion,
)
from app.spec.field import SECTION_LABELS, Field
from app.spec.words import listed
from app.store import door, titles
from app.store.context import actor
from app.store.idempotency import Replay
from app.store.policy import Policy

Answer = str | Response | tuple[str, int]
COPY, SECTION, NEXT = "copy", "section", "next"


@dataclass(frozen=True)
class Content:
    """What a form shows besides its labels."""

    values: Mapping[str, Any]
    version: int = 0
    title: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    sentences: Sequence[str] = ()
    original: Mapping[str, Any] | None = None
    conflict: Mapping[str, Any] | None = None
    pasted: Mapping[str, Any] | None = None
    namesake: str = ""
    """A name that another record has: saving it needs a confirmation."""
    duplicates: Sequence[Mapping[str, Any]] = ()
    """What may be the same, as the page shows it."""
    is_returned: bool = False
    """It holds what was typed and not saved."""


@dataclass(frozen=True)
class Form:
    """The form of a new record (``pk`` 0) or of an existing one, of all its fields or a layer's."""

    entity: Entity
    pk: int = 0
    section: str = ""

    @cached_property
    def policy(self) -> Policy:
        return Policy(actor(), self.entity, "edit" if self.pk else "create")

    @cached_property
    def fields(self) -> dict[str, Field]:
        """The fields of the form; BadRequest for a layer in which there is nothing to edit."""
        writable = self.policy.writable(creating=not self.pk)
        found = {k: f for k, f in writable.items() if self.section in ("", f.section)}
        if self.section and not found:
            raise BadRequest
        return found

    @property
    def action(self) -> str:
        base = f"/{self.entity.plural}"
        if not self.pk:
            given = urlencode({k: v for k, v in request.args.items() if k in self.fields})
            return f"{base}/add" + (f"?{given}" if given else "")
        kept = {SECTION: self.section, NEXT: self.back}
        part = urlencode({key: value for key, value in kept.items() if value})
        return walk.carried(f"{base}/edit/{self.pk}{'?' if part else ''}{part}", request.args)

    @property
    def back(self) -> str:
        """The page on this host that an address says the reader came from; empty for none."""
        return same_site(request.args.get(NEXT)) or ""

    @property
    def place(self) -> str:
        """Where its reader came from: another page, or the record's own along a list (LIST-5)."""
        if self.back:
            return self.back
        tab = "?tab=details" if SECTION in request.args else ""
        return walk.carried(f"/{self.entity.plural}/show/{self.pk}{tab}", request.args)

    @property
    def mode(self) -> str:
        return "edit" if self.pk else "add"

    def page(self, content: Content) -> str:
        """The form with that content."""
        plural, pk = self.entity.plural, self.pk
        disputed = (content.conflict or {}).get("before")
        sealed = {merging.ORIGINAL: content.original, merging.DISPUTED: disputed}
        screen = {
            "entity": lists.head(self.entity),
            "title": self._title(content),
            "mode": self.mode,
            "section": self.section,
            "action": self.action,
            "cancel_url": self.place if pk else f"/{plural}/list/",
            "draft": ".".join(part for part in (str(pk or "new"), self.section) if part),
            "hidden": [
                ("csrf_token", generate_csrf()),
                ("row_version", str(content.version)),
                ("form_nonce", forms.nonce()),
                *((name, merging.sealed(one)) for name, one in sealed.items() if one),
            ],
            "sections": forms.sections(
                self.policy, self.fields.values(), content.values, content.errors, content.texts
            ),
            "errors": list(content.sentences),
            "conflict": content.conflict,
            "namesake": content.namesake,
            "compared": " ".join(
                key for key in duplicates.compared(self.entity) if key in self.fields
            ),
            "duplicates": content.duplicates,
            "besides": pk,
            "may_paste": not self.pk and pasting.is_of_use(self.fields),
            "pasted": content.pasted,
            "longest_paste": pasting.LONGEST,
            "is_returned": content.is_returned,
        }
        return render_template("form.html", screen=screen)

    def _title(self, content: Content) -> str:
        if not self.pk:
            return _("New %(kind)s", kind=str(self.entity.one).lower())
        title = content.title or self.entity.one
        if self.section:
            layer = next(iter(self.fields.values())).section
            return _("Edit %(title)s: %(part)s", title=title, part=SECTION_LABELS[layer])
        return _("Edit %(title)s", title=title)


def add(entity: Entity) -> Answer:
    """The form for a new record, filled from the address or a copy; and what comes back of it."""
    form = Form(entity)
    if request.method == "GET":
        return form.page(_prefilled(form))
    state.only(request.args, form.fields)
    raw = forms.read(request.form, form.fields)
    then = request.form.get("then")
    if then == "paste":
        return _pasted(form, raw)
    try:
        answer, _replayed = once(request.form.get("form_nonce"), lambda: _created(entity, raw))
    except (Refusal, IntegrityError) as error:
        return _rejected(form, raw, error)
    if then == "new":
        return go_to(form.action)  # the next one belongs to the same record as this one
    return go_to(answer.headers["Location"])


def edit(entity: Entity, pk: int) -> Answer:
    """The form of an existing record or of one of its layers, and what comes back from it."""
    form = Form(entity, pk, request.args.get(SECTION, ""))
    if request.method == "GET":
        content = _stored(form)
        state.only(request.args, {SECTION, NEXT, state.FROM})
        walk.check(entity, request.args)
        return form.page(content)
    state.only(request.args, {SECTION, NEXT, state.FROM})
    walk.check(entity, request.args)
    raw = forms.read(request.form, form.fields)
    try:
        return go_to(_merged(form, raw).headers["Location"])
    except (Refusal, IntegrityError) as error:
        return _rejected(form, raw, error)


def _prefilled(form: Form) -> Content:
    """Defaults, a copy, and values from the address; what is pointed at must be readable (C23)."""
    entity, fields = form.entity, form.fields
    state.only(request.args, {*fields, COPY})
    values = {key: forms.typed(f, f.initial()) for key, f in fields.items()}
    if COPY in request.args:
        values |= copying.values(form.policy, fields, state.whole(request.args[COPY], 0))
    if entity.responsible in fields:
        values[entity.responsible] = actor().user_id  # his who creates it, if he doesn't object
    given = {key: request.args[key] for key in request.args if key in fields}
    if given:
        values |= forms.pointed(entity, fields, given)
    return Content(values)


def _stored(form: Form) -> Content:
    """The form over the record as it stands now."""
    record = door.fetch(form.entity, form.pk, "edit", form.policy.readable.values())
    fields = form.fields.values()
    stored = door.values_of(form.entity, record, fields)
    values = forms.stored_values(form.policy, fields, stored)
    return Content(
        values,
        version=record.version,
        title=titles.title(form.entity, record),
        texts=titles.of_relations(record, fields),
        original=values,
    )


def _pasted(form: Form, raw: forms.Raw) -> Answer:
    """The form filled from a block of text, for its reader to look through; saves nothing.

    What was typed already stays; the lines that nothing was made of are left in the box.
    """
    text = request.form.get(pasting.NAME, "")
    if len(text) > pasting.LONGEST:
        error = _("At most %(n)s characters.", n=pasting.LONGEST)
        return form.page(Content(raw, pasted={"error": error}, is_returned=True)), 422
    found, rest = pasting.read(form.fields, text)
    filled = {key: value for key, value in found.items() if not raw.get(key)}
    labels = [str(form.fields[key].label) for key in filled]
    pasted = {"filled": listed(labels), "rest": rest}
    return form.page(Content({**raw, **filled}, pasted=pasted, is_returned=True))


def _created(entity: Entity, raw: Mapping[str, Any]) -> Replay:
    new_id = editing.create(entity, raw, is_confirmed=forms.is_confirmed(request.form, raw))
    flash(_("Saved."), "success")
    return Replay(302, {"Location": f"/{entity.plural}/show/{new_id}"}, {"id": new_id})


def _saved(form: Form, raw: Mapping[str, Any], version: int) -> Replay:
    confirmed = forms.is_confirmed(request.form, raw)
    editing.edit(form.entity, form.pk, raw, version=version, is_confirmed=confirmed)
    flash(_("Saved."), "success")
    return Replay(302, {"Location": form.place}, {"id": form.pk})


def _merged(form: Form, raw: forms.Raw) -> Replay:
    """Save what was changed, also over a newer version that left those fields alone (UI-6)."""
    nonce, original = request.form.get("form_nonce"), merging.opened(request.form)
    version = state.whole(request.form.get("row_version"), 0)
    mine = merging.changed(form.fields, merging.decided(request.form, raw), original)

    def name_kept(stored: Mapping[str, Any]) -> None:
        kept = merging.kept(form.policy, form.fields, stored, original=original, mine=mine)
        if kept:
            names = listed(one["label"] for one in kept)
            words = _("Changed by somebody else meanwhile and kept: %(fields)s.", fields=names)
            flash(words, "info")

    return merging.saved(
        form.entity,
        original,
        version,
        lambda seen: once(nonce, lambda: _saved(form, mine, seen))[0],
        over=name_kept,
    )


def _rejected(form: Form, raw: forms.Raw, error: Refusal | IntegrityError) -> Answer:
    """The form again with what was typed: nothing of it is lost (contract §1)."""
    refusal = refusal_of(error, form.entity) if isinstance(error, IntegrityError) else error
    if not isinstance(refusal, Invalid | Duplicate | StaleVersion | Conflict):
        raise refusal
    db.session.rollback()
    if isinstance(refusal, Namesake):
        likenesses.note_told(refusal)
    if isinstance(refusal, StaleVersion):
        return form.page(_disputed(form, raw, refusal)), refusal.status
    content = Content(
        raw,
        version=state.whole(request.form.get("row_version"), 0),
        errors=refusal.fields,
        sentences=[str(refusal.message), *_elsewhere(refusal, form.fields)],
        original=merging.opened(request.form),
        namesake=_to_confirm(refusal, raw),
        duplicates=duplicates.shown(refusal.found) if isinstance(refusal, Lookalike) else (),
        is_returned=True,
    )
    return form.page(content), refusal.status


def _to_confirm(refusal: Refusal, raw: forms.Raw) -> str:
    """What was typed that another record has, and may be confirmed."""
    [key, *_rest] = refusal.fields or [""]
    return str(raw.get(key, "")) if isinstance(refusal, Namesake) else ""


def _disputed(form: Form, raw: forms.Raw, refusal: StaleVersion) -> Content:
    """The form over the newer version, with what was typed and what stands there (UI-6)."""
    original = merging.opened(request.form)
    record = door.fetch(form.entity, form.pk, "edit", form.policy.readable.values())
    stored = door.values_of(form.entity, record, form.fields.values())
    values = forms.stored_values(form.policy, form.fields.values(), stored)
    mine = merging.changed(form.fields, raw, original)
    return Content(
        {**values, **mine},
        version=record.version,
        title=titles.title(form.entity, record),
        sentences=[str(refusal.message)],
        conflict={
            **merging.overtaken_by(form.policy, record),
            "before": {one.field.key: original.get(one.field.key) for one in refusal.conflicts},
            "fields": merging.compared(form.policy, refusal.conflicts, original, raw),
            "kept": merging.kept(form.policy, form.fields, stored, original=original, mine=mine),
        },
        original=values,
        is_returned=True,
    )


def _elsewhere(refusal: Refusal, fields: Mapping[str, Field]) -> list[str]:
    """Sentences about fields that have no input on this form."""
    return [str(s) for key, some in refusal.fields.items() if key not in fields for s in some]
