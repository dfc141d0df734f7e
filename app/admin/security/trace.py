"""What happened, one JSON line per request, and the number by which support finds it (C57).

The number stands in the answer's ``X-Request-ID``, on the error page, in the history and in the
log. The line holds no query string and no body: they carry customers' names.
"""

import json
import logging
import sys
import time
import uuid

from flask import Flask, Response, g, request

from app.spec import clock

UNTOLD = "/ics/"
"""What stands behind it opens somebody's calendar."""
log = logging.getLogger("crm.request")


def install(app: Flask) -> None:
    """Give every request a number and a line in the log."""
    app.before_request(_start)
    app.after_request(_finish)


def request_id() -> str:
    """The number of the request under way."""
    if "request_id" not in g:
        g.request_id = str(uuid.uuid4())
    number: str = g.request_id
    return number


def log_to_stderr(level: int = logging.INFO) -> None:
    """Let the product's own log lines appear; for programs that serve."""
    logger = logging.getLogger("crm")
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
        logger.propagate = False
    logger.setLevel(level)


def _start() -> None:
    g.started = time.perf_counter()
    g.request_id = str(uuid.uuid4())


def _finish(response: Response) -> Response:
    response.headers["X-Request-ID"] = request_id()
    if log.isEnabledFor(logging.INFO):
        log.info("%s", json.dumps(_line(response)))
    return response


def _path() -> str:
    """Where it was asked; an address that is itself a secret is in no log (EVT)."""
    is_secret = request.path.startswith(UNTOLD)
    return f"{UNTOLD}…" if is_secret else request.path


def _line(response: Response) -> dict[str, object]:
    login = g.get("login")
    seconds = time.perf_counter() - g.get("started", time.perf_counter())
    return {
        "at": clock.now().isoformat(),
        "request_id": request_id(),
        "method": request.method,
        "path": _path()[:500],
        "endpoint": request.endpoint,
        "status": response.status_code,
        "ms": round(seconds * 1000, 1),
        "user": login.user_id if login else None,
        "ip": request.remote_addr,
    }
