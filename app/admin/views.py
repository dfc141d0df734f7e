"""The pages of an entity: list, record, forms, deletion, choices (architecture §7).

One class serves all of them; ``build`` makes a subclass per declared entity. Nothing is kept on the
view between requests, so no two readers ever share a filter (R13).
"""

from typing import Any, ClassVar

from flask import Response, flash, jsonify, render_template, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from app.admin import choosing, deletion, form_pages, forms, lists, state, walk
from app.admin.bulk import steps
from app.admin.bulk.rehearsal import ways
from app.admin.bulk.report import report_screen
from app.admin.errors import wants_json
from app.admin.manual import explained
from app.admin.once import once
from app.admin.page import go_to, here
from app.admin.record import children, composer, own_marks, team
from app.admin.record import screen as record_screen
from app.extensions import db
from app.operations.merging import merged_into
from app.spec.entity import Entity
from app.spec.errors import BadRequest, Conflict, Invalid, NotFound, WrongVerb
from app.spec.words import listed
from app.store import door, titles
from app.store.context import actor
from app.store.idempotency import Replay

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
            "row opens the record, a double click edits a cell."
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
        try:
            screen = record_screen.screen(self.entity, pk, record_screen.wanted(request.args))
        except NotFound:
            return go_to(f"/{self.entity.plural}/show/{merged_into(self.entity, pk)}")
        state.only(request.args, {*record_screen.ARGUMENTS, state.FROM})
        screen["walk"] = walk.along(self.entity, pk, request.args)
        walk.keep(screen, request.args)
        return render_template("show.html", screen=screen)

    @expose("/options/<key>", methods=["GET", "POST"])
    def options(self, key: str) -> Response:
        """Choices for a relation, by what was typed; ``retired=1`` with those no longer chosen.

        POST remembers what was ``chosen`` (LIST-8).
        """
        if request.method == "POST":
            choosing.note(self.entity, key, request.form.get("chosen", ""))
            state.only(request.args)
            state.only(request.form, {*forms.CONTROL, "chosen"})
            db.session.commit()
            return Response(status=204)
        words, retired = request.args.get("q", ""), state.whole(request.args.get("retired"), 0)
        found = choosing.options(self.entity, key, words, retired=bool(retired))
        state.only(request.args, {"q", "retired"})
        return jsonify(found)

    @expose("/add", methods=["GET", "POST"])
    @explained(
        _l("Fields with * are required. What you typed is kept when something is wrong with it.")
    )
    def add(self) -> Answer:
        """The form for a new record, and what comes back from it."""
        self._demand("create")
        return form_pages.add(self.entity)

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
        return form_pages.edit(self.entity, pk)

    @expose("/note/<int:pk>", methods=["POST"])
    def note(self, pk: int) -> Answer:
        """Write a private note on a record, change or remove one (CUS-8)."""
        return go_to(walk.carried(own_marks.put_note(self.entity, pk), request.args))

    @expose("/mark/<int:pk>", methods=["POST"])
    def mark(self, pk: int) -> Answer:
        """Put private tags on a record (CUS-8)."""
        return go_to(walk.carried(own_marks.put_tags(self.entity, pk), request.args))

    @expose("/compose/<int:pk>", methods=["POST"])
    def compose(self, pk: int) -> Answer:
        """Write down on a record's page what belongs to it: a follow-up (ACT)."""
        raw = composer.read(self.entity)
        try:
            answer = composer.write(self.entity, pk, raw)
        except (Invalid, Conflict) as refusal:
            if wants_json():
                raise
            return record_screen.composing(self.entity, pk, raw, refusal), refusal.status
        place = walk.carried(answer.headers["Location"], request.args)
        return jsonify({"url": here(place)}) if wants_json() else go_to(place)

    @expose("/layers/<int:pk>", methods=["POST"])
    def layers(self, pk: int) -> Answer:
        """Move, close or open a layer of the details, for oneself (CUS-8)."""
        place = record_screen.arrange(self.entity, pk, request.form.get("step", ""))
        return go_to(walk.carried(place, request.args))

    @expose("/leave/<int:pk>", methods=["POST"])
    def leave(self, pk: int) -> Answer:
        """Leave the team of a record by oneself (CUS-4)."""
        return go_to(team.leave(self.entity, pk))

    @expose("/primary/<int:pk>", methods=["POST"])
    def primary(self, pk: int) -> Answer:
        """Say which of the records that belong to one is its primary one (CUS-6)."""
        return go_to(walk.carried(children.choose(self.entity, pk), request.args))

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
        state.only(request.args, {state.FROM})
        if request.method == "GET":
            return render_template("confirm.html", screen=self._question(record))
        once(request.form.get("form_nonce"), lambda: self._deleted(pk))
        flash(self._moved(), "success")
        return go_to(walk.list_url(self.entity, request.args))

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
        return steps.answer(self.entity, slug)

    @expose("/bulk/<slug>/report/<int:number>")
    @explained(
        _l(
            "What became of each record, with the reason where nothing was done. It can be "
            "downloaded as a workbook."
        )
    )
    def report(self, slug: str, number: int) -> Answer:
        """What became of each row of a run of one's own (BULK-4)."""
        screen = report_screen(self.entity, slug, number)
        state.only(request.args)
        return render_template("bulk.html", screen=screen)

    def _demand(self, operation: str) -> None:
        """405 when the entity doesn't have the operation, 403 when nobody granted it."""
        if operation not in self.entity.operations:
            raise WrongVerb
        door.demand(self.entity.key, operation)

    def _deleted(self, pk: int) -> Replay:
        deletion.delete(self.entity, pk)
        return Replay(302, {"Location": f"/{self.entity.plural}/list/"}, {})

    def _moved(self) -> str:
        """What is said after deleting, with the way to the bin for whoever may bring it back."""
        text = _("Moved to the recycle bin.")
        if not actor().rights.may(self.entity.key, "restore"):
            return text
        url = here(f"/{self.entity.plural}/list/?view={state.BINNED_VIEW}")
        return Markup('{} <a href="{}">{}</a>').format(text, url, _("Open the recycle bin"))

    def _question(self, record: Any) -> dict[str, Any]:
        base = f"/{self.entity.plural}"
        title = titles.title(self.entity, record)
        hindrance = deletion.rehearsed(self.entity, record.id)
        if hindrance:
            return {
                "title": _("%(title)s can't be deleted", title=title),
                "text": hindrance.reason,
                "links": ways(hindrance),
                "hidden": [],
                "cancel_url": walk.carried(f"{base}/show/{record.id}", request.args),
            }
        going = deletion.along(self.entity, record.id)
        along = (_("%(n)d × %(kind)s", n=n, kind=kind) for kind, n in going.items())
        return {
            "title": _("Delete %(title)s?", title=title),
            "text": _("It goes to the recycle bin together with %(these)s.", these=listed(along))
            if going
            else _("It goes to the recycle bin."),
            "action": walk.carried(f"{base}/delete/{record.id}", request.args),
            "hidden": [("csrf_token", generate_csrf()), ("form_nonce", forms.nonce())],
            "cancel_url": walk.carried(f"{base}/show/{record.id}", request.args),
            "danger": True,
            "button": _("Delete"),
        }
