"""Who gets the next record when several people share the work (POOL-3)."""

from collections import deque
from collections.abc import Sequence

from sqlalchemy import func, select

from app.extensions import db
from app.spec.entity import Entity
from app.store.context import system_scope
from app.store.gate import member_of


class Turns:
    """Whose turn it is: a queue. Whoever owns the row already is passed over and stays first."""

    def __init__(self, people: Sequence[int], start: int = 0) -> None:
        self._queue = deque(people)
        self._queue.rotate(-start)

    def take(self, owner: int | None) -> int | None:
        """The next who isn't the owner, now last in the queue; None when there is nobody else."""
        receiver = next((person for person in self._queue if person != owner), None)
        if receiver is not None:
            self._queue.remove(receiver)
            self._queue.append(receiver)
        return receiver


class LeastLoaded:
    """Whoever owns the fewest at the moment, counted on as the rows are given out."""

    def __init__(self, entity: Entity, people: Sequence[int]) -> None:
        owner = entity.model.owner_id
        with system_scope("how much everybody has is counted everywhere"):
            rows = db.session.execute(
                select(owner, func.count())
                .where(member_of(owner, people), entity.model.deleted_at.is_(None))
                .group_by(owner)
            )
            self._load: dict[int, int] = dict.fromkeys(people, 0) | dict(rows.all())

    def take(self, owner: int | None) -> int | None:
        """The one with the fewest who isn't the owner; None when there is nobody else."""
        others = [person for person in self._load if person != owner]
        if not others:
            return None
        receiver = min(others, key=self._load.__getitem__)
        self._load[receiver] += 1
        if owner in self._load:
            self._load[owner] -= 1
        return receiver
