"""The search index made anew while people go on working: short batches, each of its own.

How far a run has come is written with each batch, so that the next one goes on where one was
stopped. A half-made index is usable: every record has either its old or its new entry.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import column, delete, select, table

from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.store import search_index
from app.store.installation import Installation

BATCH = 2_000


def outdated() -> list[Entity]:
    """The entities whose index is new or made of other fields than they declare now."""
    searched = [entity for entity in catalogue if search_index.is_searched(entity)]
    fact = Installation.__table__.c
    made: dict[str, str] = dict(
        db.session.execute(
            select(fact.key, fact.value).where(fact.key.in_([_made_of(e) for e in searched]))
        ).all()
    )
    return [e for e in searched if made.get(_made_of(e)) != search_index.signature(e)]


def reindex(entity: Entity, *, after: int | None = None) -> Iterator[int]:
    """Index every record of an entity anew; yields how many are done, each time to be committed.

    Goes on where a stopped run of the same fields was, unless told the id ``after`` which to begin.
    Entries of records that are gone are removed last.
    """
    search_index.create_tables()
    done = 0
    for rows in _batches(entity, _reached(entity) if after is None else after):
        search_index.write(entity, rows)
        done += len(rows)
        _note(_progress(entity), f"{search_index.signature(entity)} {rows[-1][0]}")
        yield done
    key: Any = column(search_index.key())
    side = table(search_index.side_table(entity), key)
    lives = select(entity.model.id).where(entity.model.id == key).exists()
    db.session.execute(delete(side).where(~lives))  # an anti-join: NOT IN compares each with each
    db.session.execute(delete(Installation).where(Installation.key == _progress(entity)))
    _note(_made_of(entity), search_index.signature(entity))
    yield done


def _made_of(entity: Entity) -> str:
    return f"index.{entity.key}"


def _progress(entity: Entity) -> str:
    return f"indexing.{entity.key}"


def _note(key: str, value: str) -> None:
    db.session.merge(Installation(key=key, value=value))
    db.session.flush()


def _reached(entity: Entity) -> int:
    """The last id that a stopped run has indexed as it is declared now; 0 when there was none."""
    fact = Installation.__table__.c
    noted = db.session.scalar(select(fact.value).where(fact.key == _progress(entity))) or ""
    signature, _space, last = noted.partition(" ")
    return int(last) if signature == search_index.signature(entity) else 0


def _batches(entity: Entity, last: int) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    fields = [field.key for field in entity.searched]
    columns = [getattr(entity.model, key) for key in fields]
    while True:
        rows = db.session.execute(
            select(entity.model.id, *columns)
            .where(entity.model.id > last)
            .order_by(entity.model.id)
            .limit(BATCH)
            .with_for_update(read=True)  # nobody's newer entry is written over by an older one
        ).all()
        if not rows:
            return
        yield [(row[0], dict(zip(fields, row[1:], strict=True))) for row in rows]
        last = rows[-1][0]
