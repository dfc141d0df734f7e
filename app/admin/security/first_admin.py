"""The first super admin: made once, from the command line, never by a page (C16)."""

import secrets

from flask_babel import gettext as _
from sqlalchemy import select

from app.admin.security import passwords
from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.errors import Conflict, Invalid
from app.spec.roles import SUPER_ADMIN
from app.store import access, accounts
from app.store.context import system_scope
from app.store.history import record_event
from app.store.organisation import Department, Role, user_role
from app.store.writer import Context, insert_rows

NAME = "admin"


def create_first_admin(
    password: str | None, username: str = NAME, *, is_second: bool = False
) -> str | None:
    """Make the first super admin and commit; needs an upgraded database and nobody acting.

    Without ``password`` one is made, to be changed at the first login, and returned so that it can
    be shown once. Refused with :class:`Conflict` when there is a super admin (unless ``is_second``)
    or the name is taken, with :class:`Invalid` when the given password is shorter than 12 or longer
    than 128 characters.
    """
    with system_scope("make the first super admin"):
        if has_super_admin() and not is_second:
            raise Conflict(_("There is a super admin already."))
        if accounts.find_credentials(username) is not None:
            raise Conflict(_("This username is taken."))
        made = None if password else secrets.token_urlsafe(15)
        chosen = password or made or ""
        if wrong := passwords.length_objections(chosen):
            raise Invalid(fields={"password": wrong})
        _insert(username, passwords.hashed(chosen), must_change=made is not None)
        record_event("first_admin_created", subject=username)
        access.touch()
        db.session.commit()
    return made


def has_super_admin() -> bool:
    """Whether somebody holds the role, active or not."""
    holder = (
        select(user_role.c.user_id)
        .join(Role.__table__, Role.__table__.c.id == user_role.c.role_id)
        .where(Role.__table__.c.code == SUPER_ADMIN)
        .limit(1)
    )
    return db.session.execute(holder).first() is not None


def _insert(username: str, stored: str, *, must_change: bool) -> None:
    role = db.session.scalar(select(Role.id).where(Role.code == SUPER_ADMIN))
    root = db.session.scalar(
        select(Department.id).where(Department.parent_id.is_(None)).order_by(Department.id)
    )
    person = {
        "username": username,
        "name": "系统管理员",
        "name_en": "Administrator",
        "department": root,
        "roles": [role],
        "language": "zh",
        "is_active": True,
    }
    [number] = insert_rows(catalogue.get("user"), [person], Context("create"))
    accounts.set_password([number], stored, must_change=must_change)
