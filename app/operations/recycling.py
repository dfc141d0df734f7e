"""Recycling: a release that the rules of a pool do, chunk after chunk (POOL-5, POOL-8, POOL-10).

A record that is taken isn't due any more. So a run that was killed goes on after the last chunk
that was committed, and one that is done twice finds nothing.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import func, select

from app.extensions import db
from app.operations.behaviour import CHUNK, Run, lock_rows, write
from app.operations.ownership import follow_parents
from app.spec import clock, sentences
from app.spec.entity import Entity
from app.spec.operations import RECYCLE
from app.spec.recycling import PoolRules, leavings, reads
from app.store import recycling, runs
from app.store.context import running
from app.store.scope import member_of


@dataclass(frozen=True)
class Night:
    """What one pool takes by its rules on one day."""

    entity: Entity
    rules: PoolRules
    day: date

    def count(self) -> int:
        """How many records the pool looks at: those of its people."""
        statement = select(func.count()).select_from(self.entity.model)
        concerned = recycling.concerned(self.entity, self.rules)
        return db.session.scalar(statement.where(*concerned)) or 0

    def next(self, after: int) -> list[int]:
        """The next records that are due, in the order of their ids."""
        model: Any = self.entity.model
        where = recycling.due(self.entity, self.rules, self.day, clock.now())
        found = select(model.id).where(*where, model.id > after).order_by(model.id)
        return list(db.session.scalars(found.limit(CHUNK)))

    def start(self) -> int:
        """Note that the system begins to take records; the number of its report."""
        chosen = {"recycling": self.day.isoformat()}
        return runs.start(RECYCLE.slug, self.entity.key, chosen, {"pool": self.rules.pool})

    def take(self, ids: list[int], operation: int) -> int:
        """Take records into the pool as a release does (POOL-8); answers how many it were.

        Each is locked and then looked at once more: what somebody did with it meanwhile counts.
        """
        run = Run(self.entity, RECYCLE, {}, dry_run=False, operation_id=operation)
        why = self._held(ids)
        with running(operation):
            changes = [
                row.change(
                    owner=None,
                    pool=self.rules.pool,
                    pooled_at=run.at,
                    previous_owner=row.values["owner"],
                    is_followed_up=False,
                )
                for row in lock_rows(self.entity, sorted(why), ())
            ]
            changes = [replace(c, notes={"reason": [None, why[c.id]]}) for c in changes]
            write(run, changes, {})
            follow_parents(run, {c.id: c for c in changes}, {c.id: None for c in changes})
        runs.note_first(operation, ({"record_id": c.id, "outcome": "done"} for c in changes))
        return len(changes)

    def _held(self, ids: list[int]) -> dict[int, Any]:
        """Those that are still due, locked, each with the reason."""
        model: Any = self.entity.model
        columns = [getattr(model, name) for name in sorted(reads()) if hasattr(model, name)]
        still = recycling.due(self.entity, self.rules, self.day, clock.now())
        statement = select(model.id, *columns).where(member_of(model.id, ids), *still)
        statement = statement.order_by(model.id).with_for_update(of=model, key_share=True)
        return {row.id: self._reason(row) for row in db.session.execute(statement)}

    def _reason(self, row: Any) -> Any:
        due = leavings(self.entity, row, self.rules, date.min)
        return sentences.packed(min(due, key=lambda one: one.day).reason)
