"""Operations about whose a record is: transfer, assign, release, other pools (XFER, POOL)."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.extensions import db
from app.operations import room
from app.operations.behaviour import Behaviour, Row, Run, lock_rows, write
from app.operations.outcome import Plan
from app.operations.turns import LeastLoaded, Turns, loads_of
from app.spec.catalogue import catalogue
from app.spec.entity import Child, Entity
from app.spec.errors import Invalid
from app.spec.field import Field
from app.spec.kinds import ChoicesField, OptionField
from app.spec.operations import CASCADE_OF
from app.spec.options import Dictionary, Option
from app.spec.words import Label
from app.store import access, rotation, seats
from app.store.context import actor, operating, system_scope
from app.store.scope import member_of
from app.store.writer import Change


RECEIVING = frozenset({"owner", "new_owner", "to"})
"""The fields and parameters in which somebody is chosen to get records."""
ALL_FULL = _l("Everybody chosen has as many as they may have.")


def obtained(run: Run, way: str) -> dict[str, Any]:
    """What a change of owner sets besides the owner (XFER-4, POOL-8)."""
    if not run.entity.is_pooled:
        return {}
    return {
        "pool": None,
        "pooled_at": None,
        "obtained_at": run.at,
        "obtained_way": way,
        "is_followed_up": False,
    }


def cascading(entity: Entity) -> tuple[Child, ...]:
    """The children that may go to the new owner with it."""
    return tuple(
        child
        for child in entity.children
        if child.cascades and catalogue.get(child.entity).is_owned
    )


def cascade_fields(entity: Entity) -> tuple[Field, ...]:
    """The parameter that names which children go along; none for an entity without such."""
    children = [catalogue.get(child.entity) for child in cascading(entity)]
    if not children:
        return ()
    options = tuple(Option(other.plural, other.many) for other in children)
    choices = Dictionary("cascade", Label("Kinds", "类型"), options, is_editable=False)
    return (ChoicesField(label=Label("Also for", "同时处理"), key="cascade", choices=choices),)


def children_within(child: Child, parents: Sequence[int]) -> dict[int, tuple[int, int]]:
    """The children of these rows in the doer's own scope of the operation: (parent, owner) by id.

    Needs the operation on the children's entity to be the one under way.
    """
    model = catalogue.get(child.entity).model
    through = getattr(model, catalogue.get(child.entity).fields[child.through].column)
    rows = db.session.execute(
        select(model.id, through, model.owner_id).where(member_of(through, parents))
    )
    return {i: (parent, owner) for i, parent, owner in rows}


def follow_parents(run: Run, parents: Mapping[int, Any], owners: Mapping[int, Any]) -> None:
    """Children follow their parent into and out of a pool, whoever they belong to (POOL-8).

    ``parents`` are the moved rows, ``owners`` maps each to the children's new owner. Runs for the
    system: the right to the parent's move carries its children.
    """
    for child in run.entity.children:
        entity = catalogue.get(child.entity)
        if not child.follows_pool or not entity.is_owned:
            continue
        through = getattr(entity.model, entity.fields[child.through].column)
        with system_scope("children follow their parent into and out of the pool"):
            rows = db.session.execute(
                select(entity.model.id, through).where(
                    member_of(through, sorted(parents)), entity.model.deleted_at.is_(None)
                )
            ).all()
            parent_of: dict[int, int] = dict(rows)
            found = lock_rows(entity, sorted(parent_of), ())
            changes = [row.change(owner=owners[parent_of[row.id]]) for row in found]
            if changes:
                hand_to(replace(run, entity=entity), changes)


def hand_to(run: Run, changes: Sequence[Change]) -> None:
    """Write the new owners of children, as the engine does those of the chosen rows."""
    write(run, changes, {})
    free_seats(run, changes)


def free_seats(run: Run, changes: Sequence[Change]) -> None:
    """An owner needs no seat: those that the new owners had on these records go (CUS-4)."""
    received: dict[int, list[int]] = defaultdict(list)
    for change in changes:
        if change.values["owner"]:
            received[change.values["owner"]].append(change.id)
    for owner, ids in received.items():
        seats.remove(run.entity.key, ids, [owner], run=run.operation_id)


class Transfer(Behaviour):
    """XFER-1…4: another owner; the former one leaves or stays in the team."""

    slug = "transfer"

    def params(self, entity: Entity) -> tuple[Field, ...]:
        *fields, message = super().params(entity)
        whose = OptionField(
            label=Label("Whose", "范围"), key="cascade_of", choices=CASCADE_OF, default="old_owner"
        )
        cascade = cascade_fields(entity)
        return (*fields, *cascade, *((whose,) if cascade else ()), message)

    def plan(self, run: Run, row: Row) -> Plan:
        new_owner = run.params["new_owner"]
        if row.values["owner"] == new_owner:
            return row.skip("same_owner")
        return row.change(owner=new_owner, **obtained(run, "transferred"))

    def after(self, run: Run, changes: Sequence[Change]) -> None:
        free_seats(run, changes)
        if run.params["old_owner"] != "remove":
            seats.add(
                run.entity.key,
                [(c.id, c.before["owner"]) for c in changes if c.before["owner"]],
                run.params["old_owner"],
                run.params.get("until"),
                run=run.operation_id,
            )
        for child in cascading(run.entity):
            if catalogue.get(child.entity).plural in (run.params.get("cascade") or []):
                self._take_along(run, child, changes)

    def _take_along(self, run: Run, child: Child, changes: Sequence[Change]) -> None:
        """The children within the doer's own transfer scope go to the new owner too."""
        entity = catalogue.get(child.entity)
        if not actor().rights.may(entity.key, self.slug):
            return
        former = {c.id: c.before["owner"] for c in changes}
        everybodys = run.params.get("cascade_of") == "all"
        with operating(self.slug, entity.key):
            found = children_within(child, sorted(former))
            ids = [i for i, (up, owner) in found.items() if everybodys or owner == former[up]]
            new, part = run.params["new_owner"], replace(run, entity=entity)
            rows = lock_rows(entity, sorted(ids), ())
            moved = [
                row.change(owner=new, **obtained(part, "transferred"))
                for row in rows
                if row.values["owner"] != new
            ]
            hand_to(part, moved)

    def notified(self, run: Run, changes: Sequence[Change]) -> dict[int, int]:
        return {run.params["new_owner"]: len(changes)} if changes else {}


class Assign(Behaviour):
    """POOL-3: to one person or spread over several, out of a pool or from other owners."""

    slug = "assign"

    def prepare(self, run: Run) -> None:
        people = run.memory["people"] = _receivers(run.params)
        if run.params["how"] == "load":
            loads = run.kept.get("loads") or loads_of(run.entity, people)
            run.memory["turns"] = LeastLoaded(run.kept.setdefault("loads", loads))
            return
        start = 0
        if run.params["how"] == "round_robin":
            people.sort()
            key = run.memory["rotation"] = rotation.key_of("assign", run.entity.key, people)
            if "queue" not in run.kept:
                start = rotation.position(key, lock=not run.dry_run) % len(people)
        queue = run.kept.setdefault("queue", [*people[start:], *people[:start]])
        run.memory["turns"] = Turns(queue)

    def prepare_chunk(self, run: Run, rows: Sequence[Row]) -> None:
        run.memory["room"] = room.tally(run, run.entity, "turns")
        run.memory["room"].know(run.memory["people"])

    def plan(self, run: Run, row: Row) -> Plan:
        """Whoever is full is passed over; when all are, the row stays (XFER-3)."""
        found, owner = run.memory["room"], row.values["owner"]
        receiver = run.memory["turns"].take(owner, lambda one: found.fits(one, row.values))
        if receiver is None:
            is_alone = set(run.memory["people"]) <= {owner}
            return row.skip("same_owner") if is_alone else row.skip(room.OVER, why=ALL_FULL)
        found.move((row.values, {**row.values, "owner": receiver}))
        return row.change(owner=receiver, **obtained(run, "assigned"))

    def after(self, run: Run, changes: Sequence[Change]) -> None:
        free_seats(run, changes)
        leaving = {c.id: c for c in changes if c.before.get("pool")}
        if leaving:
            follow_parents(run, leaving, {i: c.values["owner"] for i, c in leaving.items()})
        if "rotation" in run.memory:
            rotation.advance(run.memory["rotation"], len(changes))

    def notified(self, run: Run, changes: Sequence[Change]) -> dict[int, int]:
        return dict(Counter(c.values["owner"] for c in changes))


def _receivers(params: Mapping[str, Any]) -> list[int]:
    """The people named, then those with the role, each once; Invalid when there is nobody."""
    named, role = params.get("to") or [], params.get("role")
    if not named and role is None:
        raise Invalid(fields={"to": [_l("This field is required.")]})
    holding = access.holders(role) if role is not None else []
    if role is not None and not holding:
        raise Invalid(fields={"role": [_l("Nobody active has this role.")]})
    return list(dict.fromkeys([*named, *holding]))


class Release(Behaviour):
    """POOL-4: into a pool, without an owner; owner before and reason are kept, locked ones stay."""

    slug = "release"

    def columns(self, run: Run) -> Sequence[str]:
        return tuple(key for key in ("is_locked",) if key in run.entity.fields)

    def plan(self, run: Run, row: Row) -> Plan:
        if row.values["owner"] is None:
            return row.skip("no_owner")
        if row.values.get("is_locked"):
            return row.skip("locked")
        change = row.change(
            owner=None,
            pool=run.params["pool"],
            pooled_at=run.at,
            previous_owner=row.values["owner"],
            is_followed_up=False,
        )
        return _with_reason(run, change)

    def after(self, run: Run, changes: Sequence[Change]) -> None:
        follow_parents(run, {c.id: c for c in changes}, {c.id: None for c in changes})


class MovePool(Behaviour):
    """POOL-1: into another pool of its kind; whose it was, and since when it is nobody's, stays."""

    slug = "move_pool"

    def plan(self, run: Run, row: Row) -> Plan:
        if row.values["pool"] == run.params["pool"]:
            return row.skip("same_pool")
        return _with_reason(run, row.change(pool=run.params["pool"]))


def _with_reason(run: Run, change: Change) -> Change:
    """The change with the reason that its entry in the history tells (POOL-8)."""
    reason = run.params.get("reason")
    return replace(change, notes={"reason": [None, reason]}) if reason else change
