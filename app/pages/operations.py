"""One's own bulk runs, and the way to take one back (BULK-5, BULK-9)."""

from typing import Any

from flask import Response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import generate_csrf

from app.admin import cells, forms, state
from app.admin.bulk.frame import frame
from app.admin.bulk.rehearsal import expected
from app.admin.job_pages import job_state
from app.admin.manual import explained
from app.admin.once import once
from app.admin.page import Page, expose, go_to
from app.admin.undo_pages import report_url, undo_states, verb_of, what
from app.jobs import bulk
from app.operations import undoing
from app.operations.undoing import UNDO
from app.spec.catalogue import catalogue
from app.store import jobs, runs
from app.store.idempotency import Replay
from app.store.jobs import Job
from app.store.runs import OperationRun

ON_A_PAGE = 50


class OperationsView(Page):
    """``/operations/``: what one has done to many records at once."""

    route_base = "/operations"
    default_view = "show"

    @expose("/")
    @explained(
        _l(
            "What you did to many records at once, newest first, with the report of each. What "
            "can still be undone has a button; records that somebody changed meanwhile stay."
        )
    )
    def show(self) -> str:
        """The newest runs; ``before`` goes on to older ones."""
        state.only(request.args, {"before"})
        before = state.whole(request.args.get("before"), 0) or None
        found = runs.latest(ON_A_PAGE + 1, before)
        shown = found[:ON_A_PAGE]
        states = undo_states(shown)
        working = jobs.of_runs([run.id for run in shown])
        screen = {
            "rows": [_row(run, working.get(run.id)) | {"undo": states[run.id]} for run in shown],
            "older_url": f"/operations/?before={shown[-1].id}" if len(found) > len(shown) else "",
            "newest_url": "/operations/" if before else "",
        }
        return render_template("operations.html", screen=screen)

    @expose("/<int:number>/undo", methods=["POST"])
    @explained(
        _l(
            "First look at what would go back and what stays because somebody changed it "
            "meanwhile. Nothing is written before you confirm."
        )
    )
    def undo(self, number: int) -> str | Response:
        """What would go back; confirmed, it does."""
        run = runs.own(number)
        if request.form.get("step") == "run":
            return self._undone(number)
        return _preview(run, undoing.undo(number, dry_run=True))

    @staticmethod
    def _undone(number: int) -> Response:
        def effect() -> Replay:
            outcome = undoing.undo(number, dry_run=False)
            bulk.deferred(outcome)
            path = report_url(runs.own(outcome.operation_id or 0))
            return Replay(302, {"Location": path}, {"operation_id": outcome.operation_id})

        replay, _is_replay = once(request.form.get("form_nonce"), effect)
        return go_to(replay.headers["Location"])


def _row(run: OperationRun, job: Job | None) -> dict[str, Any]:
    verb = verb_of(run)
    return {
        "number": run.id,
        "label": what(run),
        "icon": (verb and verb.icon) or "point",
        "when": cells.moment(run.at),
        "total": run.total,
        "done": run.done,
        "skipped": run.skipped + run.failed,
        "report_url": report_url(run),
        "job": job_state(job) if job and job.state != "done" else {},
    }


def _preview(run: OperationRun, outcome: Any) -> str:
    entity = catalogue.get(run.entity)
    undone = verb_of(run)
    screen = frame(entity, UNDO, "preview") | {
        "title": _("Undo: %(operation)s", operation=undone.label if undone else run.operation),
        "action": f"/operations/{run.id}/undo",
        "back_url": report_url(run),
        "scope": _("What goes back to what it was, and what stays."),
        "hidden": [
            ("csrf_token", generate_csrf()),
            ("step", "run"),
            ("form_nonce", forms.nonce()),
        ],
        "preview": expected(entity, UNDO, outcome),
    }
    return render_template("bulk.html", screen=screen)
