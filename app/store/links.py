"""Link tables: the linked records of one or many rows, read and replaced in few statements."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Table, delete, insert, literal, select, union_all

from app.extensions import db
from app.spec.entity import Entity
from app.spec.relations import LinksField
from app.store.gate import member_of


def table_of(field: LinksField) -> Table:
    return db.metadata.tables[field.table]


def ids_of(entity: Entity, field: LinksField, rows: Sequence[int]) -> dict[int, list[int]]:
    """The linked ids of many rows in one statement, by row."""
    table = table_of(field)
    mine, theirs = table.c[f"{entity.key}_id"], table.c[f"{field.to}_id"]
    found: dict[int, list[int]] = defaultdict(list)
    for row, linked in db.session.execute(
        select(mine, theirs).where(member_of(mine, rows)).order_by(mine, theirs)
    ):
        found[row].append(linked)
    return found


def of_rows(
    entity: Entity, fields: Sequence[LinksField], rows: Sequence[int]
) -> dict[tuple[int, str], list[int]]:
    """The linked ids of several fields of many rows, by row and field: one statement for all."""
    if not fields or not rows:
        return {}
    parts = []
    for f in fields:
        table = table_of(f)
        mine, theirs = table.c[f"{entity.key}_id"], table.c[f"{f.to}_id"]
        parts.append(select(literal(f.key), mine, theirs).where(member_of(mine, rows)))
    found: dict[tuple[int, str], list[int]] = defaultdict(list)
    for key, row, linked in sorted(map(tuple, db.session.execute(union_all(*parts)))):
        found[(row, key)].append(linked)
    return found


def replace(entity: Entity, field: Any, row: int, wanted: Iterable[int]) -> None:
    """Make ``wanted`` the linked records of one row; the others' links stay untouched."""
    table = table_of(field)
    mine, theirs = f"{entity.key}_id", f"{field.to}_id"
    have = set(ids_of(entity, field, [row])[row]) if row else set()
    new, gone = sorted(set(wanted) - have), sorted(have - set(wanted))
    if gone:
        db.session.execute(
            delete(table).where(table.c[mine] == row, member_of(table.c[theirs], gone))
        )
    if new:
        db.session.execute(insert(table), [{mine: row, theirs: linked} for linked in new])
