"""A request that the database gave up for another one is done again (R10, C87).

Two that lock the same rows crosswise can't both go on: PostgreSQL ends one of them. Nothing of it
was written, so it is simply asked once more from the door on, and the person never hears of it.
"""

import random
import time
from collections.abc import Iterable

from flask import Flask, current_app, has_request_context, request
from flask.typing import ResponseReturnValue
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from app.admin.security import requests
from app.extensions import db

LOST = frozenset({"40001", "40P01"})
"""PostgreSQL: could not serialize; deadlock."""
TIMES = 3
"""How often a request is begun at most."""
PAUSE = 0.1
"""Seconds to wait at most before the first repetition; twice that before the second."""

BEGUN, KEPT = "crm.begun", "crm.kept"
"""In the request's environment: how often it was begun, and whether it has committed anything."""


def install(app: Flask) -> None:
    """Watch which requests have kept something; those are not begun again."""
    app.before_request(_begin)
    event.listen(db.session, "after_commit", _note)


def is_lost(error: Exception) -> bool:
    """Whether another one was preferred, and the request may be begun once more."""
    state = getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None
    if state not in LOST or BEGUN not in request.environ:
        return False
    return not request.environ[KEPT] and request.environ[BEGUN] < TIMES


def begin_again() -> ResponseReturnValue:
    """The answer of the same request, asked from the door on with nothing left of the first time.

    What it raises is answered as ever, so a request that loses three times is told so.
    """
    db.session.rollback()
    requests.go_out(None)
    time.sleep(random.uniform(0, PAUSE * request.environ[BEGUN]))  # noqa: S311 - apart from the other, not secret
    _rewind(file.stream for _name, file in request.files.items(multi=True))
    try:
        answer = current_app.preprocess_request()
        return current_app.dispatch_request() if answer is None else answer
    except Exception as error:  # noqa: BLE001 - handed to the same handlers as the first one
        answered: ResponseReturnValue = current_app.handle_user_exception(error)
        return answered


def _rewind(streams: Iterable[object]) -> None:
    for stream in streams:
        stream.seek(0)  # type: ignore[attr-defined]


def _begin() -> None:
    request.environ[BEGUN] = request.environ.get(BEGUN, 0) + 1
    request.environ[KEPT] = False


def _note(_session: object) -> None:
    if has_request_context():
        request.environ[KEPT] = True
