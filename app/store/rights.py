"""What a person may do: the operations, scopes and field levels of all his roles together.

Pure values, computed by ``app.store.access`` and cached by version; no SQL here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.field import Level, Masking
from app.spec.scopes import EVERYTHING, Reach, Scope, union


@dataclass(frozen=True)
class RoleRights:
    """One role's row of the matrix for one entity, its scope resolved for this person."""

    operations: frozenset[str]
    reach: Reach
    export_limit: int | None = None
    """How many rows the role lets somebody export without approval; None: any number (EXP-2)."""
    scope: Scope = Scope.NONE
    places: frozenset[tuple[int, bool]] = frozenset()
    """The chosen departments, each with or without those below it."""
    levels: Mapping[str, Level] = field(default_factory=dict)
    masks: Mapping[str, Masking] = field(default_factory=dict)
    role: int = 0
    is_for_others: bool = False
    """It is about the records of those whom he stands in for, and of nobody else."""


@dataclass(frozen=True)
class PoolSeat:
    """Somebody's place in a pool: member or admin, and the columns a member may see (POOL-1)."""

    pool_id: int
    kind: str
    """The plural of the entity whose records it holds."""
    is_admin: bool
    columns: frozenset[str]


@dataclass(frozen=True)
class Rights:
    """All grants of one person. A scope belongs to an operation (PERM-2)."""

    user_id: int
    is_super: bool = False
    grants: Mapping[str, tuple[RoleRights, ...]] = field(default_factory=dict)
    pools: Mapping[int, PoolSeat] = field(default_factory=dict)
    roles: frozenset[str] = frozenset()
    people: frozenset[int] = frozenset()
    """Everybody below him, for the token ``@my_people``; he himself is ``@me`` (REP-5)."""
    departments: tuple[int, ...] = ()
    """His department, then those below it, for the department tokens."""
    stands_in_for: frozenset[int] = frozenset()
    """Those who are away now, and whose deputy he is."""
    role_ids: frozenset[int] = frozenset()
    above: frozenset[int] = frozenset()
    """His department and those above it: what is shared with one of them reaches him (LIST-4)."""
    derived: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    """What follows from these rights and from nothing else, worked out once: it ends with them."""
    organisation: Any = field(default=None, compare=False, repr=False)
    """The snapshot that they were resolved from."""

    def may(self, entity: str, operation: str) -> bool:
        """Whether some role grants the operation there; the super admin may all (PERM-7)."""
        if self.is_super:
            return catalogue.declares(entity, operation)
        return any(True for _ in self.granting(entity, operation))

    def reach(self, entity: str, operation: str) -> Reach:
        """The union of the scopes of the roles that grant this very operation (PERM-2)."""
        if self.is_super:
            return EVERYTHING
        return union(given.reach for given in self.granting(entity, operation))

    def reads_own(self, entity: Entity) -> bool:
        """Whether he reads records of that kind, were they his own."""
        if not entity.is_owned:
            return self.may(entity.key, "read")
        return self.reach(entity.key, "read").covers(self.user_id)

    def level(self, entity: str, key: str, operation: str) -> Level:
        """What may be done with the field: the highest of the granting roles' levels (PERM-6)."""
        return self.levels(entity, (key,), operation)[key]

    def levels(self, entity: str, keys: Iterable[str], operation: str) -> dict[str, Level]:
        """``level`` of many fields at once."""
        if self.is_super:
            return dict.fromkeys(keys, Level.EDIT)
        given = [g.levels for g in self.granting(entity, operation)]
        if not given:
            return dict.fromkeys(keys, Level.HIDDEN)
        return {key: max(levels.get(key, Level.EDIT) for levels in given) for key in keys}

    def masking(self, entity: str, key: str, operation: str) -> Masking:
        """The weakest mask of the granting roles (PERM-6)."""
        if self.is_super:
            return Masking.NONE
        masks = [g.masks.get(key, Masking.NONE) for g in self.granting(entity, operation)]
        return min(masks, default=Masking.ALL)

    def export_limit(self, entity: str) -> int | None:
        """How many rows may be exported without approval: the most of the granting roles; None:
        any number (EXP-2).
        """
        limits = [g.export_limit for g in self.granting(entity, "export")]
        if self.is_super or None in limits:
            return None
        return max((limit for limit in limits if limit is not None), default=0)

    def alone(self, role: int, *, as_deputy: bool) -> "Rights":
        """What one of his roles gives him by itself (PERM-2), to others' records only when asked as
        their deputy.
        """
        key = ("alone", role, as_deputy)
        if key not in self.derived:
            own = {
                entity: tuple(
                    one for one in given if one.role == role and as_deputy >= one.is_for_others
                )
                for entity, given in self.grants.items()
            }
            self.derived[key] = replace(self, grants=own, derived={})
        found: Rights = self.derived[key]
        return found

    def granting(self, entity: str, operation: str) -> Iterable[RoleRights]:
        """The rows of this person's roles that grant the operation on the entity."""
        return (g for g in self.grants.get(entity, ()) if operation in g.operations)
