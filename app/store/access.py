"""Resolving rights: from roles, departments and superiors to one :class:`Rights` per person.

Everything that decides who may do what is read into one snapshot per process, keyed by the number
in ``rights_version``. Whoever changes such a thing calls :func:`touch` in the same transaction, so
every process obeys on its next request (MATRIX-9) and no page pays for permissions (O(1) queries).
Dictionaries and settings are read along with it.
"""

import threading
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, select

from app.extensions import db
from app.spec import clock, options, recycling
from app.spec.catalogue import catalogue
from app.spec.field import Level, Masking
from app.spec.roles import SUPER_ADMIN
from app.spec.scopes import EVERYTHING, NOTHING, Reach, Scope
from app.store import settings
from app.store.context import Actor, current, system_scope
from app.store.grants import Line
from app.store.organisation import Role, User, user_role
from app.store.rights import PoolSeat, Rights, RoleRights
from app.store.scope import member_of
from app.store.snapshot import Snapshot, above, below, read
from app.store.version import PENDING, version_now
from app.store.version import touch as touch  # who changes rights needs no other module

AS_DEPUTY = frozenset({"list", "read", "complete", "resume"})
"""What a deputy does with the records of others, as far as his own roles grant it at all."""
NOWHERE: frozenset[tuple[int, bool]] = frozenset()

_lock = threading.Lock()
_snapshots: dict[str, Snapshot] = {}


def snapshot(version: int | None = None) -> Snapshot:
    """The organisation as of that version (None: ask the database), read at most once each.

    A transaction that has changed rights reads its own, and keeps it to itself: it may still be
    rolled back, and the number it has taken is then somebody else's (MATRIX-9).
    """
    if PENDING in db.session.info:
        found = _pending()
    else:
        found = _committed(_number() if version is None else version)
    options.live.set(found.choices)
    settings.obey(found.settings)
    recycling.live.set(found.recycling)
    return found


def _committed(version: int) -> Snapshot:
    key = str(db.engine.url)
    found = _snapshots.get(key)
    if found is None or found.version != version:
        found = read(version)
        with _lock:
            _snapshots[key] = found
    return found


def _pending() -> Snapshot:
    found: Snapshot | None = db.session.info[PENDING]
    if found is None:
        found = db.session.info[PENDING] = read(_number())
    return found


def _number() -> int:
    return db.session.execute(select(version_now())).scalar() or 0


def load_actor(user_id: int, version: int | None = None) -> Actor:
    """The person with all his rights, be he active or not; NoResultFound for nobody's id."""
    with system_scope("load the person who acts"):
        row = db.session.execute(
            select(User.username, User.name, User.name_en, User.language, User.timezone).where(
                User.id == user_id
            )
        ).one()
    return Actor(user_id, *row, rights=rights_of(user_id, version))


def is_active(user_id: int) -> bool:
    """Whether that person may act at all (ORG-1)."""
    with system_scope("whether somebody is active"):
        return bool(db.session.scalar(select(User.is_active).where(User.id == user_id)))


def active_of(people: Collection[int]) -> set[int]:
    """Those of them who are active: one statement, none for nobody."""
    if not people:
        return set()
    with system_scope("who is active"):
        mine = (member_of(User.id, sorted(people)), User.is_active)
        return set(db.session.scalars(select(User.id).where(*mine)))


def superior_of(user_id: int) -> int | None:
    """That person's direct superior, be he active or not; None for nobody."""
    below_whom = snapshot().directly_below
    found = (person for person, staff in below_whom.items() if user_id in staff)
    return next((person for person in found if person != user_id), None)


def directly_below(user_id: int) -> list[int]:
    """The people whose direct superior that person is."""
    return sorted(snapshot().directly_below.get(user_id, set()) - {user_id})


def away() -> dict[int, datetime]:
    """Who has arranged to be away at this moment, and until when (docs/decisions/0041)."""
    now = clock.now()
    absences = (one for several in organisation().deputies.values() for one in several)
    return {one.user_id: one.ends_at for one in absences if one.holds(now)}


def holders_of(*codes: str) -> list[int]:
    """The active people who hold one of these built-in roles."""
    return _holding(Role.code.in_(codes))


def holders(role: int) -> list[int]:
    """The active people who hold that role, in the order of their numbers; none of a disabled."""
    return sorted(_holding(Role.id == role))


def _holding(which: ColumnElement[bool]) -> list[int]:
    with system_scope("who holds a role"):
        return list(
            db.session.scalars(
                select(User.id)
                .join(user_role, user_role.c.user_id == User.id)
                .join(Role, Role.id == user_role.c.role_id)
                .where(which, Role.is_active, User.is_active)
                .distinct()
            )
        )


def rights_of(user_id: int, version: int | None = None) -> Rights:
    """What that person may do, of the given version."""
    return resolve(snapshot(version), user_id)


def resolve(now: Snapshot, user_id: int) -> Rights:
    """What that person may do in that organisation, at this moment."""
    away = now.away(user_id)
    found = now.rights.get((user_id, away))
    if found is None:
        found = now.rights[user_id, away] = _resolve(now, user_id, away)
    return found


def _resolve(now: Snapshot, user_id: int, away: frozenset[int]) -> Rights:
    held = [role for role in now.roles_of[user_id] if role in now.role_codes]
    home = now.department_of.get(user_id, 0)
    departments = below(now.departments_below, home)
    people = frozenset(below(now.directly_below, user_id))
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
        for line in now.grants[role]:
            chosen = line.scope is Scope.CHOSEN
            reach = _chosen(now, line.places) if chosen else scopes[line.scope]
            given = _role_rights(line, reach, now.export_limits[role])
            grants[line.entity].append(replace(given, role=role))
            if away and line.entity in waiting_kinds():
                grants[line.entity].append(_for_others(grants[line.entity][-1], away))
    return Rights(
        user_id=user_id,
        is_super=any(now.role_codes[role] == SUPER_ADMIN for role in held),
        grants={entity: tuple(given) for entity, given in grants.items()},
        pools=_pool_seats(now, user_id, home),
        roles=frozenset(now.role_codes[role] for role in held),
        people=people - {user_id},
        stands_in_for=away,
        departments=tuple(departments),
        role_ids=frozenset(held),
        above=frozenset(above(now.departments_below, home)),
        organisation=now,
    )


def waiting_kinds() -> frozenset[str]:
    """The kinds of records that to-do lists are about: those that a deputy reads for another."""
    return frozenset(entity.key for entity, _to_do in catalogue.to_dos())


def _for_others(given: RoleRights, away: frozenset[int]) -> RoleRights:
    """What a role lets somebody do for those who are away: look, note what was done, finish."""
    reach, some = Reach(owners=away), given.operations & AS_DEPUTY
    narrow = replace(given, scope=Scope.NONE, places=NOWHERE)  # nothing to hand out
    return replace(narrow, operations=some, reach=reach, is_for_others=True)


def _role_rights(line: Line, reach: Reach, export_limit: int | None) -> RoleRights:
    levels = line.fields
    return RoleRights(
        operations=line.operations,
        reach=reach,
        export_limit=export_limit,
        scope=line.scope,
        places=line.places,
        levels={k: Level(v["level"]) for k, v in levels.items() if "level" in v},
        masks={k: Masking(v["mask"]) for k, v in levels.items() if "mask" in v},
    )


def _owners(now: Snapshot, departments: Iterable[int]) -> Reach:
    """The people whose *current* department is one of these (PERM-1)."""
    return Reach(owners=frozenset().union(*(now.staff.get(d, set()) for d in departments)))


def _chosen(now: Snapshot, places: Iterable[tuple[int, bool]]) -> Reach:
    """Chosen departments, each with or without those below it."""
    wanted: set[int] = set()
    for place, with_below in places:
        wanted.update(below(now.departments_below, place) if with_below else [place])
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


def people_of(departments: Iterable[int]) -> list[int]:
    """The ids of the people whose current department is one of these."""
    now = _organisation()
    return sorted(set().union(*(now.staff.get(d, set()) for d in departments)))


def departments_from(root: int) -> list[int]:
    """That department and all below it."""
    return below(_organisation().departments_below, root)


def departments_of(people: Iterable[int]) -> set[int]:
    """The current departments of these people, and all above them."""
    now = _organisation()
    homes = {now.department_of[one] for one in people if one in now.department_of}
    return set().union(*(above(now.departments_below, home) for home in homes))


def organisation() -> Snapshot:
    """The one that the rights of whoever acts, or causes it, come from: nothing is asked for it."""
    work = current()
    who = work.actor or work.doer
    return (who and who.rights.organisation) or _organisation()


def _organisation() -> Snapshot:
    """The organisation that this piece of work stands on, its version asked for once."""
    memory = current().memory
    if PENDING in db.session.info:
        return snapshot()  # its own changes count, and may still come
    if "organisation" not in memory:
        memory["organisation"] = snapshot()
    found: Snapshot = memory["organisation"]
    return found
