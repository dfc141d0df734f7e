"""Numbers over many rows (REP): how many, or how much, exactly, in one statement of SQL.

Each number is that of a list: the same filter, compiled for the same reader, behind the predicate
that the gate gives for listing (PERM-4). So it equals the rows that the list shows (REP-2).
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    bindparam,
    case,
    func,
    literal,
    select,
    union_all,
)

from app.extensions import db
from app.spec.conditions import Condition, columns_in
from app.spec.entity import Entity
from app.spec.field import Field
from app.spec.types import UTCDateTime
from app.store import filters, scope
from app.store.context import actor, current, operating, system_scope
from app.store.engine import is_postgres
from app.store.policy import Policy

Value = int | Decimal
WHOLE = 0
"""The part of a number that isn't split."""


@dataclass(frozen=True)
class Rows:
    """The rows of one list: an entity and a filter of the contract's grammar (§3)."""

    entity: Entity
    own: tuple[Condition, ...] = ()
    frame: tuple[Condition, ...] = ()
    """What many numbers have in common: whose, and when. They share one look at the rows."""

    @property
    def conditions(self) -> tuple[Condition, ...]:
        return (*self.own, *self.frame)

    @property
    def in_pools(self) -> bool:
        """As in lists, naming the pool asks for rows in pools (contract §6)."""
        return "pool" in columns_in(self.conditions)

    @property
    def policy(self) -> Policy:
        """What the reader of the list may filter by; found once per piece of work."""
        memory, key = current().memory, ("policy of a list", self.entity.key, self.in_pools)
        if key not in memory:
            memory[key] = Policy(actor(), self.entity, "list", in_list=True, in_pools=self.in_pools)
        found: Policy = memory[key]
        return found

    def are_readable(self, *further: str) -> bool:
        """Whether the reader has this list, may filter it so and reads the ``further`` fields.

        A number over a field that he doesn't read in full would give it away (C43).
        """
        if not actor().rights.may(self.entity.key, "list"):
            return False
        plain = self.policy.plain
        asked = {*columns_in(self.conditions), *further} - {""}
        return all(key in plain and plain[key].filterable for key in asked)


@dataclass(frozen=True)
class Ask:
    """One number to find: of which rows, counted or summed, and split by what."""

    rows: Rows
    sums: str = ""
    by: str = ""
    """A person's field: one part per person. With ``edges`` a date's: one part per period."""
    edges: tuple[date, ...] = ()


def measure(asks: Sequence[Ask]) -> list[dict[int, Value]]:
    """The numbers asked for, in one statement: each by part, parts without rows left out.

    BadRequest for a filter that the reader may not use: see :meth:`Rows.are_readable`.
    """
    found: list[dict[int, Value]] = [{} for _ in asks]
    if not asks:
        return found
    looks: dict[str, dict[int, Ask]] = {}
    for number, ask in enumerate(asks):
        looks.setdefault(_look(ask), {})[number] = ask
    statements = [one for some in looks.values() for one in _statements(some)]
    with system_scope("each number carries the predicate of its own list"):
        rows = db.session.execute(union_all(*statements)).all()
    for number, part, value in rows:
        if part is not None and value:
            found[number][part] = Decimal(str(value)) if asks[number].sums else int(value)
    return found


def whole(parts: Iterable[Value]) -> Value:
    """The number that these are parts of."""
    return sum(parts, start=0)


def change(now: Value, before: Value) -> Decimal | None:
    """REP-6: how much more than before, as a part of that; None where nothing was before."""
    return Decimal(now - before) / abs(Decimal(before)) if before else None


def _look(ask: Ask) -> str:
    """What has to be the same for numbers to be found by one look at the rows."""
    rows = ask.rows
    same = (rows.entity.key, rows.in_pools, rows.frame, ask.by, ask.edges)
    return json.dumps(same, sort_keys=True, default=str)


def _statements(some: Mapping[int, Ask]) -> Iterator[Select[Any]]:
    """SELECTs of (number, part, value) from one look at rows that the gate lets this reader list.

    What all of the numbers demand of a row is asked first, so that an index can serve it.
    """
    first = next(iter(some.values()))
    rows, entity = first.rows, first.rows.entity
    shared = [one for one in rows.own if all(one in ask.rows.own for ask in some.values())]
    with operating("list", entity.key, pools=rows.in_pools) as work:
        demands = filters.conditions_for(rows.policy, (*shared, *rows.frame))
        where = [scope.predicate(entity, work), *demands]
        values = {number: _value(ask, shared) for number, ask in some.items()}
    part = _part(entity, first)
    columns = [part.label("part"), *(value.label(f"n{n}") for n, value in values.items())]
    look = select(*columns).select_from(entity.model).where(*where)
    seen = (look.group_by(part) if first.by else look).cte(f"look{next(iter(some))}")
    for number in some:
        yield select(literal(number), seen.c.part, seen.c[f"n{number}"])


def _value(ask: Ask, shared: Sequence[Condition]) -> ColumnElement[Any]:
    """The count or sum over those rows of the look that meet the number's other conditions."""
    rows = ask.rows
    further = [one for one in rows.own if one not in shared]
    value = func.sum(getattr(rows.entity.model, ask.sums)) if ask.sums else func.count()
    if not further:
        return value
    return value.filter(*filters.conditions_for(rows.policy, further))


def _part(entity: Entity, ask: Ask) -> ColumnElement[Any]:
    if not ask.by:
        return literal(WHOLE)
    field = entity.fields[ask.by]
    column: ColumnElement[Any] = getattr(entity.model, field.column)
    return place(field, column, ask.edges[1:-1]) if ask.edges else column


def place(field: Field, column: ColumnElement[Any], inner: Sequence[date]) -> ColumnElement[Any]:
    """Between which edges the value lies, counted from 0."""
    limits = [filters.start_of(field, day) for day in inner]
    if not limits:
        return case((column.is_(None), WHOLE), else_=WHOLE)
    if is_postgres():
        kind = UTCDateTime() if field.kind == "datetime" else field.column_type()
        return func.width_bucket(column, bindparam(None, limits, ARRAY(kind)))
    return case(*((column < limit, at) for at, limit in enumerate(limits)), else_=len(limits))
