"""The pages of an entity: list, record, forms, deletion, choices (architecture §7).

One class serves all of them; ``build`` makes a subclass per declared entity. Nothing is kept on the
view between requests, so no two readers ever share a filter (R13).
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from flask import Response, flash, jsonify, render_template, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import generate_csrf
from sqlalchemy.exc import IntegrityError

from app.admin import (
    bulk_pages,
    choosing,
    deletion,
    details,
    forms,
    lists,
    merging,
    state,
    walk,
)
from app.admin.clash import duplicate_of
from app.admin.manual import explained
from app.admin.once import once
from app.admin.page import go_to
from app.extensions import db
from app.operations import editing
from app.spec.entity import Entity
from app.spec.errors import (
    BadRequest,
    Conflict,
    Duplicate,
    Invalid,
    NotFound,
    Refusal,
    StaleVersion,
    WrongVerb,
)
from app.spec.field import Field
from app.store import door, titles
from app.store.context import actor
from app.store.idempotency import Replay
from app.store.policy import Policy

Answer = str | Response | tuple[str, int]


class EntityView(BaseView):
    """All pages of one entity; ``entity`` is set by the subclass."""

    entity: ClassVar[Entity]
    default_view = "list_page"

    @expose("/list/")
    @explained(
        _l(
            "Search, filter and sort; the filter is in the address, so it can be sent to a "
            "colleague. Tick rows, or take all that match, to act on many at once. A click on a "
            "name opens the record."
        )
    )
    def list_page(self) -> Answer:
        """The list, as its address says."""
        door.demand(self.entity.key, "list")
        me = lists.opened(self.entity, request.args)
        if me.is_bin:
            door.demand(self.entity.key, "restore")
        if not request.args and (default := lists.default(me)):
            return go_to(me.state.url(view=default))
        if me.state.wanted is not None:
            return go_to(me.state.url(conditions=me.state.wanted, wanted=None))
        screen = lists.screen(me)
        page = render_template("list.html", screen=screen)
        return (page, BadRequest.status) if screen["unusable"] else page

    @expose("/show/<int:pk>")
    @explained(
        _l(
            "One record with its key facts, everything that belongs to it, and who changed what "
            "when. What your roles allow stands at the top right."
        )
    )
    def show(self, pk: int) -> Answer:
        """One record with its tabs."""
        screen = details.screen(self.entity, pk, request.args.get("tab", ""))
        state.only(request.args, {"tab", state.FROM})
        screen["walk"] = walk.along(self.entity, pk, request.args)
        walk.keep(screen, screen["walk"].get("trail", ""))
        return render_template("show.html", screen=screen)

    @expose("/options/<key>")
    def options(self, key: str) -> Response:
        """Choices for a relation, by what was typed."""
        found = choosing.options(self.entity, key, request.args.get("q", ""))
        state.only(request.args, {"q"})
        return jsonify(found)

    @expose("/add", methods=["GET", "POST"])
    @explained(
        _l("Fields with * are required. What you typed is kept when something is wrong with it.")
    )
    def add(self) -> Answer:
        """The form for a new record, and what comes back from it."""
        self._demand("create")
        fields = Policy(actor(), self.entity, "create").writable(creating=True)
        if request.method == "GET":
            return self._form("add", fields, self._prefilled(fields))
        state.only(request.args, fields)
        raw = forms.read(request.form, fields)
        try:
            answer, _replayed = once(request.form.get("form_nonce"), lambda: self._created(raw))
        except (Refusal, IntegrityError) as error:
            return self._rejected("add", fields, raw, error)
        if request.form.get("then") == "new":
            return go_to(f"/{self.entity.plural}/add")
        return go_to(answer.headers["Location"])

    @expose("/edit/<int:pk>", methods=["GET", "POST"])
    @explained(
        _l(
            "Change what you like and save. When somebody else saved meanwhile, both values are "
            "shown and nothing is lost; stars stand for a value you may not read, and leaving "
            "them keeps it."
        )
    )
    def edit(self, pk: int) -> Answer:
        """The form of an existing record, and what comes back from it."""
        self._demand("edit")
        policy = Policy(actor(), self.entity, "edit")
        fields = policy.writable(creating=False)
        if request.method == "GET":
            record = door.fetch(self.entity, pk, "edit", policy.readable.values())
            stored = door.values_of(self.entity, record, fields.values())
            values = forms.stored_values(policy, fields.values(), stored)
            state.only(request.args)
            return self._form(
                "edit",
                fields,
                values,
                pk=pk,
                version=record.version,
                title=titles.title(self.entity, record),
                texts=titles.of_relations(record, fields.values()),
                original=values,
            )
        state.only(request.args)
        raw = forms.read(request.form, fields)
        version = state.whole(request.form.get("row_version"), 0)
        try:
            return go_to(self._merged(pk, fields, raw, version).headers["Location"])
        except (Refusal, IntegrityError) as error:
            return self._rejected("edit", fields, raw, error, pk=pk, version=version)

    @expose("/delete/<int:pk>", methods=["GET", "POST"])
    @explained(
        _l(
            "A deleted record goes to the recycle bin with what belongs to it, and can be "
            "restored from there."
        )
    )
    def delete(self, pk: int) -> Answer:
        """GET asks, POST moves the record to the recycle bin."""
        self._demand("delete")
        title = self.entity.fields[self.entity.title]
        record = door.fetch(self.entity, pk, "delete", [title])
        state.only(request.args)
        if request.method == "GET":
            return render_template("confirm.html", screen=self._question(record))
        once(request.form.get("form_nonce"), lambda: self._deleted(pk))
        flash(_("Moved to the recycle bin."), "success")
        return go_to(f"/{self.entity.plural}/list/")

    @expose("/bulk/<slug>", methods=["GET", "POST"])
    @explained(
        _l(
            "First say what is to be done, then look at what would change and what would not, and"
            " why. Nothing is written before you confirm."
        )
    )
    def bulk(self, slug: str) -> Answer:
        """Form, dry run and run of a bulk operation (BULK-2)."""
        verb = self.entity.verb(slug)
        if verb is None or not verb.is_bulk:
            raise NotFound
        door.demand(self.entity.key, slug)
        return bulk_pages.answer(self.entity, slug)

    @expose("/bulk/<slug>/report/<int:number>")
    @explained(
        _l(
            "What became of each record, with the reason where nothing was done. It can be "
            "downloaded as a workbook."
        )
    )
    def report(self, slug: str, number: int) -> Answer:
        """What became of each row of a run of one's own (BULK-4)."""
        screen = bulk_pages.report_screen(self.entity, slug, number)
        state.only(request.args)
        return render_template("bulk.html", screen=screen)

    def _demand(self, operation: str) -> None:
        """405 when the entity doesn't have the operation, 403 when nobody granted it."""
        if operation not in self.entity.operations:
            raise WrongVerb
        door.demand(self.entity.key, operation)

    def _created(self, raw: Mapping[str, Any]) -> Replay:
        new_id = editing.create(self.entity, raw)
        flash(_("Saved."), "success")
        return Replay(302, {"Location": f"/{self.entity.plural}/show/{new_id}"}, {"id": new_id})

    def _saved(self, pk: int, raw: Mapping[str, Any], version: int) -> Replay:
        editing.edit(self.entity, pk, raw, version=version)
        flash(_("Saved."), "success")
        return Replay(302, {"Location": f"/{self.entity.plural}/show/{pk}"}, {"id": pk})

    def _merged(self, pk: int, fields: Mapping[str, Field], raw: forms.Raw, version: int) -> Replay:
        """Save what was changed, also over a newer version that left those fields alone (UI-6)."""
        nonce, original = request.form.get("form_nonce"), merging.opened(request.form)
        mine = merging.changed(fields, raw, original)
        return merging.saved(
            self.entity,
            original,
            version,
            lambda seen: once(nonce, lambda: self._saved(pk, mine, seen))[0],
        )

    def _deleted(self, pk: int) -> Replay:
        deletion.delete(self.entity, pk)
        return Replay(302, {"Location": f"/{self.entity.plural}/list/"}, {})

    def _prefilled(self, fields: Mapping[str, Field]) -> dict[str, Any]:
        """Values from the address; a record pointed at must exist for the reader (C23)."""
        state.only(request.args, fields)
        values = {key: forms.typed(f, f.initial()) for key, f in fields.items()}
        if self.entity.is_owned and "owner" in fields:
            values["owner"] = actor().user_id  # who creates it owns it, unless he says otherwise
        given = {key: request.args[key] for key in request.args if key in fields}
        if given:
            try:
                parsed = editing.parse({key: fields[key] for key in given}, given)
                editing.resolve(self.entity, fields, parsed)
            except Invalid:
                raise NotFound from None
            policy = Policy(actor(), self.entity, "create")
            values |= forms.stored_values(policy, (fields[key] for key in given), parsed)
        return values

    def _form(
        self,
        mode: str,
        fields: Mapping[str, Field],
        values: Mapping[str, Any],
        *,
        pk: int = 0,
        version: int = 0,
        title: str = "",
        errors: Mapping[str, Sequence[Any]] | None = None,
        texts: Mapping[str, str] | None = None,
        sentences: Sequence[str] = (),
        conflict: Any = None,
        original: Mapping[str, Any] | None = None,
    ) -> str:
        base = f"/{self.entity.plural}"
        policy = Policy(actor(), self.entity, "edit" if mode == "edit" else "create")
        screen = {
            "entity": lists.head(self.entity),
            "title": _("Edit %(title)s", title=title or self.entity.one)
            if mode == "edit"
            else _("New %(kind)s", kind=str(self.entity.one).lower()),
            "mode": mode,
            "action": f"{base}/edit/{pk}" if mode == "edit" else f"{base}/add",
            "cancel_url": f"{base}/show/{pk}" if mode == "edit" else f"{base}/list/",
            "hidden": [
                ("csrf_token", generate_csrf()),
                ("row_version", str(version)),
                ("form_nonce", forms.nonce()),
                *([(merging.ORIGINAL, merging.sealed(original))] if original else []),
            ],
            "sections": forms.sections(policy, fields.values(), values, errors or {}, texts or {}),
            "errors": list(sentences),
            "conflict": conflict,
            "save_and_new": mode == "add",
        }
        return render_template("form.html", screen=screen)

    def _rejected(
        self,
        mode: str,
        fields: Mapping[str, Field],
        raw: forms.Raw,
        error: Refusal | IntegrityError,
        *,
        pk: int = 0,
        version: int = 0,
    ) -> Answer:
        """The form again with what was typed: nothing of it is lost (contract §1)."""
        refusal = duplicate_of(self.entity, error) if isinstance(error, IntegrityError) else error
        if not isinstance(refusal, Invalid | Duplicate | StaleVersion | Conflict):
            raise refusal
        db.session.rollback()
        if isinstance(refusal, StaleVersion):
            return self._disputed(pk, fields, raw, refusal), refusal.status
        page = self._form(
            mode,
            fields,
            raw,
            pk=pk,
            version=version,
            errors=refusal.fields,
            sentences=[str(refusal.message), *_elsewhere(refusal, fields)],
            original=merging.opened(request.form),
        )
        return page, refusal.status

    def _disputed(
        self, pk: int, fields: Mapping[str, Field], raw: forms.Raw, refusal: StaleVersion
    ) -> str:
        """The form over the newer version, with what was typed and what stands there (UI-6)."""
        policy = Policy(actor(), self.entity, "edit")
        original = merging.opened(request.form)
        record = door.fetch(self.entity, pk, "edit", policy.readable.values())
        stored = door.values_of(self.entity, record, fields.values())
        values = forms.stored_values(policy, fields.values(), stored)
        return self._form(
            "edit",
            fields,
            {**values, **merging.changed(fields, raw, original)},
            pk=pk,
            version=record.version,
            title=titles.title(self.entity, record),
            sentences=[str(refusal.message)],
            conflict=merging.compared(policy, refusal.conflicts, original),
            original=values,
        )

    def _question(self, record: Any) -> dict[str, Any]:
        base = f"/{self.entity.plural}"
        title = titles.title(self.entity, record)
        return {
            "title": _("Delete %(title)s?", title=title),
            "text": _("It goes to the recycle bin with everything that belongs to it."),
            "action": f"{base}/delete/{record.id}",
            "hidden": [("csrf_token", generate_csrf()), ("form_nonce", forms.nonce())],
            "cancel_url": f"{base}/show/{record.id}",
            "danger": True,
            "button": _("Delete"),
        }


def _elsewhere(refusal: Refusal, fields: Mapping[str, Field]) -> list[str]:
    """Sentences about fields that have no input on this form."""
    return [str(s) for key, some in refusal.fields.items() if key not in fields for s in some]
