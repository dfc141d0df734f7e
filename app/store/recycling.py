"""Recycling in SQL: the same days as ``app/spec/recycling.py`` finds for a row that is read.

A clock that began on a day before the company's day less N is due. So a moment is compared with the
first moment of a day, and no database has to know what a day is.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, func, literal, or_, select, true
from sqlalchemy.dialects.postgresql import array

from app.extensions import db
from app.spec import company, recycling
from app.spec.catalogue import catalogue
from app.spec.days import read
from app.spec.entity import Entity
from app.spec.recycling import (
    CLOCKS,
    DAY,
    FILLED,
    KEPT,
    LEVEL,
    OTHERS,
    Clock,
    Exemption,
    PoolRules,
    clocks_of,
    midnight,
    run_on,
)
from app.spec.types import UTCDateTime
from app.store.engine import is_postgres
from app.store.pools import Pool
from app.store.scope import member_of

Where = ColumnElement[bool]


def load(members: Callable[[int], frozenset[int] | None]) -> tuple[PoolRules, ...]:
    """The rules of the enabled pools that recycle, in their order; who is in a pool is known."""
    table = Pool.__table__
    statement = select(table).where(table.c.is_enabled, table.c.deleted_at.is_(None))
    statement = statement.order_by(func.coalesce(table.c.position, 0), table.c.id)
    rows = db.session.execute(statement).mappings()
    found = [rules_of(dict(row), members(row["id"])) for row in rows]
    return tuple(rules for rules in found if rules.recycles)


def is_set() -> Where:
    """Whether a pool has days by which it recycles."""
    days = (getattr(Pool, one.days) for one in CLOCKS.values() if hasattr(Pool, one.days))
    return or_(false(), *(one.is_not(None) for one in days))


def rules_of(pool: Mapping[str, Any], members: frozenset[int] | None) -> PoolRules:
    """The rules that a pool's settings say, stored or as somebody has typed them."""
    switches = {e.chosen for one in CLOCKS.values() for e in one.unless if e.chosen}
    return PoolRules(
        pool=pool["id"],
        kind=pool["kind"],
        position=pool.get("position") or 0,
        members=members,
        days={one.days: read(pool.get(one.days)) for one in CLOCKS.values()},
        chosen=frozenset(key for key in switches if pool.get(key)),
        owner_days=pool.get("warn_owner_days") or 0,
        superior_days=pool.get("warn_superior_days") or 0,
    )


def entity_of(rules: PoolRules) -> Entity:
    """The kind of records that a pool holds."""
    return next(entity for entity in catalogue if entity.plural == rules.kind)


def concerned(entity: Entity, rules: PoolRules) -> list[Where]:
    """The living records of the pool's people, without those that never go by themselves."""
    model: Any = entity.model
    found = [model.deleted_at.is_(None), model.pool_id.is_(None), model.owner_id.is_not(None)]
    if rules.members is not None:
        found.append(member_of(model.owner_id, sorted(rules.members)))
    return found + [~_exempt(model, one) for one in KEPT.get(entity.key, ())]


def due(entity: Entity, rules: PoolRules, day: date, at: datetime | None = None) -> list[Where]:
    """The records that the pool takes in the run of that day, or took in an earlier one.

    As locks are at that run, or ``at`` a moment.
    """
    model = entity.model
    ways = [_due(model, rules, one, day) for one in clocks_of(model)]
    free = _is_free(model, at or run_on(day))
    return [*concerned(entity, rules), free, or_(false(), *ways)]


def leave_by(entity: Entity, days: int) -> Where:
    """The records that some pool takes within so many days from today (``days_left``)."""
    day = company.today() + days * DAY
    if day < recycling.next_run():
        return false()
    return or_(false(), *(and_(*due(entity, r, day)) for r in recycling.rules_for(entity.plural)))


def leave_soon(entity: Entity) -> Where:
    """The records that a pool takes within its days of warning: their owners hear (POOL-6)."""
    today, rules = company.today(), recycling.rules_for(entity.plural)
    ways = [and_(*due(entity, r, today + r.owner_days * DAY)) for r in rules if r.owner_days]
    return or_(false(), *ways)


def _exempt(model: Any, one: Exemption) -> Where:
    column: Any = getattr(model, one.column)
    if one.value is FILLED:
        return column.is_not(None)  # type: ignore[no-any-return]
    return column.is_not_distinct_from(one.value)  # type: ignore[no-any-return]


def _is_free(model: Any, at: datetime) -> Where:
    """Not locked at that moment (CUS-2)."""
    locked = getattr(model, "is_locked_as_written", None)
    if locked is None:
        return true()
    return or_(locked.is_not(True), and_(model.locked_until.is_not(None), model.locked_until <= at))


def _due(model: Any, rules: PoolRules, one: Clock, day: date) -> Where:
    days = rules.days.get(one.days)
    if not days:
        return false()
    ways = [
        and_(which, *_began_before(model, one, midnight(day - n * DAY)))
        for which, n in _by_level(model, days)
    ]
    return and_(or_(*ways), *(~_exempt(model, e) for e in rules.exempts(one, model)))


def _began_before(model: Any, one: Clock, bound: datetime) -> list[Where]:
    """Each of its moments is earlier: plainer than the latest of them, so an index serves it."""
    columns = [getattr(model, name) for name in one.since]
    if len(columns) == 1:
        return [func.coalesce(columns[0], model.created_at) < bound]
    each: list[Where] = [or_(column.is_(None), column < bound) for column in columns]
    return [*each, or_(func.coalesce(*columns).is_not(None), model.created_at < bound)]


def _by_level(model: Any, days: Mapping[str, int]) -> list[tuple[Where, int]]:
    """Which records have how many days."""
    if set(days) == {OTHERS} or not hasattr(model, LEVEL):
        return [(true(), days[OTHERS])] if OTHERS in days else []
    level: Any = getattr(model, LEVEL)
    named = [code for code in days if code != OTHERS]
    ways: list[tuple[Where, int]] = [(level == code, days[code]) for code in named]
    if OTHERS in days:
        ways.append((or_(level.is_(None), level.not_in(named)), days[OTHERS]))
    return ways


def place(entity: Entity, rules: PoolRules, days: Sequence[date]) -> ColumnElement[int]:
    """In which of the runs of these days a concerned record goes, from 0; their number for none.

    The same as the first of them by which it is ``due``.
    """
    model, never = entity.model, len(days)
    ways = [_place(model, rules, one, days) for one in clocks_of(model) if rules.days.get(one.days)]
    if not ways:
        return literal(never)
    first = _least(*ways) if len(ways) > 1 else ways[0]
    found: ColumnElement[int] = _least(literal(never), _most(first, _free_from(model, days)))
    return found


def _place(model: Any, rules: PoolRules, one: Clock, days: Sequence[date]) -> ColumnElement[int]:
    since = _since(model, one)
    by_level = [
        (which, _passed(since, [midnight(day - n * DAY) for day in days]))
        for which, n in _by_level(model, rules.days[one.days])
    ]
    if not by_level:
        return literal(len(days))
    exempt = [(_exempt(model, e), literal(len(days))) for e in rules.exempts(one, model)]
    return case(*exempt, *by_level, else_=len(days))


def _since(model: Any, one: Clock) -> Any:
    first, *others = (getattr(model, name) for name in one.since)
    found: Any = first
    for column in others:
        found = case((found > column, found), else_=func.coalesce(column, found))
    return func.coalesce(found, model.created_at)


def _free_from(model: Any, days: Sequence[date]) -> ColumnElement[int]:
    """The first of the runs at which a record isn't locked."""
    locked = getattr(model, "is_locked_as_written", None)
    if locked is None:
        return literal(0)
    ends = _reached(model.locked_until, [run_on(day) for day in days])
    return case((locked.is_not(True), 0), (model.locked_until.is_(None), len(days)), else_=ends)


def _passed(moment: Any, bounds: Sequence[datetime]) -> ColumnElement[int]:
    """How many of these ascending bounds aren't later than the moment."""
    if is_postgres():
        stored = [literal(bound, UTCDateTime()) for bound in bounds]
        bucket: ColumnElement[int] = func.width_bucket(moment, array(stored))
        return bucket
    return sum((case((moment >= bound, 1), else_=0) for bound in bounds), literal(0))


def _reached(moment: Any, bounds: Sequence[datetime]) -> ColumnElement[int]:
    """How many of these bounds are earlier than the moment."""
    return sum((case((moment > bound, 1), else_=0) for bound in bounds), literal(0))


def _least(*some: Any) -> Any:
    return func.least(*some) if is_postgres() else func.min(*some)


def _most(*some: Any) -> Any:
    return func.greatest(*some) if is_postgres() else func.max(*some)
