"""What the database's own faults are called: busy, away, or a defect of ours."""

from collections.abc import Callable
from threading import Event, Thread

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.admin.errors import Busy, from_fault
from app.extensions import db
from app.spec.errors import ServerFault, Unavailable
from app.store.engine import may_write
from tests.support.worlds import World


def _fault(*statements: str) -> DBAPIError:
    """What the last statement raises, on a connection of its own that is thrown away."""
    with db.engine.connect() as connection:
        for statement in statements[:-1]:
            connection.exec_driver_sql(statement)
        with pytest.raises(DBAPIError) as raised:
            connection.execute(text(statements[-1]))
        connection.invalidate()
    return raised.value


@pytest.fixture
def while_another_writes(world: World) -> Callable[[Callable[[], DBAPIError]], DBAPIError]:
    """Look while another connection holds the first role's row (on SQLite: the whole file)."""

    def look(ask: Callable[[], DBAPIError]) -> DBAPIError:
        held, seen = Event(), Event()

        def hold() -> None:
            with world.app.app_context(), db.engine.begin() as connection:
                connection.execute(text("UPDATE role SET version = version WHERE id = 1"))
                held.set()
                seen.wait(20)

        other = Thread(target=hold)
        other.start()
        assert held.wait(20)
        try:
            return ask()
        finally:
            seen.set()
            other.join(20)

    return look


def test_waiting_for_a_row_too_long_is_busy(
    world: World, while_another_writes: Callable[[Callable[[], DBAPIError]], DBAPIError]
) -> None:
    """A deadlock and an exhausted pool are the same to a reader: again in a moment."""
    change = "UPDATE role SET version = version WHERE id = 1"
    patience = "SET LOCAL lock_timeout = '100ms'"
    if world.server.kind == "sqlite":
        patience = "PRAGMA busy_timeout = 100"
    with world.app.app_context():
        refusal = from_fault(while_another_writes(lambda: _impatient(patience, change)))
    assert isinstance(refusal, Busy)
    assert (refusal.status, refusal.code) == (503, "unavailable")
    assert refusal.headers["Retry-After"]


def _impatient(patience: str, change: str) -> DBAPIError:
    token = may_write.set(False)
    try:
        return _fault(patience, change)
    finally:
        may_write.reset(token)


def test_a_writer_whose_turn_never_comes_is_busy(
    world: World,
    while_another_writes: Callable[[Callable[[], DBAPIError]], DBAPIError],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SQLite: it waits its whole patience, is refused, and its connection is as good as before.

    On PostgreSQL a transaction begins at once, whoever writes.
    """
    monkeypatch.setattr("app.store.engine.PATIENCE", 0.3)
    with world.app.app_context():
        if world.server.kind == "postgresql":
            with pytest.raises(pytest.fail.Exception):
                while_another_writes(_begin)
            return
        assert isinstance(from_fault(while_another_writes(_begin)), Busy)
        with db.engine.begin() as connection:
            assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 5000


def _begin() -> DBAPIError:
    with db.engine.connect() as connection, pytest.raises(DBAPIError) as raised:
        connection.begin()
    return raised.value


def test_a_statement_that_cant_be_is_a_defect(app: Flask) -> None:
    """A missing column, too many variables: no waiting helps."""
    with app.app_context():
        assert isinstance(from_fault(_fault("SELECT no_such_column FROM role")), ServerFault)


def test_a_database_that_is_away_and_a_full_pool_are_told_apart(app: Flask) -> None:
    with app.app_context():
        away = from_fault(OperationalError("SELECT 1", {}, ConnectionError("refused")))
        full = from_fault(PoolTimeout("no connection was free"))
    assert isinstance(away, Unavailable)
    assert not isinstance(away, Busy)
    assert isinstance(full, Busy)
