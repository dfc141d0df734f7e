"""Short transactions beside the request's own: they hold whatever becomes of the request.

Counting an attempt to log in, noting that a session is alive, reading the session itself. Never
open one while the request's transaction is writing: on SQLite there is one writer at a time.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from app.extensions import db
from app.store.engine import be_patient, may_write


@contextmanager
def writing(*, is_patient: bool = False) -> Iterator[Connection]:
    """A connection in a transaction that commits at the end, also while answering a GET.

    With ``is_patient`` a statement may take longer than those of a request.
    """
    token = may_write.set(True)
    try:
        with db.engine.begin() as connection:
            if is_patient:
                be_patient(connection)
            yield connection
    finally:
        may_write.reset(token)


@contextmanager
def looking() -> Iterator[Connection]:
    """The request's own connection while it only reads, else one that waits for no writer."""
    if may_write.get():
        with reading() as connection:
            yield connection
    else:
        yield db.session.connection()


@contextmanager
def reading() -> Iterator[Connection]:
    """A connection that only reads, and so waits for no writer."""
    token = may_write.set(False)
    try:
        with db.engine.connect() as connection:
            yield connection
    finally:
        may_write.reset(token)
