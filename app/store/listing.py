"""Reading many rows fast (architecture §4): count, page, rows, in few and constant statements.

One statement counts up to a cap and finds the page: when no more match than that, by sorting them,
and beyond the cap by walking the order along its index. In a large table words are counted in the
search index alone, which is read quicker than the records. The rows are then read by id.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    false,
    func,
    not_,
    select,
    true,
    union_all,
)

from app.extensions import db
from app.spec.conditions import columns_in
from app.spec.errors import BadRequest
from app.spec.field import Field
from app.spec.text import is_storable
from app.store import filters, search_index
from app.store.context import operating
from app.store.loading import rows_of
from app.store.policy import Policy

COUNT_CAP = 10_000
WORDS_CAP = 1_000
"""Common words are counted less far: each hit is a look into two tables (docs/decisions/0014)."""
FIRST_CAP = 500
"""How far a list counts before it is shown; the rest is counted by a request of its own."""
HITS_CAP = 5_000
"""Words that more records of a large table have are common: looking at all of these costs more than
walking the order until the page is full."""
WINDOW = 1_500
"""So many of the first rows are looked through before: very common words fill a page from these."""
WALK = 15_000
"""So many of the first rows are looked through for common words: when these are spread evenly, so
many fill a page."""
MAX_PAGE = 10_000_000
MAX_SEARCH = 200
BATCH = 2_000


@dataclass(frozen=True)
class Query:
    """What a reader wants to see of an entity: filter, words, order, page (0-based), size."""

    conditions: tuple[Any, ...] = ()
    search: str = ""
    order: str = ""
    page: int = 0
    size: int = 50

    @property
    def in_pools(self) -> bool:
        """Naming the pool is asking for rows in pools; otherwise they stay apart (contract §6)."""
        return "pool" in columns_in(self.conditions)


@dataclass(frozen=True)
class Page:
    """The ids of one page in order, and how many rows match: exact up to a cap (LIST-1)."""

    ids: Sequence[int]
    count: int
    is_exact: bool
    rows: Sequence[Any] = field(default=(), repr=False)


def clauses(policy: Policy, query: Query) -> list[ColumnElement[bool]]:
    """Filter and words as SQL; the gate adds the scope to every statement by itself."""
    found = filters.conditions_for(policy, query.conditions)
    hits = _hits(policy, query)
    if query.search.strip():
        # Too short to look for, or nothing that he may read is searched: never all (C43, C55).
        found.append(false() if hits is None else policy.entity.model.id.in_(hits))
    return found


def _hits(policy: Policy, query: Query) -> Select[Any] | None:
    """The ids of the records that have the words, within scope or not; None for no words."""
    if len(query.search) > MAX_SEARCH or not is_storable(query.search):
        raise BadRequest(_l("At most %(n)s characters.", n=MAX_SEARCH))
    return search_index.hits(policy.entity, query.search, [f.key for f in policy.searched])


@dataclass(frozen=True)
class Order:
    """A stable order: columns walked in one direction, ties broken by id (LIST-1)."""

    columns: tuple[Any, ...]
    descends: bool

    def of(self, columns: Sequence[Any]) -> list[Any]:
        """These columns in this direction; blanks count as largest, on both databases."""
        if self.descends:
            return [column.desc().nulls_first() for column in columns]
        return [column.asc().nulls_last() for column in columns]

    @property
    def clauses(self) -> list[Any]:
        return self.of(self.columns)


def ordering(policy: Policy, order: str) -> Order:
    """The order that ``name`` or ``-name`` asks for; BadRequest for a column that isn't his."""
    order = order or _default_order(policy)
    key, model = order.removeprefix("-"), policy.entity.model
    names = [] if key == "id" else [policy.sortable(key).sort_column]
    return Order(tuple(getattr(model, n) for n in (*names, "id")), order.startswith("-"))


def _default_order(policy: Policy) -> str:
    """The declared order, or the newest first for a reader who doesn't see that field."""
    declared = policy.entity.order
    return declared if declared.lstrip("-") in policy.plain else "-id"


@dataclass(frozen=True)
class Span:
    """Which of the rows in order make the page: so many after the first ``offset``."""

    offset: int
    size: int

    def of(self, rows: Select[Any]) -> Select[Any]:
        return rows.offset(self.offset).limit(self.size)


def page(
    policy: Policy, query: Query, fields: Iterable[Field], *, counts_later: bool = False
) -> Page:
    """The page's rows with the relations of ``fields`` loaded, and the capped count.

    For whoever ``counts_later`` it counts a little way only.
    """
    if not 0 <= query.page <= MAX_PAGE:
        raise BadRequest(_l("There is no such page."))
    with operating(policy.operation, policy.entity.key, pools=query.in_pools):
        hits = _hits(policy, query) if counts_later else None
        found = (
            _found(policy, query, counts_later) if hits is None else _having(policy, query, hits)
        )
        return replace(found, rows=rows_of(policy, found.ids, fields))


def _found(policy: Policy, query: Query, counts_later: bool) -> Page:
    """The page's ids and the count, up to the cap that holds for this query."""
    cap = FIRST_CAP if counts_later else WORDS_CAP if query.search.strip() else COUNT_CAP
    span = Span(query.page * query.size, query.size)
    where, order = clauses(policy, query), ordering(policy, query.order)
    again = not query.search.strip() and _is_indexed(policy, query)
    count, ids = _counted(policy.entity.model, where, order, span, cap, again=again)
    return Page(ids, min(count, cap), count <= cap)


def _having(policy: Policy, query: Query, hits: Select[Any]) -> Page:
    """The page's ids among the records with words, and the count where the words are rare.

    One statement, of which the database runs the part whose constant condition holds. Common words
    are not counted: the page says how many there are at least.
    """
    model, order = policy.entity.model, ordering(policy, query.order)
    keys = [column.label(f"key{i}") for i, column in enumerate(order.columns)]
    span = Span(query.page * query.size, query.size + 1)
    rows = select(*keys).where(*filters.conditions_for(policy, query.conditions))

    wanted, is_indexed = span.offset + span.size, _is_indexed(policy, query)

    def among_first(rows: Select[Any], number: int, name: str) -> CTE:
        window = rows.order_by(*order.clauses).limit(number if is_indexed else 0)
        return _kept(_in_order(window, order, hits).limit(wanted), name)

    first = among_first(rows, WINDOW, "first")
    is_full = _count(first) == wanted
    some = _kept(hits.where(not_(is_full)).limit(HITS_CAP + 1), "hits")
    are_few = _count(some) <= HITS_CAP
    few = rows.where(are_few, search_index.among(model.id, some)).cte("few")
    more = among_first(rows.where(not_(are_few)), WALK, "more")
    is_filled = _count(more) == wanted
    rest = rows.where(not_(are_few), not_(is_filled), model.id.in_(hits))

    parts = (
        *(_in_order(select(first).where(is_full), order), _in_order(select(few), order)),
        *(_in_order(select(more).where(is_filled), order), rest.order_by(*order.clauses)),
    )
    page = union_all(*(select(span.of(part).subquery()) for part in parts)).subquery()
    total = select(_count(few).label("n"), and_(not_(is_full), are_few).label("exact")).cte("total")
    found = db.session.execute(
        select(page.c[len(keys) - 1], total.c.n, total.c.exact)
        .select_from(total.outerjoin(page, true()))
        .order_by(*order.of(list(page.c)))
    ).all()
    return _told(query, [row[0] for row in found if row[0] is not None], found[0])


def _told(query: Query, ids: Sequence[int], total: Any) -> Page:
    """The page of these ids, one more than it has where there are others."""
    shown, first = ids[: query.size], query.page * query.size
    if total.exact:
        return Page(shown, total.n, is_exact=True)
    is_last = len(ids) <= query.size and bool(shown or not first)
    return Page(shown, first + len(shown) if shown else 0, is_last)


def _in_order(rows: Select[Any], order: Order, hits: Select[Any] | None = None) -> Select[Any]:
    """These rows by their keys, without those that are no ``hits``."""
    inner = rows.subquery()
    kept = select(inner)
    if hits is not None:
        kept = kept.where(search_index.is_among(list(inner.c)[-1], hits))
    return kept.order_by(*order.of(list(inner.c)))


def _kept(rows: Select[Any], name: str) -> CTE:
    """Worked out once."""
    return rows.cte(name).prefix_with("MATERIALIZED", dialect="postgresql")


def _count(rows: CTE) -> Any:
    return select(func.count()).select_from(rows).scalar_subquery()


def _counted(
    model: Any, where: Sequence[Any], order: Order, span: Span, cap: int, *, again: bool
) -> tuple[int, list[int]]:
    """Count up to one past the cap, and the ids of the page: one statement."""
    make = _counting if where else _counting_all
    statement = make(model, tuple(where), order, cap, again=again)
    rows = db.session.execute(statement, {_OFFSET.key: span.offset, _SIZE.key: span.size}).all()
    return rows[0].n, [row[0] for row in rows if row[0] is not None]


_OFFSET, _SIZE = bindparam("page_offset", type_=Integer), bindparam("page_size", type_=Integer)


def _counting(
    model: Any, where: Sequence[Any], order: Order, cap: int, *, again: bool
) -> Select[Any]:
    """The statement for a page of ``_SIZE`` rows after the first ``_OFFSET``, and their count.

    Up to the cap, what is counted is kept and sorted or, with ``again``, read a second time to be
    sorted: the planner is kept from walking the order's index for a selective filter. Beyond the
    cap that is just what it does. Of the two halves the database runs the one whose constant
    condition holds.
    """
    keys = [column.label(f"key{i}") for i, column in enumerate(order.columns)]
    some = select(*(keys[-1:] if again else keys)).where(*where).limit(cap + 1).cte("matched")
    if not again:
        some = some.prefix_with("MATERIALIZED", dialect="postgresql")
    total = select(func.count().label("n")).select_from(some).cte("total")
    is_few = select(total.c.n).scalar_subquery() <= cap
    if again:
        few = select(*keys).where(*where, is_few).offset(0).subquery()
    else:
        few = select(some).where(is_few).subquery()
    many = select(*keys).where(*where, not_(is_few)).order_by(*order.clauses)
    halves = (select(few).order_by(*order.of(list(few.c))), many)
    page = union_all(*(select(h.offset(_OFFSET).limit(_SIZE).subquery()) for h in halves))
    found = page.subquery()
    return (
        select(found.c[len(keys) - 1], total.c.n)
        .select_from(total.outerjoin(found, true()))
        .order_by(*order.of(list(found.c)))
    )


_counting_all = lru_cache(maxsize=500)(_counting)
"""The statements for lists without conditions, of which there is one per column to sort by."""


def _is_indexed(policy: Policy, query: Query) -> bool:
    """Whether indexes alone tell which rows match, but for words."""
    fields = policy.entity.fields
    asked = (fields.get(key) for key in columns_in(query.conditions))
    return all(field and field.quick for field in asked)


def sums(policy: Policy, query: Query, fields: Sequence[Field]) -> dict[str, Decimal]:
    """The sum of each column over all rows that match, in one statement (LIST-6)."""
    model = policy.entity.model
    with operating(policy.operation, policy.entity.key, pools=query.in_pools):
        columns = [func.sum(getattr(model, f.column)) for f in fields]
        row = db.session.execute(select(*columns).where(*clauses(policy, query))).one()
    return {f.key: total or Decimal(0) for f, total in zip(fields, row, strict=True)}


def count(policy: Policy, query: Query, cap: int | None = None) -> int:
    """How many rows match: exactly, or one more than ``cap`` when there are more than that."""
    with operating(policy.operation, policy.entity.key, pools=query.in_pools):
        found = select(policy.entity.model.id).where(*clauses(policy, query))
        found = found.limit(cap + 1) if cap else found
        return db.session.scalar(select(func.count()).select_from(found.subquery())) or 0
