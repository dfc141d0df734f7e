"""The built-in roles (ORG) and what a declaration grants them.

Roles are data: admins create, copy and change them. These are what a new installation starts with;
the grants stand in the files of the entities (contract §7).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from app.spec.scopes import Scope
from app.spec.words import Label

SUPER_ADMIN = "super_admin"
SYSTEM_ADMIN = "system_admin"
PEOPLE_ADMIN = "people_admin"
SALES_MANAGER = "sales_manager"
SALESPERSON = "salesperson"
CLERK = "clerk"
MARKETING = "marketing"
SERVICE = "service"
FINANCE = "finance"
LEGAL = "legal"
AUDITOR = "auditor"

BUILT_IN_ROLES: dict[str, Label] = {
    SUPER_ADMIN: Label("Super admin", "超级管理员"),
    SYSTEM_ADMIN: Label("System admin", "系统管理员"),
    PEOPLE_ADMIN: Label("People admin", "人事管理员"),
    SALES_MANAGER: Label("Sales manager", "销售经理"),
    SALESPERSON: Label("Salesperson", "销售员"),
    CLERK: Label("Clerk", "内勤"),
    MARKETING: Label("Marketing", "市场专员"),
    SERVICE: Label("Service", "客服"),
    FINANCE: Label("Finance", "财务"),
    LEGAL: Label("Legal", "法务"),
    AUDITOR: Label("Auditor", "审计员"),
}

AT_CUSTOMERS = (SALESPERSON, CLERK, MARKETING, SERVICE, FINANCE, LEGAL)
"""Those who work with customers and lead nobody: each has his own tasks and events."""

EXPORT_LIMIT = 1_000
"""How many rows a role lets somebody export without approval, unless it says otherwise (EXP-2)."""
EXPORT_LIMITS: dict[str, int | None] = {SUPER_ADMIN: None, SALES_MANAGER: 20_000}
"""The built-in roles that say otherwise; None: any number."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What one role may do with one entity by default: operations in one data scope (PERM)."""

    scope: Scope
    operations: tuple[str, ...]
    hidden: tuple[str, ...] = ()
    read_only: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()


def grant(
    scope: Scope,
    operations: str | Iterable[str],
    *,
    hidden: str = "",
    read_only: str = "",
    masked: str = "",
) -> Grant:
    """A grant written as words: ``grant(SELF, "list read edit", masked="mobile phone")``."""
    return Grant(
        scope,
        tuple(operations.split() if isinstance(operations, str) else operations),
        tuple(hidden.split()),
        tuple(read_only.split()),
        tuple(masked.split()),
    )
