"""The audit log: every write and every event, to be read and never changed (AUDIT)."""

from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.roles import AUDITOR, SYSTEM_ADMIN, grant
from app.spec.scopes import Scope
from app.spec.words import Label
from app.store.history import History

audit = catalogue.declare(
    Entity(
        model=History,
        key="audit",
        plural="audit",
        one=Label("Audit entry", "审计记录"),
        many=Label("Audit log", "审计日志"),
        icon="history",
        menu="organisation",
        rank=88,
        title="subject",
        order="-id",
        operations=("list", "read"),
        grants={
            SYSTEM_ADMIN: grant(Scope.ALL, "list read"),
            AUDITOR: grant(Scope.ALL, "list read"),
        },
    )
)
