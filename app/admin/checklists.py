"""Checklists of records in the browser and for programs (TASK)."""

from typing import Any, ClassVar

from flask import Response, jsonify, render_template, request
from flask_appbuilder import BaseView, expose
from flask_appbuilder.api import BaseApi
from flask_babel import lazy_gettext as _l

from app.admin import bodies, forms, state, walk
from app.admin.errors import wants_json
from app.admin.once import once
from app.admin.page import go_to, here
from app.admin.record import checklists as shown
from app.admin.record import screen as record_screen
from app.extensions import db
from app.operations import checking
from app.operations.checking import DOING
from app.spec import clock
from app.spec.entity import Entity
from app.spec.errors import BadRequest, Conflict, Invalid
from app.spec.words import either
from app.store import checklists, door
from app.store.checklists import Line
from app.store.idempotency import Replay

ADD, REWORD = "add", "reword"


class ChecklistView(BaseView):
    """``/<plural>/checklist/<pk>``; ``entity`` is set by the subclass."""

    entity: ClassVar[Entity]
    default_view = "check"

    @expose("/checklist/<int:pk>", methods=["POST"])
    def check(self, pk: int) -> Any:
        """Tick, add, reword, move or remove a step; then the record's page again."""
        door.fetch(self.entity, pk, "read", ())
        state.only(request.args, {state.FROM})
        state.only(request.form, {*forms.CONTROL, "do", "line", "text"})
        do, text = request.form.get("do", ADD), request.form.get("text", "")
        if do not in (ADD, REWORD, *DOING):
            raise BadRequest
        line = state.whole(request.form.get("line"), 0)

        def effect() -> Replay:
            _carry_out(self.entity, pk, do, line, text)
            return Replay(302, {}, {})

        try:
            once(request.form.get("form_nonce"), effect)
        except (Invalid, Conflict) as refusal:
            if wants_json():
                raise
            db.session.rollback()
            return _again(self.entity, pk, text if do == ADD else "", refusal), refusal.status
        place = walk.carried(f"/{self.entity.plural}/show/{pk}", request.args) + "#checklist"
        return jsonify({"url": here(place)}) if wants_json() else go_to(place)


def _carry_out(entity: Entity, pk: int, do: str, line: int, text: str) -> None:
    if do == ADD:
        checking.add(entity, pk, text)
    elif do == REWORD:
        checking.reword(entity, pk, line, text)
    else:
        DOING[do](entity, pk, line)


def _again(entity: Entity, pk: int, text: str, refusal: Invalid | Conflict) -> str:
    """The record's page again, with what was typed and what is wrong with it."""
    screen = record_screen.screen(entity, pk, record_screen.Wanted())
    said = [one for some in refusal.fields.values() for one in some] or [refusal.message]
    for panel in screen["panels"]:
        if panel["template"] == shown.TEMPLATE:
            panel |= {"typed": text, "error": str(said[0])}
    return render_template("show.html", screen=screen)


class ChecklistApi(BaseApi):
    """``/api/v1/<plural>/<id>/checklist``; ``entity`` is set by the subclass."""

    entity: ClassVar[Entity]
    csrf_exempt = False
    allow_browser_login = True
    openapi_spec_methods: ClassVar[dict[str, Any]] = {}

    @expose("/<int:pk>/checklist", methods=["GET"])
    def checklist(self, pk: int) -> Response:
        """The steps of a record in their order."""
        door.fetch(self.entity, pk, "read", ())
        bodies.arguments()
        return jsonify(_answer(self.entity, pk))

    @expose("/<int:pk>/checklist", methods=["POST"])
    def add_lines(self, pk: int) -> Response:
        """Add a step, or one for each line of the text; answers all there are then."""
        door.fetch(self.entity, pk, checking.WRITING, ())
        text = _body({"text": str}).get("text", "")

        def added() -> Replay:
            checking.add(self.entity, pk, text)
            return Replay(201, {}, _answer(self.entity, pk))

        answer, is_replay = once(bodies.idempotency_key(), added)
        return bodies.answered(answer, is_replay=is_replay)

    @expose("/<int:pk>/checklist/<int:number>", methods=["PUT"])
    def change_line(self, pk: int, number: int) -> Response:
        """Tick a step (``is_done``), reword it (``text``); answers all there are then."""
        door.fetch(self.entity, pk, "read", ())
        body = _body({"text": str, "is_done": bool})

        def changed() -> Replay:
            if "text" in body:
                checking.reword(self.entity, pk, number, body["text"])
            if "is_done" in body:
                checking.tick(self.entity, pk, number, is_done=body["is_done"])
            return Replay(200, {}, _answer(self.entity, pk))

        answer, is_replay = once(bodies.idempotency_key(), changed)
        return bodies.answered(answer, is_replay=is_replay)

    @expose("/<int:pk>/checklist/<int:number>", methods=["DELETE"])
    def remove_line(self, pk: int, number: int) -> Response:
        """Take a step off the list; answers all there are then."""
        door.fetch(self.entity, pk, checking.WRITING, ())
        bodies.arguments()

        def removed() -> Replay:
            checking.remove(self.entity, pk, number)
            return Replay(200, {}, _answer(self.entity, pk))

        answer, is_replay = once(bodies.idempotency_key(), removed)
        return bodies.answered(answer, is_replay=is_replay)


def _body(known: dict[str, type]) -> dict[str, Any]:
    """The body with nothing but these, each of its type; at least one of them."""
    bodies.arguments()
    body = bodies.json_object()
    wrong: dict[str, list[Any]] = {
        key: [_l("There is no field of that name.")] for key in body if key not in known
    }
    for key, value in body.items():
        if key in known and not isinstance(value, known[key]):
            yes_or_no, text = _l("This must be yes or no."), _l("This must be text.")
            wrong[key] = [yes_or_no if known[key] is bool else text]
    if not body:
        wrong[next(iter(known))] = [_l("This field is required.")]
    if wrong:
        raise Invalid(fields=wrong)
    return body


def _answer(entity: Entity, pk: int) -> dict[str, Any]:
    lines = checklists.of(entity.key, pk)
    done = sum(line.is_done for line in lines)
    return {"count": len(lines), "done": done, "result": [_described(line) for line in lines]}


def _described(line: Line) -> dict[str, Any]:
    by = line.done_by
    who = {"id": by[0], "label": either(*by[2:]), "username": by[1]} if by else None
    at = clock.iso(line.done_at) if line.done_at else None
    return {
        "id": line.id,
        "text": line.text,
        "is_done": line.is_done,
        "done_at": at,
        "done_by": who,
    }
