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
from app.spec.kinds import BooleanField, DateTimeField, OptionField
from app.spec.relations import LinksField, RelationField
from app.store import layouts, loading, preferences, titles
from app.store.context import actor, operating
from app.store.layouts import Layout
from app.store.policy import Policy

MOST_KEPT = 20_000
"""Texts of one column that are kept for the rows to come."""

Cell = Callable[[Any, titles.Links], Any]
"""From a record, and what is linked to it, to a text, number, date or moment on the reader's clock;
None or "" for nothing."""


@dataclass(frozen=True)
class Table:
    """The columns this reader may have of an entity."""

    entity: Entity
    policy: Policy
    fields: tuple[Field, ...]

    @cached_property
    def cells(self) -> tuple[tuple[str, Cell], ...]:
        """By column its key and how its cells are read."""
        return tuple((field.key, _cell(self.policy, field)) for field in self.fields)


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


def rows_of(table: Table, ids: Sequence[int]) -> Iterator[tuple[int, list[Any]]]:
    """Each record still within the export scope: its id and cells, masked as the policy says."""
    with operating("export", table.entity.key, pools=True):
        records = loading.rows_of(table.policy, ids, table.fields)
        linked = titles.of_links(table.entity, records, table.fields)
        for record in records:
            seen = table.policy.pool_columns(record)
            yield (
                record.id,
                [
                    cell(record, linked) if seen is None or key in seen else None
                    for key, cell in table.cells
                ],
            )


def _cell(policy: Policy, field: Field) -> Cell:
    if isinstance(field, LinksField):
        return lambda record, linked: titles.said(linked.get((record.id, field.key), ()))
    if isinstance(field, RelationField):
        return _title(field)
    value_of = attrgetter(field.column)
    if field.mask and field.key in policy.masked:
        return lambda record, _linked: policy.shown(field, value_of(record))
    if isinstance(field, DateTimeField):
        return _moment(field)
    if isinstance(field, OptionField | BooleanField):
        return _remembered(field)
    if field.kind in ("date", "money", "integer"):
        return lambda record, _linked: value_of(record)
    return lambda record, _linked: field.to_text(value_of(record))


def _title(field: RelationField) -> Cell:
    """What a linked record is called; the same few people and companies come again and again."""
    linked_of, known = attrgetter(field.key), dict[int, str]()

    def cell(record: Any, _linked: titles.Links) -> str:
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

    def cell(record: Any, _linked: titles.Links) -> str:
        value = value_of(record)
        if value not in known:
            known[value] = field.to_text(value)
        return known[value]

    return cell


def _moment(field: Field) -> Cell:
    value_of, zone = attrgetter(field.column), clock.readers_zone()

    def cell(record: Any, _linked: titles.Links) -> Any:
        value = value_of(record)
        return value and value.astimezone(zone).replace(tzinfo=None)

    return cell
