"""Deleting one record, from its page or by the API: the same run as for many."""

from app.operations import engine
from app.operations.lifecycle import below
from app.operations.outcome import Skip
from app.operations.registry import behaviour
from app.operations.selection import Selection
from app.spec.entity import Entity
from app.spec.errors import Conflict


def rehearsed(entity: Entity, record_id: int) -> Skip | None:
    """What stands in the way of deleting the record, before it is asked for; None for nothing."""
    outcome = engine.run(behaviour("delete"), entity, Selection(ids=(record_id,)), {}, dry_run=True)
    return outcome.skipped[0] if outcome.skipped else None


def along(entity: Entity, record_id: int) -> dict[str, int]:
    """How many living records of each kind go with this one, by the name of the kind."""
    alive = below(entity, [record_id], lambda model: model.deleted_at.is_(None))
    return {str(other.many): len(rows) for other, rows in alive}


def delete(entity: Entity, record_id: int) -> None:
    """Move the record to the recycle bin; Conflict with the reason when something is in the way."""
    outcome = engine.run(
        behaviour("delete"), entity, Selection(ids=(record_id,)), {}, dry_run=False
    )
    if outcome.skipped:
        raise Conflict(outcome.skipped[0].reason)
