"""Background jobs of one's own: progress, cancelling, going on (BULK-3, UI-7)."""

from collections.abc import Callable

from flask import Response, render_template, request
from flask_babel import lazy_gettext as _l

from app.admin import state
from app.admin.job_pages import job_state
from app.admin.manual import explained
from app.admin.page import Page, expose, go_to
from app.admin.undo_pages import report_url, what
from app.extensions import db
from app.jobs import queue
from app.store import jobs, runs
from app.store.jobs import Job
from app.store.runs import OperationRun


class JobsView(Page):
    """``/jobs/``: parts of other pages; the jobs themselves stand in one's list of operations."""

    route_base = "/jobs"
    default_view = "show"

    @expose("/")
    @explained(_l("What is under way stands first in the list of your operations."))
    def show(self) -> Response:
        """The list of one's operations has them."""
        state.only(request.args)
        return go_to("/operations/")

    @expose("/tray")
    def tray(self) -> str:
        """One's jobs under way, for the top bar; asked for again while there are some."""
        state.only(request.args)
        found = jobs.under_way()
        its = {run.id: run for run in runs.of(job.operation_id for job in found)}
        screen = [job_state(job) | _told(job, its.get(job.operation_id or 0)) for job in found]
        return render_template("job_tray.html", screen=screen)

    @expose("/<int:number>/progress")
    def progress(self, number: int) -> str:
        """How far it is: a part of the pages that show it."""
        state.only(request.args)
        return render_template("job_progress.html", screen=job_state(jobs.own(number)))

    @expose("/<int:number>/cancel", methods=["POST"])
    def cancel(self, number: int) -> Response:
        """Stop after the chunk under way."""
        return _changed(queue.cancel, number)

    @expose("/<int:number>/retry", methods=["POST"])
    def retry(self, number: int) -> Response:
        """Go on where it failed or was cancelled."""
        return _changed(queue.retry, number)


def _told(job: Job, run: OperationRun | None) -> dict[str, str]:
    """What the job does, and where its report will be."""
    if run is None:
        return {"report_url": _page(job)}
    return {"title": what(run), "report_url": report_url(run)}


def _page(job: Job) -> str:
    """Where the progress of a job stands that does no run."""
    return str(job.parameters.get(queue.PAGE, "/operations/"))


def _changed(change: Callable[[int], Job], number: int) -> Response:
    """Back to the report of the run. Sent twice, the second finds it changed already: 409."""
    job = change(number)
    run, page = job.operation_id, _page(job)
    db.session.commit()
    return go_to(report_url(runs.own(run)) if run else page)
