"""Roles: named sets of grants; what they grant is edited in the permission matrix (PERM)."""

from app.rules.organisation import RoleRules
from app.spec.declare import Entity, Label, Scope, catalogue, grant, roles
from app.store.organisation import Role

role = catalogue.declare(
    Entity(
        model=Role,
        key="role",
        plural="roles",
        one=Label("Role", "角色"),
        many=Label("Roles", "角色"),
        help=Label("Named sets of rights; several add up.", "一组权限的名称；多个角色合并生效。"),
        icon="id-badge-2",
        menu="organisation",
        rank=84,
        order="name",
        operations=("list", "read", "create", "edit", "disable", "enable"),
        rules=RoleRules(),
        grants={
            roles.SYSTEM_ADMIN: grant(Scope.ALL, "list read create edit disable enable"),
            roles.AUDITOR: grant(Scope.ALL, "list read"),
        },
        samples=({"name": "测试角色", "name_en": "Test role"}, {"name": "Second role"}),
    )
)
