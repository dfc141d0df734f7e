"""Users: the people who log in; never deleted, only disabled (ORG-1)."""

from app.rules.organisation import UserRules
from app.spec.catalogue import catalogue
from app.spec.entity import Entity, View
from app.spec.roles import AUDITOR, PEOPLE_ADMIN, SYSTEM_ADMIN, grant
from app.spec.scopes import Scope
from app.spec.words import Label
from app.store.organisation import User

user = catalogue.declare(
    Entity(
        model=User,
        key="user",
        plural="users",
        one=Label("User", "员工"),
        many=Label("Users", "员工"),
        icon="users",
        menu="organisation",
        rank=82,
        order="name",
        operations=("list", "read", "create", "edit", "disable", "enable", "reset_password"),
        views=(
            View(
                "active",
                Label("Active", "在职"),
                ({"col": "is_active", "opr": "eq", "value": True},),
            ),
        ),
        rules=UserRules(),
        grants={
            SYSTEM_ADMIN: grant(Scope.ALL, "list read create edit disable enable reset_password"),
            PEOPLE_ADMIN: grant(Scope.ALL, "list read create edit disable enable reset_password"),
            AUDITOR: grant(Scope.ALL, "list read", masked="mobile email"),
        },
        samples=(
            {"username": "sample1", "name": "样本甲", "name_en": "Sample One"},
            {"username": "sample2", "name": "样本乙", "name_en": "Sample Two"},
        ),
    )
)
