"""Reading many rows fast (architecture §4): count, page, rows, in few and constant statements.

One statement counts up to a cap and, when the filter matches no more than that, returns the ids
of the page; beyond the cap the order is walked along its index, and the rows are read by id.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, false, func, select, true

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
    if len(query.search) > MAX_SEARCH or not is_storable(query.search):
        raise BadRequest(_l("At most %(n)s characters.", n=MAX_SEARCH))
    found = filters.conditions_for(policy, query.conditions)
    words = query.search.strip()
    if words:
        hit = search_index.matches(policy.entity, words, [f.key for f in policy.searched])
        found.append(false() if hit is None else hit)  # too short to look for: never all (C55)
    return found


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


def page(policy: Policy, query: Query, fields: Iterable[Field]) -> Page:
    """The page's rows with the relations of ``fields`` loaded, and the capped count."""
    entity = policy.entity
    if not 0 <= query.page <= MAX_PAGE:
        raise BadRequest(_l("There is no such page."))
    with operating(policy.operation, entity.key, pools=query.in_pools):
        where, order = clauses(policy, query), ordering(policy, query.order)
        offset = query.page * query.size
        cap = WORDS_CAP if query.search.strip() else COUNT_CAP
        again, span = _is_indexed(policy, query), (cap, offset, query.size)
        count, ids = _probe(entity.model, where, order, span, again=again)
        if count > cap:
            ids = _walk(entity.model, where, order, offset, query.size)
        rows = rows_of(policy, ids, fields)
    return Page(ids, min(count, cap), count <= cap, rows)


def _probe(
    model: Any, where: Sequence[Any], order: Order, span: tuple[int, int, int], *, again: bool
) -> tuple[int, list[int]]:
    """Count up to one past the cap; with no more than that also the ids of the page, sorted.

    ``span`` is cap, offset and size. What is counted is kept for sorting or, with ``again``, read
    a second time when there is anything to sort: beyond the cap it is only counted. Either way the
    planner is kept from walking the order's index for a selective filter.
    """
    cap, offset, size = span
    keys = [column.label(f"key{i}") for i, column in enumerate(order.columns)]
    some = select(*(keys[-1:] if again else keys)).where(*where).limit(cap + 1).cte("matched")
    if not again:
        some = some.prefix_with("MATERIALIZED", dialect="postgresql")
    total = select(func.count().label("n")).select_from(some).cte("total")
    is_whole = select(total.c.n).scalar_subquery() <= cap
    if again:
        found = select(*keys).where(*where, is_whole).offset(0).subquery()
    else:
        found = select(some).where(is_whole).subquery()
    sorted_by = order.of(list(found.c))
    page = select(found).order_by(*sorted_by).offset(offset).limit(size).subquery()
    rows = db.session.execute(
        select(page.c[len(keys) - 1], total.c.n)
        .select_from(total.outerjoin(page, true()))
        .order_by(*order.of(list(page.c)))
    ).all()
    return rows[0].n, [row[0] for row in rows if row[0] is not None]


def _is_indexed(policy: Policy, query: Query) -> bool:
    """Whether indexes alone tell which rows match: reading twice is cheaper then than keeping."""
    fields = policy.entity.fields
    asked = (fields.get(key) for key in columns_in(query.conditions))
    return not query.search.strip() and all(field and field.quick for field in asked)


def _walk(model: Any, where: Sequence[Any], order: Order, offset: int, size: int) -> list[int]:
    """The ids of a page beyond the cap, walked along the order's index."""
    walked = select(model.id).where(*where).order_by(*order.clauses)
    return list(db.session.scalars(walked.offset(offset).limit(size)))


def sums(policy: Policy, query: Query, fields: Sequence[Field]) -> dict[str, Decimal]:
    """The sum of each column over all rows that match, in one statement (LIST-6)."""
    model = policy.entity.model
    with operating(policy.operation, policy.entity.key, pools=query.in_pools):
        columns = [func.sum(getattr(model, f.column)) for f in fields]
        row = db.session.execute(select(*columns).where(*clauses(policy, query))).one()
    return {f.key: total or Decimal(0) for f, total in zip(fields, row, strict=True)}


def count(policy: Policy, query: Query) -> int:
    """How many rows match, exactly."""
    with operating(policy.operation, policy.entity.key, pools=query.in_pools):
        statement = select(func.count(policy.entity.model.id)).where(*clauses(policy, query))
        return db.session.scalar(statement) or 0
