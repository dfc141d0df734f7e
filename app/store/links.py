"""Link tables: the linked records of one or many rows, read and replaced in few statements."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Table, bindparam, delete, insert, literal, select, union_all

from app.extensions import db
from app.spec.entity import Entity
from app.spec.relations import LinksField
from app.store.namesakes import holders, unique_value
from app.store.scope import member_of


def table_of(field: LinksField) -> Table:
    return db.metadata.tables[field.table]


def ends(entity: Entity, field: LinksField) -> tuple[Any, Any]:
    """The two columns of a link table: this entity's and the target's."""
    table = table_of(field)
    return table.c[f"{entity.key}_id"], table.c[f"{field.to}_id"]


def of_rows(
    entity: Entity, fields: Sequence[LinksField], rows: Sequence[int]
) -> dict[tuple[int, str], list[int]]:
    """The linked ids of several fields of many rows, by row and field: one statement for all."""
    if not fields or not rows:
        return {}
    parts = []
    for f in fields:
        mine, theirs = ends(entity, f)
        parts.append(select(literal(f.key), mine, theirs).where(member_of(mine, rows)))
    found: dict[tuple[int, str], list[int]] = defaultdict(list)
    for key, row, linked in sorted(map(tuple, db.session.execute(union_all(*parts)))):
        found[(row, key)].append(linked)
    return found


def by_names(target: Entity, names: Iterable[str]) -> dict[str, int]:
    """The living records of these names, however they are spelled: name asked for to id."""
    title = target.fields[target.title]
    asked = {unique_value(title, name): name for name in names}
    found = holders(target, title, asked)
    return {asked[value]: ids[0] for value, ids in found.items()}


def replace(
    entity: Entity, field: LinksField, wanted: Mapping[int, Iterable[int]], *, is_new: bool = False
) -> None:
    """Make these the linked records of many rows, set-based; other rows' links stay untouched.

    Rows that ``is_new`` have no links yet.
    """
    have = {} if is_new else of_rows(entity, [field], list(wanted))
    before = {row: set(have.get((row, field.key), ())) for row in wanted}
    table, (mine, theirs) = table_of(field), ends(entity, field)
    gone = _pairs({row: before[row] - set(after) for row, after in wanted.items()})
    new = _pairs({row: set(after) - before[row] for row, after in wanted.items()})
    if gone:
        leaving = mine == bindparam("row"), theirs == bindparam("linked")
        db.session.connection().execute(delete(table).where(*leaving), gone)
    if new:
        rows = [{mine.name: one["row"], theirs.name: one["linked"]} for one in new]
        db.session.execute(insert(table), rows)


def _pairs(links: Mapping[int, Iterable[int]]) -> list[dict[str, int]]:
    return [
        {"row": row, "linked": linked} for row, some in links.items() for linked in sorted(some)
    ]
