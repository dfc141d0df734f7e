"""Users: the people who log in; never deleted, only disabled (ORG-1)."""

from app.rules.organisation import UserRules
from app.spec.declare import Entity, Label, Scope, catalogue, grant, roles, view
from app.store.organisation import User

KEEPING = "list read create edit import disable enable reset_password log_out hand_over"
"""What whoever keeps the accounts may do with them."""

user = catalogue.declare(
    Entity(
        model=User,
        key="user",
        plural="users",
        one=Label("User", "员工"),
        many=Label("Users", "员工"),
        help=Label("The people who log in; never deleted.", "可以登录的员工；只停用，不删除。"),
        icon="users",
        menu="organisation",
        rank=82,
        order="name",
        operations=(
            "list",
            "read",
            "create",
            "edit",
            "import",
            "disable",
            "enable",
            "reset_password",
            "log_out",
            "hand_over",
        ),
        views=(view("active", "Active", "在职", "is_active", "eq", True),),
        rules=UserRules(),
        grants={
            roles.SYSTEM_ADMIN: grant(
                Scope.ALL,
                KEEPING,
            ),
            roles.PEOPLE_ADMIN: grant(
                Scope.ALL,
                KEEPING,
            ),
            roles.AUDITOR: grant(Scope.ALL, "list read", masked="mobile email"),
        },
        samples=(
            {"username": "sample1", "name": "样本甲", "name_en": "Sample One"},
            {"username": "sample2", "name": "样本乙", "name_en": "Sample Two"},
        ),
    )
)
