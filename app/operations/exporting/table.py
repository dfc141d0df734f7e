"""What is exported: the columns that a reader may have, and the cells of each record (EXP-1).

How its cells are said is settled once per column, and they are said column by column: so a row
costs as little as can be.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
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

Column = Callable[[Sequence[Any]], Iterable[Any]]
"""From records to a text, number, date or moment on the reader's clock for each of them; None or ""
for nothing."""


@dataclass(frozen=True)
class Table:
    """The columns this reader may have of an entity."""

    entity: Entity
    policy: Policy
    fields: tuple[Field, ...]

    def columns(self, linked: titles.Links) -> list[Column]:
        """How the cells of each column are read of records that these are linked to."""
        return [
            _several(f, linked) if isinstance(f, LinksField) else self._own_columns[f.key]
            for f in self.fields
        ]

    @cached_property
    def _own_columns(self) -> dict[str, Column]:
        """Those that the records alone tell, by key: settled once for all rows."""
        fields = (f for f in self.fields if not isinstance(f, LinksField))
        return {f.key: _column(self.policy, f) for f in fields}


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
        linked = titles.of_links(table.entity, records, table.fields, server)
        columns = [column(records) for column in table.columns(linked)]
        keys = [field.key for field in table.fields]
        for record, *cells in zip(records, *columns, strict=True):
            seen = table.policy.pool_columns(record)
            if seen is not None:
                cells = [c if k in seen else None for k, c in zip(keys, cells, strict=True)]
            yield record.id, cells


def _several(field: LinksField, linked: titles.Links) -> Column:
    return lambda records: [titles.said(linked.get((r.id, field.key), ())) for r in records]


def _column(policy: Policy, field: Field) -> Column:
    if isinstance(field, RelationField):
        return _titles(field)
    values = _values(field)
    if field.mask and field.key in policy.masked:
        return lambda records: [policy.shown(field, value) for value in values(records)]
    if isinstance(field, DateTimeField):
        return _moments(field)
    if isinstance(field, OptionField | BooleanField):
        return _remembered(field)
    is_text = isinstance(field, TextField) and type(field).to_text is Field.to_text
    if is_text or field.kind in ("date", "money", "integer", "repeat"):
        return values
    return lambda records: map(field.to_text, values(records))


def _values(field: Field) -> Column:
    return partial(map, attrgetter(field.column))


def _titles(field: RelationField) -> Column:
    """What linked records are called; the same few people and companies come again and again."""
    linked_of, known = attrgetter(field.key), dict[int, str]()

    def column(records: Sequence[Any]) -> Iterable[str]:
        if len(known) > MOST_KEPT:
            known.clear()
        for linked in map(linked_of, records):
            if linked is not None and linked.id not in known:
                known[linked.id] = titles.of(linked, field)
            yield known[linked.id] if linked is not None else ""

    return column


def _remembered(field: Field) -> Column:
    """Of few values: each is put into words once."""
    values, known = _values(field), dict[Any, str]()

    def column(records: Sequence[Any]) -> Iterable[str]:
        found = list(values(records))
        known.update((value, field.to_text(value)) for value in {*found} - known.keys())
        return [known[value] for value in found]

    return column


def _moments(field: Field) -> Column:
    values, zone = _values(field), clock.readers_zone()

    def column(records: Sequence[Any]) -> Iterable[Any]:
        return [at and at.astimezone(zone).replace(tzinfo=None) for at in values(records)]

    return column
