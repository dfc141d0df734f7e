"""Background jobs for programs: how far one is, cancelling it, letting it go on (contract §5)."""

from collections.abc import Callable
from typing import Any

from flask import Response, jsonify
from flask_appbuilder.api import BaseApi, expose

from app.admin import bodies
from app.admin.once import once
from app.jobs import queue
from app.jobs.kinds import KINDS
from app.spec.errors import BadRequest
from app.store import jobs
from app.store.idempotency import Replay
from app.store.jobs import Job


class JobsApi(BaseApi):
    """``/api/v1/jobs/<id>``: one's own only; everybody else's are not found."""

    resource_name = "jobs"
    csrf_exempt = False
    allow_browser_login = True

    @expose("/<int:number>", methods=["GET"])
    def get(self, number: int) -> Response:
        """How far it is."""
        bodies.arguments()
        return jsonify(described(jobs.own(number)))

    @expose("/<int:number>/cancel", methods=["POST"])
    def cancel(self, number: int) -> Response:
        """Stop after the chunk under way; what is done stays done."""
        return _changed(queue.cancel, number)

    @expose("/<int:number>/retry", methods=["POST"])
    def retry(self, number: int) -> Response:
        """Go on where it failed or was cancelled."""
        return _changed(queue.retry, number)


def _changed(change: Callable[[int], Job], number: int) -> Response:
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
        "download": (job.state == "done" and KINDS[job.kind]().download(job)) or None,
        "error": {"code": job.error_code, "message": job.error} if job.error_code else None,
        "created_at": _instant(job.created_at),
        "finished_at": _instant(job.finished_at),
    }


def _instant(moment: Any) -> str | None:
    return moment and moment.strftime("%Y-%m-%dT%H:%M:%SZ")
