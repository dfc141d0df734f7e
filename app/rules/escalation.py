"""Nobody hands out more than he has (MATRIX-8).

A role may be edited or granted only by somebody who holds every operation it grants, in at least
the same scope; super admins excepted. The contract lets people admins give two roles besides.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from app.spec.catalogue import catalogue
from app.spec.errors import Invalid, NotPermitted
from app.spec.field import Level, Masking
from app.spec.roles import CLERK, PEOPLE_ADMIN, SALESPERSON, SUPER_ADMIN
from app.spec.scopes import Scope
from app.store import access
from app.store.context import actor, current
from app.store.rights import Rights

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


@dataclass(frozen=True)
class Handed:
    """One row of a role, as it would be handed out."""

    entity: str
    scope: Scope
    operations: Sequence[str]
    places: frozenset[tuple[int, bool]]
    levels: Mapping[str, Mapping[str, int]]


def handed(row: Mapping[str, Any]) -> Handed:
    """A row of the matrix."""
    places = access.places_of(row["departments"])
    return Handed(
        row["entity"], Scope(row["scope"]), row["operations"], places, row["fields"] or {}
    )


def covers(rights: Rights, row: Handed) -> bool:
    """Whether somebody holds all of a row: its operations, in its scope, with its field levels."""
    return rights.is_super or all(
        _covers_scope(rights, row, operation) and _covers_fields(rights, row, operation)
        for operation in row.operations
    )


def _covers_scope(rights: Rights, row: Handed, operation: str) -> bool:
    return any(
        row.scope in NARROWER[mine.scope]
        or (mine.scope is row.scope is Scope.CHOSEN and row.places <= mine.places)
        for mine in rights.granting(row.entity, operation)
    )


def _covers_fields(rights: Rights, row: Handed, operation: str) -> bool:
    """No field is opened wider, or masked less, than the giver has it himself."""
    if row.entity not in catalogue:
        return True
    for key in catalogue.get(row.entity).fields:
        given = row.levels.get(key, {})
        if given.get("level", Level.EDIT) > rights.level(row.entity, key, operation):
            return False
        if given.get("mask", Masking.NONE) < rights.masking(row.entity, key, operation):
            return False
    return True


def covers_role(rights: Rights, role_id: int) -> bool:
    """Whether somebody holds everything that the role grants."""
    now = access.snapshot()
    if rights.is_super:
        return True
    if now.role_codes.get(role_id) == SUPER_ADMIN:
        return False
    return all(
        covers(rights, Handed(entity, scope, operations, access.places_of(places), levels or {}))
        for entity, scope, operations, places, levels in now.grants[role_id]
    )


def may_become(user_id: int) -> bool:
    """Whether the actor holds at least what that person's roles grant."""
    rights = actor().rights
    return all(may_give(rights, role_id) for role_id in access.snapshot().roles_of[user_id])


def check_becoming(user_id: int) -> None:
    """Refuse to take over an account that may do more than the actor (C6)."""
    if not may_become(user_id):
        raise NotPermitted(_l("This person may do more than you."))


def may_give(rights: Rights, role_id: int) -> bool:
    """Whether somebody may hand out that role: he covers it, or it is one of those he deals."""
    code = access.snapshot().role_codes.get(role_id)
    deals = code in GIVEN_BY_PEOPLE_ADMINS and PEOPLE_ADMIN in rights.roles
    return deals or covers_role(rights, role_id)


def check_giving(role_ids: Iterable[int]) -> None:
    """Refuse to give or take roles that the actor may not hand out."""
    if current().is_system:
        return
    rights = actor().rights
    if not all(may_give(rights, role_id) for role_id in role_ids):
        sentence = _l("You may only give roles that grant no more than you have.")
        raise Invalid(fields={"roles": [sentence]})


def check_change(
    role_id: int, before: Mapping[str, Any], after: Sequence[Mapping[str, Any]]
) -> None:
    """Refuse a change of a role that the actor doesn't cover, as it was and as it would be."""
    rights = actor().rights
    if access.snapshot().role_codes.get(role_id) == SUPER_ADMIN:
        raise NotPermitted(_l("The super admin role can't be changed."))
    if rights.is_super:
        return
    if role_id in access.snapshot().roles_of[rights.user_id]:
        raise NotPermitted(_l("Nobody changes a role that he holds himself."))
    for row in (*before.values(), *after):
        if not covers(rights, handed(row)):
            raise NotPermitted(_l("You may only change roles that grant no more than you have."))
