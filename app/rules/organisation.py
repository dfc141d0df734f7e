"""Rules of the organisation: one tree of departments, no circles, nobody loses the last key."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.extensions import db
from app.operations.handing_over.places import as_superior
from app.operations.rules import Blocker, Place, Remedy, Rules, rules_of
from app.rules import escalation
from app.spec import sentences
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import Conflict, Invalid, NotPermitted
from app.spec.operations import HAND_OVER
from app.spec.plurals import lazy_ngettext
from app.spec.roles import EXPORT_LIMIT, SUPER_ADMIN
from app.spec.words import Label
from app.store import access, accounts, opinions
from app.store.context import actor, current, system_scope, waiting
from app.store.organisation import Department, RightsVersion, Role, User, user_role
from app.store.scope import member_of
from app.store.snapshot import supposing


def _refuse_circle(
    model: Any,
    link: Any,
    record_id: int,
    above: int | None,
    field: str,
    *,
    moved: Mapping[int, int | None] = MappingProxyType({}),
) -> None:
    """Walk up from the new parent; arriving at the record itself would close a circle.

    Of those ``moved`` it is known where they will be.

    One at a time: who moves the other half of a circle at this moment waits and sees this move.
    """
    db.session.execute(select(RightsVersion.id).where(RightsVersion.id == 1).with_for_update())
    seen: set[int] = set()
    while above and above not in seen:
        if above == record_id:
            raise Invalid(fields={field: [_l("This would close a circle.")]})
        seen.add(above)
        if above in moved:
            above = moved[above]
        else:
            above = db.session.scalar(select(link).where(model.id == above))


class _Touching(Rules):
    """Every change of the organisation is obeyed on everybody's next request (MATRIX-9)."""

    def after_write(self, entity: Entity, ids: Sequence[int]) -> None:
        access.touch()


class DepartmentRules(_Touching):
    def after_write(self, entity: Entity, ids: Sequence[int]) -> None:
        """What a department thought counts as long as there is one (CUS-5)."""
        super().after_write(entity, ids)
        opinions.dissolved(ids)

    def before_create(self, entity: Entity, values: dict[str, Any]) -> None:
        if not values.get("parent"):
            raise Invalid(fields={"parent": [_l("There is one root; choose a parent department.")]})

    def before_change(
        self, entity: Entity, record_id: int, before: Mapping[str, Any], values: dict[str, Any]
    ) -> None:
        if "parent" not in values:
            return
        if (before.get("parent") is None) != (values["parent"] is None):
            raise Invalid(fields={"parent": [_l("There is one root; it has no parent.")]})
        _refuse_circle(Department, Department.parent_id, record_id, values["parent"], "parent")
        now, moved = access.snapshot(), (record_id, values["parent"])
        escalation.check_move(now, supposing(now, department=moved))

    def blockers(self, entity: Entity, ids: Sequence[int]) -> Mapping[int, Blocker]:
        """The root, and departments with people or children (ORG)."""
        with system_scope("what stands in the way of a deletion is counted everywhere"):
            people = _counts(User.department_id, ids)
            below = _counts(Department.parent_id, ids, Department.deleted_at.is_(None))
            roots = set(
                db.session.scalars(
                    select(Department.id).where(
                        member_of(Department.id, ids), Department.parent_id.is_(None)
                    )
                )
            )
        found = {}
        for record_id in ids:
            if record_id in roots:
                found[record_id] = Blocker(_l("The root department can't be deleted."))
                continue
            reasons, places = [], []
            if n := people.get(record_id, 0):
                reasons.append(
                    lazy_ngettext("%(num)d person works here.", "%(num)d people work here.", n)
                )
                places.append(Place(catalogue.get("user"), "department", record_id))
            if n := below.get(record_id, 0):
                reasons.append(
                    lazy_ngettext(
                        "%(num)d department lies below it.", "%(num)d departments lie below it.", n
                    )
                )
                places.append(Place(entity, "parent", record_id))
            if reasons:
                found[record_id] = Blocker(sentences.joined(*reasons), tuple(places))
        return found


class UserRules(_Touching):
    looks_at = ("department", "superior")

    def after_write(self, entity: Entity, ids: Sequence[int]) -> None:
        """Whoever was disabled is logged out everywhere, also for when he comes back (C10)."""
        super().after_write(entity, ids)
        disabled = select(User.id).where(member_of(User.id, ids), User.is_active.is_(False))
        if people := db.session.scalars(disabled).all():
            accounts.end_everything(people)

    def choosable(self, chooser: Entity, *, retired: bool = False) -> Sequence[Any]:
        """Disabled people never appear in pickers, but in filters (ORG-1)."""
        return () if retired else (User.is_active,)

    def before_create(self, entity: Entity, values: dict[str, Any]) -> None:
        escalation.check_giving(values.get("roles") or [])
        values["is_active"] = True

    def before_change(
        self, entity: Entity, record_id: int, before: Mapping[str, Any], values: dict[str, Any]
    ) -> None:
        guarded = {"roles", "department", "superior"} & set(values)
        if guarded and not current().is_system and record_id == actor().user_id:
            raise NotPermitted(_l("Nobody changes his own roles, department or superior."))
        if "roles" in values:
            escalation.check_giving(set(before.get("roles") or []) ^ set(values["roles"] or []))
            _keep_a_super_admin(record_id, values["roles"] or [])
        if {"department", "superior"} & set(values):
            self._check_move(record_id, before, values)

    @staticmethod
    def _check_move(record_id: int, before: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """No circle, and no rights widened: neither alone nor with moves still to be written."""
        memory, after = waiting(), {**before, **values}
        moved, above = memory.setdefault("superiors", {}), after.get("superior")
        if "superior" in values:
            _refuse_circle(User, User.superior_id, record_id, above, "superior", moved=moved)
        now = memory.get("organisation") or access.snapshot()
        then = supposing(now, person=(record_id, after.get("department"), above))
        escalation.check_move(now, then, record_id)
        moved[record_id], memory["organisation"] = above, then

    def ways_on(self, record_id: int) -> Sequence[tuple[Label, str, str]]:
        """To hand over what somebody has, for superiors; who was granted it has a button."""
        if not as_superior(record_id):
            return ()
        return ((HAND_OVER.label, HAND_OVER.icon, hand_over_address(record_id)),)

    def blockers(self, entity: Entity, ids: Sequence[int]) -> Mapping[int, Blocker]:
        """People who still own something, oneself, and the last super admin (ORG-1, ORG-2)."""
        found = _still_owning(ids)
        me = None if current().is_system else actor().user_id
        keepers = _super_admins()
        last = keepers if keepers <= set(ids) else set()
        for record_id in ids:
            if record_id == me:
                found[record_id] = Blocker(_l("Nobody disables himself."))
            elif record_id in last:
                found[record_id] = Blocker(_l("The last super admin can't be disabled."))
            elif me is not None and record_id in keepers and not actor().rights.is_super:
                found[record_id] = Blocker(_l("This person may do more than you."))
        return found

    def enabling_blockers(self, entity: Entity, ids: Sequence[int]) -> Mapping[int, Blocker]:
        """People who may do more than whoever would let them in again (MATRIX-8)."""
        if current().is_system:
            return {}
        now, refused = access.snapshot(), Blocker(_l("This person may do more than you."))
        return {one: refused for one in ids if not escalation.may_become(now, one)}


class RoleRules(_Touching):
    def choosable(self, chooser: Entity, *, retired: bool = False) -> Sequence[Any]:
        return () if retired else (Role.is_active,)

    def before_create(self, entity: Entity, values: dict[str, Any]) -> None:
        values["is_active"] = True
        escalation.check_limit(values.get("export_limit", EXPORT_LIMIT))

    def before_change(
        self, entity: Entity, record_id: int, before: Mapping[str, Any], values: dict[str, Any]
    ) -> None:
        if before["code"] == SUPER_ADMIN:
            raise Conflict(_l("The super admin role can't be changed."))
        escalation.check_changes({record_id: ()})
        if "export_limit" in values:
            escalation.check_limit(values["export_limit"])

    def blockers(self, entity: Entity, ids: Sequence[int]) -> Mapping[int, Blocker]:
        """Roles that somebody holds (the super admin's always is), and wider ones (MATRIX-8)."""
        with system_scope("who holds a role is counted everywhere"):
            held: dict[int, int] = dict(
                db.session.execute(
                    select(user_role.c.role_id, func.count())
                    .where(member_of(user_role.c.role_id, ids))
                    .group_by(user_role.c.role_id)
                ).all()
            )
        wider = self.enabling_blockers(entity, ids)
        return {**wider} | {
            record_id: Blocker(
                lazy_ngettext("%(num)d person holds it.", "%(num)d people hold it.", n),
                (Place(catalogue.get("user"), "roles", record_id, "rel_m_m"),),
            )
            for record_id, n in held.items()
        }

    def enabling_blockers(self, entity: Entity, ids: Sequence[int]) -> Mapping[int, Blocker]:
        """Roles that grant more than whoever would change their state has (MATRIX-8)."""
        if current().is_system:
            return {}
        now = access.snapshot()
        refused = {one: escalation.obstacle(now, one) for one in ids}
        return {one: Blocker(sentence) for one, sentence in refused.items() if sentence}


def _still_owning(ids: Sequence[int]) -> dict[int, Blocker]:
    """Whoever owns yet what can be handed over: how many of what, with the way to each kind.

    What is over, as done tasks and past events, stays his and keeps nobody (docs/decisions/0047).
    """
    owned: dict[int, list[tuple[Entity, int]]] = {}
    with system_scope("what a leaver owns is counted everywhere"):
        for entity in (e for e in catalogue if e.is_owned and e.verb("transfer")):
            open_ones = (entity.model.deleted_at.is_(None), *rules_of(entity).workload(entity))
            for person, n in _counts(entity.model.owner_id, ids, *open_ones).items():
                owned.setdefault(person, []).append((entity, n))
    return {
        person: Blocker(
            _l("Still owns %(what)s; transfer them first.", what=_listed(kinds)),
            (
                *_remedy(person),
                *(Place(entity, "owner", person) for entity, _n in kinds),
            ),
        )
        for person, kinds in owned.items()
    }


def _remedy(person: int) -> tuple[Remedy, ...]:
    """The way to hand all of it over, for whoever may."""
    if current().is_system or not actor().rights.may("user", HAND_OVER.slug):
        return ()
    return (Remedy(HAND_OVER.label, hand_over_address(person, disables=True)),)


def hand_over_address(person: int, *, disables: bool = False) -> str:
    """The page on which everything that a person has is handed over (XFER-6)."""
    return f"/users/hand-over/{person}" + ("?disable=1" if disables else "")


def _listed(kinds: Sequence[tuple[Entity, int]]) -> LazyString:
    return sentences.enumerated(
        *(_l("%(n)d × %(kind)s", n=n, kind=entity.many) for entity, n in kinds)
    )


def _counts(column: Any, ids: Sequence[int], *more: Any) -> dict[int, int]:
    rows = db.session.execute(
        select(column, func.count()).where(member_of(column, ids), *more).group_by(column)
    )
    return {key: n for key, n in rows}  # noqa: C416 - rows are not plain pairs to the type checker


def _super_admins() -> set[int]:
    """The active ones. Asked in turn: two who disable each other at once don't both pass."""
    db.session.execute(select(Role.id).where(Role.code == SUPER_ADMIN).with_for_update())
    return set(
        db.session.scalars(
            select(User.id)
            .join(user_role, user_role.c.user_id == User.id)
            .join(Role, Role.id == user_role.c.role_id)
            .where(Role.code == SUPER_ADMIN, User.is_active)
        )
    )


def _keep_a_super_admin(user_id: int, roles: Sequence[int]) -> None:
    """ORG-2: the last active super admin keeps the role."""
    if _super_admins() != {user_id}:
        return
    super_role = db.session.scalar(select(Role.id).where(Role.code == SUPER_ADMIN))
    if super_role not in roles:
        raise Conflict(_l("The last super admin can't lose the role."))
