"""What departments think of records, for programs to read (CUS-5); judging is a bulk operation."""

from typing import Any, ClassVar

from flask import Response, jsonify
from flask_appbuilder import expose
from flask_appbuilder.api import BaseApi

from app.admin import bodies
from app.spec import clock
from app.spec.entity import Entity
from app.spec.errors import NotFound
from app.spec.words import either
from app.store import door, opinions
from app.store.context import actor
from app.store.opinions import Told
from app.store.policy import Policy


class OpinionsApi(BaseApi):
    """``/api/v1/<plural>/<id>/opinions``; ``entity`` is set by the subclass."""

    entity: ClassVar[Entity]
    csrf_exempt = False
    allow_browser_login = True
    openapi_spec_methods: ClassVar[dict[str, Any]] = {}

    @expose("/<int:pk>/opinions", methods=["GET"])
    def opinions(self, pk: int) -> Response:
        """All opinions of a record that its reader may know, newest first.

        What a pool shows its members are columns, not opinions (POOL-1).
        """
        policy = Policy(actor(), self.entity, "read")
        record = door.fetch(self.entity, pk, "read", [self.entity.fields[self.entity.title]])
        if policy.pool_columns(record) is not None:
            raise NotFound
        bodies.arguments()
        found = opinions.given(self.entity.key, pk, tuple(policy.aspects))
        return jsonify({"count": len(found), "result": [_described(one) for one in found]})


def _described(one: Told) -> dict[str, Any]:
    return {
        "id": one.id,
        "aspect": one.aspect,
        "value": one.value,
        "department": _named(one.department),
        "note": one.note,
        "author": _named(one.author),
        "at": clock.iso(one.at),
        "is_current": one.is_current,
        "is_disputed": one.is_disputed,
        "is_taken_back": one.is_taken_back,
    }


def _named(one: tuple[int, str, str]) -> dict[str, Any]:
    return {"id": one[0], "label": either(*one[1:])}
