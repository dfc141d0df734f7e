"""The audit log: every write and every event, to be read and never changed (AUDIT)."""

from app.spec.declare import Entity, Label, Scope, catalogue, grant, roles
from app.store.history import History

audit = catalogue.declare(
    Entity(
        model=History,
        key="audit",
        plural="audit",
        one=Label("Audit entry", "审计记录"),
        many=Label("Audit log", "审计日志"),
        help=Label("Every change and every event, for ever.", "每一次修改和每一个事件，永久保留。"),
        icon="history",
        menu="organisation",
        rank=88,
        title="subject",
        order="-id",
        operations=("list", "read"),
        grants={
            roles.SYSTEM_ADMIN: grant(Scope.ALL, "list read"),
            roles.AUDITOR: grant(Scope.ALL, "list read"),
        },
    )
)
