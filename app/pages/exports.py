"""One's own exports, their files while they are kept, those one decides about (EXP-2, EXP-3)."""

from typing import Any

from flask import Response, render_template, request
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import generate_csrf

from app.admin import cells, export_words, forms, state
from app.admin.job_pages import job_state
from app.admin.manual import explained
from app.admin.once import once
from app.admin.page import Page, expose, go_to
from app.jobs import exporting
from app.operations import reports
from app.operations.exporting import files
from app.operations.exporting.approval import MOST_REMARK
from app.spec.catalogue import catalogue
from app.spec.operation_choices import FILE_FORMAT
from app.spec.operations import EXPORT
from app.store import exports, jobs
from app.store.exports import Export
from app.store.idempotency import Replay
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
        """The newest exports, after those that wait for one's approval."""
        state.only(request.args, {"before"})
        before = state.whole(request.args.get("before"), 0) or None
        found = exports.latest(ON_A_PAGE + 1, before)
        shown, waiting = found[:ON_A_PAGE], [] if before else exports.waiting()
        working = jobs.of_runs([one.operation_id for one in shown])
        names = export_words.names_in([*shown, *waiting])
        last = shown[-1].operation_id if len(found) > len(shown) else 0
        screen = {
            "waiting": [_asked(one, names) for one in waiting],
            "rows": [_row(one, working.get(one.operation_id), names) for one in shown],
            "older_url": f"/exports/?before={last}" if last else "",
            "newest_url": "/exports/" if before else "",
        }
        return render_template("exports.html", screen=screen)

    @expose("/<int:number>/approve", methods=["POST"])
    def approve(self, number: int) -> Response:
        """Let somebody make an export above his limit."""
        return _decided(number, is_approved=True)

    @expose("/<int:number>/reject", methods=["POST"])
    def reject(self, number: int) -> Response:
        """Don't let him."""
        return _decided(number, is_approved=False)


def _decided(number: int, *, is_approved: bool) -> Response:
    def effect() -> Replay:
        exporting.decide(number, request.form.get("remark", ""), is_approved=is_approved)
        return Replay(302, {"Location": "/exports/"}, {"operation_id": number})

    replay, _is_replay = once(request.form.get("form_nonce"), effect)
    return go_to(replay.headers["Location"])


def _asked(export: Export, names: dict[int, str]) -> dict[str, Any]:
    """An export that waits for the reader: who wants how much of what, and why."""
    return _about(export) | {
        "who": names.get(export.actor_id, ""),
        "approve": f"/exports/{export.operation_id}/approve",
        "reject": f"/exports/{export.operation_id}/reject",
        "most": MOST_REMARK,
        "hidden": [("csrf_token", generate_csrf()), ("form_nonce", forms.nonce())],
    }


def _row(export: Export, job: Job | None, names: dict[int, str]) -> dict[str, Any]:
    entity = catalogue.get(export.entity)
    return _about(export) | {
        "notes": [one for one in (export_words.approval(export, names), export.reason) if one],
        "file": export_words.file(export),
        "report_url": reports.address(entity, EXPORT.slug, export.operation_id),
        "download_url": files.address(export.operation_id) if export.can_be_fetched else "",
        "job": job_state(job) if job and job.state != "done" else {},
    }


def _about(export: Export) -> dict[str, Any]:
    return {
        "number": export.operation_id,
        "label": f"{catalogue.get(export.entity).many} · {FILE_FORMAT.text(export.format)}",
        "count": export.count or export.total,
        "reason": export.reason,
        "when": cells.moment(export.created_at),
    }
