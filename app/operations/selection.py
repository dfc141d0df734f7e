"""What a bulk operation is about: ticked rows, or everything that matches (BULK-1).

A selection is a query. It is answered in the operation's own scope at the moment of running: ids
that the doer can't even read make the whole request "not found", readable ones outside the
operation's scope are reported, and a count that has moved is asked about again.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.extensions import db
from app.operations.outcome import Skip
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import BadRequest, NotFound, StaleCount
from app.spec.operations import Operation
from app.store import door, filters, history, runs, titles
from app.store.context import actor, operating, system_scope
from app.store.listing import Query, clauses
from app.store.policy import Policy
from app.store.scope import member_of

MAX_IDS = 20_000
"""Ticked ids of one request; a filter may match any number."""
MEANWHILE = timedelta(hours=1)
"""So long whoever comes too late for a row in a pool is told who was faster."""
KEYS = frozenset({"ids", "filters", "search", "expected_count", "except"})


@dataclass(frozen=True)
class Selection:
    """Ticked ids, or a frozen filter with the count the doer saw and the rows he took out."""

    ids: tuple[int, ...] = ()
    query: Query | None = None
    expected: int | None = None
    excluded: frozenset[int] = frozenset()

    def described(self) -> dict[str, Any]:
        """The selection as it is kept with the run."""
        if self.query is None:
            return {"ids": list(self.ids)}
        return {
            "filters": filters.veiled(self.query.conditions),
            "search": self.query.search,
            "expected_count": self.expected,
            "except": sorted(self.excluded),
        }


@dataclass
class Chosen:
    """The rows of a selection within the operation's scope.

    What matches a filter is a condition, of which nothing is read yet. Ticked rows are known by
    now: one that leaves the scope before it is locked has a verdict too (BULK-4).
    """

    entity: Entity
    verb: Operation
    where: list[Any] = field(default_factory=list)
    ticked: Sequence[int] | None = None
    """The ids, in order; None where the rows are those that match."""
    pools: bool = False
    """Whether rows in pools match too."""
    skipped: list[Skip] = field(default_factory=list)
    """Ticked rows that are left out whatever they are."""
    expected: int | None = None
    """The count that the doer saw."""
    is_late: bool = False
    """Whether nobody has looked yet where the ticked rows are: ``missing`` says so afterwards."""

    def ids(self, most: int, *, after: int = 0) -> list[int]:
        """The next ids in order, at most so many."""
        if self.ticked is not None:
            start = bisect_right(self.ticked, after)
            return list(self.ticked[start : start + most])
        model = self.entity.model
        found = select(model.id).where(*self.where, model.id > after).order_by(model.id)
        with self._looking():
            return list(db.session.scalars(found.limit(most)))

    def missing(self, ids: Sequence[int]) -> list[Skip]:
        """Of a late selection what becomes of rows that weren't there; NotFound for unreadable."""
        return _verdicts(self.entity, self.verb, ids)

    def count(self) -> int:
        if self.ticked is not None:
            return len(self.ticked)
        with self._looking():
            found = select(func.count(self.entity.model.id)).where(*self.where)
            return db.session.scalar(found) or 0

    def sizes(self, key: str) -> list[tuple[Any, int]]:
        """How many rows have each value of a field."""
        model = self.entity.model
        column = getattr(model, self.entity.fields[key].column)
        where = self.where if self.ticked is None else [member_of(model.id, self.ticked)]
        found = select(column, func.count()).where(*where).group_by(column)
        with self._looking():
            return [(value, n) for value, n in db.session.execute(found)]

    def freeze(self, run: int) -> int:
        """Note the rows as those that a run is about; how many they are.

        What matches is noted by the database itself. Raises StaleCount when the doer saw another
        number.
        """
        if self.ticked is not None:
            runs.note_first(run, ({"record_id": i, "outcome": runs.PENDING} for i in self.ticked))
            return len(self.ticked)
        with self._looking():
            count = runs.freeze(run, self.entity, self.where)
        self.check(count)
        return count

    def check(self, count: int) -> None:
        """StaleCount when the doer saw another number."""
        if self.expected is not None and count != self.expected:
            raise StaleCount(details={"count": count})

    @contextmanager
    def _looking(self) -> Iterator[None]:
        with operating(self.verb.slug, self.entity.key, pools=self.pools):
            yield


def read(body: Mapping[str, Any]) -> Selection:
    """A selection from a request's body (contract §5); BadRequest for anything else."""
    if "ids" in body:
        if {"filters", "search", "expected_count", "except"} & set(body):
            raise BadRequest(_l("Give ids or a filter, not both."))
        return Selection(ids=_ids(body["ids"]))
    if "filters" not in body and "search" not in body:
        raise BadRequest(_l("Nothing is selected."))
    conditions, search = body.get("filters") or [], body.get("search") or ""
    expected = body.get("expected_count")
    if not isinstance(conditions, list) or not isinstance(search, str):
        raise BadRequest(_l("The filter is not understood."))
    if expected is not None and (isinstance(expected, bool) or not isinstance(expected, int)):
        raise BadRequest(_l("The expected count must be a whole number."))
    return Selection(
        query=Query(conditions=tuple(conditions), search=search),
        expected=expected,
        excluded=frozenset(_ids(body.get("except") or [])),
    )


def _ids(raw: Any) -> tuple[int, ...]:
    if not isinstance(raw, list) or len(raw) > MAX_IDS:
        raise BadRequest(_l("The ids must be a list of numbers."))
    if not all(isinstance(one, int) and not isinstance(one, bool) for one in raw):
        raise BadRequest(_l("The ids must be a list of numbers."))
    return tuple(dict.fromkeys(raw))


def look_at(entity: Entity, verb: Operation, selection: Selection) -> None:
    """Refuse unreadable ids and filters that can't be, before anything is said about parameters.

    Raises NotFound, BadRequest, in the order of contract §1.
    """
    if selection.query is None:
        _ticked(entity, verb, selection.ids)
    else:
        _clauses(entity, verb, selection.query)


def late(entity: Entity, verb: Operation, selection: Selection) -> Chosen:
    """Ticked rows, wherever they are: whoever locks them finds out. NotFound for what is no id."""
    if not all(0 < i <= door.MAX_ID for i in selection.ids):
        raise NotFound
    return Chosen(entity, verb, ticked=sorted(selection.ids), is_late=True)


def resolve(entity: Entity, verb: Operation, selection: Selection) -> Chosen:
    """The rows of a selection within the operation's scope; NotFound for unreadable ids."""
    if selection.query is None:
        return _ticked(entity, verb, selection.ids)
    where = _clauses(entity, verb, selection.query)
    if selection.excluded:
        where.append(~member_of(entity.model.id, sorted(selection.excluded)))
    return Chosen(entity, verb, where, pools=selection.query.in_pools, expected=selection.expected)


def matching_count(entity: Entity, verb: Operation, query: Query) -> int:
    """How many rows match a filter in the operation's scope: the count that travels."""
    where = _clauses(entity, verb, query)
    with operating(verb.slug, entity.key, pools=query.in_pools):
        return db.session.scalar(select(func.count(entity.model.id)).where(*where)) or 0


def _clauses(entity: Entity, verb: Operation, query: Query) -> list[Any]:
    """The filter as the doer's list understands it, over the rows of the operation.

    Where those lie in pools, only what a pool shows its members may steer the choice (POOL-1).
    """
    in_pools = query.in_pools or verb.rows == "pool"
    policy = Policy(actor(), entity, "list", in_list=True, in_pools=in_pools)
    with operating(verb.slug, entity.key, pools=query.in_pools):
        found = clauses(policy, query)
    if verb.rows == "both" and entity.is_pooled and not in_pools:
        found.append(entity.model.pool_id.is_(None))  # what the list shows, and nothing besides
    return found


def _ticked(entity: Entity, verb: Operation, ids: Sequence[int]) -> Chosen:
    reached = door.within(entity, ids, verb.slug)
    skipped = _verdicts(entity, verb, [i for i in ids if i not in reached])
    return Chosen(entity, verb, ticked=sorted(reached), skipped=skipped)


def _verdicts(entity: Entity, verb: Operation, others: Sequence[int]) -> list[Skip]:
    """Why ticked rows aren't within the operation's scope; NotFound when one is unreadable."""
    possible = [i for i in others if 0 < i <= door.MAX_ID]
    taken = _taken(entity, possible) if possible and verb.rows == "pool" else {}
    others = [i for i in others if i not in taken]
    readable = door.within(entity, others, "read") | door.within(entity, others, "list")
    if set(others) - readable:
        raise NotFound
    skipped = [Skip(i, "not_permitted") for i in others]
    return skipped + [Skip(i, "taken", {"name": name}) for i, name in taken.items()]


def _taken(entity: Entity, ids: Sequence[int]) -> dict[int, str]:
    """Rows that have just left a pool the doer is in, with the name of who got them (POOL-2).

    Whose they became afterwards is nothing of his: of what left long ago he is told nothing.
    """
    mine = set(actor().rights.pools)
    left = history.left_pools(entity.key, ids, clock.now() - MEANWHILE)
    takers = {i: owner for i, (pool, owner) in left.items() if owner and pool in mine}
    owned = _owners(entity, sorted(takers)) if takers else {}
    return _names({i: takers[i] for i in owned})


def owner_names(entity: Entity, ids: Sequence[int]) -> dict[int, str]:
    """Who owns these rows now, in the reader's language; rows without an owner are absent.

    For somebody who was in the pool they left: he is told who was faster, whoever that is.
    """
    return _names(_owners(entity, ids))


def _owners(entity: Entity, ids: Sequence[int]) -> dict[int, int]:
    """The owners of those of the rows that are there and have one."""
    model = entity.model
    with system_scope("tell a pool member who was faster"):
        rows = db.session.execute(
            select(model.id, model.owner_id).where(
                member_of(model.id, ids), model.owner_id.is_not(None), model.deleted_at.is_(None)
            )
        )
        return dict(rows.all())


def _names(owners: Mapping[int, int]) -> dict[int, str]:
    """By row what its owner is called."""
    with system_scope("tell a pool member who was faster"):
        names = titles.by_ids(catalogue.get("user"), owners.values())
    return {i: names.get(owner, "") for i, owner in owners.items()}
