"""Whether a run can be undone, as reports and the list of runs show it (BULK-5, UI-12)."""

from typing import Any

from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf

from app.operations import reports, undoing
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.operations import HAND_OVER, IMPORT, Operation
from app.store import jobs, runs, titles
from app.store.context import actor
from app.store.runs import OperationRun


def undo_state(run: OperationRun) -> dict[str, Any]:
    """What stands beside a run: who undid it, or a button and until when it works."""
    return undo_states([run])[run.id]


def undo_states(found: list[OperationRun]) -> dict[int, dict[str, Any]]:
    """The same of many runs, in three statements; nothing where a job is still at one."""
    by = runs.undone_by(run.id for run in found)
    working = jobs.of_runs([run.id for run in found])
    busy = {number for number, job in working.items() if job.state in jobs.OPEN}
    names = titles.by_ids(catalogue.get("user"), {run.actor_id or 0 for run in by.values()})
    return {run.id: {} if run.id in busy else _state(run, by.get(run.id), names) for run in found}


def _state(run: OperationRun, by: OperationRun | None, names: dict[int, str]) -> dict[str, Any]:
    if by is not None:
        who, when = names.get(by.actor_id or 0, ""), clock.shown(by.at)
        text = _("Undone by %(name)s on %(when)s", name=who, when=when)
        return {"text": text, "url": report_url(by)}
    verb = undoing.taken_back_as(run)
    is_handed = run.operation == HAND_OVER.slug  # its page says who may
    may = is_handed or (verb is not None and actor().rights.may(run.entity, verb.slug))
    if not may or not undoing.can_be_undone(run):
        return {}
    own = f"/{catalogue.get(run.entity).plural}/hand-over/undo/{run.id}"
    return {
        "action": own if is_handed else f"/operations/{run.id}/undo",
        "hidden": [("csrf_token", generate_csrf())],
        "until": _("until %(when)s", when=clock.shown(undoing.ends_at(run))),
    }


def verb_of(run: OperationRun) -> Operation | None:
    """The operation of a run; None for one that its kind of record has no more."""
    return reports.verb_of(catalogue.get(run.entity), run.operation)


def what(run: OperationRun) -> str:
    """The operation and the kind of its records, as "Transfer · Customers"."""
    return reports.called(catalogue.get(run.entity), run.operation)


def report_url(run: OperationRun) -> str:
    """The page with what became of each row of a run."""
    entity = catalogue.get(run.entity)
    if run.operation == undoing.UNDO.slug and run.params.get("operation") == HAND_OVER.slug:
        return reports.address(entity, HAND_OVER.slug, run.id)
    if run.operation == IMPORT.slug:
        return f"/{entity.plural}/import/{run.selection[IMPORT.slug]}"
    return reports.address(entity, run.operation, run.id)
