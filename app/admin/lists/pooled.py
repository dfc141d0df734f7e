"""Rows in pools: how many their reader may still claim, and the button in each (POOL-2)."""

from collections.abc import Iterable, Iterator
from typing import Any

from app.admin.lists.listed import Listed
from app.operations import allowances
from app.spec.entity import Entity
from app.spec.operations import Operation
from app.store.context import actor


def told(me: Listed) -> dict[str, Any]:
    """What is left of his claims in the pools that he looks at."""
    may = me.query.in_pools and grabbing(me.entity) is not None
    return {"claims_left": allowances.of_pools(_pools(me)) if may else []}


def acting(me: Listed, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, each with the button that claims it."""
    return with_buttons(me.entity, rows) if me.query.in_pools and not me.is_bin else rows


def with_buttons(entity: Entity, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows in pools with the button of what can be done to each at once, if he may."""
    verb = grabbing(entity)
    if verb is None:
        return rows
    act = {"url": f"/{entity.plural}/bulk/{verb.slug}", "slug": verb.slug, "label": str(verb.label)}
    return [{**row, "act": act | {"id": row["id"]}} for row in rows]


def grabbing(entity: Entity) -> Operation | None:
    """The operation that takes a row out of its pool and asks for nothing, where it is granted."""
    fitting = (verb for verb in entity.bulk_verbs if verb.rows == "pool" and verb.is_light)
    may = actor().rights.may
    return next((verb for verb in fitting if may(entity.key, verb.slug)), None)


def _pools(me: Listed) -> list[int]:
    """The pools of this kind that he is in, of these the ones that the filter names, if it does."""
    seats = actor().rights.pools.values()
    mine = {seat.pool_id for seat in seats if seat.kind == me.entity.plural}
    named = set(_named(me.query.conditions))
    return sorted(mine & named if named else mine)


def _named(conditions: Iterable[Any]) -> Iterator[int]:
    for one in conditions:
        if isinstance(one, dict) and one.get("col") == "pool" and one.get("opr") in ("eq", "in"):
            value = one.get("value")
            for each in value if isinstance(value, list) else [value]:
                if str(each).isdecimal():
                    yield int(str(each))
