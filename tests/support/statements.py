"""What the product asks of the database, counted: budgets are numbers of statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

CONTROL = ("SAVEPOINT", "RELEASE", "ROLLBACK", "PRAGMA", "BEGIN", "COMMIT")


class Statements(list[str]):
    """The statements in order, transaction control left out; ``len`` is the recorded number."""

    def __str__(self) -> str:
        return "\n".join(f"{number}. {text}" for number, text in enumerate(self, start=1))


@contextmanager
def count_statements() -> Iterator[Statements]:
    """Collect what any engine of this process executes: ``with count_statements() as asked: …``."""
    seen = Statements()

    def take(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.lstrip().upper().startswith(CONTROL):
            seen.append(" ".join(statement.split()))

    event.listen(Engine, "before_cursor_execute", take)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", take)
