"""One's own exports: what was exported, how far it is, the files while they are kept (EXP-3)."""

from typing import Any

from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.admin import cells, state
from app.admin.job_pages import job_state
from app.admin.manual import explained
from app.admin.page import Page, expose
from app.operations.exporting import files
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.operations import FILE_FORMAT
from app.store import exports, jobs
from app.store.exports import Export
from app.store.jobs import Job

ON_A_PAGE = 50


class ExportsView(Page):
    """``/exports/``."""

    route_base = "/exports"
    default_view = "show"

    @expose("/")
    @explained(
        _l(
            "What you exported, newest first. Only you can fetch these files, and only as long as "
            "they are kept and your rights still cover what is in them."
        )
    )
    def show(self) -> str:
        """The newest exports; ``before`` goes on to older ones."""
        state.only(request.args, {"before"})
        before = state.whole(request.args.get("before"), 0) or None
        found = exports.latest(ON_A_PAGE + 1, before)
        shown = found[:ON_A_PAGE]
        working = jobs.of_runs([one.operation_id for one in shown])
        last = shown[-1].operation_id if len(found) > len(shown) else 0
        screen = {
            "rows": [_row(one, working.get(one.operation_id)) for one in shown],
            "older_url": f"/exports/?before={last}" if last else "",
            "newest_url": "/exports/" if before else "",
        }
        return render_template("exports.html", screen=screen)


def _row(export: Export, job: Job | None) -> dict[str, Any]:
    entity = catalogue.get(export.entity)
    return {
        "number": export.operation_id,
        "label": f"{entity.many} · {FILE_FORMAT.text(export.format)}",
        "count": export.count or export.total,
        "reason": export.reason,
        "about": _about(export, job),
        "when": cells.moment(export.created_at),
        "report_url": f"/{entity.plural}/bulk/export/report/{export.operation_id}",
        "download_url": files.address(export.operation_id) if export.can_be_fetched else "",
        "job": job_state(job) if job and job.state != "done" else {},
    }


def _about(export: Export, job: Job | None) -> str:
    """What is to be known of its file."""
    if export.is_expired:
        return _("no longer kept")
    if not export.can_be_fetched:
        return ""
    until = _("until %(when)s", when=f"{clock.local(export.expires_at):%Y-%m-%d %H:%M}")
    size = [_size(export.size)] if export.is_kept else []
    fetched = ngettext("fetched %(num)s time", "fetched %(num)s times", export.fetched)
    return " · ".join([*size, until, *([fetched] if export.fetched else [])])


def _size(size: int) -> str:
    return f"{size / 1_048_576:,.1f} MB" if size >= 1_048_576 else f"{max(size // 1024, 1):,} KB"
