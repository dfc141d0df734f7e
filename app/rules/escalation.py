"""Nobody hands out more than he has (MATRIX-8).

A role may be edited or granted only by somebody who holds every operation it grants, in at least
the same scope; super admins excepted. The contract lets people admins give two roles besides.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from app.spec.catalogue import catalogue
from app.spec.errors import Invalid, NotPermitted
from app.spec.field import Level, Masking
from app.spec.roles import CLERK, PEOPLE_ADMIN, SALESPERSON, SUPER_ADMIN
from app.spec.scopes import Scope
from app.store import access
from app.store.context import actor, current
from app.store.grants import Line
from app.store.rights import Rights
from app.store.snapshot import Snapshot

GIVEN_BY_PEOPLE_ADMINS = frozenset({SALESPERSON, CLERK})
"""The roles that people admins may give without holding them (contract §7)."""


NARROWER: dict[Scope, frozenset[Scope]] = {
    Scope.NONE: frozenset({Scope.NONE}),
    Scope.SELF: frozenset({Scope.NONE, Scope.SELF}),
    Scope.SUBORDINATES: frozenset({Scope.NONE, Scope.SELF, Scope.SUBORDINATES}),
    Scope.DEPARTMENT: frozenset({Scope.NONE, Scope.SELF, Scope.DEPARTMENT}),
    Scope.DEPARTMENT_TREE: frozenset(
        {Scope.NONE, Scope.SELF, Scope.DEPARTMENT, Scope.DEPARTMENT_TREE}
    ),
    Scope.CHOSEN: frozenset({Scope.NONE}),
    Scope.ALL: frozenset(Scope),
}
"""What a scope is at least as wide as, whoever holds it; chosen departments are compared apart."""


def covers(rights: Rights, line: Line) -> bool:
    """Whether somebody holds all of a line: its operations, in its scope, with its field levels."""
    return rights.is_super or all(
        _covers_scope(rights, line, operation) and _covers_fields(rights, line, operation)
        for operation in line.operations
    )


def _covers_scope(rights: Rights, line: Line, operation: str) -> bool:
    return any(
        line.scope in NARROWER[mine.scope]
        or (mine.scope is line.scope is Scope.CHOSEN and line.places <= mine.places)
        for mine in rights.granting(line.entity, operation)
    )


def _covers_fields(rights: Rights, line: Line, operation: str) -> bool:
    """No field is opened wider, or masked less, than the giver has it himself."""
    if line.entity not in catalogue:
        return True
    for key in catalogue.get(line.entity).fields:
        given = line.fields.get(key, {})
        if given.get("level", Level.EDIT) > rights.level(line.entity, key, operation):
            return False
        if given.get("mask", Masking.NONE) < rights.masking(line.entity, key, operation):
            return False
    return True


def covers_role(now: Snapshot, rights: Rights, role_id: int) -> bool:
    """Whether somebody holds everything that the role grants."""
    if rights.is_super:
        return True
    if now.role_codes.get(role_id) == SUPER_ADMIN:
        return False
    lines = now.grants[role_id]
    limits = (rights.export_limit(one.entity) for one in lines if "export" in one.operations)
    given = now.export_limits.get(role_id)
    return all(_is_within(given, mine) for mine in limits) and all(
        covers(rights, line) for line in lines
    )


def _is_within(given: int | None, mine: int | None) -> bool:
    """Whether a limit is no higher than another; None is the highest."""
    return mine is None or (given is not None and given <= mine)


def check_limit(limit: int | None) -> None:
    """Refuse to let others export more without approval than the actor may himself (EXP-2)."""
    if current().is_system or actor().rights.is_super:
        return
    now = access.snapshot()
    mine = [now.export_limits[role] for role in actor().rights.role_ids]
    if not any(_is_within(limit, one) for one in mine):
        sentence = _l("You may only give what you have yourself.")
        raise Invalid(fields={"export_limit": [sentence]})


def may_become(now: Snapshot, user_id: int) -> bool:
    """Whether the actor holds at least what that person's roles grant."""
    rights = actor().rights
    return all(may_give(now, rights, role_id) for role_id in now.roles_of[user_id])


def check_becoming(user_id: int) -> None:
    """Refuse to take over an account that may do more than the actor (C6)."""
    if not may_become(access.snapshot(), user_id):
        raise NotPermitted(_l("This person may do more than you."))


def may_give(now: Snapshot, rights: Rights, role_id: int) -> bool:
    """Whether somebody may hand out that role: he covers it, or it is one of those he deals."""
    code = now.role_codes.get(role_id)
    deals = code in GIVEN_BY_PEOPLE_ADMINS and PEOPLE_ADMIN in rights.roles
    return deals or covers_role(now, rights, role_id)


def check_giving(role_ids: Iterable[int]) -> None:
    """Refuse to give or take roles that the actor may not hand out."""
    if current().is_system:
        return
    now, rights = access.snapshot(), actor().rights
    if not all(may_give(now, rights, role_id) for role_id in role_ids):
        sentence = _l("You may only give roles that grant no more than you have.")
        raise Invalid(fields={"roles": [sentence]})


def obstacle(now: Snapshot, role_id: int) -> Any:
    """Why the actor may not touch that role as it is, as a sentence; None when he may."""
    rights = actor().rights
    if now.role_codes.get(role_id) == SUPER_ADMIN:
        return _l("The super admin role can't be changed.")
    if rights.is_super:
        return None
    if role_id in now.roles_of[rights.user_id]:
        return _l("Nobody changes a role that he holds himself.")
    if not covers_role(now, rights, role_id):
        return _l("You may only change roles that grant no more than you have.")
    return None


def check_changes(after: Mapping[int, Iterable[Line]]) -> None:
    """Refuse changes of roles that the actor doesn't cover, as they are and as they would be."""
    if current().is_system:
        return
    now, rights = access.snapshot(), actor().rights
    for role_id, lines in after.items():
        sentence = obstacle(now, role_id)
        if sentence is None and not all(covers(rights, line) for line in lines):
            sentence = _l("You may only change roles that grant no more than you have.")
        if sentence is not None:
            raise NotPermitted(sentence)


def check_move(now: Snapshot, then: Snapshot, moved: int | None = None) -> None:
    """Refuse what hands out rows indirectly, by moving people or departments.

    Nobody widens what he reaches himself; nobody widens what somebody reaches who may do more.
    """
    if current().is_system or actor().rights.is_super:
        return
    if _is_wider(now, then, actor().user_id):
        raise NotPermitted(_l("Nobody widens his own rights."))
    if moved is not None and _is_wider(now, then, moved):
        check_becoming(moved)


def _is_wider(now: Snapshot, then: Snapshot, user_id: int) -> bool:
    """Whether that person would reach rows, with any operation, that he doesn't reach now."""
    before, after = access.resolve(now, user_id), access.resolve(then, user_id)
    return any(
        before.reach(entity, operation) | after.reach(entity, operation)
        != before.reach(entity, operation)
        for entity, given in after.grants.items()
        for operation in {slug for one in given for slug in one.operations}
    )
