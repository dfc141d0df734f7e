"""Rules of pools: a pool with records, and the last enabled one of its kind, stay (POOL)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.extensions import db
from app.operations import allowances
from app.operations.rules import Beside, Blocker, Place, Rules
from app.spec.catalogue import catalogue
from app.spec.entity import Child, Entity
from app.spec.errors import Conflict, Invalid
from app.spec.recycling import CLOCKS, clocks_of
from app.spec.words import Label, listed
from app.store import access, claims
from app.store.context import actor, system_scope
from app.store.pools import POOL_FIELDS, Pool, shown_in_pools
from app.store.scope import member_of

RECYCLING = Label("Recycling rules and forecast", "回收规则与预测")


class PoolRules(Rules):
    looks_at = ("kind",)

    def choosable(self, chooser: Entity, *, retired: bool = False) -> Sequence[Any]:
        """The enabled pools for the kind of record at hand."""
        return (Pool.kind == chooser.plural, *(() if retired else (Pool.is_enabled,)))

    def after_write(self, entity: Entity, ids: Sequence[int]) -> None:
        access.touch()

    def before_create(self, entity: Entity, values: dict[str, Any]) -> None:
        _check_columns(values["kind"], values)
        _check_clocks(values["kind"], values)

    def before_change(
        self, entity: Entity, record_id: int, before: Mapping[str, Any], values: dict[str, Any]
    ) -> None:
        _check_columns(before["kind"], values)
        _check_clocks(before.get("kind"), values)
        if before.get("is_enabled") and values.get("is_enabled") is False:
            _wait_for_whoever_chose_it(record_id)
            blocker = self.blockers(entity, [record_id]).get(record_id)
            if blocker:
                raise Conflict(blocker.sentence)

    def ways_on(self, record_id: int) -> Sequence[tuple[Label, str, str]]:
        """To the rules and what they would take (POOL-7)."""
        return ((RECYCLING, "recycle", f"/pools/rules/{record_id}"),)

    def shows_child(self, record: Any, child: Child) -> bool:
        """A pool holds one kind of record."""
        return bool(record.kind == catalogue.get(child.entity).plural)

    def beside_rows(self, entity: Entity, ids: Sequence[int]) -> Sequence[Beside]:
        """Of each of his pools how many records he sees in it, and what he may still claim."""
        rights = actor().rights
        mine = sorted(i for i in ids if rights.is_super or i in rights.pools)
        kinds = {e.plural: e for e in catalogue if e.is_pooled and rights.may(e.key, "list")}
        places: dict[int, Place] = {}
        numbers: dict[int, str] = {}
        left: dict[int, str] = {}
        found = claims.looked_up(mine, rights.user_id, Pool.kind, *_counted())
        for pool, allowed, (kind, *counted) in found if mine else ():
            if kind not in kinds:
                continue
            places[pool], numbers[pool] = Place(kinds[kind], "pool", pool), f"{sum(counted):,}"
            if rights.may(kinds[kind].key, "claim"):
                left[pool] = allowances.left(allowed) or _("any number")
        return (
            Beside("records", Label("Records", "记录数"), numbers, places, is_number=True),
            Beside("claims_left", Label("Claims left", "剩余领取次数"), left),
        )

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


def _wait_for_whoever_chose_it(pool: int) -> None:
    """Whoever puts records into it holds it as his choice: let him end, so that they are counted.

    Whoever comes later waits in turn, and finds it closed.
    """
    with system_scope("a pool that is closed is waited for whoever uses it"):
        db.session.execute(select(Pool.id).where(Pool.id == pool).with_for_update())


def _check_columns(plural: str, values: Mapping[str, Any]) -> None:
    """Invalid for fields that this kind of record doesn't have."""
    kind = next(entity for entity in catalogue if entity.plural == plural)
    known = shown_in_pools(kind)
    wrong = [key for key in values.get("visible_columns") or () if key not in known]
    if wrong:
        names = listed(str(POOL_FIELDS.text(key)) for key in wrong)
        said = _l("%(kind)s have no %(fields)s.", kind=kind.many, fields=names)
        raise Invalid(fields={"visible_columns": [said]})


def _counted() -> Iterator[Any]:
    """How many records of each kind lie in a pool."""
    for kind in (e for e in catalogue if e.is_pooled):
        rows = kind.model.__table__.c
        lying = (rows.pool_id == Pool.id, rows.deleted_at.is_(None))
        yield select(func.count()).where(*lying).scalar_subquery()


def _check_clocks(kind: str | None, values: Mapping[str, Any]) -> None:
    """Refuse days for what records of that kind don't know: it would never take one (POOL-5)."""
    pooled = next((one for one in catalogue if one.is_pooled and one.plural == kind), None)
    if pooled is None:
        return
    known = {one.days for one in clocks_of(pooled.model)}
    sentence = _l("%(kind)s have no deal status: this rule would never hold.", kind=pooled.many)
    wrong = {one.days for one in CLOCKS.values() if one.days not in known and values.get(one.days)}
    if wrong:
        raise Invalid(fields={key: [sentence] for key in sorted(wrong)})


def _last_of_their_kind() -> set[int]:
    enabled: dict[str, list[int]] = {}
    rows = db.session.execute(
        select(Pool.kind, Pool.id).where(Pool.is_enabled, Pool.deleted_at.is_(None))
    )
    for kind, record_id in rows:
        enabled.setdefault(kind, []).append(record_id)
    return {pools[0] for pools in enabled.values() if len(pools) == 1}
