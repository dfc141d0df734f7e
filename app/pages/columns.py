"""How somebody arranges a list for himself: columns, widths, close or roomy rows (LIST-1).

Every change is one form that brings him back to the list as it was.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import generate_csrf

from app.admin import lists, state
from app.admin.lists import Listed
from app.admin.lists.listed import COMFORTABLE, COMPACT, DENSITY
from app.admin.manual import explained
from app.admin.page import Page, expose, go_to
from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import BadRequest, NotFound
from app.store import door, layouts, preferences
from app.store.layouts import MOST_FROZEN, Layout


def entity_called(plural: str) -> Entity:
    """The entity with that address; NotFound for none, NotPermitted to whoever may not list it."""
    for entity in catalogue:
        if entity.plural == plural:
            door.demand(entity.key, "list")
            return entity
    raise NotFound


def listed(plural: str) -> Listed:
    """The list that a page is about, as its address says."""
    return lists.opened(entity_called(plural), request.args)


def moved(keys: list[str], form: Mapping[str, str]) -> list[str]:
    """The keys in the form's order; a pressed button moves one of them a place up or down."""
    for name, step in (("up", -1), ("down", 1)):
        key = form.get(name, "")
        if key in keys:
            place = keys.index(key)
            keys.insert(max(place + step, 0), keys.pop(place))
    return keys


class ColumnsView(Page):
    """``/columns/<plural>/``: the columns of one list, or of the saved view that is looked at."""

    route_base = "/columns"
    default_view = "choose"

    @expose("/<plural>/", methods=["GET", "POST"])
    @explained(_l("Which columns your list shows, in which order, and which stay in sight."))
    def choose(self, plural: str) -> str | Response:
        """Which columns, in which order, how many of them stay in sight."""
        me = listed(plural)
        if request.method == "GET":
            return render_template("columns.html", screen=_screen(me))
        if "reset" in request.form:
            preferences.forget(_key(me))
        else:
            _keep(me, _posted(me))
        db.session.commit()
        return go_to(me.state.url(page=me.state.page))

    @expose("/<plural>/widths", methods=["POST"])
    def widths(self, plural: str) -> tuple[str, int]:
        """The widths after an edge was dragged, as JSON by column, in pixels."""
        me = listed(plural)
        sent = layouts.checked_widths(me.policy, state.decoded(request.form.get("widths", "")))
        _keep(me, replace(me.layout, widths={**me.layout.widths, **sent}))
        db.session.commit()
        return "", 204

    @expose("/<plural>/density", methods=["POST"])
    def density(self, plural: str) -> Response:
        """Close rows or roomy ones, in all lists."""
        me = listed(plural)
        wanted = request.form.get("density")
        if wanted not in (COMPACT, COMFORTABLE):
            raise BadRequest
        preferences.put({DENSITY: wanted})
        db.session.commit()
        return go_to(me.state.url(page=me.state.page))


def _key(me: Listed) -> str:
    return layouts.key(me.entity, me.view_id)


def _keep(me: Listed, layout: Layout) -> None:
    preferences.put({_key(me): layout.to_json()})


def _posted(me: Listed) -> Layout:
    """The layout of the form; a move button puts its column one place up or down."""
    chosen = [*layouts.checked(me.policy, request.form.getlist("column"))]
    frozen = state.whole(request.form.get("frozen"), 1)
    if frozen > MOST_FROZEN:
        raise BadRequest
    keys = (me.entity.title, *moved(chosen, request.form))
    return replace(me.layout, columns=keys, frozen=frozen)


def _screen(me: Listed) -> dict[str, Any]:
    shown = [f for f in me.columns if f.key != me.entity.title]
    others = [f for f in me.policy.readable.values() if f not in shown]
    return {
        "title": _("Columns"),
        "name": me.saved.label if me.saved else str(me.entity.many),
        "fixed": str(me.entity.fields[me.entity.title].label),
        "fields": [
            {"key": f.key, "label": str(f.label), "chosen": f in shown}
            for f in [*shown, *others]
            if f.key != me.entity.title
        ],
        "frozen": me.layout.frozen,
        "frozen_choices": list(range(MOST_FROZEN + 1)),
        "action": request.full_path.rstrip("?"),
        "cancel_url": me.state.url(page=me.state.page),
        "hidden": [("csrf_token", generate_csrf())],
    }
