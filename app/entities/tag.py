"""Tags: short names that people put on records to find them again."""

from app.entities.choices import TAG_COLOUR
from app.rules.links import LinkedRules
from app.spec.declare import Entity, Label, Scope, catalogue, field, grant, roles
from app.store.record import Record

KEPT = ("list", "read", "create", "edit", "bulk_edit", "delete", "restore", "merge")


class Tag(Record):
    name = field.name("Name", "名称", max_length=40, unique=field.UNIQUE_NAME)
    colour = field.choice("Colour", "颜色", TAG_COLOUR, default="azure", listed=True)
    uses = field.uses(listed=True)


tag = catalogue.declare(
    Entity(
        model=Tag,
        key="tag",
        plural="tags",
        one=Label("Tag", "标签"),
        many=Label("Tags", "标签"),
        help=Label("Short names that people put on records.", "贴在记录上的短名，便于再找到。"),
        icon="tags",
        menu="settings",
        rank=90,
        order="name",
        operations=(*KEPT, "purge"),
        rules=LinkedRules(),
        grants={
            roles.SYSTEM_ADMIN: grant(Scope.ALL, KEPT),
            roles.SALES_MANAGER: grant(Scope.ALL, "list read create edit"),
            roles.MARKETING: grant(Scope.ALL, "list read create edit"),
            roles.SALESPERSON: grant(Scope.ALL, "list read"),
            roles.CLERK: grant(Scope.ALL, "list read"),
            roles.AUDITOR: grant(Scope.ALL, "list read"),
        },
        samples=({"name": "重点客户"}, {"name": "Trade fair"}),
    )
)
