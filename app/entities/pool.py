"""Customer and lead pools: records without an owner that their members may claim (POOL)."""

from app.rules.pools import PoolRules
from app.spec.declare import Child, Entity, Label, Scope, catalogue, grant, roles
from app.store.pools import Pool

pool = catalogue.declare(
    Entity(
        model=Pool,
        key="pool",
        plural="pools",
        one=Label("Pool", "公海池"),
        many=Label("Pools", "公海"),
        help=Label("Records without an owner, to be claimed.", "无人负责的记录，由成员领取。"),
        icon="pool",
        menu="customers",
        rank=40,
        order="name",
        operations=("list", "read", "create", "edit", "delete"),
        children=(
            Child("lead", "pool", cascades=False),
            Child("customer", "pool", cascades=False),
        ),
        rules=PoolRules(),
        grants={
            roles.SALES_MANAGER: grant(
                Scope.ALL,
                "list read edit",
                read_only="name name_en admins members member_departments is_enabled position "
                "claim_limit claim_period previous_owner_days protection_days",
            ),
            roles.SALESPERSON: grant(Scope.ALL, "list read"),
            roles.AUDITOR: grant(Scope.ALL, "list read"),
        },
        samples=(
            {"name": "测试公海", "name_en": "Test pool", "kind": "customers", "is_enabled": True},
            {"name": "Second pool", "kind": "leads", "is_enabled": True},
        ),
    )
)
