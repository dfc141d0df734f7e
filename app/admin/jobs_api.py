"""Background jobs for programs: how far one is, cancelling it, letting it go on (contract §5)."""

from collections.abc import Callable
from typing import Any, ClassVar

from flask import Response, jsonify
from flask_appbuilder.api import expose

from app.admin import bodies
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
    record,
    ref,
)
from app.admin.page import here
from app.jobs import queue
from app.jobs.kinds import KINDS
from app.spec import clock
from app.spec.errors import BadRequest
from app.store import jobs
from app.store.idempotency import Replay
from app.store.jobs import Job


class JobsApi(OwnApi):
    """``/api/v1/jobs/<id>``: one's own only; everybody else's are not found."""

    resource_name = "jobs"
    schemas: ClassVar[dict[str, Schema]] = {
        "Job": record(
            ("id", "kind", "state", "total", "done"),
            **dict.fromkeys(("id", "total", "done", "skipped", "failed"), WHOLE),
            kind=TEXT,
            state=TEXT | {"enum": list(jobs.STATES)},
            rate=maybe(WHOLE),
            operation_id=maybe(WHOLE),
            download=maybe(TEXT),
            error=maybe(record((), code=TEXT, message=TEXT)),
            created_at=maybe(MOMENT),
            finished_at=maybe(MOMENT),
        )
    }

    @classmethod
    def paths(cls) -> dict[str, Any]:
        base, job = f"/api/v1/{cls.resource_name}/{{id}}", ref("Job")
        stop = operation("stop a job after the chunk under way", job, takes=(KEY,))
        again = operation("go on with a job that failed or was cancelled", job, takes=(KEY,))
        return {
            base: {"parameters": [ID], "get": operation("how far a job is", job)},
            f"{base}/cancel": {"parameters": [ID], "post": stop},
            f"{base}/retry": {"parameters": [ID], "post": again},
        }

    @expose("/<int:number>", methods=["GET"])
    def get(self, number: int) -> Response:
        """How far it is."""
        job = jobs.own(number)
        bodies.arguments()
        return jsonify(described(job))

    @expose("/<int:number>/cancel", methods=["POST"])
    def cancel(self, number: int) -> Response:
        """Stop after the chunk under way; what is done stays done."""
        return _changed(queue.cancel, number)

    @expose("/<int:number>/retry", methods=["POST"])
    def retry(self, number: int) -> Response:
        """Go on where it failed or was cancelled."""
        return _changed(queue.retry, number)


def _changed(change: Callable[[int], Job], number: int) -> Response:
    jobs.own(number)
    bodies.arguments()
    if bodies.json_object_or_nothing():
        raise BadRequest

    def effect() -> Replay:
        return Replay(200, {}, described(change(number)))

    replay, is_replay = once(bodies.idempotency_key(), effect)
    return bodies.answered(replay, is_replay=is_replay)


def described(job: Job) -> dict[str, Any]:
    """The job as contract §5 writes it."""
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "total": job.total,
        "done": job.done,
        "skipped": job.skipped,
        "failed": job.failed,
        "rate": job.rate,
        "operation_id": job.operation_id,
        "download": _download(job),
        "error": {"code": job.error_code, "message": job.error} if job.error_code else None,
        "created_at": _instant(job.created_at),
        "finished_at": _instant(job.finished_at),
    }


def _download(job: Job) -> str | None:
    """Where its file is; a job of a newer version's kind is nothing that this one knows."""
    kind = KINDS.get(job.kind) if job.state == "done" else None
    return (here(kind().download(job)) or None) if kind else None


def _instant(moment: Any) -> str | None:
    return clock.iso(moment) if moment else None
