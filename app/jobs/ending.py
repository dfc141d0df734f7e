"""Telling somebody that a job of his is over, wherever he is by then (NOTE)."""

from flask_babel import gettext as _

from app.jobs.queue import PAGE
from app.operations import reports
from app.spec.catalogue import catalogue
from app.spec.notices import Data, Notice, declare
from app.spec.operations import HAND_OVER
from app.spec.words import Label
from app.store import outbox, runs
from app.store.jobs import Job


def _says(data: Data) -> str:
    values = {
        "what": _work(data),
        "done": f"{data['done']:,}",
        "left_out": f"{data['left_out']:,}",
        "error": data["error"],
    }
    if data["state"] == "failed":
        return str(_("%(what)s: failed after %(done)s records. %(error)s", **values))
    if data["state"] == "cancelled":
        return str(_("%(what)s: cancelled after %(done)s records.", **values))
    return str(_("%(what)s: finished, %(done)s done, %(left_out)s left out.", **values))


def _work(data: Data) -> str:
    if not data["entity"]:
        return str(_("Dry run of an import"))
    return reports.called(catalogue.get(data["entity"]), data["operation"])


def _leads_to(data: Data) -> str:
    if data["page"] or not data["entity"]:
        return data["page"] or "/operations/"
    is_handed = data["job"] == HAND_OVER.slug
    operation = HAND_OVER.slug if is_handed else data["operation"]
    return reports.address(catalogue.get(data["entity"]), operation, data["run"])


ENDED = declare(
    Notice(
        key="job_ended",
        label=Label("Your jobs in the background end", "您的后台任务结束"),
        says=_says,
        leads_to=_leads_to,
    )
)


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
    end = f"{job.id}.{job.state}.{job.finished_at:%Y%m%d%H%M%S}"
    outbox.tell(ENDED, end, [(job.actor_id, note)])
