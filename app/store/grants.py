"""The rows of the permission matrix: read for a role, replaced in one go (MATRIX-1)."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from app.extensions import db
from app.store.organisation import Role, RoleGrant, user_role

Grants = dict[str, dict[str, Any]]
"""Entity to its row: scope, departments, operations, fields."""


def of_role(role_id: int) -> Grants:
    """All rows of a role."""
    rows = db.session.execute(
        select(RoleGrant.__table__).where(RoleGrant.role_id == role_id)
    ).mappings()
    return {row["entity"]: dict(row) for row in rows}


def replace(role_id: int, rows: Iterable[Mapping[str, Any]]) -> None:
    """Make these the rows of the role, keeping rows of entities that are not among them."""
    new = [{**row, "role_id": role_id} for row in rows]
    named = [row["entity"] for row in new]
    db.session.execute(
        delete(RoleGrant).where(RoleGrant.role_id == role_id, RoleGrant.entity.in_(named))
    )
    if new:
        db.session.execute(insert(RoleGrant.__table__), new)


def raise_version(role_id: int, version: int) -> bool:
    """Take the role's next version; False when somebody else has changed it meanwhile (C37)."""
    table = Role.__table__
    taken = db.session.execute(
        update(table)
        .where(table.c.id == role_id, table.c.version == version)
        .values(version=table.c.version + 1)
    )
    return bool(taken.rowcount)  # type: ignore[attr-defined]


def roles_with_users() -> list[Any]:
    """Every role with the number of active people who hold it, in one statement."""
    held = (
        select(user_role.c.role_id, func.count().label("users"))
        .group_by(user_role.c.role_id)
        .subquery()
    )
    return list(
        db.session.execute(
            select(
                Role.id,
                Role.name,
                Role.name_en,
                Role.code,
                Role.version,
                Role.is_active,
                func.coalesce(held.c.users, 0).label("users"),
            )
            .outerjoin(held, held.c.role_id == Role.id)
            .order_by(Role.id)
        )
    )
