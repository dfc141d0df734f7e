"""Comments on records in the browser and for programs: say, change, take back, mention (NOTE)."""

from collections.abc import Callable
from typing import Any, ClassVar

from flask import Response, jsonify, render_template, request
from flask_appbuilder import BaseView, expose
from flask_appbuilder.api import BaseApi
from flask_babel import lazy_gettext as _l

from app.admin import bodies, forms, state, walk
from app.admin.errors import wants_json
from app.admin.once import once
from app.admin.page import go_to, here
from app.admin.record import comments as shown
from app.admin.record import screen as record_screen
from app.extensions import db
from app.operations import commenting
from app.spec import clock, mentions
from app.spec.entity import Entity
from app.spec.errors import BadRequest, Conflict, Invalid
from app.spec.text import is_storable
from app.store import comments
from app.store.comments import Person, Told
from app.store.idempotency import Replay

REMOVE = "remove"
LONGEST_WORDS = 50


class CommentsView(BaseView):
    """``/<plural>/comment/<pk>``; ``entity`` is set by the subclass."""

    entity: ClassVar[Entity]
    default_view = "comment"

    @expose("/comment/<int:pk>", methods=["POST"])
    def comment(self, pk: int) -> Any:
        """Say something about a record, or change or take back what one said; once."""
        commenting.readable(self.entity, pk)
        state.only(request.args, {state.FROM})
        state.only(request.form, {*forms.CONTROL, "text", "comment", "then"})
        text, number = request.form.get("text", ""), state.whole(request.form.get("comment"), 0)
        effect = _effect(self.entity, pk, number, text)
        try:
            answer, _is_replay = once(request.form.get("form_nonce"), effect)
        except (Invalid, Conflict) as refusal:
            if wants_json():
                raise
            db.session.rollback()
            return _again(self.entity, pk, text, number, refusal), refusal.status
        place = walk.carried(f"/{self.entity.plural}/show/{pk}", request.args)
        place = f"{place}#comment-{answer.body['id']}"
        return jsonify({"url": here(place)}) if wants_json() else go_to(place)

    @expose("/mentions/<int:pk>")
    def mentions(self, pk: int) -> Response:
        """Colleagues who may be mentioned about a record, for words that are being typed."""
        commenting.readable(self.entity, pk)
        state.only(request.args, {"q"})
        words = request.args.get("q", "").strip()
        if len(words) > LONGEST_WORDS or not is_storable(words):
            raise BadRequest(_l("At most %(n)s characters.", n=LONGEST_WORDS))
        found = commenting.candidates(self.entity, pk, words)
        return jsonify(shown.candidates(found))


def _effect(entity: Entity, pk: int, number: int, text: str) -> Callable[[], Replay]:
    """What a posted form does."""

    def written() -> Replay:
        if not number:
            return Replay(302, {}, {"id": commenting.write(entity, pk, text)})
        if request.form.get("then") == REMOVE:
            commenting.remove(entity, pk, number)
        else:
            commenting.change(entity, pk, number, text)
        return Replay(302, {}, {"id": number})

    return written


def _again(entity: Entity, pk: int, text: str, number: int, refusal: Invalid | Conflict) -> str:
    """The record's page again, with what was typed and what is wrong with it."""
    screen = record_screen.screen(entity, pk, record_screen.Wanted())
    said = [one for some in refusal.fields.values() for one in some] or [refusal.message]
    for panel in screen["panels"]:
        if panel["template"] == shown.TEMPLATE:
            panel |= {"typed": "" if number else text, "error": str(said[0])}
    return render_template("show.html", screen=screen)


class CommentsApi(BaseApi):
    """``/api/v1/<plural>/<id>/comments``; ``entity`` is set by the subclass."""

    entity: ClassVar[Entity]
    csrf_exempt = False
    allow_browser_login = True
    openapi_spec_methods: ClassVar[dict[str, Any]] = {}

    @expose("/<int:pk>/comments", methods=["GET"])
    def comments(self, pk: int) -> Response:
        """What was said of a record, the newest first; what is older than comment ``before``."""
        commenting.readable(self.entity, pk)
        found = bodies.arguments(frozenset({"before", "page_size"}))
        size = bodies.page_size(bodies.whole(found, "page_size", bodies.PAGE_SIZE))
        before = bodies.whole(found, "before", 0) or None
        some = comments.page(self.entity.key, pk, before=before, limit=size)
        total = comments.count(self.entity.key, pk)
        return jsonify({"count": total, "result": _described(some)})

    @expose("/<int:pk>/comments", methods=["POST"])
    def say(self, pk: int) -> Response:
        """Say something about a record."""
        commenting.readable(self.entity, pk)
        text = _text()

        def made() -> Replay:
            number = commenting.write(self.entity, pk, text)
            return Replay(201, {}, _answer(self.entity, pk, number))

        answer, is_replay = once(bodies.idempotency_key(), made)
        return bodies.answered(answer, is_replay=is_replay)

    @expose("/<int:pk>/comments/<int:number>", methods=["PUT"])
    def reword(self, pk: int, number: int) -> Response:
        """Put one's own comment otherwise."""
        commenting.readable(self.entity, pk)
        text = _text()

        def changed() -> Replay:
            commenting.change(self.entity, pk, number, text)
            return Replay(200, {}, _answer(self.entity, pk, number))

        answer, is_replay = once(bodies.idempotency_key(), changed)
        return bodies.answered(answer, is_replay=is_replay)

    @expose("/<int:pk>/comments/<int:number>", methods=["DELETE"])
    def take_back(self, pk: int, number: int) -> Response:
        """Delete a comment."""
        commenting.readable(self.entity, pk)
        bodies.arguments()

        def removed() -> Replay:
            commenting.remove(self.entity, pk, number)
            return Replay(200, {}, {"id": number})

        answer, is_replay = once(bodies.idempotency_key(), removed)
        return bodies.answered(answer, is_replay=is_replay)


def _text() -> str:
    """The words of the body; nothing else stands in it."""
    bodies.arguments()
    body = bodies.json_object()
    if unknown := sorted(set(body) - {"text"}):
        raise Invalid(fields={key: [_l("There is no field of that name.")] for key in unknown})
    text = body.get("text")
    if not isinstance(text, str):
        raise Invalid(fields={"text": [_l("This must be text.")]})
    return text


def _answer(entity: Entity, pk: int, number: int) -> dict[str, Any]:
    (one,) = _described([comments.find(entity.key, pk, number)])
    return {"id": number, "result": one}


def _described(found: list[Told]) -> list[dict[str, Any]]:
    """Comments as programs read them: people are named in the text as one types them."""
    people = comments.mentioned(one.text for one in found)
    names = {number: person.username for number, person in people.items()}
    return [
        {
            "id": one.id,
            "text": mentions.typed(one.text, names),
            "author": _person(one.author),
            "mentions": [
                _person(people[number])
                for number in sorted(mentions.numbers(one.text) & people.keys())
            ],
            "written_at": clock.iso(one.written_at),
            "edited_at": clock.iso(one.edited_at) if one.edited_at else None,
            "is_deleted": one.is_deleted,
        }
        for one in found
    ]


def _person(one: Person) -> dict[str, Any]:
    return {"id": one.id, "label": one.label, "username": one.username}
