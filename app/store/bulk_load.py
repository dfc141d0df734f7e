"""Very many complete new records at once: the demo company, databases for benchmarks.

What stands in the tables afterwards is what the writer would have left: the derived columns, the
search index, and one ``create`` entry per record in the history. Two things are shorter: an entry
holds the record's title only, and nobody's scope is asked, because nobody acts.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Table, func, insert, literal, null, select, text

from app.extensions import db
from app.spec.entity import Entity
from app.store import search_index
from app.store.history import History

Compute = Callable[[Any], Any]


def is_postgres() -> bool:
    return db.engine.dialect.name == "postgresql"


def take_time() -> None:
    """Lift the time-outs of requests for the transaction under way (R10 is about requests)."""
    if is_postgres():
        for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
            db.session.execute(text(f"SET LOCAL {limit} = 0"))


def fill(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Append rows, given as values in the order of ``columns`` as the driver takes them.

    PostgreSQL reads them as one COPY; SQLite gets one prepared INSERT.
    """
    connection = db.session.connection()
    names = ", ".join(columns)
    if is_postgres():
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    given = [tuple(row) for row in rows]
    if given:
        marks = ", ".join("?" * len(columns))
        # Names come from declarations, values are bound.
        statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608
        connection.exec_driver_sql(statement, given)


def fill_table(table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Append rows of plain Python values to a table that is no entity's."""
    processors = [_bind_processor(table.c[name]) for name in columns]
    fill(
        table.name,
        columns,
        (
            [p(value) if p and value is not None else value for p, value in pairs]
            for pairs in (zip(processors, row, strict=True) for row in rows)
        ),
    )


def _bind_processor(column: Column[Any]) -> Compute | None:
    """What the database driver wants done to a value of that column."""
    dialect = db.engine.dialect
    found: Compute | None = column.type.dialect_impl(dialect).bind_processor(dialect)
    return found


def first_free_id(entity: Entity) -> int:
    """The id after the last one that was ever given: numbers of purged records don't come back."""
    table = entity.model.__tablename__
    if is_postgres():
        found = db.session.scalar(select(func.nextval(func.pg_get_serial_sequence(table, "id"))))
        return int(found or 1)
    last = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
    return (db.session.scalar(last, {"name": table}) or 0) + 1


def settle(entities: Iterable[Entity]) -> None:
    """Let new records be numbered after the loaded ones, and the planner know what there is."""
    for entity in entities:
        table: Table = entity.model.__table__
        if is_postgres():
            sequence = func.pg_get_serial_sequence(table.name, "id")
            highest = select(func.coalesce(func.max(table.c.id), 1)).scalar_subquery()
            db.session.execute(select(func.setval(sequence, highest)))
    db.session.execute(text("ANALYZE"))


def tidy() -> None:
    """Let PostgreSQL note which pages everybody sees, as its own housekeeping does in time."""
    if is_postgres():
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text("VACUUM ANALYZE"))
            connection.execute(text("RESET statement_timeout"))


class Loader:
    """Writes new records of one entity, batch after batch."""

    def __init__(self, entity: Entity) -> None:
        self.entity = entity
        fields = [f for f in entity.fields.values() if f.is_stored]
        self._plain = [(f.key, None if callable(f.default) else f.default) for f in fields]
        self._derived = [(f.key, d.compute) for f in fields for d in f.derived]
        self._is_searched = search_index.is_searched(entity)
        self._columns = [
            *("id", "version"),
            *(f.column for f in fields),
            *(f"{f.key}_{d.suffix}" for f in fields for d in f.derived),
        ]
        processors = [_bind_processor(entity.model.__table__.c[name]) for name in self._columns]
        self._processors = [(place, p) for place, p in enumerate(processors) if p is not None]

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Store records given as values by field, each with its ``id`` and ``created_at``.

        The values are in their stored form already; keys that are no fields are passed over.
        """
        if not rows:
            return
        prepared = [(self._stored(row), search_index.tokens_of(self.entity, row)) for row in rows]
        fill(self.entity.model.__tablename__, self._columns, [stored for stored, _ in prepared])
        if self._is_searched:
            self._index((stored[0], tokens) for stored, tokens in prepared)
        self._record(rows[0]["id"], rows[-1]["id"])

    def _stored(self, row: Mapping[str, Any]) -> list[Any]:
        get = row.get
        values = [row["id"], 1, *[get(key, default) for key, default in self._plain]]
        for key, compute in self._derived:
            value = get(key)
            values.append(compute(value) if value else None)
        for place, process in self._processors:
            if values[place] is not None:
                values[place] = process(values[place])
        return values

    def _index(self, found: Iterable[tuple[int, list[str]]]) -> None:
        key = "id" if is_postgres() else "rowid"
        entries = ((number, " ".join(tokens)) for number, tokens in found)
        fill(search_index.side_table(self.entity), (key, "tokens"), entries)

    def _record(self, first: int, last: int) -> None:
        """One statement: the rows themselves say who made them and when."""
        row = self.entity.model.__table__.c
        title = row[self.entity.fields[self.entity.title].column]
        described = func.json_build_object if is_postgres() else func.json_object
        pair = func.json_build_array if is_postgres() else func.json_array
        entry = {
            "at": row.created_at,
            "actor_id": row.created_by_id,
            "operation": literal("create"),
            "entity": literal(self.entity.key),
            "record_id": row.id,
            "subject": title,
            "surface": literal("system"),
            "ip": literal(""),
            "request_id": literal(""),
            "changes": described(literal(self.entity.title), pair(null(), title)),
        }
        entries = select(*entry.values()).where(row.id.between(first, last)).order_by(row.id)
        db.session.execute(insert(History.__table__).from_select(list(entry), entries))
