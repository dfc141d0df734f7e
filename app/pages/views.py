"""Saved views of a list (LIST-4): keep what one looks at, name, share, order and forget it."""

from typing import Any

from flask import Response, flash, jsonify, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import generate_csrf

from app.admin import choosing, forms, sharing, state
from app.admin.lists import Listed
from app.admin.lists.listed import tabs_key
from app.admin.lists.tabs import available, choice
from app.admin.manual import explained
from app.admin.once import once
from app.admin.page import Page, expose, go_to
from app.admin.words import Speech
from app.extensions import db
from app.pages.columns import entity_called, listed, moved
from app.spec.catalogue import catalogue
from app.spec.errors import BadRequest, Invalid, NotFound
from app.spec.relations import LinksField
from app.store import door, layouts, listing, preferences, views
from app.store.context import actor
from app.store.idempotency import Replay
from app.store.titles import by_ids
from app.store.views import Definition, Kept, Shared


class SavedViewsView(Page):
    """``/views/<plural>/…``: everything about the views of one list but looking at them."""

    route_base = "/views"
    default_view = "manage"

    @expose("/<plural>/", methods=["GET", "POST"])
    @explained(_l("Your views of this list: put them in order, and choose the one it opens with."))
    def manage(self, plural: str) -> str | Response:
        """The reader's views: their order, and the one he starts with; POST keeps both."""
        me = listed(plural)
        if request.method == "GET":
            return render_template("views.html", screen=_shelf_screen(me))
        preferences.put({tabs_key(me.entity): _arranged(me)})
        db.session.commit()
        return go_to(f"/{plural}/list/")

    @expose("/<plural>/add", methods=["GET", "POST"])
    @explained(_l("Keep filter, order and columns under a name, for yourself or for others."))
    def add(self, plural: str) -> str | Response | tuple[str, int]:
        """Keep what the address says under a name."""
        me = listed(plural)
        definition = _definition(me)
        if request.method == "GET":
            return _form(me, None, {})
        raw = forms.read(request.form, sharing.fields())
        try:
            names, shared = sharing.read(me.entity, raw)
            answer, _replayed = once(
                request.form.get("form_nonce"), lambda: _added(me, names, shared, definition)
            )
        except Invalid as refusal:
            db.session.rollback()
            return _form(me, None, raw, refusal), refusal.status
        return go_to(answer.headers["Location"])

    @expose("/<plural>/edit/<int:number>", methods=["GET", "POST"])
    @explained(_l("Rename the view or share it differently; what it shows stays."))
    def edit(self, plural: str, number: int) -> str | Response | tuple[str, int]:
        """Rename a view or share it differently; what it shows stays."""
        me = listed(plural)
        view = _changeable(me, number)
        if request.method == "GET":
            return _form(me, view, sharing.stored(view))
        raw = forms.read(request.form, sharing.fields())
        version = state.whole(request.form.get("row_version"), 0)
        try:
            names, shared = sharing.read(me.entity, raw, view)
            views.change(view, version, names=names, shared=shared)
        except Invalid as refusal:
            return _form(me, view, raw, refusal), refusal.status
        db.session.commit()
        flash(_("Saved."), "success")
        return go_to(_address(me, number))

    @expose("/<plural>/update/<int:number>", methods=["POST"])
    def update(self, plural: str, number: int) -> Response:
        """Let a view show from now on what the address says."""
        me = listed(plural)
        view = _changeable(me, number)
        version = state.whole(request.form.get("row_version"), 0)
        views.change(view, version, definition=_definition(me))
        db.session.commit()
        flash(_("The view is saved as you see it now."), "success")
        return go_to(_address(me, number))

    @expose("/<plural>/delete/<int:number>", methods=["GET", "POST"])
    @explained(_l("Only the view is forgotten; the records stay."))
    def delete(self, plural: str, number: int) -> str | Response:
        """GET asks, POST forgets the view; the records stay."""
        me = listed(plural)
        view = _changeable(me, number)
        if request.method == "GET":
            return render_template("confirm.html", screen=_question(me, view))
        views.remove(view)
        preferences.forget(layouts.key(me.entity, view.id))
        db.session.commit()
        flash(_("The view is deleted. The records are as they were."), "success")
        return go_to(f"/{plural}/list/?view=all")

    @expose("/<plural>/options/<key>")
    def options(self, plural: str, key: str) -> Response:
        """Roles and departments to share with, by what was typed."""
        entity = entity_called(plural)
        field = sharing.AUDIENCE_FIELDS.get(key)
        door.demand(sharing.SHARING.key, "share")
        if not isinstance(field, LinksField):
            raise NotFound
        words = request.args.get("q", "")
        state.only(request.args, {"q"})
        return jsonify(choosing.suggestions(entity, catalogue.get(field.to), words))


def _changeable(me: Listed, number: int) -> Kept:
    """The view of that number; NotFound for one that isn't there for the reader to change."""
    view = me.shelf.view(number)
    if not views.may_change(view):
        raise NotFound
    return view


def _definition(me: Listed) -> Definition:
    """What the address says, checked by the rights of whoever keeps it."""
    if me.is_bin:
        raise BadRequest
    listing.clauses(me.policy, me.query)
    listing.ordering(me.policy, me.query.order)
    return Definition(
        me.query.conditions,
        me.state.search,
        me.state.order,
        tuple(f.key for f in me.columns) if me.layout.columns else (),
    )


def _added(me: Listed, names: tuple[str, str], shared: Shared, definition: Definition) -> Replay:
    number = views.add(me.entity, names, shared, definition)
    flash(_("The view is saved."), "success")
    return Replay(302, {"Location": _address(me, number)}, {"id": number})


def _address(me: Listed, number: int) -> str:
    return f"{me.state.path}?view={number}"


def _form(me: Listed, view: Kept | None, raw: forms.Raw, refusal: Invalid | None = None) -> str:
    wrong = refusal.fields if refusal else {}
    controls = [
        forms.control(me.entity, f, raw.get(key, f.default), errors=wrong.get(key, ()))
        for key, f in sharing.fields().items()
    ]
    for control in controls:
        if control["options_url"]:
            control["options_url"] = f"/views/{me.entity.plural}/options/{control['key']}"
    screen = {
        "title": _("Edit the view") if view else _("Save as a view"),
        "fields": controls,
        "conditions": [] if view else _conditions(me),
        "action": request.full_path.rstrip("?"),
        "cancel_url": me.state.url(page=me.state.page),
        "hidden": [
            ("csrf_token", generate_csrf()),
            ("form_nonce", forms.nonce()),
            ("row_version", str(view.version if view else 0)),
        ],
    }
    return render_template("view_form.html", screen=screen)


def _conditions(me: Listed) -> list[str]:
    """What will be kept, in words."""
    speech = Speech(me.query.conditions, me.policy.conditions)
    return [speech.sentence(condition) for condition in me.query.conditions]


def _arranged(me: Listed) -> dict[str, Any]:
    """The order of the tabs and the first view, as the form says; BadRequest for unknown ones."""
    known = [tab.key for tab in available(me)]
    order = request.form.getlist("tab")
    first = request.form.get("default", "all")
    if sorted(order) != sorted(known) or first not in known:
        raise BadRequest
    return {"order": moved(order, request.form), "default": "" if first == _first(me) else first}


def _first(me: Listed) -> str:
    """The view that the bare address shows unless its reader says otherwise."""
    return me.entity.first_view or "all"


def _shelf_screen(me: Listed) -> dict[str, Any]:
    owners = by_ids(catalogue.get("user"), (view.owner_id for view in me.shelf.views))
    first = choice(me, "default", "") or _first(me)
    return {
        "title": _("Views: %(things)s", things=str(me.entity.many)),
        "rows": [
            {
                "key": tab.key,
                "label": tab.label,
                "note": _note(tab.saved, owners),
                "first": tab.key == first,
                "url": f"{me.state.path}?view={tab.key}",
                **_doors(me, tab.saved),
            }
            for tab in available(me)
        ],
        "action": f"/views/{me.entity.plural}/",
        "cancel_url": me.state.path,
        "hidden": [("csrf_token", generate_csrf())],
    }


def _note(view: Kept | None, owners: dict[int, str]) -> str:
    """Whose view it is, and who else has it."""
    if view is None:
        return _("built in")
    if view.owner_id != actor().user_id:
        return _("shared by %(who)s", who=owners.get(view.owner_id, ""))
    return "" if view.shared.audience == "nobody" else _("shared by you")


def _doors(me: Listed, view: Kept | None) -> dict[str, str]:
    if view is None or not views.may_change(view):
        return {"edit_url": "", "delete_url": ""}
    base = f"/views/{me.entity.plural}"
    return {"edit_url": f"{base}/edit/{view.id}", "delete_url": f"{base}/delete/{view.id}"}


def _question(me: Listed, view: Kept) -> dict[str, Any]:
    base = f"/views/{me.entity.plural}"
    return {
        "title": _("Delete the view %(name)s?", name=view.label),
        "text": _("Those it is shared with lose it too. No record is deleted."),
        "action": f"{base}/delete/{view.id}",
        "hidden": [("csrf_token", generate_csrf())],
        "cancel_url": f"{base}/",
        "danger": True,
        "button": _("Delete"),
    }
