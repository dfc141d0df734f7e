"""Handing over everything that a leaver has or is part of: form, preview, run, report (XFER-6)."""

import io
from typing import Any

from flask import Response, render_template, request, send_file
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.admin import state
from app.admin.export_files import MIME
from app.admin.forms import CONTROL
from app.admin.manual import explained
from app.admin.once import once
from app.admin.page import Page, expose, go_to
from app.admin.undo_pages import report_url
from app.extensions import db
from app.jobs import bulk
from app.operations import engine, undoing
from app.operations.exporting import books
from app.operations.handing_over import running
from app.operations.handing_over.places import PEOPLE, book, way
from app.operations.handing_over.taking_back import BACK, may_undo, part_of
from app.operations.outcome import told
from app.operations.registry import behaviour
from app.operations.selection import Selection
from app.pages.hand_over import reading, screen
from app.spec.catalogue import catalogue
from app.spec.errors import Conflict, Invalid, NotFound
from app.spec.operations import ENABLE, HAND_OVER
from app.store import access, hand_overs, runs, titles
from app.store.idempotency import Replay
from app.store.runs import OperationRun


class HandOverView(Page):
    """``/users/hand-over/<id>``."""

    route_base = "/users/hand-over"
    default_view = "show"

    @expose("/<int:pk>", methods=["GET", "POST"])
    @explained(
        _l(
            "Everything that somebody has or is part of goes to others: leads, customers, open "
            "tasks and coming events, seats in teams and pools, people and departments. Choose "
            "who receives it and how each kind is split; what hangs on a record goes with it. "
            "Nothing is written before you confirm, and one undo brings all of it back."
        )
    )
    def show(self, pk: int) -> str | Response | tuple[str, int]:
        """The book and the form; POST looks ahead, then hands over."""
        me = way(pk)
        if request.method == "GET":
            state.only(request.args, {"to", "disable"})
            to = reading.chosen(request.args.getlist("to"))
            sent = reading.Sent(to, {}, {}, disables=bool(request.args.get("disable")))
            return _shown(screen.form(me, book(me), sent))
        try:
            sent = reading.read(request.form)
            if request.form.get("step") == "run":
                return _run(me, sent)
            if request.form.get("step") == "preview":
                found = running.preview(me, sent.wish())
                db.session.rollback()
                return _shown(screen.preview(me, found, sent))
            return _shown(screen.form(me, book(me), sent))
        except Invalid as refusal:
            db.session.rollback()
            to = tuple(state.whole(one, 0) for one in request.form.getlist("to") if one.isdigit())
            again = screen.form(me, book(me), reading.Sent(to, {}, {}), errors=_said(refusal))
            return _shown(again), refusal.status

    @expose("/report/<int:number>")
    @explained(_l("What became of everything that somebody had, and the button to undo it."))
    def report(self, number: int) -> str:
        """What has become of everything."""
        return _shown(screen.report(_own(number)))

    @expose("/report/<int:number>/rows")
    def rows(self, number: int) -> Response:
        """What became of each thing, as a workbook (BULK-4)."""
        return _file(_own(number))

    @expose("/undo/<int:number>", methods=["GET", "POST"])
    @explained(
        _l("Everything goes back to whom it was, but what somebody changed meanwhile stays.")
    )
    def undo(self, number: int) -> str | Response | tuple[str, int]:
        """Ask, then take all of it back; the account is enabled only when that is ticked."""
        run = _own(number)
        may_undo(run)
        if request.form.get("step") != "run":
            return _shown(screen.undoing(run))
        state.only(request.form, {*CONTROL, "enable"})
        try:
            replay, _is_replay = once(request.form.get("form_nonce"), lambda: _undone(run))
        except Conflict as refusal:
            db.session.rollback()
            again = screen.undoing(runs.own(number), errors=[refusal.message])
            return _shown(again), refusal.status
        return go_to(replay.headers["Location"])


def _shown(found: dict[str, Any]) -> str:
    return render_template("hand_over.html", screen=found)


def _said(refusal: Invalid) -> list[Any]:
    return [one for some in refusal.fields.values() for one in some]


def _run(me: Any, sent: reading.Sent) -> Response:
    def effect() -> Replay:
        outcome = running.begin(me, sent.wish())
        bulk.deferred(outcome)
        number = outcome.operation_id
        path = f"/users/hand-over/report/{number}"
        return Replay(302, {"Location": path}, {"operation_id": number})

    replay, _is_replay = once(request.form.get("form_nonce"), effect)
    return go_to(replay.headers["Location"])


def _own(number: int) -> OperationRun:
    """One's own hand-over, or the undo of one; NotFound for anything else."""
    run = runs.own(number, PEOPLE)
    if run.operation not in (HAND_OVER.slug, BACK):
        raise NotFound
    hand_overs.of(run.id)
    return run


def _undone(run: OperationRun) -> Replay:
    person = hand_overs.of(run.id).person_id
    if request.form.get("enable") and not access.is_active(person):
        people = catalogue.get(PEOPLE)
        does = behaviour(ENABLE.slug)
        enabled = engine.run(does, people, Selection(ids=(person,)), {}, dry_run=False)
        if not enabled.done:
            raise Conflict(enabled.skipped[0].reason)
    outcome = undoing.undo(run.id, dry_run=False)
    bulk.deferred(outcome)
    path = report_url(runs.own(outcome.operation_id or 0))
    return Replay(302, {"Location": path}, {"operation_id": outcome.operation_id})


def _file(run: OperationRun) -> Response:
    target = io.BytesIO()
    made = books.new(target, constant_memory=True)
    sheet = made.add_worksheet()
    head = (_("Kind"), _("Number"), _("Record"), _("Receiver"), _("Outcome"), _("Reason"))
    words = {"done": _("done"), "skipped": _("skipped"), runs.PENDING: _("not done")}
    for column, text in enumerate(head):
        sheet.write_string(0, column, text)
    items = hand_overs.items(run.id)
    people = titles.by_ids(catalogue.get(PEOPLE), {i.receiver_id for i in items if i.receiver_id})
    wanted: dict[str, list[int]] = {}
    for item in items:
        wanted.setdefault(item.place.partition(":")[0], []).append(item.record_id)
    known = {
        (key, number): title
        for key, ids in wanted.items()
        for number, title in titles.by_ids(catalogue.get(key), ids).items()
    }
    for line, item in enumerate(items, 1):
        key = item.place.partition(":")[0]
        sheet.write_string(line, 0, str(part_of(item.place)))
        sheet.write_number(line, 1, item.record_id)
        sheet.write_string(line, 2, known.get((key, item.record_id), ""))
        sheet.write_string(line, 3, people.get(item.receiver_id or 0, ""))
        sheet.write_string(line, 4, words.get(item.outcome, item.outcome))
        sheet.write_string(line, 5, told(item.code, item.reason))
    sheet.freeze_panes(1, 0)
    made.close()
    target.seek(0)
    name = f"hand-over-{run.id}.xlsx"
    return send_file(target, mimetype=MIME["xlsx"], as_attachment=True, download_name=name)
