"""What is exported: the columns that a reader may have, and the cells of each record (EXP-1).

How a cell is said is settled once per column, so that a row costs as little as can be.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any

from flask_babel import lazy_gettext as _l

from app.spec import clock
from app.spec.entity import NUMBER, Entity
from app.spec.errors import Invalid
from app.spec.field import Field
from app.spec.kinds import BooleanField, DateTimeField, OptionField, TextField
from app.spec.relations import LinksField, RelationField
from app.store import layouts, loading, preferences, titles
from app.store.context import actor, operating
from app.store.layouts import Layout
from app.store.policy import Policy
from app.store.replica import PRIMARY, Server

MOST_KEPT = 20_000
"""Texts of one column that are kept for the rows to come."""

Cell = Callable[[Any], Any]
"""From a record to a text, number, date or moment on the reader's clock; None or "" for nothing."""


@dataclass(frozen=True)
class Table:
    """The columns this reader may have of an entity."""

    entity: Entity
    policy: Policy
    fields: tuple[Field, ...]

    def cells(self, linked: titles.Links) -> list[tuple[str, Cell]]:
        """By column its key and how its cells are read of records that these are linked to."""
        return [
            (f.key, _several(f, linked) if isinstance(f, LinksField) else self._own_cells[f.key])
            for f in self.fields
        ]

    @cached_property
    def _own_cells(self) -> dict[str, Cell]:
        """Those that a record alone tells, by column: settled once for all rows."""
        fields = (f for f in self.fields if not isinstance(f, LinksField))
        return {f.key: _cell(self.policy, f) for f in fields}


def table_for(entity: Entity, columns: str | list[str]) -> Table:
    """The reader's columns: of his list (``visible``), all he may read (``all``), or those named.

    Invalid when one of these isn't his to read.
    """
    policy = Policy(actor(), entity, "export", in_list=True)
    if isinstance(columns, list):
        return Table(entity, policy, _named(policy, columns))
    if columns == "all":
        return Table(entity, policy, (NUMBER, *policy.readable.values()))
    key = layouts.key(entity)
    layout = Layout.from_json(preferences.get(key).get(key))
    return Table(entity, policy, tuple(layouts.columns(policy, layout)))


def _named(policy: Policy, columns: list[str]) -> tuple[Field, ...]:
    known = {NUMBER.key: NUMBER, **policy.readable}
    unknown = [key for key in columns if key not in known]
    if unknown:
        there_is_no = _l("There is no column %(name)s.", name=unknown[0])
        raise Invalid(fields={"columns": [there_is_no]})
    return tuple(known[key] for key in columns)


def rows_of(
    table: Table, ids: Sequence[int], server: Server = PRIMARY
) -> Iterator[tuple[int, list[Any]]]:
    """Each record still within the export scope: its id and cells, masked as the policy says.

    Read where ``server`` says; whoever acts and what he may is known already.
    """
    with operating("export", table.entity.key, pools=True):
        records = loading.rows_of(table.policy, ids, table.fields, server)
        cells = table.cells(titles.of_links(table.entity, records, table.fields, server))
        for record in records:
            seen = table.policy.pool_columns(record)
            yield (
                record.id,
                [cell(record) if seen is None or key in seen else None for key, cell in cells],
            )


def _several(field: LinksField, linked: titles.Links) -> Cell:
    return lambda record: titles.said(linked.get((record.id, field.key), ()))


def _cell(policy: Policy, field: Field) -> Cell:
    if isinstance(field, RelationField):
        return _title(field)
    value_of = attrgetter(field.column)
    if field.mask and field.key in policy.masked:
        return lambda record: policy.shown(field, value_of(record))
    if isinstance(field, DateTimeField):
        return _moment(field)
    if isinstance(field, OptionField | BooleanField):
        return _remembered(field)
    is_text = isinstance(field, TextField) and type(field).to_text is Field.to_text
    if is_text or field.kind in ("date", "money", "integer"):
        return value_of
    return lambda record: field.to_text(value_of(record))


def _title(field: RelationField) -> Cell:
    """What a linked record is called; the same few people and companies come again and again."""
    linked_of, known = attrgetter(field.key), dict[int, str]()

    def cell(record: Any) -> str:
        found = linked_of(record)
        if found is None:
            return ""
        if found.id not in known:
            if len(known) > MOST_KEPT:
                known.clear()
            known[found.id] = titles.of(found, field)
        return known[found.id]

    return cell


def _remembered(field: Field) -> Cell:
    """One of few values: each is put into words once."""
    value_of, known = attrgetter(field.column), dict[Any, str]()

    def cell(record: Any) -> str:
        value = value_of(record)
        if value not in known:
            known[value] = field.to_text(value)
        return known[value]

    return cell


def _moment(field: Field) -> Cell:
    value_of, zone = attrgetter(field.column), clock.readers_zone()

    def cell(record: Any) -> Any:
        value = value_of(record)
        return value and value.astimezone(zone).replace(tzinfo=None)

    return cell
