"""What the product asks of the database, counted: budgets are numbers of statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

CONTROL = ("SAVEPOINT", "RELEASE", "ROLLBACK", "PRAGMA", "BEGIN", "COMMIT")
ONCE_A_MINUTE = "UPDATE user_session SET last_seen_at="
"""That somebody is still there: it falls to whichever request comes when a minute is over."""


class Statements(list[str]):
    """The statements in order, but for transaction control and the minute; ``len`` is recorded."""

    def __str__(self) -> str:
        return "\n".join(f"{number}. {text}" for number, text in enumerate(self, start=1))


@contextmanager
def count_statements() -> Iterator[Statements]:
    """Collect what any engine of this process executes: ``with count_statements() as asked: …``."""
    seen = Statements()

    def take(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.lstrip().upper().startswith((*CONTROL, ONCE_A_MINUTE.upper())):
            seen.append(" ".join(statement.split()))

    event.listen(Engine, "before_cursor_execute", take)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", take)
