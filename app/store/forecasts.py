"""What pools will take in the nights to come, by rules that are kept or only typed (POOL-7).

The same days as those of the run: a record goes with the first pool that takes it, so what another
pool has first is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from sqlalchemy import and_, case, false, func, not_, or_, select, true

from app.extensions import db
from app.spec import recycling
from app.spec.entity import Entity
from app.spec.recycling import DAY, PoolRules
from app.store import recycling as rows
from app.store.context import operating, system_scope
from app.store.engine import be_patient
from app.store.scope import member_of

NIGHTS = 30


@dataclass(frozen=True)
class Forecast:
    """What a pool takes in each of the next nights, given the rules of all others as they are."""

    entity: Entity
    rules: PoolRules

    @cached_property
    def days(self) -> list[date]:
        """The days of the runs to come, the next one first."""
        first = recycling.next_run()
        return [first + n * DAY for n in range(NIGHTS)]

    @cached_property
    def _place(self) -> Any:
        return rows.place(self.entity, self.rules, self.days)

    def _where(self) -> list[Any]:
        """The records that this pool has within these nights, before any other."""
        last, others = self.days[-1], recycling.rules_for(self.entity.plural)
        earlier = [self._is_earlier(r) for r in others if r.pool != self.rules.pool]
        return [*rows.due(self.entity, self.rules, last), not_(or_(false(), *earlier))]

    def _is_earlier(self, other: PoolRules) -> Any:
        """Whether another pool takes the record first: on an earlier day, or by its order."""
        mine, theirs = self._place, rows.place(self.entity, other, self.days)
        is_first = (other.position, other.pool) < (self.rules.position, self.rules.pool)
        earlier = theirs <= mine if is_first else theirs < mine
        whose = self.entity.model.owner_id
        among = true() if other.members is None else member_of(whose, sorted(other.members))
        return case((and_(among, earlier), True), else_=False)

    def counts(self) -> dict[tuple[int, int], int]:
        """How many go, by night from 0 and owner: in one statement, whoever may read them."""
        if not self.rules.recycles:
            return {}
        owner = self.entity.model.owner_id
        night = self._place.label("night")
        statement = select(night, owner, func.count()).where(*self._where())
        with system_scope("what a pool will take is counted everywhere"):
            be_patient()
            found = db.session.execute(statement.group_by("night", owner))
            return {(night, person): n for night, person, n in found if night < NIGHTS}

    @staticmethod
    def place_of(day: date) -> int:
        """Which of the nights to come is that of a day; ValueError for any other day."""
        place = (day - recycling.next_run()).days
        if not 0 <= place < NIGHTS:
            raise ValueError(day)
        return place

    def ids(self, night: int, size: int, after: int) -> Sequence[int]:
        """The records of a night that the reader may list, by their numbers."""
        model: Any = self.entity.model
        where = [*self._where(), self._place == night, model.id > after]
        with operating("list", self.entity.key):
            found = select(model.id).where(*where).order_by(model.id).limit(size)
            return db.session.scalars(found).all()
