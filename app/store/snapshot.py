"""The organisation as of one version: what everybody's rights are resolved from, without SQL.

People, departments, superiors, roles held, the lines of the matrix, pools: read in a few statements
and never changed afterwards. What would be if something were moved or granted is another one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import JSON, case, func, literal, null, select, type_coerce, union_all

from app.extensions import db
from app.spec import clock, options
from app.spec.recycling import PoolRules
from app.store import cap_rules, claims, deputies, dictionaries, recycling, settings
from app.store.cap_rules import Rule
from app.store.context import system_scope
from app.store.deputies import Absence
from app.store.grants import Line
from app.store.organisation import Department, Role, RoleGrant, User, user_role
from app.store.pools import Pool, pool_admins, pool_member_departments, pool_members
from app.store.rights import Rights

RECYCLES, RULED = "recycles", "ruled"
"""What is told of a pool: it takes records by itself, it doesn't give each to whoever comes."""


@dataclass
class Snapshot:
    """The organisation as of one version: enough to resolve anybody's rights without SQL."""

    version: int
    department_of: dict[int, int] = field(default_factory=dict)
    staff: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    directly_below: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    departments_below: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    roles_of: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    role_codes: dict[int, str] = field(default_factory=dict)
    """The codes of the active roles: only those grant anything."""
    export_limits: dict[int, int | None] = field(default_factory=dict)
    """By active role how many rows may be exported without approval; None: any number."""
    grants: dict[int, list[Line]] = field(default_factory=lambda: defaultdict(list))
    pools: dict[int, Any] = field(default_factory=dict)
    ruled_pools: set[int] = field(default_factory=set)
    """Those with rules of claiming (POOL-2)."""
    pool_people: dict[tuple[str, int], set[int]] = field(default_factory=lambda: defaultdict(set))
    choices: Mapping[str, tuple[options.Option, ...]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    deputies: Mapping[int, tuple[Absence, ...]] = field(default_factory=dict)
    """Whom somebody stands in for, each for a time."""
    caps: tuple[Rule, ...] = ()
    """How many records people may have, in the order of the rules."""
    caps_of: dict[tuple[str, str, int], Rule | None] = field(default_factory=dict)
    """The rule that holds for somebody: by what it is about, what it limits, and person."""
    recycling: tuple[PoolRules, ...] = ()
    """What pools take by themselves, in the order in which they do (POOL-5)."""
    rights: dict[tuple[int, frozenset[int]], Rights] = field(default_factory=dict)
    """Of everybody while he stands in for certain others."""

    def members_of(self, pool: int) -> frozenset[int] | None:
        """The people in a pool's members and their departments; None when it is everybody's."""
        people = self.pool_people.get(("members", pool), set())
        places = self.pool_people.get(("departments", pool), set())
        if not people and not places:
            return None
        return frozenset(people.union(*(self.staff.get(place, set()) for place in places)))

    def away(self, deputy: int) -> frozenset[int]:
        """For whom that person stands in at this moment."""
        absences = self.deputies.get(deputy, ())
        if not absences:
            return frozenset()
        now = clock.now()
        return frozenset(one.user_id for one in absences if one.holds(now))


def read(version: int) -> Snapshot:
    """Read it all; the caller knows the version."""
    found, recycles = Snapshot(version), False
    with system_scope("resolve rights"):
        for row in db.session.execute(_structure()):
            _take_structure(found, *row)
        for document in db.session.execute(_documents()).mappings():
            if document["kind"] == "grant":
                found.grants[document["number"]].append(Line.of(dict(document)))
            else:
                columns = document["operations"] or []
                found.pools[document["number"]] = (document["entity"], columns)
                recycles = recycles or RECYCLES in document["scope"]
                if RULED in document["scope"]:
                    found.ruled_pools.add(document["number"])
        found.choices = dictionaries.load()
        found.settings = settings.load()
        found.deputies = deputies.load()
        found.caps = cap_rules.load()
        if recycles:
            found.recycling = recycling.load(found.members_of)
    return found


def _structure() -> Any:
    """People, departments, roles held, seats in pools: one statement of small rows."""

    def part(kind: str, first: Any, second: Any, third: Any = None, text: Any = None) -> Any:
        none = null() if third is None else third
        return select(literal(kind), first, second, none, literal("") if text is None else text)

    return union_all(
        part("user", User.id, User.superior_id, User.department_id),
        part("department", Department.id, Department.parent_id),
        part("role", Role.id, Role.export_limit, text=func.coalesce(Role.code, "")).where(
            Role.is_active
        ),
        part("holds", user_role.c.user_id, user_role.c.role_id),
        part("admins", pool_admins.c.pool_id, pool_admins.c.user_id),
        part("members", pool_members.c.pool_id, pool_members.c.user_id),
        part(
            "departments",
            pool_member_departments.c.pool_id,
            pool_member_departments.c.department_id,
        ),
    )


def _take_structure(
    found: Snapshot, kind: str, first: int, second: int | None, third: int | None, text: str
) -> None:
    if kind == "user":
        found.department_of[first] = third or 0
        found.staff[third or 0].add(first)
        if second:
            found.directly_below[second].add(first)
    elif kind == "department":
        if second:
            found.departments_below[second].add(first)
    elif kind == "role":
        found.role_codes[first], found.export_limits[first] = text, second
    elif kind == "holds":
        found.roles_of[first].add(second or 0)
    else:
        found.pool_people[(kind, first)].add(second or 0)


def _documents() -> Any:
    """The rows of the matrix and the enabled pools, in one statement.

    A pool's kind stands in the place of the entity, what it shows in that of the operations, and
    whether it recycles or has rules of claiming in that of the scope.
    """
    plain = type_coerce(null(), JSON)
    recycles = case((recycling.is_set(), RECYCLES), else_="")
    ruled = case((claims.is_ruled(), RULED), else_="")
    return union_all(
        select(
            literal("grant").label("kind"),
            RoleGrant.role_id.label("number"),
            RoleGrant.entity,
            RoleGrant.scope,
            RoleGrant.operations,
            RoleGrant.departments,
            RoleGrant.fields,
        ),
        select(
            literal("pool"),
            Pool.id,
            Pool.kind,
            recycles.concat(ruled),
            Pool.visible_columns,
            plain,
            plain,
        ).where(Pool.is_enabled, Pool.deleted_at.is_(None)),
    )


def below(tree: Mapping[int, set[int]], root: int) -> list[int]:
    """The node and everything under it, each once even if the data had a cycle."""
    order, seen = [root], {root}
    for node in order:
        fresh = sorted(tree.get(node, set()) - seen)
        seen.update(fresh)
        order.extend(fresh)
    return order


def above(tree: Mapping[int, set[int]], node: int) -> set[int]:
    """The node and everything over it, each once even if the data had a cycle."""
    found, fresh = set(), {node}
    while fresh:
        found |= fresh
        fresh = {over for over, under in tree.items() if under & fresh} - found
    return found


def supposing(
    now: Snapshot,
    *,
    lines: Mapping[int, Iterable[Line]] | None = None,
    person: tuple[int, int | None, int | None] | None = None,
    department: tuple[int, int | None] | None = None,
) -> Snapshot:
    """The organisation as it would be: roles with other lines, somebody or a department moved.

    ``person`` is (user, department, superior), ``department`` is (department, parent). Nothing is
    written or cached; ``access.resolve`` tells what somebody could do then (MATRIX-2, MATRIX-8).
    """
    then = replace(now, rights={}, caps_of={})
    if lines:
        then.grants = defaultdict(list, now.grants)
        then.grants.update({role: list(given) for role, given in lines.items()})
    if person:
        user, home, superior = person
        then.department_of = {**now.department_of, user: home or 0}
        then.staff = _moved(now.staff, user, home or 0)
        then.directly_below = _moved(now.directly_below, user, superior)
    if department:
        then.departments_below = _moved(now.departments_below, *department)
    return then


def _moved(tree: Mapping[int, set[int]], node: int, above: int | None) -> dict[int, set[int]]:
    """The tree with a node hanging elsewhere, or nowhere."""
    found = defaultdict(set, {key: nodes - {node} for key, nodes in tree.items()})
    if above is not None:
        found[above] = found[above] | {node}
    return found
