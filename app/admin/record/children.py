"""The tabs of what belongs to a record: each child in its own scope (PERM-3, UI-5)."""

from typing import Any

from app.admin import cells, lists
from app.operations.rules import rules_of
from app.spec.catalogue import catalogue
from app.spec.entity import Child, Entity
from app.store import listing
from app.store.context import actor
from app.store.policy import Policy

SHOWN = 50


def of(entity: Entity, record: Any) -> dict[str, Child]:
    """The children that this record can have and that the reader may list, by tab."""
    rules = rules_of(entity)
    return {
        catalogue.get(child.entity).plural: child
        for child in entity.children
        if actor().rights.may(child.entity, "list") and rules.shows_child(record, child)
    }


def label(child: Child) -> Any:
    """What its tab is called."""
    return catalogue.get(child.entity).many


def count(child: Child, record_id: int) -> int:
    """How many there are for this reader."""
    return listing.count(_policy(child), _query(child, record_id))


def screen(child: Child, record_id: int) -> dict[str, Any]:
    """The first of them, and where to create another."""
    entity = catalogue.get(child.entity)
    policy = _policy(child)
    columns = [f for f in policy.readable.values() if f.listed and f.key != child.through]
    found = listing.page(policy, _query(child, record_id), columns)
    may_add = actor().rights.may(entity.key, "create") and (
        child.through in Policy(actor(), entity, "create").writable(creating=True)
    )
    return {
        "entity": lists.head(entity),
        "columns": [
            {"key": f.key, "label": str(f.label), "numeric": f.kind in cells.NUMERIC}
            for f in columns
        ],
        "rows": lists.rows(policy, found.rows, columns),
        "total": found.count,
        "create_url": f"/{entity.plural}/add?{child.through}={record_id}" if may_add else None,
    }


def _query(child: Child, record_id: int) -> listing.Query:
    condition = {"col": child.through, "opr": "eq", "value": record_id}
    return listing.Query(conditions=(condition,), size=SHOWN)


def _policy(child: Child) -> Policy:
    in_pools = _query(child, 0).in_pools
    return Policy(actor(), catalogue.get(child.entity), "list", in_list=True, in_pools=in_pools)
