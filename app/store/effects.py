"""How many rows people reach, now and with rights they don't have yet (MATRIX-2).

The gate's own predicate is asked, so that a forecast can't differ from what will be obeyed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, literal, select, union_all

from app.extensions import db
from app.spec.entity import Entity
from app.store.context import Acting, Actor, system_scope
from app.store.listing import COUNT_CAP
from app.store.scope import predicate, running_seats


@dataclass(frozen=True)
class Asked:
    """One number wanted: the rows that this person reaches with this operation."""

    who: Actor
    entity: Entity
    operation: str


def amounts(asked: Sequence[Asked]) -> list[int]:
    """The numbers in the same order, counted to one past the cap of lists: two statements."""
    with system_scope("the gate's predicate of other people is counted"):
        seats = running_seats(sorted({one.who.user_id for one in asked}))
        counts = []
        for number, one in enumerate(asked):
            if one.who.rights.may(one.entity.key, one.operation):
                memory = {"seats": seats.get(one.who.user_id, {})}
                work = Acting(one.who, one.operation, one.entity.key, memory=memory)
                reached = select(one.entity.model.id).where(predicate(one.entity, work))
                some = reached.limit(COUNT_CAP + 1).subquery()
                counts.append(select(literal(number), func.count()).select_from(some))
        found = dict(db.session.execute(union_all(*counts)).all()) if counts else {}
    return [found.get(number, 0) for number in range(len(asked))]
