"""The one place where a refusal or a fault becomes an answer (contract §1, R14).

A page for people, JSON for programs; both carry the request id. No SQL, no path, no value of
another row reaches a reader: those are in the log, under the same id.
"""

import logging
from typing import Any

from flask import Flask, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from app.admin import deadlocks
from app.admin.clash import refusal_of
from app.admin.security import trace
from app.admin.security.paths import same_site
from app.extensions import db
from app.spec.errors import (
    REFUSALS,
    BadRequest,
    Invalid,
    Refusal,
    ServerFault,
    StaleVersion,
    StorageFull,
    Unavailable,
)
from app.store.context import current_or_none
from app.store.engine import is_full, may_write
from app.store.history import record_event

log = logging.getLogger("crm.error")


class Busy(Unavailable):
    """Too many wait for the same rows or for the one writer; the same request works in a moment."""

    sentence = _l("The system is busy right now. Nothing was saved; please try again.")


BUSY_STATES = frozenset({"40001", "40P01", "55P03", "57014"})
"""PostgreSQL: could not serialize, deadlock, lock not available, statement took too long."""
BUSY_FILE = ("SQLITE_BUSY", "SQLITE_LOCKED")

HINTS = {
    400: _l("Check the address or go back and try again."),
    401: _l("Log in and try again."),
    403: _l("Ask an administrator if you need it for your work."),
    404: _l("Perhaps it was deleted or handed over, or the address has a typing mistake."),
    409: _l("Load the page again and check what has changed."),
    410: _l("What was changed can still be changed by hand."),
    413: _l("Send less at once."),
    429: _l("Try again in a few minutes."),
    500: _l("Try again; if it stays, tell an administrator the number below."),
    503: _l("Try again in a few seconds."),
    507: _l("Tell an administrator: the server's disk is full."),
}


def install(app: Flask) -> None:
    """Answer every refusal and every fault in the reader's language."""
    app.register_error_handler(Refusal, answer)
    app.register_error_handler(HTTPException, lambda error: answer(_from_http(error)))
    app.register_error_handler(Exception, _faulted)


def _faulted(error: Exception) -> ResponseReturnValue:
    if deadlocks.is_lost(error):
        log.warning("begun again, request %s: %s", trace.request_id(), _cause(error))
        return deadlocks.begin_again()
    return answer(from_fault(error))


def answer(refusal: Refusal) -> Response:
    """The refusal as a page or as JSON, with nothing of the request left in the database."""
    db.session.rollback()
    if refusal.status == 403:
        _note_denied()
    response = _json(refusal) if wants_json() else _page(refusal)
    response.status_code = refusal.status
    response.headers.extend(refusal.headers)
    return response


def wants_json() -> bool:
    """Programs ask under /api/ or say that they take JSON only."""
    if request.path.startswith("/api/"):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"


def body_of(refusal: Refusal) -> dict[str, Any]:
    """The error body of contract §1."""
    return {
        "code": refusal.code,
        "message": str(refusal.message),
        "fields": {key: [str(s) for s in sentences] for key, sentences in refusal.fields.items()},
        "request_id": trace.request_id(),
        **refusal.details,
    }


def _json(refusal: Refusal) -> Response:
    return jsonify(body_of(refusal))


def _page(refusal: Refusal) -> Response:
    screen = {
        "status": refusal.status,
        "title": str(type(refusal).sentence),
        "text": str(refusal.message),
        "hint": str(HINTS.get(refusal.status, "")),
        "back_url": _back_url(),
    }
    return Response(render_template("error.html", screen=screen), mimetype="text/html")


def _back_url() -> str:
    """The page of ours that led here; empty when there is none but this one."""
    came = same_site(request.referrer)
    return came if came and came.partition("?")[0] != request.path else ""


def _note_denied() -> None:
    """A refusal writes nothing but this one line (contract §1, C39)."""
    if current_or_none() is None:
        return
    may_write.set(True)
    record_event("denied", subject=f"{request.method} {request.path}"[:255])
    db.session.commit()


def _from_http(error: HTTPException) -> Refusal:
    """The web framework's own errors as ours."""
    code = error.code or 500
    known = next((kind for kind in REFUSALS if kind.status == code), None)
    if known is None:
        known = BadRequest if code < 500 else ServerFault
    refusal = known.__new__(known)
    Refusal.__init__(refusal)
    allowed = getattr(error, "valid_methods", None)
    refusal.headers = {"Allow": ", ".join(sorted(allowed))} if allowed else {}
    return refusal


def from_fault(error: Exception) -> Refusal:
    """What the database or the program raised, as an answer; details go to the log only."""
    refusal = _from_database(error)
    if isinstance(refusal, ServerFault):
        log.error("unexpected fault, request %s", trace.request_id(), exc_info=error)
    else:
        log.warning("%s, request %s: %s", type(error).__name__, trace.request_id(), _cause(error))
    return refusal


def _cause(error: Exception) -> str:
    """The database's own words without the statement and its values, for the log."""
    return str(getattr(error, "orig", error)).partition("\n")[0][:200]


def _from_database(error: Exception) -> Refusal:
    if is_full(error):
        return StorageFull()
    if isinstance(error, IntegrityError):
        return refusal_of(error)
    if isinstance(error, StaleDataError):
        return StaleVersion()
    if isinstance(error, DataError):
        return Invalid()
    if isinstance(error, PoolTimeout):
        return Busy()
    if isinstance(error, DBAPIError):
        return _from_driver(error)
    return ServerFault()


def _from_driver(error: DBAPIError) -> Refusal:
    """Tell a database that is busy or away from a statement that it can't understand."""
    state = getattr(error.orig, "sqlstate", None) or ""
    name = getattr(error.orig, "sqlite_errorname", None) or ""
    if state in BUSY_STATES or name.startswith(BUSY_FILE):
        return Busy()
    if error.connection_invalidated:
        return Unavailable()
    if isinstance(error, OperationalError) and name != "SQLITE_ERROR":
        return Unavailable()
    return ServerFault()
