"""Caps: how many customers or leads somebody may have, and how many he may keep locked (POOL-9)."""

from app.rules.caps import CapRules
from app.spec.declare import Entity, Label, Scope, catalogue, grant, roles
from app.store.cap_rules import Cap

KEPT = ("list", "read", "create", "edit", "delete", "restore")

cap = catalogue.declare(
    Entity(
        model=Cap,
        key="cap",
        plural="caps",
        one=Label("Cap", "保有上限"),
        many=Label("Caps", "保有上限"),
        help=Label(
            "How many records somebody may have or lock.", "每人最多可拥有或锁定多少条记录。"
        ),
        icon="gauge",
        menu="settings",
        rank=88,
        order="position",
        operations=KEPT,
        rules=CapRules(),
        grants={
            roles.SYSTEM_ADMIN: grant(Scope.ALL, KEPT),
            roles.SALES_MANAGER: grant(Scope.ALL, "list read"),
            roles.AUDITOR: grant(Scope.ALL, "list read"),
        },
        samples=(
            {
                "name": "每人两百",
                "name_en": "Two hundred each",
                "kind": "customers",
                "number": 200,
            },
            {"name": "Few locks", "kind": "leads", "counted": "locked", "number": 5},
        ),
    )
)
