"""Many rows of one table by one statement, with as little as can be done per row (BULK-6).

The generator of statements binds each value of each row by name, every time; here a column's way
into the database is looked up once, and its values take it together.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import repeat
from types import MappingProxyType
from typing import Any

from sqlalchemy import Column, Table
from sqlalchemy.exc import DBAPIError

from app.extensions import db
from app.store.engine import is_postgres

Compute = Callable[[Any], Any]
NOTHING: Mapping[str, Any] = MappingProxyType({})

FEW = 50
"""So many rows go to PostgreSQL by a prepared statement; more as one COPY."""


def insert_many(
    table: Table, rows: Sequence[Mapping[str, Any]], *, over: Sequence[str] = ()
) -> None:
    """Add rows given as values by column, all of them with the columns of the first.

    Other columns get what the model gives them. Where a row of the same key is there already, the
    columns named in ``over`` are written over; without any that is refused.
    """
    if rows:
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        insert_columns(table, columns, ending=_over(table, over))


def insert_columns(
    table: Table,
    columns: Mapping[str, Sequence[Any]],
    same: Mapping[str, Any] = NOTHING,
    *,
    ending: str = "",
) -> None:
    """Add rows given column by column, at least one of each; ``same`` is what all of them have.

    Other columns get what the model gives them. ``ending`` is the end of the statement.
    """
    shared = {
        column.name: _default(column)
        for column in table.columns
        if column.default is not None and column.name not in columns
    } | dict(same)
    count = len(next(iter(columns.values())))
    bound: list[Iterable[Any]] = [_bound(table.c[key], some) for key, some in columns.items()]
    bound += [repeat(_bound(table.c[name], [value])[0], count) for name, value in shared.items()]
    append(table.name, [*columns, *shared], list(zip(*bound, strict=True)), ending)


def append(
    table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], ending: str = ""
) -> int:
    """Append rows, given as values in the order of ``columns`` as the driver takes them.

    PostgreSQL reads many as one COPY, an iterator's while they are being made; with an ``ending``
    they go by a prepared statement. Returns how many there were.
    """
    connection = db.session.connection()
    names = ", ".join(columns)
    are_few = isinstance(rows, Sequence) and len(rows) <= FEW
    if is_postgres() and not (are_few or ending):
        return _copied(connection, f"COPY {table} ({names}) FROM STDIN", rows)
    given = [tuple(row) for row in rows]
    if given:
        marks = ", ".join(["%s" if is_postgres() else "?"] * len(columns))
        # Names come from declarations, values are bound.
        statement = f"INSERT INTO {table} ({names}) VALUES ({marks}){ending}"  # noqa: S608
        connection.exec_driver_sql(statement, given)
    return len(given)


def _copied(connection: Any, statement: str, rows: Iterable[Sequence[Any]]) -> int:
    driver: Any = connection.connection.driver_connection
    with _understood(connection.dialect, statement), driver.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
        return int(cursor.rowcount)


@contextmanager
def _understood(dialect: Any, statement: str) -> Iterator[None]:
    """What the driver complains of, as it comes from every other statement."""
    wrong = dialect.dbapi.Error
    try:
        yield
    except wrong as error:
        raise DBAPIError.instance(statement, None, error, wrong, dialect=dialect) from error


def _bound(column: Column[Any], values: Sequence[Any]) -> Sequence[Any]:
    """The values of a column as the driver takes them."""
    way = bind_processor(column)
    if way is None:
        return values
    return [None if value is None else way(value) for value in values]


def _over(table: Table, columns: Sequence[str]) -> str:
    if not columns:
        return ""
    keys = ", ".join(column.name for column in table.primary_key)
    told = ", ".join(f"{name} = excluded.{name}" for name in columns)
    return f" ON CONFLICT ({keys}) DO UPDATE SET {told}"


def _default(column: Column[Any]) -> Any:
    """What the model gives a column that isn't given."""
    default: Any = column.default
    return default.arg(None) if default.is_callable else default.arg


def bind_processor(column: Column[Any]) -> Compute | None:
    """What the database driver wants done to a value of that column; None for nothing."""
    dialect = db.engine.dialect
    found: Compute | None = column.type.dialect_impl(dialect).bind_processor(dialect)
    return found
