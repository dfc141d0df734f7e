"""The report of a run: what it did, how far its job is, and where to go from there."""

from typing import Any

from flask_babel import gettext as _

from app.admin import again, export_words
from app.admin.bulk.frame import back_url, frame
from app.admin.bulk.rehearsal import SHOWN
from app.admin.job_pages import job_state
from app.admin.undo_pages import report_url, undo_state
from app.operations import reports
from app.operations.exporting import files
from app.operations.outcome import told
from app.operations.undoing import UNDO
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.operations import EXPORT, RECYCLE, Operation
from app.spec.words import either
from app.store import door, exports, history, jobs, recycling_runs, runs, titles
from app.store.context import operating, system_scope
from app.store.runs import OperationRun


def report_screen(entity: Entity, slug: str, number: int) -> dict[str, Any]:
    """The report of a run of one's own; NotFound for anybody else's."""
    run = runs.own(number, entity.key, slug)
    verb = reports.verb_of(entity, slug)
    assert verb is not None  # noqa: S101 - a stored run has its operation
    left = runs.items(number, "skipped", SHOWN)
    asked = slug if verb.rows == "binned" else "read"
    with operating(asked, entity.key, pools=True):
        names = titles.by_ids(entity, [item.record_id for item in left])
    ids = run.selection.get("ids", ())
    job = jobs.of_runs([number]).get(number)
    is_open = job is not None and job.state in jobs.OPEN
    return frame(entity, verb, "report") | {
        "is_by_itself": verb is RECYCLE,
        "back_url": back_url(entity, verb, ids if door.within(entity, ids[:1], "read") else ()),
        "report": {
            "done": run.done,
            "url": report_url(run),
            "job": job_state(job) if job and job.state != "done" else {},
            "skipped": [
                {
                    "label": names.get(item.record_id, str(item.record_id)),
                    "reason": told(item.code, item.reason),
                    "url": ""
                    if verb.rows == "binned"
                    else f"/{entity.plural}/show/{item.record_id}",
                }
                for item in left
            ],
            "skipped_count": run.skipped,
            "failed": [],
            **({} if is_open else _links(entity, verb, run)),
            **({"note": _night(number)} if verb is RECYCLE else {}),
        },
    }


def _went_along(entity: Entity, run: OperationRun) -> list[dict[str, Any]]:
    """How many other records were written with these, kind by kind, as the history tells it."""
    kinds = dict.fromkeys(child.entity for child in entity.children)
    counts = history.counts_of_run(run.id, kinds) if kinds else {}
    went = [(catalogue.get(key).many, counts[key]) for key in kinds if key in counts]
    return [{"count": n, "text": str(many)} for many, n in went]


def _night(operation: int) -> str:
    """Which pool it was, in which night, and what it was like (POOL-10)."""
    with system_scope("whoever may see the report is told whose it is"):
        night = recycling_runs.told_by(operation)
        names = recycling_runs.names_of(night.pool_id)
    return _(
        "%(pool)s, the night of %(day)s: %(examined)s examined, %(recycled)s recycled, "
        "%(warned)s warned of.",
        pool=either(*names),
        day=night.day.isoformat(),
        examined=f"{night.examined:,}",
        recycled=f"{night.recycled:,}",
        warned=f"{night.warned:,}",
    )


def _links(entity: Entity, verb: Operation, run: OperationRun) -> dict[str, Any]:
    """Where to go from the report of a run that is over."""
    api = f"/api/v1/operations/{run.id}"
    if verb is EXPORT:
        export = exports.find(run.id)
        is_there = export is not None and export.can_be_fetched
        names = export_words.names_in([export]) if export else {}
        return {
            "download_url": files.address(run.id) if is_there else "",
            "note": export_words.approval(export, names) if export else "",
        }
    return {
        "along": _went_along(entity, run),
        "undo": undo_state(run),
        "again": {} if verb is UNDO else again.button(entity, verb, run),
        "download_url": f"{api}/report?format=xlsx",
        "json_url": f"{api}/report?format=json",
    }
