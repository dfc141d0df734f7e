"""Who gets the next record when several people share the work (POOL-3)."""

from collections.abc import Callable, Sequence

from sqlalchemy import func, select

from app.extensions import db
from app.operations.rules import rules_of
from app.spec.entity import Entity
from app.store.context import system_scope
from app.store.scope import member_of

Fits = Callable[[int], bool]
"""Whether somebody has room for the record at hand."""


class Turns:
    """Whose turn it is: a queue. Whoever owns the row already is passed over and stays first.

    The queue given is the one worked on, so that a job can keep it from chunk to chunk.
    """

    def __init__(self, queue: list[int]) -> None:
        self._queue = queue

    def take(self, owner: int | None, fits: Fits) -> int | None:
        """The next with room who isn't the owner, now last in the queue; None: nobody else."""
        others = (person for person in self._queue if person != owner)
        receiver = next((person for person in others if fits(person)), None)
        if receiver is not None:
            self._queue.remove(receiver)
            self._queue.append(receiver)
        return receiver


class LeastLoaded:
    """Whoever owns the fewest, counted on as the rows are given out.

    Takes and works on pairs of person and number, in the order in which equals are chosen.
    """

    def __init__(self, loads: list[list[int]]) -> None:
        self._loads = loads

    def take(self, owner: int | None, fits: Fits) -> int | None:
        """The one with the fewest and room who isn't the owner; None when there is nobody else."""
        others = [pair for pair in self._loads if pair[0] != owner and fits(pair[0])]
        if not others:
            return None
        receiver = min(others, key=lambda pair: pair[1])
        receiver[1] += 1
        for pair in self._loads:
            pair[1] -= pair[0] == owner
        return receiver[0]


def loads_of(entity: Entity, people: Sequence[int]) -> list[list[int]]:
    """How many records each of these people has to look after at the moment, in their order."""
    owner = entity.model.owner_id
    with system_scope("how much everybody has is counted everywhere"):
        rows = db.session.execute(
            select(owner, func.count())
            .where(member_of(owner, people), entity.model.deleted_at.is_(None))
            .where(*rules_of(entity).workload(entity))
            .group_by(owner)
        )
        owned: dict[int, int] = dict(rows.all())
    return [[person, owned.get(person, 0)] for person in people]
