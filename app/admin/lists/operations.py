"""The bulk operations that a list offers to whoever reads it (BULK)."""

from typing import Any

from app.admin.lists.listed import Listed
from app.operations.registry import behaviour
from app.spec.entity import Entity
from app.spec.operations import Operation
from app.store.context import actor


def offered(me: Listed) -> list[Operation]:
    """The bulk operations that make sense for these rows and are granted; dangerous ones last."""
    in_pools = me.query.in_pools
    wanted = {"binned"} if me.is_bin else {"pool", "both"} if in_pools else {"live", "both"}
    pooled = {"delete", "export"} if in_pools and not me.is_bin else set()
    fitting = [
        verb
        for verb in me.entity.bulk_verbs
        if (verb.rows in wanted or verb.slug in pooled)
        and actor().rights.may(me.entity.key, verb.slug)
    ]
    return sorted(fitting, key=lambda verb: verb.is_dangerous)


def button(entity: Entity, verb: Operation) -> dict[str, Any]:
    """What the bulk bar shows of an operation."""
    return {
        "slug": verb.slug,
        "label": str(verb.label),
        "icon": verb.icon,
        "danger": is_alarming(verb),
        "url": f"/{entity.plural}/bulk/{verb.slug}",
    }


def is_alarming(verb: Operation) -> bool:
    """Whether its button is red: it is dangerous, and it changes what is stored."""
    return verb.is_dangerous and behaviour(verb.slug).writes
