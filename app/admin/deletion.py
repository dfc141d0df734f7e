"""Deleting one record, from its page or by the API: the same run as for many."""

from app.operations import engine
from app.operations.registry import behaviour
from app.operations.selection import Selection
from app.spec.entity import Entity
from app.spec.errors import Conflict


def delete(entity: Entity, record_id: int) -> None:
    """Move the record to the recycle bin; Conflict with the reason when something is in the way."""
    outcome = engine.run(
        behaviour("delete"), entity, Selection(ids=(record_id,)), {}, dry_run=False
    )
    if outcome.skipped:
        raise Conflict(outcome.skipped[0].reason)
