"""Departments: the one tree that data scopes follow (ORG)."""

from app.rules.organisation import DepartmentRules
from app.spec.declare import Child, Entity, Label, Scope, catalogue, grant, roles
from app.store.organisation import Department

department = catalogue.declare(
    Entity(
        model=Department,
        key="department",
        plural="departments",
        one=Label("Department", "部门"),
        many=Label("Departments", "部门"),
        help=Label("The tree that data scopes follow.", "数据范围所依据的组织树。"),
        icon="sitemap",
        menu="organisation",
        rank=80,
        order="name",
        operations=("list", "read", "create", "edit", "delete"),
        children=(Child("user", "department"), Child("department", "parent")),
        rules=DepartmentRules(),
        grants={
            roles.SYSTEM_ADMIN: grant(Scope.ALL, "list read create edit delete"),
            roles.PEOPLE_ADMIN: grant(Scope.ALL, "list read create edit"),
            roles.AUDITOR: grant(Scope.ALL, "list read"),
        },
        samples=({"name": "测试部", "name_en": "Testing"}, {"name": "Second office"}),
    )
)
