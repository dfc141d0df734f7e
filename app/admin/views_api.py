"""``/api/v1/views/``: one's saved views and those shared with one (LIST-4).

A view is a question: what of it the caller may not ask is absent (C43), and the records it finds
are got from the API of its entity, with its filters.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from flask import Response, jsonify
from flask_appbuilder.api import expose
from flask_babel import lazy_gettext as _l

from app.admin import bodies, sharing
from app.admin.lists.listed import sorts, usable
from app.admin.once import once
from app.admin.openapi import fields
from app.admin.openapi.own import OwnApi
from app.admin.openapi.parts import (
    ID,
    IF_MATCH,
    KEY,
    TEXT,
    WHOLE,
    Schema,
    one_of,
    operation,
    page_of,
    query,
    record,
    ref,
    sent,
    several,
)
from app.admin.page import here
from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import BadRequest, Invalid, NotFound, PreconditionFailed, StaleVersion
from app.store import door, layouts, listing, preferences, titles, views
from app.store.context import actor
from app.store.idempotency import Replay
from app.store.policy import Policy
from app.store.views import Definition, Kept

LIST_ARGUMENTS = frozenset({"entity", "page", "page_size"})
QUESTION = frozenset({"filters", "search", "order", "columns"})


ASKED = {
    "filters": several({"type": "object"}),
    "search": TEXT | {"maxLength": listing.MAX_SEARCH},
    "order": TEXT | {"examples": ["-name"]},
    "columns": several(TEXT),
}
"""The question that a view asks, as it is written and read."""


class SavedViewsApi(OwnApi):
    """Saved views for programs; whoever may list an entity may keep views of it."""

    resource_name = "views"
    schemas: ClassVar[dict[str, Schema]] = {
        "SavedView": record(
            ("id", "version", "entity", "name"),
            id=WHOLE,
            version=WHOLE,
            entity=TEXT,
            **dict.fromkeys(("name", "name_en", "audience"), TEXT),
            owner=ref("Linked"),
            **ASKED,
            **dict.fromkeys(sharing.CIRCLE, several(ref("Linked"))),
        )
    }

    @classmethod
    def paths(cls) -> dict[str, Any]:
        base, one = f"/api/v1/{cls.resource_name}", one_of(ref("SavedView"))
        asked = query("q", TEXT, "rison: entity (its plural), page, page_size")
        body, seen = sent(_write_schema()), (IF_MATCH, KEY)
        every = page_of(ref("SavedView"))
        gone = record(("id",), id=WHOLE)
        return {
            f"{base}/": {
                "get": operation("list saved views", every, takes=(asked,)),
                "post": operation("create saved view", one, takes=(KEY,), body=body, status="201"),
            },
            f"{base}/{{id}}": {
                "parameters": [ID],
                "get": operation("read saved view", one),
                "put": operation("edit saved view", one, takes=seen, body=body),
                "delete": operation("delete saved view", gone, takes=(IF_MATCH,)),
            },
        }

    @expose("/", methods=["GET"])
    def get_list(self) -> Response:
        """One's own views and those shared with one, of all entities or of one."""
        asked = bodies.arguments(LIST_ARGUMENTS)
        size = bodies.page_size(bodies.whole(asked, "page_size", bodies.PAGE_SIZE))
        page = bodies.whole(asked, "page", 0)
        found = views.of_lists([_entity(asked["entity"]).key] if "entity" in asked else _listable())
        shown = found[page * size : (page + 1) * size]
        return jsonify(
            {
                "count": len(found),
                "count_exact": True,
                "ids": [view.id for view in shown],
                "result": _described(shown),
            }
        )

    @expose("/<int:number>", methods=["GET"])
    def get(self, number: int) -> Response:
        """One view."""
        view = _found(number)
        bodies.arguments()
        return bodies.answered(_answer(view.id, 200), is_replay=False)

    @expose("/", methods=["POST"])
    def post(self) -> Response:
        """A new view of one's own."""
        bodies.arguments()
        sent = bodies.json_object()
        return _once(lambda: _created(sent))

    @expose("/<int:number>", methods=["PUT"])
    def put(self, number: int) -> Response:
        """Another name, audience or question, given the version that was seen."""
        view = _changeable(number)
        bodies.arguments()
        sent = bodies.json_object()
        return _once(lambda: _changed(view, sent))

    @expose("/<int:number>", methods=["DELETE"])
    def delete(self, number: int) -> Response:
        """Forget a view, given the version that was seen; the records stay."""
        view = _changeable(number)
        bodies.arguments()
        try:
            views.remove(view, bodies.seen_version())
        except StaleVersion as stale:
            raise PreconditionFailed(details=stale.details) from stale
        preferences.forget(layouts.key(catalogue.get(view.entity), view.id))
        db.session.commit()
        return jsonify({"id": number})


def _once(effect: Callable[[], Replay]) -> Response:
    """Do it once and answer; asked again, show the view as it is now."""
    answer, is_replay = once(bodies.idempotency_key(), effect)
    if is_replay:
        answer = _answer(answer.body["id"], answer.status)
    return bodies.answered(answer, is_replay=is_replay)


def _write_schema() -> Schema:
    """What may be said of a view; its entity only when it is made."""
    named = {key: fields.written(field) for key, field in sharing.fields().items()}
    entity = TEXT | {"description": "plural of the entity, when created"}
    return record((), entity=entity, **ASKED, **named)


def _listable() -> list[str]:
    return [entity.key for entity in catalogue if actor().rights.may(entity.key, "list")]


def _entity(plural: Any) -> Entity:
    """The entity of that address; BadRequest for none, NotPermitted when he may not list it."""
    for entity in catalogue:
        if entity.plural == plural:
            door.demand(entity.key, "list")
            return entity
    raise BadRequest(_l("There is no such list."))


def _found(number: int) -> Kept:
    """The view of that number; NotFound for one that isn't there for the caller."""
    for view in views.of_lists(_listable()):
        if view.id == number:
            return view
    raise NotFound


def _changeable(number: int) -> Kept:
    view = _found(number)
    if not views.may_change(view):
        raise NotFound
    return view


def _created(sent: Mapping[str, Any]) -> Replay:
    entity = _entity(sent.get("entity"))
    _only_known(sent, "entity")
    named = {key: value for key, value in sent.items() if key in sharing.fields()}
    names, shared = sharing.read(entity, named)
    return _answer(views.add(entity, names, shared, _asked(entity, sent, Definition())), 201)


def _changed(view: Kept, sent: Mapping[str, Any]) -> Replay:
    entity, known = catalogue.get(view.entity), sharing.fields()
    _only_known(sent)
    named = {key: sent.get(key, now) for key, now in sharing.stored(view).items() if key in known}
    names, shared = sharing.read(entity, named, view)
    asked = _asked(entity, sent, view.definition) if QUESTION & set(sent) else None
    try:
        views.change(view, bodies.seen_version(), names=names, shared=shared, definition=asked)
    except StaleVersion as stale:
        raise PreconditionFailed(details=stale.details) from stale
    return _answer(view.id, 200)


def _only_known(sent: Mapping[str, Any], *also: str) -> None:
    unknown = set(sent) - QUESTION - {*sharing.fields(), *also}
    if unknown:
        raise Invalid(fields={key: [_l("This field can't be written.")] for key in sorted(unknown)})


def _asked(entity: Entity, sent: Mapping[str, Any], now: Definition) -> Definition:
    """The question as it was sent over the present one, judged by the rights of whoever asks."""
    parts = {**now.to_json(), **{key: sent[key] for key in QUESTION & set(sent)}}
    kinds = {"filters": list, "search": str, "order": str, "columns": list}
    wrong = [key for key, kind in kinds.items() if not isinstance(parts[key], kind)]
    if wrong or not all(isinstance(key, str) for key in parts["columns"]):
        raise Invalid(fields={key: [_l("Not a valid choice.")] for key in wrong or ["columns"]})
    policy = Policy(actor(), entity, "list", in_list=True)
    listing.clauses(policy, listing.Query(tuple(parts["filters"]), parts["search"]))
    listing.ordering(policy, parts["order"])
    layouts.checked(policy, parts["columns"])
    return Definition.from_json(parts)


def _answer(number: int, status: int) -> Replay:
    view = _found(number)
    [body] = _described([view])
    headers = {"ETag": f'"{view.version}"'}
    if status == 201:
        headers["Location"] = here(f"/api/v1/views/{number}")
    return Replay(status, headers, {"id": number, "result": body}, kept={"id": number})


def _described(some: Sequence[Kept]) -> list[dict[str, Any]]:
    people = titles.people({view.owner_id for view in some})
    circle = {
        key: titles.by_ids(catalogue.get(field.to), _circle(some, key))
        for key, field in sharing.CIRCLE.items()
    }
    return [
        {
            "id": view.id,
            "version": view.version,
            "entity": catalogue.get(view.entity).plural,
            "name": view.names[0],
            "name_en": view.names[1],
            "owner": people.get(view.owner_id),
            **_question(view),
            **(_audience(view, circle) if views.may_change(view) else {}),
        }
        for view in some
    ]


def _question(view: Kept) -> dict[str, Any]:
    """What it asks, as far as the caller may ask it."""
    policy, asked = (
        Policy(actor(), catalogue.get(view.entity), "list", in_list=True),
        view.definition,
    )
    if not usable(policy, asked.filters):
        return {}
    return {
        "filters": [*asked.filters],
        "search": asked.search,
        "order": asked.order if sorts(policy, asked.order) else "",
        "columns": [key for key in asked.columns if key in policy.readable],
    }


def _circle(some: Sequence[Kept], key: str) -> set[int]:
    mine = [view for view in some if views.may_change(view)]
    return {one for view in mine for one in getattr(view.shared, key)}


def _audience(view: Kept, names: Mapping[str, Mapping[int, str]]) -> dict[str, Any]:
    """Who may use it, for those who may change that."""
    told = {
        key: [{"id": i, "label": known.get(i, "")} for i in sorted(getattr(view.shared, key))]
        for key, known in names.items()
    }
    return {"audience": view.shared.audience, **told}
