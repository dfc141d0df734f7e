"""Telling somebody that a job of his is over, wherever he is by then (NOTE)."""

from app.store import outbox, runs
from app.store.jobs import Job

KIND = "job_ended"
PAGE = "page"
"""The parameter of a job that says where its result stands, when that is no report of a run."""


def tell(job: Job) -> None:
    """One message for each time it ends, in the transaction that closes it."""
    run = runs.under_way(job.operation_id) if job.operation_id else None
    note = {
        "job": job.kind,
        "state": job.state,
        "done": job.done,
        "left_out": job.skipped + job.failed,
        "error": job.error,
        "page": job.parameters.get(PAGE, ""),
        "run": run.id if run else None,
        "operation": run.operation if run else "",
        "entity": run.entity if run else "",
    }
    outbox.tell(KIND, f"{job.id}.{job.finished_at:%Y%m%d%H%M%S}", [(job.actor_id, note)])
