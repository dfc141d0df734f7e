"""What may be the same as the record that somebody types, and asking its owner for it (CUS-7)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from flask import Response, current_app, flash, render_template, request
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import generate_csrf
from itsdangerous import BadSignature, URLSafeTimedSerializer

from app.admin import forms, state
from app.admin.manual import explained
from app.admin.once import once
from app.admin.page import go_to
from app.admin.record import panels
from app.admin.record.panels import Panel, Seen
from app.extensions import db
from app.operations import asking, likenesses
from app.operations.likenesses import Candidate
from app.spec import likeness
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import NotFound, NotPermitted
from app.spec.words import Label
from app.store.context import actor
from app.store.idempotency import Replay

BESIDES = "besides"
"""The input with the number of the record that is edited: it isn't its own duplicate."""
ASKED_FOR = "look"
"""What a form says that waits for an answer also when nothing is found."""
ASKED_WITHIN = timedelta(days=1)
ALIKE = {
    likeness.COMPANY: _l("same company name"),
    likeness.PHONE: _l("same phone number"),
    likeness.CODE: _l("same credit code"),
    likeness.DOMAIN: _l("same e-mail domain"),
}


def compared(entity: Entity) -> list[str]:
    """The fields by which duplicates of such a record are found."""
    return [key for key, f in entity.fields.items() if f.likeness]


def demand(entity: Entity) -> None:
    """NotPermitted for whoever neither makes nor edits such records, NotFound if none are found."""
    rights = actor().rights
    if not rights.may(entity.key, "create") and not rights.may(entity.key, "edit"):
        raise NotPermitted
    if not compared(entity):
        raise NotFound


def look(entity: Entity, raw: Mapping[str, Any], besides: int) -> list[Candidate]:
    """Look for duplicates of what is typed so far; counts, audits and commits.

    Throttled when it is too often. The caller has asked ``demand``.
    """
    likenesses.count_look()
    found = likenesses.candidates(entity, _understood(entity, raw), besides=besides)
    db.session.commit()
    return found


def fragment(entity: Entity) -> str:
    """The answer to a form that is being filled in."""
    demand(entity)
    keys = compared(entity)
    state.only(request.args)
    state.only(request.form, {*forms.CONTROL, *keys, BESIDES})
    besides = state.whole(request.form.get(BESIDES), 0)
    found = look(entity, {key: request.form.get(key) for key in keys}, besides)
    is_asked = request.form.get("then") == ASKED_FOR
    return render_template("duplicates.html", duplicates=shown(found), is_asked=is_asked)


def _beside(seen: Seen) -> Mapping[str, Any] | None:
    """What of a record can be looked for, when its reader presses the button: looks are counted.

    Only what he reads in full (C43).
    """
    entity, rights = seen.entity, actor().rights
    if not rights.may(entity.key, "create") and not rights.may(entity.key, "edit"):
        return None
    known = {f.key: f for f in seen.fields if f.likeness and f.key not in seen.policy.masked}
    values = {key: getattr(seen.record, f.column) for key, f in known.items()}
    given = {key: str(one) for key, one in values.items() if one}
    if not given:
        return None
    values = {**given, BESIDES: str(seen.record.id), "then": ASKED_FOR}
    return {"looks_at": f"/{entity.plural}/duplicates", "values": values}


panels.declare(
    Panel(
        "duplicates",
        Label("Possible duplicates", "疑似重复"),
        "git-merge",
        "panels/duplicates.html",
        _beside,
        rank=60,
    )
)


def shown(found: Sequence[Candidate]) -> list[dict[str, Any]]:
    """The candidates as a page shows them."""
    return [
        {
            "title": one.alike.title,
            "kind": str(one.alike.entity.one),
            "icon": one.alike.entity.icon,
            "owner": one.owner,
            "in_pool": one.alike.in_pool,
            "alike": " · ".join(str(ALIKE[name]) for name in one.alike.by),
            "url": f"/{one.alike.entity.plural}/show/{one.alike.id}" if one.is_readable else "",
            "ask_url": f"/duplicates/ask/{_sealed(one)}" if one.may_be_asked_for else "",
        }
        for one in found
    ]


def _understood(entity: Entity, raw: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed, as it would be stored; half a number is nothing yet."""
    found = {}
    for key, typed in raw.items():
        try:
            found[key] = entity.fields[key].parse(typed)
        except ValueError:
            continue
    return found


def _seal() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key or "", salt="ask-for-transfer")


def _sealed(one: Candidate) -> str:
    """The way to ask for a record that its reader may not see, for him alone and for a day."""
    return str(_seal().dumps([one.alike.entity.key, one.alike.id, actor().user_id]))


def _opened(token: str) -> tuple[Entity, int]:
    """What was sealed for this reader; NotFound for anything else."""
    try:
        key, number, reader = _seal().loads(token, max_age=int(ASKED_WITHIN.total_seconds()))
    except BadSignature:
        raise NotFound from None
    if reader != actor().user_id:
        raise NotFound
    return catalogue.get(key), number


class DuplicatesView(BaseView):
    """``/duplicates/``: asking the owner of a record that one may not see to hand it over."""

    route_base = "/duplicates"
    default_view = "ask"

    @expose("/ask/<token>", methods=["GET", "POST"])
    @explained(_l("The owner gets a message with a link to the record, and decides."))
    def ask(self, token: str) -> str | Response:
        """GET asks whether to ask, POST sends the message, once a day."""
        entity, number = _opened(token)
        state.only(request.args)
        wanted = asking.wanted(entity, number)
        if request.method == "POST":
            once(request.form.get("form_nonce"), lambda: self._sent(entity, number))
            flash(_("%(name)s has been asked.", name=wanted.owner), "success")
            return go_to(f"/{entity.plural}/list/")
        screen = {
            "title": _("Ask for a transfer"),
            "text": _(
                "%(owner)s will be asked to transfer “%(title)s” to you.",
                owner=wanted.owner,
                title=wanted.title,
            ),
            "action": f"/duplicates/ask/{token}",
            "hidden": [("csrf_token", generate_csrf()), ("form_nonce", forms.nonce())],
            "cancel_url": f"/{entity.plural}/list/",
            "button": _("Ask"),
        }
        return render_template("confirm.html", screen=screen)

    def _sent(self, entity: Entity, number: int) -> Replay:
        asking.ask(entity, number)
        return Replay(302, {}, {})
