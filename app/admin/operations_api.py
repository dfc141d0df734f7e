"""Bulk runs for their doers: the counts, the report per row, the exported file (contract §5)."""

import itertools
import json
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from flask import Response, jsonify, request, send_file, stream_with_context
from flask_appbuilder.api import expose
from flask_babel import gettext as _

from app.admin import bodies, export_files
from app.admin.bulk import api as bulk_api
from app.admin.export_files import MIME
from app.admin.once import once
from app.admin.openapi.own import OwnApi
from app.admin.openapi.parts import (
    FLAG,
    ID,
    KEY,
    MOMENT,
    TEXT,
    WHOLE,
    Schema,
    maybe,
    operation,
    query,
    record,
    ref,
    sent,
    several,
)
from app.extensions import db
from app.jobs import bulk
from app.operations import undoing
from app.operations.exporting import books
from app.operations.outcome import told
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.errors import BadRequest
from app.store import exports, runs, titles
from app.store.idempotency import Replay
from app.store.runs import OperationRun

RUN = {
    **dict.fromkeys(("operation_id", "total", "done", "skipped", "failed"), WHOLE),
    **dict.fromkeys(("operation", "entity"), TEXT),
    "at": MOMENT,
}
UNDOING = {"undoes": maybe(WHOLE), "undone_by": maybe(WHOLE), "undo_until": maybe(MOMENT)}
VERDICT = record(("id", "outcome"), id=WHOLE, outcome=TEXT, code=TEXT, reason=TEXT)


class OperationsApi(OwnApi):
    """``/api/v1/operations/<id>``: for the doer and super admins only."""

    resource_name = "operations"
    schemas: ClassVar[dict[str, Schema]] = {
        "Operation": record(tuple(RUN), **RUN, **UNDOING),
        "OperationReport": record((*RUN, "rows"), **RUN, rows=several(VERDICT)),
    }

    @classmethod
    def paths(cls) -> dict[str, Any]:
        base, shape = f"/api/v1/{cls.resource_name}/{{id}}", TEXT | {"enum": ["json", "xlsx"]}
        rows = operation(
            "what became of each row",
            ref("OperationReport"),
            takes=(query("format", shape),),
            file=(MIME["xlsx"],),
        )
        undo = operation(
            "take a run back, or say what that would do",
            ref("Outcome"),
            takes=(KEY,),
            body=sent(record((), dry_run=FLAG)),
            becomes_job=True,
        )
        return {
            base: {"parameters": [ID], "get": operation("a run's counts", ref("Operation"))},
            f"{base}/report": {"parameters": [ID], "get": rows},
            f"{base}/undo": {"parameters": [ID], "post": undo},
            f"{base}/file": {
                "parameters": [ID],
                "get": operation(
                    "the exported file", file=tuple(kind.split(";")[0] for kind in MIME.values())
                ),
            },
        }

    @expose("/<int:number>", methods=["GET"])
    def get(self, number: int) -> Response:
        """The run with its counts."""
        run = runs.own(number)
        return jsonify(_described(run) | _undone(run))

    @expose("/<int:number>/report", methods=["GET"])
    def report(self, number: int) -> Response:
        """What became of each row, as JSON or xlsx."""
        run = runs.own(number)
        wanted = request.args.get("format", "json")
        if set(request.args) - {"format"} or wanted not in ("json", "xlsx"):
            raise BadRequest
        if wanted == "xlsx":
            return _report_file(run)
        rows = _report_json(number, _described(run), _outcomes(number))
        told = stream_with_context(rows)
        db.session.rollback()  # nothing stays open while its reader takes his time
        return Response(told, mimetype="application/json")

    @expose("/<int:number>/undo", methods=["POST"])
    def undo(self, number: int) -> Response:
        """Take a run back, or say what that would do; answers like a bulk run (BULK-5)."""
        entity = catalogue.get(runs.own(number).entity)
        bodies.arguments()
        body = bodies.json_object_or_nothing()
        dry_run = body.get("dry_run", False)
        if set(body) - {"dry_run"} or not isinstance(dry_run, bool):
            raise BadRequest
        if dry_run:
            return jsonify(bulk_api.rehearsed(entity, undoing.undo(number, dry_run=True)))

        def effect() -> Replay:
            outcome = undoing.undo(number, dry_run=False)
            return bulk_api.ran(undoing.UNDO.slug, outcome, bulk.deferred(outcome))

        replay, is_replay = once(bodies.idempotency_key(), effect)
        return bodies.answered(replay, is_replay=is_replay)

    @expose("/<int:number>/file", methods=["GET"])
    def file(self, number: int) -> Response:
        """The file of one's own export, with the rights of now (C76)."""
        bodies.arguments()
        return export_files.sent(number)


def _described(run: OperationRun) -> dict[str, Any]:
    return {
        "operation_id": run.id,
        "operation": run.operation,
        "entity": run.entity,
        "at": clock.iso(run.at),
        "total": run.total,
        "done": run.done,
        "skipped": run.skipped,
        "failed": run.failed,
    }


def _undone(run: OperationRun) -> dict[str, Any]:
    """Whether and until when it can be undone, and by which run it was."""
    by = runs.undone_by([run.id]).get(run.id)
    open_until = undoing.ends_at(run) if by is None and undoing.can_be_undone(run) else None
    return {
        "undoes": run.undoes_id,
        "undone_by": by.id if by else None,
        "undo_until": clock.iso(open_until) if open_until else None,
    }


def _outcomes(number: int) -> dict[str, str]:
    """How rows still to be done are told: the file of an export has them all, once it is there."""
    return {runs.PENDING: "done"} if exports.is_written(number) else {}


def _report_json(
    number: int, described: dict[str, Any], outcomes: Mapping[str, str]
) -> Iterator[str]:
    """The report as JSON, page by page: it may have a million rows."""
    yield json.dumps(described)[:-1] + ', "rows": ['
    comma = ""
    for page in runs.verdicts(number):
        rows = (
            {
                "id": r.record_id,
                "outcome": outcomes.get(r.outcome, r.outcome),
                "code": r.code,
                "reason": told(r.code, r.reason),
            }
            for r in page
        )
        yield comma + ", ".join(json.dumps(row, ensure_ascii=False) for row in rows)
        comma = ", "
    yield "]}\n"


def _report_file(run: OperationRun) -> Response:
    """The report as a workbook (BULK-4)."""
    entity = catalogue.get(run.entity)
    target = tempfile.TemporaryFile()  # noqa: SIM115 - sent and closed by the response
    book = books.new(target, constant_memory=True)
    sheet = book.add_worksheet()
    head = [_("Number"), str(entity.one), _("Outcome"), _("Reason")]
    words = {"done": _("done"), "skipped": _("skipped"), "failed": _("failed")}
    words["pending"] = _("not done")
    outcomes = _outcomes(run.id)
    for column, text in enumerate(head):
        sheet.write_string(0, column, text)
    lines = itertools.count(1)
    for page in runs.verdicts(run.id):
        names = titles.by_ids(entity, [row.record_id for row in page])
        for row, line in zip(page, lines, strict=False):
            sheet.write_number(line, 0, row.record_id)
            sheet.write_string(line, 1, names.get(row.record_id, ""))
            outcome = outcomes.get(row.outcome, row.outcome)
            sheet.write_string(line, 2, words.get(outcome, outcome))
            sheet.write_string(line, 3, told(row.code, row.reason))
    sheet.freeze_panes(1, 0)
    book.close()
    target.seek(0)
    return send_file(
        target,
        mimetype=MIME["xlsx"],
        as_attachment=True,
        download_name=f"report-{run.id}.xlsx",
    )
