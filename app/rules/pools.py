"""Rules of pools: a pool with records, and the last enabled one of its kind, stay (POOL)."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.extensions import db
from app.operations.rules import Blocker, Place, Rules
from app.spec.catalogue import catalogue
from app.spec.entity import Child, Entity
from app.spec.errors import Conflict
from app.store import access
from app.store.context import system_scope
from app.store.pools import Pool
from app.store.scope import member_of


class PoolRules(Rules):
    def choosable(self, chooser: Entity, *, retired: bool = False) -> Sequence[Any]:
        """The enabled pools for the kind of record at hand."""
        return (Pool.kind == chooser.plural, *(() if retired else (Pool.is_enabled,)))

    def after_write(self, entity: Entity, ids: Sequence[int]) -> None:
        access.touch()

    def before_change(
        self, entity: Entity, record_id: int, before: Mapping[str, Any], values: dict[str, Any]
    ) -> None:
        if before.get("is_enabled") and values.get("is_enabled") is False:
            blocker = self.blockers(entity, [record_id]).get(record_id)
            if blocker:
                raise Conflict(blocker.sentence)

    def shows_child(self, record: Any, child: Child) -> bool:
        """A pool holds one kind of record."""
        return bool(record.kind == catalogue.get(child.entity).plural)

    def blockers(self, entity: Entity, ids: Sequence[int]) -> Mapping[int, Blocker]:
        """Pools that hold records, and the last enabled one of a kind."""
        found: dict[int, Blocker] = {}
        with system_scope("what lies in a pool is counted everywhere"):
            for record_id in _last_of_their_kind() & set(ids):
                found[record_id] = Blocker(_l("The last enabled pool of its kind has to stay."))
            for pooled in (e for e in catalogue if e.is_pooled):
                column = pooled.model.pool_id
                rows = db.session.execute(
                    select(column, func.count()).where(member_of(column, ids)).group_by(column)
                )
                for record_id, n in rows:
                    found[record_id] = Blocker(
                        _l("It holds %(n)d × %(kind)s.", n=n, kind=pooled.many),
                        (Place(pooled, "pool", record_id),),
                    )
        return found


def _last_of_their_kind() -> set[int]:
    enabled: dict[str, list[int]] = {}
    rows = db.session.execute(
        select(Pool.kind, Pool.id).where(Pool.is_enabled, Pool.deleted_at.is_(None))
    )
    for kind, record_id in rows:
        enabled.setdefault(kind, []).append(record_id)
    return {pools[0] for pools in enabled.values() if len(pools) == 1}
