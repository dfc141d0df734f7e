"""Resolving rights: from roles, departments and superiors to one :class:`Rights` per person.

Everything that decides who may do what is read into one snapshot per process, keyed by the number
in ``rights_version``. Whoever changes such a thing calls :func:`touch` in the same transaction, so
every process obeys on its next request (MATRIX-9) and no page pays for permissions (O(1) queries).
Dictionaries and settings are read along with it.
"""

import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import JSON, func, literal, null, select, type_coerce, union_all

from app.extensions import db
from app.spec import options
from app.spec.field import Level, Masking
from app.spec.roles import SUPER_ADMIN
from app.spec.scopes import EVERYTHING, NOTHING, Reach, Scope
from app.store import dictionaries, settings
from app.store.context import Actor, system_scope
from app.store.organisation import Department, Role, RoleGrant, User, user_role
from app.store.pools import Pool, pool_admins, pool_member_departments, pool_members
from app.store.rights import PoolSeat, Rights, RoleRights
from app.store.version import touch as touch  # who changes rights needs no other module
from app.store.version import version_now


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
    grants: dict[int, list[Any]] = field(default_factory=lambda: defaultdict(list))
    pools: dict[int, Any] = field(default_factory=dict)
    pool_people: dict[tuple[str, int], set[int]] = field(default_factory=lambda: defaultdict(set))
    choices: Mapping[str, tuple[options.Option, ...]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    rights: dict[int, Rights] = field(default_factory=dict)


_lock = threading.Lock()
_snapshots: dict[str, Snapshot] = {}


def snapshot(version: int | None = None) -> Snapshot:
    """The organisation as of that version (None: ask the database), read at most once each."""
    if version is None:
        version = db.session.execute(select(version_now())).scalar() or 0
    key = str(db.engine.url)
    found = _snapshots.get(key)
    if found is None or found.version != version:
        with system_scope("resolve rights"):
            found = _read(version)
        with _lock:
            _snapshots[key] = found
    options.live.set(found.choices)
    settings.obey(found.settings)
    return found


def load_actor(user_id: int, version: int | None = None) -> Actor:
    """The person with all his rights, be he active or not; NoResultFound for nobody's id."""
    with system_scope("load the person who acts"):
        row = db.session.execute(
            select(User.username, User.name, User.name_en, User.language, User.timezone).where(
                User.id == user_id
            )
        ).one()
    return Actor(user_id, *row, rights=rights_of(user_id, version))


def rights_of(user_id: int, version: int | None = None) -> Rights:
    """What that person may do, of the given version."""
    now = snapshot(version)
    found = now.rights.get(user_id)
    if found is None:
        found = now.rights[user_id] = _resolve(now, user_id)
    return found


def _read(version: int) -> Snapshot:
    found = Snapshot(version)
    for row in db.session.execute(_structure()):
        _take_structure(found, *row)
    for kind, number, name, scope, operations, places, levels in db.session.execute(_documents()):
        if kind == "grant":
            found.grants[number].append((name, Scope(scope), operations, places, levels))
        else:
            found.pools[number] = (name, operations or [])
    found.choices = dictionaries.load()
    found.settings = settings.load()
    return found


def _structure() -> Any:
    """People, departments, roles held, seats in pools: one statement of small rows."""

    def part(kind: str, first: Any, second: Any, third: Any = None, text: Any = None) -> Any:
        none = null() if third is None else third
        return select(literal(kind), first, second, none, literal("") if text is None else text)

    return union_all(
        part("user", User.id, User.superior_id, User.department_id),
        part("department", Department.id, Department.parent_id),
        part("role", Role.id, Role.id, text=func.coalesce(Role.code, "")).where(Role.is_active),
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
        found.role_codes[first] = text
    elif kind == "holds":
        found.roles_of[first].add(second or 0)
    else:
        found.pool_people[(kind, first)].add(second or 0)


def _documents() -> Any:
    """The rows of the matrix and the enabled pools, in one statement."""
    plain = type_coerce(null(), JSON)
    return union_all(
        select(
            literal("grant"),
            RoleGrant.role_id,
            RoleGrant.entity,
            RoleGrant.scope,
            RoleGrant.operations,
            RoleGrant.departments,
            RoleGrant.fields,
        ),
        select(
            literal("pool"), Pool.id, Pool.kind, literal(""), Pool.visible_columns, plain, plain
        ).where(Pool.is_enabled, Pool.deleted_at.is_(None)),
    )


def _below(tree: Mapping[int, set[int]], root: int) -> list[int]:
    """The node and everything under it, each once even if the data had a cycle."""
    order, seen = [root], {root}
    for node in order:
        fresh = sorted(tree.get(node, set()) - seen)
        seen.update(fresh)
        order.extend(fresh)
    return order


def _above(tree: Mapping[int, set[int]], node: int) -> set[int]:
    """The node and everything over it, each once even if the data had a cycle."""
    found, fresh = set(), {node}
    while fresh:
        found |= fresh
        fresh = {over for over, below in tree.items() if below & fresh} - found
    return found


def _resolve(now: Snapshot, user_id: int) -> Rights:
    held = [role for role in now.roles_of[user_id] if role in now.role_codes]
    home = now.department_of.get(user_id, 0)
    departments = _below(now.departments_below, home)
    people = frozenset(_below(now.directly_below, user_id))
    scopes = {
        Scope.NONE: NOTHING,
        Scope.SELF: Reach(owners=frozenset({user_id})),
        Scope.SUBORDINATES: Reach(owners=people),
        Scope.DEPARTMENT: _owners(now, [home]),
        Scope.DEPARTMENT_TREE: _owners(now, departments),
        Scope.ALL: EVERYTHING,
    }
    grants: dict[str, list[RoleRights]] = defaultdict(list)
    for role in held:
        for entity, scope, operations, places, levels in now.grants[role]:
            chosen = scope is Scope.CHOSEN
            reach = _chosen(now, places or []) if chosen else scopes[scope]
            grants[entity].append(
                _role_rights(operations, scope, reach, places_of(places), levels or {})
            )
    return Rights(
        user_id=user_id,
        is_super=any(now.role_codes[role] == SUPER_ADMIN for role in held),
        grants={entity: tuple(given) for entity, given in grants.items()},
        pools=_pool_seats(now, user_id, home),
        roles=frozenset(now.role_codes[role] for role in held),
        people=people - {user_id},
        departments=tuple(departments),
        role_ids=frozenset(held),
        above=frozenset(_above(now.departments_below, home)),
    )


def _role_rights(
    operations: Sequence[str],
    scope: Scope,
    reach: Reach,
    places: frozenset[tuple[int, bool]],
    levels: Mapping[str, Mapping[str, int]],
) -> RoleRights:
    return RoleRights(
        operations=frozenset(operations),
        reach=reach,
        scope=scope,
        places=places,
        levels={k: Level(v["level"]) for k, v in levels.items() if "level" in v},
        masks={k: Masking(v["mask"]) for k, v in levels.items() if "mask" in v},
    )


def places_of(stored: Sequence[Mapping[str, Any]] | None) -> frozenset[tuple[int, bool]]:
    """Chosen departments as stored, as pairs of the department and whether those below count."""
    return frozenset((place["id"], bool(place.get("below"))) for place in stored or ())


def _owners(now: Snapshot, departments: Iterable[int]) -> Reach:
    """The people whose *current* department is one of these (PERM-1)."""
    return Reach(owners=frozenset().union(*(now.staff.get(d, set()) for d in departments)))


def _chosen(now: Snapshot, places: Sequence[Mapping[str, Any]]) -> Reach:
    """Chosen departments, each with or without those below it."""
    wanted: set[int] = set()
    for place in places:
        below = place.get("below", False)
        wanted.update(_below(now.departments_below, place["id"]) if below else [place["id"]])
    return _owners(now, wanted)


def _pool_seats(now: Snapshot, user_id: int, home: int) -> dict[int, PoolSeat]:
    """The pools somebody is in; one without members and departments is open to all (POOL-1)."""
    seats = {}
    for pool, (kind, columns) in now.pools.items():
        members = now.pool_people.get(("members", pool), set())
        places = now.pool_people.get(("departments", pool), set())
        is_admin = user_id in now.pool_people.get(("admins", pool), set())
        is_open = not members and not places
        if is_admin or is_open or user_id in members or home in places:
            seats[pool] = PoolSeat(pool, kind, is_admin, frozenset(columns))
    return seats


def people_of(departments: Sequence[int]) -> list[int]:
    """The ids of the people whose current department is one of these."""
    now = snapshot()
    return sorted(set().union(*(now.staff.get(d, set()) for d in departments)))
