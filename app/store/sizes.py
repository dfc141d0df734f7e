"""Whether an entity has so many rows that counting some costs more than showing a page of them.

Each process looks now and then and remembers; nobody is shown what it found.
"""

import time

from flask import current_app
from sqlalchemy import func, select

from app.spec.entity import Entity
from app.store.separate import looking

LARGE = 200_000
"""So many rows, and a list shows its page before it has counted (docs/decisions/0025)."""
REMEMBERED = 600.0
"""Seconds."""


def is_large(entity: Entity) -> bool:
    """By the highest number that a record got; costs a statement in ten minutes and process."""
    known: dict[str, tuple[int, float]] = current_app.extensions.setdefault("crm.sizes", {})
    rows, until = known.get(entity.key, (0, 0.0))
    if time.monotonic() > until:
        with looking() as connection:
            rows = connection.scalar(select(func.max(entity.model.__table__.c.id))) or 0
        known[entity.key] = rows, time.monotonic() + REMEMBERED
    return rows >= LARGE
