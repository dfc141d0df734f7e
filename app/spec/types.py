"""Column types of our own."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect
from sqlalchemy.types import TypeDecorator, UserDefinedType


class UTCDateTime(TypeDecorator[datetime]):
    """An instant: aware in Python, UTC in the database, on SQLite too. Naive values are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        instant: datetime = value
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


class Numbers(UserDefinedType[Sequence[int]]):
    """Many whole numbers as one value to compare with, on PostgreSQL.

    Sent as text: the driver looks at hundreds of owners one by one, with every statement anew.
    """

    cache_ok = True
    render_bind_cast = True

    def get_col_spec(self, **_kw: Any) -> str:
        return "INTEGER[]"

    def bind_processor(self, dialect: Dialect) -> Callable[[Sequence[int] | None], Any]:
        return lambda numbers: numbers and f"{{{','.join(map(str, numbers))}}}"
