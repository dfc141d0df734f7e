"""What the bench serves: the product, the floor beside it, and a count of statements per answer.

Only the bench's own server process loads this; no other way leads to the floor or the header.
"""

import threading
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from app import create_app
from app.commands.bench import HEADER
from app.commands.bench.floor import make_floor
from app.extensions import db
from app.store.engine import may_write

CONTROL = ("SAVEPOINT", "RELEASE", "ROLLBACK", "PRAGMA", "BEGIN", "COMMIT", "SET ")

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class _Tally(threading.local):
    """The statements of the request that this thread answers."""

    number = 0


_tally = _Tally()


def application() -> Wsgi:
    """The WSGI application for gunicorn or waitress."""
    main = create_app()
    with main.app_context():
        floor = make_floor(main, db.engine)
    event.listen(Engine, "before_cursor_execute", _count)
    return _counted(DispatcherMiddleware(main, {"/bench/floor": _reading(floor)}))


def _count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
    if not statement.lstrip().upper().startswith(CONTROL):
        _tally.number += 1


def _counted(inner: Any) -> Wsgi:
    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        _tally.number = 0

        def begin(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            return start(status, [*headers, (HEADER, str(_tally.number))], *error)

        found: Iterable[bytes] = inner(environ, begin)
        return found

    return answer


def _reading(inner: Wsgi) -> Wsgi:
    """The floor asks by POST, but it only reads: on SQLite it must not queue as a writer."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        token = may_write.set(False)
        try:
            return inner(environ, start)
        finally:
            may_write.reset(token)

    return answer
