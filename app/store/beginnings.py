"""How far an installation has come from an empty one to one in use (UI-13)."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, exists, false, or_, select

from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.roles import SUPER_ADMIN
from app.store.context import system_scope
from app.store.history import History
from app.store.installation import Installation
from app.store.organisation import Role, User, user_role

DEMO = "demo_company"
"""The fact that the demo company was put in."""


def facts() -> dict[str, bool]:
    """What there is by now, in one statement: people, roles, records, demo."""
    history, role, fact = History.__table__.c, Role.__table__.c, Installation.__table__.c
    wanted = {
        "people": _people(),
        "roles": or_(
            exists().where(history.operation == "grants_changed"),
            exists().where(role.code.is_(None)),
        ),
        "records": _records(),
        "demo": exists().where(fact.key == DEMO),
    }
    with system_scope("how far the installation has come"):
        row = db.session.execute(select(*(one.label(key) for key, one in wanted.items()))).one()
    return {key: bool(value) for key, value in zip(wanted, row, strict=True)}


def is_in_use() -> bool:
    """Whether there are business records, or people besides the super admins."""
    return bool(db.session.scalar(select(or_(_people(), _records()))))


def _people() -> ColumnElement[bool]:
    person, role = User.__table__.c, Role.__table__.c
    supers = (
        select(user_role.c.user_id)
        .join(Role.__table__, role.id == user_role.c.role_id)
        .where(role.code == SUPER_ADMIN)
    )
    return exists().where(person.id.not_in(supers))


def _records() -> ColumnElement[bool]:
    tables: Iterable[Any] = (e.model.__table__ for e in catalogue if e.is_owned)
    return or_(false(), *(exists().where(table.c.id.is_not(None)) for table in tables))
