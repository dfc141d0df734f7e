"""Global search: all kinds of records at once, each in the reader's scope (SEARCH).

One statement, however many kinds there are. Rows in pools stay apart, as groups of their own that
are found by what a pool shows its members (contract §6, POOL-1). How many match is counted up to a
cap; titles that are the words, or begin with them, are looked up by themselves, so that they stand
first also when a common word matches more than that.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    String,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    null,
    select,
    union_all,
)

from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import BadRequest
from app.spec.field import Field
from app.spec.text import is_storable, sort_key
from app.spec.tokens import index_tokens, query_tokens
from app.spec.words import either
from app.store import search_index
from app.store.context import Acting, actor, current, system_scope
from app.store.listing import MAX_SEARCH
from app.store.policy import Policy
from app.store.scope import in_pools, predicate

COUNT_CAP = 200
LAST = "\U0010ffff"
"""Behind it nothing is sorted: the end of what begins with some words."""
FIXED = 4
"""Columns of a part before the values: part, place, id, total."""


@dataclass(frozen=True)
class Hit:
    """A record that was found, by ``field``; None when the words are spread over several."""

    id: int
    title: str
    field: Field | None
    value: str


@dataclass(frozen=True)
class Group:
    """The hits of one kind of record, best first, and how many there are up to the cap."""

    entity: Entity
    in_pools: bool = False
    count: int = 0
    hits: tuple[Hit, ...] = ()
    policy: Policy = field(repr=False, kw_only=True)

    @cached_property
    def titles(self) -> tuple[Field, Field | None]:
        """The field a record is called by, and that of its English name when there is one."""
        entity = self.entity
        return entity.fields[entity.title], self.policy.readable.get(entity.english)

    @cached_property
    def fields(self) -> list[Field]:
        """What is read of a hit: what it is called and what the words were looked for in."""
        wanted = [f for f in (*self.titles, *self.policy.searched) if f]
        return list({f.key: f for f in wanted}.values())

    @property
    def is_exact(self) -> bool:
        return self.count <= COUNT_CAP


def can_be_found(words: str) -> bool:
    """Whether the words are enough to look for: two letters, four digits or one Chinese character.

    Raises BadRequest for what is too long or no text at all (C55).
    """
    if len(words) > MAX_SEARCH or not is_storable(words):
        raise BadRequest(_l("At most %(n)s characters.", n=MAX_SEARCH))
    return bool(query_tokens(words))


def find(words: str, size: int) -> list[Group]:
    """The best ``size`` hits of each kind that has any, in the order of the catalogue.

    Two statements: the seats of the reader and the search. Nothing for words that
    :func:`can_be_found` says can't be found.
    """
    if not can_be_found(words):
        return []
    groups = list(_places())
    if not groups:
        return []
    width = max(len(group.fields) for group in groups)
    parts = [_part(number, group, words, size) for number, group in enumerate(groups)]
    statement = union_all(*(_padded(part, width) for part in parts))
    with system_scope("search everywhere: each part brings the reader's scope"):
        rows = sorted(db.session.execute(statement).all(), key=lambda row: (row.part, row.place))
    return [
        _filled(groups[number], list(some), words)
        for number, some in groupby(rows, key=lambda row: row.part)
    ]


def _places() -> Iterator[Group]:
    """Where this reader may look: the kinds he may list and the pools he is in."""
    rights = actor().rights
    for entity in catalogue:
        if not entity.searched or not rights.may(entity.key, "list"):
            continue
        yield Group(entity, policy=Policy(actor(), entity, "list", in_list=True))
        seats = (seat.kind == entity.plural for seat in rights.pools.values())
        if entity.is_pooled and (rights.is_super or any(seats)):
            policy = Policy(actor(), entity, "list", in_list=True, in_pools=True)
            yield Group(entity, in_pools=True, policy=policy)


def _scope(group: Group) -> ColumnElement[bool]:
    """The gate's predicate for listing these records; of pools, only what lies in one."""
    entity, memory = group.entity, current().memory
    work = Acting(actor(), "list", entity.key, pools=group.in_pools, memory=memory)
    return in_pools(entity, work) if group.in_pools else predicate(entity, work)


def _part(number: int, group: Group, words: str, size: int) -> Select[Any]:
    """The best hits of one group: their place, how many match, and the values that may show why.

    Exact titles first, then those that begin with the words, then what was changed last.
    """
    model, title = group.entity.model, group.entity.fields[group.entity.title]
    hit = search_index.matches(group.entity, words, [f.key for f in group.policy.searched])
    matching = and_(_scope(group), false() if hit is None else hit)  # never all (C55)
    order, key = getattr(model, title.sort_column), _sorted_as(title, words)
    keys = [model.id.label("id"), order.label("order"), _changed(model).label("changed")]
    some = _kept(f"some_{number}", select(*keys).where(matching).limit(COUNT_CAP + 1))
    begins = and_(order >= key, order < f"{key}{LAST}")
    first = select(*keys).where(matching, begins).order_by(order, model.id).limit(size)
    both = select(some).union(select(_kept(f"first_{number}", first))).subquery().c
    better = case((both.order == key, 0), (both.order.between(key, f"{key}{LAST}"), 1), else_=2)
    place = func.row_number().over(order_by=[better, both.changed.desc(), both.id.desc()])
    best = select(both.id, place.label("place")).order_by("place").limit(size).subquery()
    total = select(func.count()).select_from(some).scalar_subquery()
    texts = [cast(getattr(model, f.column), String) for f in group.fields]
    return select(
        literal(number).label("part"), best.c.place, model.id, total.label("total"), *texts
    ).join_from(best, model, model.id == best.c.id)


def _kept(name: str, statement: Select[Any]) -> CTE:
    """Worked out once by itself, so that the planner starts from the index of the words."""
    return statement.cte(name).prefix_with("MATERIALIZED", dialect="postgresql")


def _sorted_as(title: Field, words: str) -> str:
    """What a title that is just these words is sorted by."""
    return sort_key(words) if title.sort_column != title.column else words


def _changed(model: Any) -> Any:
    return getattr(model, "updated_at", model.id)


def _padded(part: Select[Any], width: int) -> Select[Any]:
    """The part with as many columns as the widest has: a union needs that."""
    missing = FIXED + width - len(part.selected_columns)
    return part.add_columns(*(cast(null(), String) for _ in range(missing)))


def _filled(group: Group, rows: Sequence[Any], words: str) -> Group:
    hits = tuple(_hit(group, row.id, row[FIXED:], words) for row in rows)
    return replace(group, count=rows[0].total, hits=hits)


def _hit(group: Group, record_id: int, texts: Sequence[str | None], words: str) -> Hit:
    """A record with the first of its fields that alone has all the words, the title before all."""
    values = dict(zip((f.key for f in group.fields), texts, strict=False))
    own, other = group.titles
    query = query_tokens(words)
    found = next(
        (
            f
            for f in group.policy.searched
            if query.matches(index_tokens([(f.search, values[f.key])]))  # type: ignore[list-item]
        ),
        None,
    )
    title = either(values[own.key], values[other.key] if other else None)
    return Hit(record_id, title, found, (values[found.key] or "") if found else "")
