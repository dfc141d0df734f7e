"""Imports for programs: one request with the file, or step by step (contract §5 for the shapes)."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from flask import Response, jsonify, request, send_file, stream_with_context
from flask_appbuilder.api import expose
from flask_babel import lazy_gettext as _l

from app.admin import bodies
from app.admin.export_files import MIME
from app.admin.importing import work
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
from app.operations.importing import report
from app.operations.importing.applying import labels_of
from app.operations.importing.plan import told_reason
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import BadRequest, Invalid, UnsupportedType
from app.store import imports
from app.store.context import actor
from app.store.idempotency import Replay
from app.store.imports import Import

LISTED = 1_000
LEFT = ("skipped", "failed")
PARTS = frozenset({"mapping", "options", "dry_run", "sheet"})
KEYS = frozenset({"mapping", "options", "dry_run"})


LINE = record(("line", "code", "reason"), line=WHOLE, code=TEXT, reason=TEXT)
DONE = record(
    ("import_id", "total", "skipped", "failed"),
    **dict.fromkeys(("import_id", "total", "done", "created", "updated"), WHOLE),
    operation_id=maybe(WHOLE),
    skipped=several(LINE),
    failed=several(LINE),
)
REHEARSED = record(
    ("import_id", "dry_run", "total"),
    dry_run=FLAG,
    **dict.fromkeys(("import_id", "total", "created", "updated", "skipped", "failed"), WHOLE),
    reasons=several({"type": "object"}),
    rows=several(LINE),
    sample=several({"type": "object"}),
)
IMPORT = record(
    ("import_id", "entity", "name", "at"),
    **dict.fromkeys(("import_id", "total", "created", "updated", "skipped", "failed"), WHOLE),
    **dict.fromkeys(("entity", "name", "kind", "sha256"), TEXT),
    sheet=maybe(TEXT),
    at=MOMENT,
    operation_id=maybe(WHOLE),
    job_id=maybe(WHOLE),
)


def answer(entity: Entity) -> Response:
    """Take a file and import it, or with ``dry_run`` only say what that would do."""
    if request.mimetype != "multipart/form-data":
        raise UnsupportedType(_l("Send the file as multipart/form-data."))
    if set(request.form) - PARTS or set(request.files) - {"file"}:
        raise BadRequest(_l("The arguments are not understood."))
    dry_run = _flag(request.form.get("dry_run", "false"))
    mapping, options = (_object(request.form.get(key, "{}")) for key in ("mapping", "options"))
    key = bodies.idempotency_key()
    number = work.upload(entity, key and f"{key[:240]}/upload", request.form.get("sheet", ""))
    return _go_on(number, mapping, options, key, dry_run=dry_run)


class ImportsApi(OwnApi):
    """``/api/v1/imports/<id>``: for whoever uploaded the file."""

    resource_name = "imports"
    schemas: ClassVar[dict[str, Schema]] = {
        "Import": IMPORT,
        "ImportOutcome": {"anyOf": [REHEARSED, DONE]},
    }

    @classmethod
    def paths(cls) -> dict[str, Any]:
        if not any(actor().rights.may(entity.key, "import") for entity in catalogue):
            return {}
        base, shape = f"/api/v1/{cls.resource_name}/{{id}}", TEXT | {"enum": ["json", "xlsx"]}
        how = record((), mapping={"type": "object"}, options={"type": "object"}, dry_run=FLAG)
        run = operation(
            "import a file that was uploaded, or say what that would do",
            ref("ImportOutcome"),
            takes=(KEY,),
            body=sent(how),
            becomes_job=True,
        )
        rows = operation(
            "the rows that changed nothing; as xlsx the failed ones, to be mended",
            ref("ImportOutcome"),
            takes=(query("format", shape),),
            file=(MIME["xlsx"],),
        )
        return {
            base: {"parameters": [ID], "get": operation("an uploaded file", ref("Import"))},
            f"{base}/run": {"parameters": [ID], "post": run},
            f"{base}/report": {"parameters": [ID], "get": rows},
        }

    @expose("/<int:number>", methods=["GET"])
    def get(self, number: int) -> Response:
        """The file, how it is mapped, and how far it has got."""
        file = imports.own(number)
        bodies.arguments()
        return jsonify(described(file))

    @expose("/<int:number>/run", methods=["POST"])
    def run(self, number: int) -> Response:
        """Import a file that lies here, or with ``dry_run`` only say what that would do."""
        imports.own(number)
        bodies.arguments()
        body = bodies.json_object()
        dry_run = body.get("dry_run", False)
        mapping, options = body.get("mapping", {}), body.get("options", {})
        given = isinstance(mapping, Mapping) and isinstance(options, Mapping)
        if set(body) - KEYS or not isinstance(dry_run, bool) or not given:
            raise BadRequest(_l("The arguments are not understood."))
        return _go_on(number, mapping, options, bodies.idempotency_key(), dry_run=dry_run)

    @expose("/<int:number>/report", methods=["GET"])
    def report(self, number: int) -> Response:
        """The rows that changed nothing as JSON; the failed ones as xlsx, to be mended."""
        file = imports.own(number)
        wanted = request.args.get("format", "json")
        if set(request.args) - {"format"} or wanted not in ("json", "xlsx"):
            raise BadRequest
        if wanted == "xlsx":
            return failed_rows(file)
        told = stream_with_context(
            _report(number, _counts(file), labels_of(catalogue.get(file.entity)))
        )
        db.session.rollback()  # nothing stays open while its reader takes his time
        return Response(told, mimetype="application/json")


def _go_on(number: int, mapping: Any, options: Any, key: str | None, *, dry_run: bool) -> Response:
    if dry_run:
        work.settle(number, mapping, options)
        found = work.rehearse(number)
        if found is None:
            job = imports.own(number).job_id
            return _accepted({"dry_run": True, "import_id": number, "job_id": job})
        return jsonify({"dry_run": True, "import_id": number, **found})

    def effect() -> Replay:
        work.settle(number, mapping, options)
        file, job = work.run(number)
        db.session.flush()
        if job is None:
            return Replay(200, {}, done(file))
        body = {"job_id": job, "operation_id": file.operation_id, "import_id": file.id}
        return Replay(202, {}, body)

    replay, is_replay = once(key, effect)
    return bodies.answered(replay, is_replay=is_replay)


def _accepted(body: dict[str, Any]) -> Response:
    return bodies.answered(Replay(202, {}, body), is_replay=False)


def done(file: Import) -> dict[str, Any]:
    """The answer to a run at once, whose rows are few."""
    rows: dict[str, list[dict[str, Any]]] = {outcome: [] for outcome in LEFT}
    labels = labels_of(catalogue.get(file.entity))
    for one in imports.lines(file.id, limit=LISTED):
        rows[one.outcome].append(_line(one, labels))
    return {**_counts(file), **rows}


def _report(number: int, counts: dict[str, Any], labels: Mapping[str, str]) -> Iterator[str]:
    """The same as JSON for any number of rows, page by page."""
    yield json.dumps(counts)[:-1]
    for outcome in LEFT:
        yield f', "{outcome}": ['
        comma = ""
        for page in imports.pages(number, outcome):
            told = (json.dumps(_line(one, labels), ensure_ascii=False) for one in page)
            yield comma + ", ".join(told)
            comma = ", "
        yield "]"
    yield "}\n"


def _line(one: Any, labels: Mapping[str, str]) -> dict[str, Any]:
    reason = told_reason(one.code, one.reason, labels)
    return {"line": one.line, "code": one.code, "reason": reason}


def _counts(file: Import) -> dict[str, Any]:
    """``total`` is the sum of the four counts (C79)."""
    return {
        "import_id": file.id,
        "operation_id": file.operation_id,
        "total": file.total,
        "done": file.created + file.updated,
        "created": file.created,
        "updated": file.updated,
    }


def described(file: Import) -> dict[str, Any]:
    """An import as programs see it."""
    return {
        "import_id": file.id,
        "entity": file.entity,
        "name": file.name,
        "kind": file.kind,
        "sheet": file.sheet,
        "sheets": file.sheets,
        "sha256": file.sha256,
        "at": clock.iso(file.at),
        "headings": file.headings,
        "mapping": file.mapping,
        "options": file.options,
        "operation_id": file.operation_id,
        "job_id": file.job_id,
        "rehearsal": file.rehearsal,
        "total": file.total,
        "created": file.created,
        "updated": file.updated,
        "skipped": file.skipped,
        "failed": file.failed,
    }


def failed_rows(file: Import) -> Response:
    """The failed rows as a workbook."""
    target = tempfile.TemporaryFile()  # noqa: SIM115 - sent and closed by the response
    report.write(target, file)
    target.seek(0)
    name = f"failed-{file.id}.xlsx"
    return send_file(target, mimetype=MIME["xlsx"], as_attachment=True, download_name=name)


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise BadRequest(_l("The arguments are not understood."))
    return text == "true"


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise Invalid(_l("The arguments are not understood.")) from None
    if not isinstance(found, dict):
        raise BadRequest(_l("The arguments are not understood."))
    return found
