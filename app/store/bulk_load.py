"""Very many complete new records at once: the demo company, databases for benchmarks.

What stands in the tables afterwards is what the writer would have left: the derived columns, the
search index, and one ``create`` entry per record in the history. Only nobody's scope is asked,
because nobody acts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Table, func, select, text

from app.extensions import db
from app.spec.entity import Entity
from app.store import search_index
from app.store.engine import LAST_NUMBER, be_patient, is_postgres
from app.store.history import History
from app.store.many import append, bind_processor
from app.store.writer import first_values

Row = Mapping[str, Any]

PORTION = 500
"""Written together: few enough that a name is still known folded when its tokens are made."""

_ENTRY = (
    *("at", "actor_id", "operation", "entity", "record_id"),
    *("subject", "surface", "ip", "request_id", "changes"),
)


def fill_table(table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Append rows of plain Python values to a table that is no entity's; returns how many."""
    processors = [bind_processor(table.c[name]) for name in columns]
    return append(
        table.name,
        columns,
        (
            [p(value) if p and value is not None else value for p, value in pairs]
            for pairs in (zip(processors, row, strict=True) for row in rows)
        ),
    )


def first_free_id(entity: Entity) -> int:
    """The id after the last one that was ever given: numbers of purged records don't come back."""
    table = entity.model.__tablename__
    if is_postgres():
        found = db.session.scalar(select(func.nextval(func.pg_get_serial_sequence(table, "id"))))
        return int(found or 1)
    return (db.session.scalar(LAST_NUMBER, {"name": table}) or 0) + 1


def settle(entities: Iterable[Entity]) -> None:
    """Let new records be numbered after the loaded ones, and the planner know what there is."""
    be_patient(minutes=0)
    for entity in entities:
        table: Table = entity.model.__table__
        if is_postgres():
            sequence = func.pg_get_serial_sequence(table.name, "id")
            highest = select(func.coalesce(func.max(table.c.id), 1)).scalar_subquery()
            db.session.execute(select(func.setval(sequence, highest)))
    db.session.execute(text("ANALYZE"))


@contextmanager
def indexed_afterwards(entities: Sequence[Entity]) -> Iterator[None]:
    """Search tables that are empty now get their index when they are full: a quarter of the work.

    The block commits what it loads. One that is killed leaves no index; the next makes it.
    """
    for entity in entities:
        search_index.drop_index(entity)
    try:
        yield
    finally:
        db.session.rollback()
        be_patient(minutes=0)
        for entity in entities:
            search_index.create_index(entity)
        db.session.commit()


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
        self._plain = [f.key for f in fields]
        self._defaults = {f.key: f.default for f in fields if f.default and not callable(f.default)}
        self._derived = [(f.key, d.compute) for f in fields for d in f.derived]
        self._columns = [
            *("id", "version"),
            *(f.column for f in fields),
            *(d.column_of(f.key) for f in fields for d in f.derived),
        ]
        processors = [bind_processor(entity.model.__table__.c[name]) for name in self._columns]
        self._processors = [(place, p) for place, p in enumerate(processors) if p is not None]

    def write(self, rows: Sequence[Row]) -> int:
        """Store records given as values by field, each with its ``id`` and ``created_at``.

        The values are in their stored form already; keys that are no fields are passed over.
        Returns how many rows that made in all tables.
        """
        table, made = self.entity.model.__tablename__, 0
        for start in range(0, len(rows), PORTION):
            complete = [{**self._defaults, **row} for row in rows[start : start + PORTION]]
            made += append(table, self._columns, map(self._stored, complete))
            made += self._index(complete)
            made += self._record(complete)
        return made

    def _stored(self, row: Row) -> list[Any]:
        get = row.get
        values = [row["id"], 1, *map(get, self._plain)]
        for key, compute in self._derived:
            value = get(key)
            values.append(compute(value) if value else None)
        for place, process in self._processors:
            if values[place] is not None:
                values[place] = process(values[place])
        return values

    def _index(self, rows: Iterable[Row]) -> int:
        if not search_index.is_searched(self.entity):
            return 0
        tokens_of = search_index.tokens_of
        entries = ((row["id"], " ".join(tokens_of(self.entity, row))) for row in rows)
        return append(search_index.side_table(self.entity), (search_index.key(), "tokens"), entries)

    def _record(self, rows: Iterable[Row]) -> int:
        """The births, as told by the rows themselves: who made them, when, and what they held."""
        entity, title = self.entity, self.entity.title
        entries = (
            (
                *(row["created_at"], row["created_by"], "create", entity.key, row["id"]),
                *(row[title][:255], "system", "", "", first_values(entity, row)),
            )
            for row in rows
        )
        return fill_table(History.__table__, _ENTRY, entries)
