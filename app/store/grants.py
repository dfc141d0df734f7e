"""The lines of the permission matrix: read for roles, replaced in one go (MATRIX-1)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from app.extensions import db
from app.spec.field import Level, Masking
from app.spec.roles import Grant
from app.spec.scopes import Scope
from app.store.organisation import Role, RoleGrant, User, user_role
from app.store.scope import member_of


@dataclass(frozen=True)
class Line:
    """What one role may do with one entity or page; a missing line is an empty one."""

    entity: str
    scope: Scope = Scope.NONE
    operations: frozenset[str] = frozenset()
    places: frozenset[tuple[int, bool]] = frozenset()
    """The chosen departments, each with or without those below it (PERM-1)."""
    fields: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Field to its ``level`` and ``mask``, as far as they are not the open ones (PERM-6)."""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Line":
        """A stored row."""
        places = row["departments"] or ()
        return cls(
            row["entity"],
            Scope(row["scope"]),
            frozenset(row["operations"] or ()),
            frozenset((place["id"], bool(place.get("below"))) for place in places),
            row["fields"] or {},
        )

    @classmethod
    def given(cls, entity: str, grant: Grant) -> "Line":
        """What a declaration grants a role on its entity or page."""
        fields: dict[str, dict[str, int]] = {}
        for key in grant.hidden:
            fields.setdefault(key, {})["level"] = int(Level.HIDDEN)
        for key in grant.read_only:
            fields.setdefault(key, {})["level"] = int(Level.READ)
        for key in grant.masked:
            fields.setdefault(key, {})["mask"] = int(Masking.ALL)
        return cls(entity, grant.scope, frozenset(grant.operations), fields=fields)

    def stored(self) -> dict[str, Any]:
        """The row as it is kept."""
        return {
            "entity": self.entity,
            "scope": str(self.scope),
            "operations": sorted(self.operations),
            "departments": [{"id": one, "below": below} for one, below in sorted(self.places)],
            "fields": {key: dict(given) for key, given in self.fields.items()},
        }


Lines = Mapping[str, Line]
"""Entity or page to its line."""


def of_roles(role_ids: Iterable[int]) -> dict[int, dict[str, Line]]:
    """All lines of these roles, in one statement."""
    found: dict[int, dict[str, Line]] = {role_id: {} for role_id in role_ids}
    rows = db.session.execute(
        select(RoleGrant.__table__).where(member_of(RoleGrant.role_id, sorted(found)))
    ).mappings()
    for row in rows:
        found[row["role_id"]][row["entity"]] = Line.of(dict(row))
    return found


def replace(lines: Mapping[int, Iterable[Line]]) -> None:
    """Make these lines those of the roles, keeping lines of entities that are not named."""
    new = [{**line.stored(), "role_id": role} for role, given in lines.items() for line in given]
    for role, given in lines.items():
        db.session.execute(
            delete(RoleGrant).where(
                RoleGrant.role_id == role, RoleGrant.entity.in_([line.entity for line in given])
            )
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
        .join(User, User.id == user_role.c.user_id)
        .where(User.is_active)
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


def holders(role_ids: Iterable[int]) -> Sequence[Any]:
    """The active people who hold one of these roles, by username, in one statement."""
    held = select(user_role.c.user_id).where(member_of(user_role.c.role_id, sorted(set(role_ids))))
    return db.session.execute(
        select(User.id, User.username, User.name, User.name_en, User.language, User.timezone)
        .where(User.is_active, User.id.in_(held))
        .order_by(User.username)
    ).all()
