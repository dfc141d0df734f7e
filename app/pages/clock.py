"""What happens by the clock, when it is due, how it went, and a button to do it now."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import generate_csrf

from app.admin import cells, state
from app.admin.manual import explained
from app.admin.page import Page, expose, go_to
from app.extensions import db
from app.jobs.clock import next_due
from app.pages.settings import SETTINGS
from app.spec.catalogue import catalogue
from app.spec.errors import NotFound
from app.spec.routines import ROUTINES, Routine
from app.store import door, due_runs, titles
from app.store.context import actor
from app.store.due_runs import DueRun
from app.store.history import record_event

KEPT_IN_SIGHT = 10
"""The runs of each routine that the page shows."""


class ClockView(Page):
    """``/clock/``: for whoever sees and changes the settings."""

    route_base = "/clock"
    default_view = "show"

    @expose("/")
    @explained(
        _l(
            "What the product does by itself at certain times. A task that fails is tried again; "
            "after the third failure the admins get a message."
        )
    )
    def show(self) -> str:
        """Every routine with its next and its last runs."""
        door.demand(SETTINGS.key, "list")
        state.only(request.args)
        found: dict[str, list[DueRun]] = defaultdict(list)
        for run in due_runs.latest(KEPT_IN_SIGHT):
            found[run.routine].append(run)
        people = [run.asked_by_id for runs in found.values() for run in runs if run.asked_by_id]
        names, now = titles.by_ids(catalogue.get("user"), people), due_runs.now()
        return render_template(
            "clock.html",
            screen={
                "hidden": [("csrf_token", generate_csrf())],
                "editable": actor().rights.may(SETTINGS.key, "edit"),
                "rows": [_row(one, found[one.key], names, now) for one in ROUTINES.values()],
            },
        )

    @expose("/<key>/run", methods=["POST"])
    def ask(self, key: str) -> Response:
        """Do it now, besides its times; asked for twice within a second, it is done once."""
        door.demand(SETTINGS.key, "edit")
        if key not in ROUTINES:
            raise NotFound
        if due_runs.ask(key):
            record_event("routine_asked", subject=key)
        db.session.commit()
        flash(_("It will be done within a few seconds."), "success")
        return go_to("/clock/")


def _row(
    routine: Routine, runs: list[DueRun], names: dict[int, str], now: datetime
) -> dict[str, Any]:
    due = next_due(routine, now)
    return {
        "key": routine.key,
        "label": str(routine.label),
        "next": cells.moment(due) if due else "",
        "run_url": f"/clock/{routine.key}/run",
        "runs": [_told(routine, run, names) for run in runs],
    }


def _told(routine: Routine, run: DueRun, names: dict[int, str]) -> dict[str, Any]:
    took = run.finished_at - run.started_at if run.finished_at and run.started_at else None
    return {
        "due": cells.moment(run.due_at),
        "state": run.state,
        "words": _words(run),
        "took": _("%(seconds)s s", seconds=took // timedelta(seconds=1)) if took else "",
        "asked_by": names.get(run.asked_by_id or 0, ""),
        "counted": [
            f"{routine.counted[key]}: {number:,}"
            for key, number in run.report.items()
            if number and key in routine.counted
        ],
        "again": cells.moment(run.next_try_at) if run.next_try_at else "",
    }


def _words(run: DueRun) -> str:
    words = {
        "queued": _("Waiting"),
        "running": _("Running"),
        "done": _("Done"),
        "failed": _("Failed (%(error)s)", error=run.error),
    }
    return words[run.state]
