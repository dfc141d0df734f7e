"""Many rows of one table by one prepared statement, with as little as can be done per row (BULK-6).

The generator of statements binds each value of each row by name, every time; here a column's way
into the database is looked up once.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Table

from app.extensions import db

Compute = Callable[[Any], Any]


def insert_many(
    table: Table, rows: Sequence[Mapping[str, Any]], *, over: Sequence[str] = ()
) -> None:
    """Add rows given as values by column, all of them with the columns of the first.

    Other columns get what the model gives them. Where a row of the same key is there already, the
    columns named in ``over`` are written over; without any that is refused.
    """
    if not rows:
        return
    ways = [(name, bind_processor(table.c[name])) for name in rows[0]]
    names, constant = list(rows[0]), []
    for column in table.columns:
        if column.name not in rows[0] and column.default is not None:
            names.append(column.name)
            constant.append(_default(column))
    mark = "?" if db.engine.dialect.paramstyle == "qmark" else "%s"
    # Names come from declarations, values are bound.
    statement = (
        f"INSERT INTO {table.name} ({', '.join(names)}) "  # noqa: S608
        f"VALUES ({', '.join([mark] * len(names))}){_over(table, over)}"
    )
    bound = [
        (
            *(
                way(row[name]) if way is not None and row[name] is not None else row[name]
                for name, way in ways
            ),
            *constant,
        )
        for row in rows
    ]
    db.session.connection().exec_driver_sql(statement, bound)


def _over(table: Table, columns: Sequence[str]) -> str:
    if not columns:
        return ""
    keys = ", ".join(column.name for column in table.primary_key)
    told = ", ".join(f"{name} = excluded.{name}" for name in columns)
    return f" ON CONFLICT ({keys}) DO UPDATE SET {told}"


def _default(column: Column[Any]) -> Any:
    """What the model gives a column that isn't given."""
    default: Any = column.default
    value, way = default.arg(None) if default.is_callable else default.arg, bind_processor(column)
    return way(value) if way is not None else value


def bind_processor(column: Column[Any]) -> Compute | None:
    """What the database driver wants done to a value of that column; None for nothing."""
    dialect = db.engine.dialect
    found: Compute | None = column.type.dialect_impl(dialect).bind_processor(dialect)
    return found
