"""The search index made anew while people go on working: short batches, each of its own."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import column, delete, select, table

from app.extensions import db
from app.spec.entity import Entity
from app.store import search_index

BATCH = 2_000


def reindex(entity: Entity) -> Iterator[int]:
    """Index every record of an entity anew; yields how many are done, each time to be committed.

    Entries of records that are gone are removed last. A stopped run leaves a usable index.
    """
    search_index.create_tables()
    done = 0
    for rows in _batches(entity):
        search_index.write(entity, rows)
        done += len(rows)
        yield done
    side = table(search_index.side_table(entity), column(_key()))
    db.session.execute(delete(side).where(side.c[_key()].not_in(select(entity.model.id))))
    yield done


def _key() -> str:
    return "id" if db.engine.dialect.name == "postgresql" else "rowid"


def _batches(entity: Entity) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    fields = [field.key for field in search_index.searched_fields(entity)]
    columns = [getattr(entity.model, key) for key in fields]
    last = 0
    while True:
        rows = db.session.execute(
            select(entity.model.id, *columns)
            .where(entity.model.id > last)
            .order_by(entity.model.id)
            .limit(BATCH)
        ).all()
        if not rows:
            return
        yield [(row[0], dict(zip(fields, row[1:], strict=True))) for row in rows]
        last = rows[-1][0]
