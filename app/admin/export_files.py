"""Sending the file of an export to whoever made it (EXP-3, C76)."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from flask import Response, send_file, stream_with_context

from app.extensions import db
from app.operations.exporting import files
from app.operations.exporting.drafts import Draft
from app.operations.exporting.table import table_for
from app.spec.catalogue import catalogue
from app.store import exports, history, runs
from app.store.engine import may_write
from app.store.exports import Export

MIME = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}


def sent(number: int) -> Response:
    """The file: a kept one piece by piece, a small one written now, with the rights of now.

    NotFound for everybody but its maker; NotPermitted, or Gone, as ``files.check`` says.
    """
    export = exports.own(number)
    files.check(export)
    return _kept(export) if export.is_kept else _written(export)


def _kept(export: Export) -> Response:
    pieces = stream_with_context(exports.portions(export.operation_id))
    answer = Response(pieces, mimetype=MIME[export.format])
    answer.content_length = export.size
    named = f"attachment; filename*=UTF-8''{quote(export.name)}"
    answer.headers["Content-Disposition"] = named
    about = {"run": export.operation_id, "count": export.count, "sha256": export.sha256}
    with _noting(export):
        history.record_event("export_fetched", subject=export.name, detail=about)
    return answer


def _written(export: Export) -> Response:
    run = runs.under_way(export.operation_id)
    table = table_for(catalogue.get(export.entity), run.params["columns"])
    with Draft(export.format, table, run.id) as draft:
        draft.add(runs.done_ids(run.id))
        draft.finish()
        file = draft.take()
    answer = send_file(
        file,
        mimetype=MIME[export.format],
        as_attachment=True,
        download_name=files.named(export),
    )
    with _noting(export):
        files.note(export, draft.count, draft.digest)
    return answer


@contextmanager
def _noting(export: Export) -> Iterator[None]:
    """Write what a download leaves behind, a line of the audit log and a count; commits."""
    db.session.rollback()
    may_write.set(True)
    yield
    exports.note_fetched(export.operation_id)
    db.session.commit()
