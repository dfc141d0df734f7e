"""A second opinion on who may do what, on which rows.

Imports nothing of the product: it reads the reviewed table ``tests/golden/access.txt`` and walks
plain dictionaries with loops. It is slow and obvious on purpose; where the product and the oracle
differ, one of them breaks a rule of ``permissions.md`` (PERM-1 to PERM-5, PERM-7) or contract §6.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

TABLE = Path(__file__).parent / "golden" / "access.txt"

SCOPES = ("none", "self", "subordinates", "department", "department_tree", "chosen", "all")
EVERYTHING = "everything"
EVERY_ENTITY = "*"

READ_ONLY_SEAT_OPENS = frozenset({"list", "read"})
WRITE_SEAT_OPENS = frozenset({"list", "read", "edit"})
TAKING_PART_OPENS = frozenset({"list", "read", "complete", "resume"})
LOOKING = frozenset({"list", "read", "export"})
BIN = frozenset({"restore", "purge"})
ONLY_IN_POOLS = frozenset({"claim", "move_pool"})
POOL_OPENS_TO_MEMBERS = frozenset({"claim", "assign"})


@dataclass(frozen=True)
class Grant:
    """What one role may do with one entity, and on which rows (PERM-1).

    ``departments`` are those of the scope ``chosen``, with everything below them if ``and_below``.
    """

    role: str
    entity: str
    scope: str
    operations: frozenset[str]
    departments: frozenset[str] = frozenset()
    and_below: bool = False

    def covers(self, entity: str, operation: str) -> bool:
        return self.entity in (entity, EVERY_ENTITY) and (
            operation in self.operations or EVERYTHING in self.operations
        )


@dataclass(frozen=True)
class User:
    """``department`` and ``superior`` are the present ones: scopes follow moves at once."""

    name: str
    department: str | None
    superior: str | None = None
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seat:
    """A place in a row's team; ``level`` is read or write; without ``expires`` it stays (CUS-4)."""

    user: str
    level: str = "read"
    expires: datetime | None = None


@dataclass(frozen=True)
class Row:
    """One record: in a pool (then nobody owns it), in the recycle bin, or somebody's."""

    id: int
    owner: str | None = None
    pool: str | None = None
    is_deleted: bool = False
    seats: tuple[Seat, ...] = ()
    takers: tuple[str, ...] = ()
    """Who takes part in it, where the entity knows such people (contract section 6)."""
    belongs_to: tuple[str, int] | None = None
    """Entity and id of the record that it is about; then ``owner`` is who wrote it (ACT-3)."""


@dataclass(frozen=True)
class Pool:
    """No members and no member departments means everybody is a member (POOL)."""

    name: str
    entity: str
    members: frozenset[str] = frozenset()
    departments: frozenset[str] = frozenset()
    admins: frozenset[str] = frozenset()
    is_enabled: bool = True


@dataclass(frozen=True)
class Company:
    """Everything the oracle looks at. ``departments`` maps a department to its parent."""

    now: datetime
    departments: Mapping[str, str | None]
    users: Mapping[str, User]
    pools: Mapping[str, Pool] = field(default_factory=dict)
    rows: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)


def read_table(path: Path = TABLE) -> list[Grant]:
    """The grants of the table, in its order. Raises ValueError with the line that can't be read."""
    grants = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        words = line.split("#")[0].split()
        if not words:
            continue
        if len(words) < 4 or words[2] not in SCOPES:
            raise ValueError(f"{path.name}:{number}: role, entity, scope, operations expected")
        role, entity, scope, *operations = words
        if len(set(operations)) != len(operations):
            raise ValueError(f"{path.name}:{number}: an operation stands twice")
        grants.append(Grant(role, entity, scope, frozenset(operations)))
    return grants


class Oracle:
    """Answers for one company under one set of grants (the table's, unless others are given)."""

    def __init__(self, company: Company, grants: Iterable[Grant] | None = None) -> None:
        self.company = company
        self.grants = list(read_table() if grants is None else grants)

    def may(self, user: str, entity: str, operation: str) -> bool:
        """Granted by at least one role: else the answer is 403 before any row (contract §1)."""
        return bool(self.granting(user, entity, operation))

    def granting(self, user: str, entity: str, operation: str) -> list[Grant]:
        """Exactly those grants of the user that name this operation on this entity (PERM-2)."""
        roles = self.company.users[user].roles
        return [
            grant
            for grant in self.grants
            if grant.role in roles and grant.covers(entity, operation)
        ]

    def visible(self, user: str, entity: str, operation: str, pool: str | None = None) -> set[int]:
        """The ids the operation may touch; ``pool`` is the filter that opens one pool's list."""
        if not self.may(user, entity, operation):
            return set()
        return {
            row.id
            for row in self.company.rows.get(entity, ())
            if self._reaches(user, entity, operation, row, pool)
        }

    def _reaches(self, user: str, entity: str, operation: str, row: Row, pool: str | None) -> bool:
        if row.is_deleted != (operation in BIN):
            return False
        if row.belongs_to is not None:
            return self._reaches_attached(user, entity, operation, row)
        if row.pool is not None:
            return self._reaches_pooled(user, operation, row, pool)
        if operation in ONLY_IN_POOLS or pool is not None:
            return False
        in_scope = any(
            self._in_scope(user, row.owner, grant)
            for grant in self.granting(user, entity, operation)
        )
        takes_part = user in row.takers and operation in TAKING_PART_OPENS
        return in_scope or takes_part or self._has_seat(user, operation, row)

    def _reaches_attached(self, user: str, entity: str, operation: str, row: Row) -> bool:
        """Who reads the record reads it; its author edits; the rest goes by his scope (ACT-3).

        By one role at a time: what one lets him read another doesn't let him export (PERM-2).
        """
        granting = self.granting(user, entity, operation)
        return any(self._by_one_role(user, operation, row, grant) for grant in granting)

    def _by_one_role(self, user: str, operation: str, row: Row, grant: Grant) -> bool:
        person = replace(self.company.users[user], roles=(grant.role,))
        company = replace(self.company, users={**self.company.users, user: person})
        if not Oracle(company, self.grants)._reads_whole(user, *(row.belongs_to or ("", 0))):
            return False
        if operation in LOOKING or grant.entity == EVERY_ENTITY:
            return True
        return row.owner == user if operation == "edit" else self._in_scope(user, row.owner, grant)

    def _reads_whole(self, user: str, entity: str, number: int) -> bool:
        """Of a record in a pool mere members see columns, its admins all of it (POOL-1)."""
        [row] = [row for row in self.company.rows[entity] if row.id == number]
        if row.pool is None or row.is_deleted or not self.may(user, entity, "read"):
            return number in self.visible(user, entity, "read")
        pool = self.company.pools[row.pool]
        return self._passes_every_check(user) or (pool.is_enabled and user in pool.admins)

    def _reaches_pooled(self, user: str, operation: str, row: Row, pool: str | None) -> bool:
        """A pooled row shows in its pool's own list only, to members; they claim from it (§6).

        Assigning it needs the grant and membership (POOL-3); a deleted one comes back through the
        pool's admins.
        """
        if operation in BIN:
            admins = self.company.pools[row.pool or ""].admins
            return self._passes_every_check(user) or user in admins
        if not self._is_member(user, self.company.pools[row.pool or ""]):
            return False
        if operation in READ_ONLY_SEAT_OPENS:
            return pool == row.pool
        if operation == "move_pool":
            admins = self.company.pools[row.pool or ""].admins
            return self._passes_every_check(user) or user in admins
        return operation in POOL_OPENS_TO_MEMBERS

    def _is_member(self, user: str, pool: Pool) -> bool:
        if self._passes_every_check(user):
            return True
        if not pool.is_enabled:
            return False
        if user in pool.admins or user in pool.members:
            return True
        if not pool.members and not pool.departments:
            return True
        return self.company.users[user].department in pool.departments

    def _passes_every_check(self, user: str) -> bool:
        roles = self.company.users[user].roles
        return any(
            grant.role in roles and grant.entity == EVERY_ENTITY and EVERYTHING in grant.operations
            for grant in self.grants
        )

    def _has_seat(self, user: str, operation: str, row: Row) -> bool:
        """Seats open list and read, write seats also edit, and nothing else ever (PERM-3)."""
        for seat in row.seats:
            if seat.user != user:
                continue
            if seat.expires is not None and seat.expires <= self.company.now:
                continue
            opens = WRITE_SEAT_OPENS if seat.level == "write" else READ_ONLY_SEAT_OPENS
            if operation in opens:
                return True
        return False

    def _in_scope(self, user: str, owner: str | None, grant: Grant) -> bool:
        """PERM-1, resolved from the owner's current department and superior."""
        if grant.scope == "all":
            return True
        if grant.scope == "none" or owner is None:
            return False
        if grant.scope == "self":
            return owner == user
        if grant.scope == "subordinates":
            return owner == user or user in self.superiors_of(owner)
        return self._in_departments(user, owner, grant)

    def _in_departments(self, user: str, owner: str, grant: Grant) -> bool:
        mine = self.company.users[user].department
        theirs = self.company.users[owner].department
        above_them = self.departments_above(theirs)
        if grant.scope == "department":
            return mine is not None and theirs == mine
        if grant.scope == "department_tree":
            return mine is not None and mine in above_them
        nearest = above_them if grant.and_below else above_them[:1]
        return any(department in grant.departments for department in nearest)

    def superiors_of(self, user: str) -> list[str]:
        """The chain of direct superiors, nearest first."""
        chain: list[str] = []
        above = self.company.users[user].superior
        while above is not None and above not in chain:
            chain.append(above)
            above = self.company.users[above].superior
        return chain

    def departments_above(self, department: str | None) -> list[str]:
        """The department itself and everything above it, up to the root."""
        chain: list[str] = []
        while department is not None:
            chain.append(department)
            department = self.company.departments[department]
        return chain
