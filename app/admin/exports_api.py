"""One's own exports for programs: how they stand, and where their files are (EXP-3)."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from flask import Response, jsonify, request
from flask_appbuilder.api import expose

from app.admin import bodies, state
from app.admin.once import once
from app.admin.openapi.own import OwnApi
from app.admin.openapi.parts import (
    ID,
    KEY,
    MOMENT,
    TEXT,
    WHOLE,
    Schema,
    maybe,
    operation,
    query,
    record,
    ref,
    sent,
    several,
)
from app.admin.page import here
from app.jobs import exporting
from app.operations.exporting import files
from app.operations.exporting.approval import MOST_REMARK
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.errors import BadRequest
from app.store import exports, jobs, titles
from app.store.exports import REJECTED, WAITING, Export
from app.store.idempotency import Replay
from app.store.jobs import Job

ON_A_PAGE = 50
STATES = ("waiting", "rejected", "ready", "expired", *jobs.STATES)
EXPORT = {
    **dict.fromkeys(("id", "total", "size", "count", "fetched"), WHOLE),
    **dict.fromkeys(("entity", "format", "reason", "name", "sha256"), TEXT),
    "state": TEXT | {"enum": list(STATES)},
    "approver": maybe(ref("Linked")),
    "remark": TEXT,
    "job_id": maybe(WHOLE),
    "created_at": MOMENT,
    "expires_at": maybe(MOMENT),
    "download": maybe(TEXT),
}
ASKED = {
    **dict.fromkeys(("id", "total"), WHOLE),
    **dict.fromkeys(("entity", "format", "reason"), TEXT),
    "actor": ref("Linked"),
    "created_at": MOMENT,
}


class ExportsApi(OwnApi):
    """``/api/v1/exports/<id>``: one's own only, by the number of the operation."""

    resource_name = "exports"
    schemas: ClassVar[dict[str, Schema]] = {
        "Export": record(tuple(EXPORT), **EXPORT),
        "AskedExport": record(tuple(ASKED), **ASKED),
    }

    @classmethod
    def paths(cls) -> dict[str, Any]:
        base, one = f"/api/v1/{cls.resource_name}", ref("Export")
        page = record(("ids", "result"), ids=several(WHOLE), result=several(one))
        before = query("before", WHOLE, "only older ones than this")
        asked = record(("result",), result=several(ref("AskedExport")))
        remark = sent(record((), remark=TEXT | {"maxLength": MOST_REMARK}))
        decided = record(("id", "approval"), id=WHOLE, approval=TEXT)
        ways = {
            way: operation(f"{way} somebody's export", decided, takes=(KEY,), body=remark)
            for way in ("approve", "reject")
        }
        return {
            **{f"{base}/{{id}}/{way}": {"parameters": [ID], "post": ways[way]} for way in ways},
            f"{base}/waiting": {"get": operation("exports that wait for one's approval", asked)},
            f"{base}/": {"get": operation("one's newest exports", page, takes=(before,))},
            f"{base}/{{id}}": {"parameters": [ID], "get": operation("how an export stands", one)},
        }

    @expose("/", methods=["GET"])
    def get_list(self) -> Response:
        """The newest ones; ``before`` goes on to older ones."""
        state.only(request.args, {"before"})
        before = state.whole(request.args.get("before"), 0) or None
        found = exports.latest(ON_A_PAGE, before)
        working = jobs.of_runs([one.operation_id for one in found])
        people = _people(found)
        shown = [described(one, working.get(one.operation_id), people) for one in found]
        return jsonify({"ids": [one["id"] for one in shown], "result": shown})

    @expose("/<int:number>", methods=["GET"])
    def get(self, number: int) -> Response:
        """One of them."""
        found = exports.own(number)
        bodies.arguments()
        return jsonify(described(found, jobs.of_runs([number]).get(number), _people([found])))

    @expose("/waiting", methods=["GET"])
    def waiting(self) -> Response:
        """Other people's exports that one is to decide about (EXP-2)."""
        bodies.arguments()
        found = exports.waiting()
        people = _people(found)
        return jsonify({"result": [_asked(one, people) for one in found]})

    @expose("/<int:number>/approve", methods=["POST"])
    def approve(self, number: int) -> Response:
        """Let somebody make an export above his limit."""
        return _decided(number, is_approved=True)

    @expose("/<int:number>/reject", methods=["POST"])
    def reject(self, number: int) -> Response:
        """Don't let him."""
        return _decided(number, is_approved=False)


def _decided(number: int, *, is_approved: bool) -> Response:
    bodies.arguments()
    body = bodies.json_object_or_nothing()
    remark = body.get("remark", "")
    if set(body) - {"remark"} or not isinstance(remark, str):
        raise BadRequest

    def effect() -> Replay:
        export = exporting.decide(number, remark, is_approved=is_approved)
        return Replay(200, {}, {"id": number, "approval": export.approval})

    replay, is_replay = once(bodies.idempotency_key(), effect)
    return bodies.answered(replay, is_replay=is_replay)


def _asked(export: Export, people: Mapping[int, dict[str, Any]]) -> dict[str, Any]:
    """An export as whoever decides about it sees it."""
    return {
        "id": export.operation_id,
        "entity": catalogue.get(export.entity).plural,
        "format": export.format,
        "total": export.total,
        "reason": export.reason,
        "actor": people[export.actor_id],
        "created_at": _instant(export.created_at),
    }


def _people(found: Sequence[Export]) -> dict[int, dict[str, Any]]:
    """Whom exports are about: one look-up for all."""
    return titles.people(one for e in found for one in (e.actor_id, e.approver_id) if one)


def described(
    export: Export, job: Job | None, people: Mapping[int, dict[str, Any]]
) -> dict[str, Any]:
    """An export as programs see it."""
    return {
        "id": export.operation_id,
        "entity": catalogue.get(export.entity).plural,
        "format": export.format,
        "total": export.total,
        "reason": export.reason,
        "state": stands(export, job),
        "approver": people.get(export.approver_id or 0),
        "remark": export.remark,
        "job_id": job.id if job else None,
        "name": export.name,
        "size": export.size,
        "count": export.count,
        "sha256": export.sha256,
        "fetched": export.fetched,
        "created_at": _instant(export.created_at),
        "expires_at": _instant(export.expires_at),
        "download": here(files.address(export.operation_id)) if export.can_be_fetched else None,
    }


def stands(export: Export, job: Job | None) -> str:
    """``waiting`` or ``rejected``, ``ready`` or ``expired``, or the state of its job."""
    if export.approval in (WAITING, REJECTED):
        return export.approval
    if export.is_expired:
        return "expired"
    return "ready" if export.can_be_fetched or job is None else job.state


def _instant(moment: Any) -> str | None:
    return clock.iso(moment) if moment else None
