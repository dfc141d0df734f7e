"""Nobody hands out more than he has (MATRIX-8).

A role may be edited or granted only by somebody who holds every operation it grants, in at least
the same scope; super admins excepted. The contract lets people admins give two roles besides.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l

from app.spec.errors import Invalid, NotPermitted
from app.spec.roles import CLERK, PEOPLE_ADMIN, SALESPERSON, SUPER_ADMIN
from app.spec.scopes import Scope
from app.store import access
from app.store.context import actor, current
from app.store.rights import Rights

GIVEN_BY_PEOPLE_ADMINS = frozenset({SALESPERSON, CLERK})
"""The roles that people admins may give without holding them (contract §7)."""


def covers(rights: Rights, entity: str, scope: Scope, operations: Iterable[str]) -> bool:
    """Whether somebody holds all these operations on the entity in at least that scope."""
    order = list(Scope)
    return all(
        order.index(rights.widest(entity, operation)) >= order.index(scope)
        for operation in operations
    )


def covers_role(rights: Rights, role_id: int) -> bool:
    """Whether somebody holds everything that the role grants."""
    now = access.snapshot()
    if rights.is_super:
        return True
    if now.role_codes.get(role_id) == SUPER_ADMIN:
        return False
    return all(
        covers(rights, entity, scope, operations)
        for entity, scope, operations, _places, _levels in now.grants[role_id]
    )


def check_giving(role_ids: Iterable[int]) -> None:
    """Refuse to give or take roles that the actor may not hand out."""
    if current().is_system:
        return
    rights, codes = actor().rights, access.snapshot().role_codes
    for role_id in role_ids:
        is_theirs = codes.get(role_id) in GIVEN_BY_PEOPLE_ADMINS and PEOPLE_ADMIN in rights.roles
        if not is_theirs and not covers_role(rights, role_id):
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
        if not covers(rights, row["entity"], Scope(row["scope"]), row["operations"]):
            raise NotPermitted(_l("You may only change roles that grant no more than you have."))
