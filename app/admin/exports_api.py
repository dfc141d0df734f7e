"""One's own exports for programs: how they stand, and where their files are (EXP-3)."""

from typing import Any, ClassVar

from flask import Response, jsonify, request
from flask_appbuilder.api import expose

from app.admin import bodies, state
from app.admin.openapi.own import OwnApi
from app.admin.openapi.parts import (
    ID,
    MOMENT,
    TEXT,
    WHOLE,
    Schema,
    maybe,
    operation,
    query,
    record,
    ref,
    several,
)
from app.operations.exporting import files
from app.spec.catalogue import catalogue
from app.store import exports, jobs
from app.store.exports import Export
from app.store.jobs import Job

ON_A_PAGE = 50
STATES = ("ready", "expired", *jobs.STATES)
EXPORT = {
    **dict.fromkeys(("id", "total", "size", "count", "fetched"), WHOLE),
    **dict.fromkeys(("entity", "format", "reason", "name", "sha256"), TEXT),
    "state": TEXT | {"enum": list(STATES)},
    "job_id": maybe(WHOLE),
    "created_at": MOMENT,
    "expires_at": maybe(MOMENT),
    "download": maybe(TEXT),
}


class ExportsApi(OwnApi):
    """``/api/v1/exports/<id>``: one's own only, by the number of the operation."""

    resource_name = "exports"
    schemas: ClassVar[dict[str, Schema]] = {"Export": record(tuple(EXPORT), **EXPORT)}

    @classmethod
    def paths(cls) -> dict[str, Any]:
        base, one = f"/api/v1/{cls.resource_name}", ref("Export")
        page = record(("ids", "result"), ids=several(WHOLE), result=several(one))
        before = query("before", WHOLE, "only older ones than this")
        return {
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
        shown = [described(one, working.get(one.operation_id)) for one in found]
        return jsonify({"ids": [one["id"] for one in shown], "result": shown})

    @expose("/<int:number>", methods=["GET"])
    def get(self, number: int) -> Response:
        """One of them."""
        found = exports.own(number)
        bodies.arguments()
        return jsonify(described(found, jobs.of_runs([number]).get(number)))


def described(export: Export, job: Job | None) -> dict[str, Any]:
    """An export as programs see it."""
    return {
        "id": export.operation_id,
        "entity": catalogue.get(export.entity).plural,
        "format": export.format,
        "total": export.total,
        "reason": export.reason,
        "state": stands(export, job),
        "job_id": job.id if job else None,
        "name": export.name,
        "size": export.size,
        "count": export.count,
        "sha256": export.sha256,
        "fetched": export.fetched,
        "created_at": _instant(export.created_at),
        "expires_at": _instant(export.expires_at),
        "download": files.address(export.operation_id) if export.can_be_fetched else None,
    }


def stands(export: Export, job: Job | None) -> str:
    """``ready`` or ``expired``, or the state of the job that writes it."""
    if export.is_expired:
        return "expired"
    return "ready" if export.can_be_fetched or job is None else job.state


def _instant(moment: Any) -> str | None:
    return moment and moment.strftime("%Y-%m-%dT%H:%M:%SZ")
