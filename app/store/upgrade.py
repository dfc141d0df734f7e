"""``flask crm upgrade``: bring a database to what this version of the program needs.

Migrations, then everything that declarations bring: built-in roles and their default grants, the
root department, the default pools, dictionaries, search tables, the lock on the history. Safe to
run at any time and in several processes at once: one does it, the others wait and find nothing due.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from fasteners import InterProcessLock
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DatabaseError

from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.roles import BUILT_IN_ROLES, EXPORT_LIMIT, EXPORT_LIMITS
from app.store import access, dictionaries, reindex, search_index, worker_queue
from app.store.context import system_scope
from app.store.engine import is_postgres
from app.store.grants import Line
from app.store.installation import Installation
from app.store.organisation import Department, RightsVersion, Role, RoleGrant
from app.store.pools import POOL_KIND, Pool
from app.store.writer import Context, insert_rows
from config import ROOT

ADVISORY_LOCK = 727_001
HOW = Context("set_up")
STEPS = ROOT / "migrations" / "versions"
"""One file per step, in the order of their names."""


def upgrade() -> bool:
    """Upgrade the database of the current application; False when nothing was due.

    One statement when nothing is due. Needs an application context.
    """
    _keep_private()
    wanted = _fingerprint()
    if _upgraded_to() == wanted:
        return False
    with _alone():
        if _upgraded_to() == wanted:
            return False
        _migrate()
        with system_scope("set up what declarations bring"):
            set_up()
            db.session.commit()
            for entity in reindex.outdated():
                for _done in reindex.reindex(entity):
                    db.session.commit()
            db.session.merge(Installation(key="upgraded_to", value=wanted))
            db.session.commit()
    return True


def is_current() -> bool:
    """Whether nothing is due: what a process that serves asks before it says it is ready."""
    return _upgraded_to() == _wanted()


@cache
def _wanted() -> str:
    """The fingerprint of the program as it was loaded; probes must not read all migrations."""
    return _fingerprint()


def _migrate() -> None:
    from app.store import migrations  # for whoever upgrades only, as it says itself

    migrations.run()


def _fingerprint() -> str:
    """The newest migration and a digest of everything that the set-up derives."""
    head = max(step.stem for step in STEPS.glob("[0-9]*.py"))
    derived = {
        "dictionaries": [words.key + str(words.options) for words in dictionaries.declared()],
        "grants": [str(sorted(thing.grants.items())) for thing in catalogue.things.values()],
        "search": [search_index.signature(e) for e in catalogue if e.searched],
        "roles": list(BUILT_IN_ROLES),
        "queue": worker_queue.version(),
    }
    digest = hashlib.sha256(json.dumps(derived).encode()).hexdigest()[:16]
    return f"{head}-{digest}"


def _upgraded_to() -> str | None:
    try:
        value: str | None = db.session.scalar(
            select(Installation.value).where(Installation.key == "upgraded_to")
        )
    except DatabaseError:
        value = None  # a new database has no tables yet
    db.session.rollback()
    return value


@contextmanager
def _alone() -> Iterator[None]:
    """One upgrade at a time, over processes and hosts (C112)."""
    if is_postgres():
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for limit in ("statement_timeout", "lock_timeout"):
                connection.execute(text(f"SET {limit} = 0"))
            try:
                connection.execute(text("SELECT pg_advisory_lock(:n)"), {"n": ADVISORY_LOCK})
                yield
            finally:
                connection.invalidate()  # closing it gives the lock back, whatever happened
        return
    database = Path(db.engine.url.database or "crm")
    with InterProcessLock(f"{database}.upgrade.lock"):
        yield


def _keep_private() -> None:
    """Make a new SQLite file readable for its owner only: it holds the customers' data."""
    name = db.engine.url.database
    if not is_postgres() and name and not Path(name).exists():
        Path(name).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        Path(name).touch(mode=0o600)


def set_up() -> None:
    """Add what declarations bring and the database lacks; the caller commits."""
    _lock_history()
    if db.session.get(RightsVersion, 1) is None:
        db.session.add(RightsVersion(id=1, number=1))
        db.session.flush()
    search_index.create_tables()
    worker_queue.create()
    roles = _roles()
    _default_grants(roles)
    _root_department()
    _default_pools()
    _dictionaries()
    access.touch()


def _roles() -> dict[str, int]:
    have: dict[str, int] = dict(db.session.execute(select(Role.code, Role.id)).all())
    new = [
        {
            "name": label.zh,
            "name_en": label.en,
            "code": code,
            "is_active": True,
            "export_limit": EXPORT_LIMITS.get(code, EXPORT_LIMIT),
        }
        for code, label in BUILT_IN_ROLES.items()
        if code not in have
    ]
    insert_rows(catalogue.get("role"), new, HOW)
    return dict(db.session.execute(select(Role.code, Role.id)).all())


def _default_grants(roles: dict[str, int]) -> None:
    """Rows of the matrix that don't exist yet; what an admin has edited stays as it is."""
    have = set(db.session.execute(select(RoleGrant.role_id, RoleGrant.entity)))
    new = [
        {**Line.given(thing.key, given).stored(), "role_id": roles[code]}
        for thing in catalogue.things.values()
        for code, given in thing.grants.items()
        if (roles[code], thing.key) not in have
    ]
    if new:
        db.session.execute(insert(RoleGrant.__table__), new)


def _root_department() -> None:
    exists = db.session.scalar(select(Department.id).where(Department.parent_id.is_(None)))
    if exists is None:
        insert_rows(catalogue.get("department"), [{"name": "办公室", "name_en": "Office"}], HOW)


def _default_pools() -> None:
    """One open pool per kind of pooled record, when there is none at all (POOL)."""
    have = set(db.session.scalars(select(Pool.kind)))
    new = [
        {
            "name": "系统默认公海" if position == 0 else f"默认{choice.label.zh}池",
            "name_en": "Default pool" if position == 0 else f"Default pool: {choice.label.en}",
            "kind": choice.code,
            "is_enabled": True,
        }
        for position, choice in enumerate(reversed(POOL_KIND.current()))
        if choice.code not in have
    ]
    insert_rows(catalogue.get("pool"), new, HOW)


def _dictionaries() -> None:
    table = dictionaries.DictionaryOption
    have = {(row[0], row[1]) for row in db.session.execute(select(table.dictionary, table.code))}
    new = dictionaries.missing_rows(have)
    if new:
        db.session.execute(insert(table.__table__), new)


_SQLITE_LOCK = (
    "CREATE TRIGGER IF NOT EXISTS history_keeps_{verb} BEFORE {verb} ON history "
    "BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END"
)
_SQLITE_NO_REPLACE = (
    "CREATE TRIGGER IF NOT EXISTS history_keeps_ids BEFORE INSERT ON history "
    "WHEN EXISTS (SELECT 1 FROM history WHERE id = NEW.id) "
    "BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END"
)
_PG_LOCK = (
    "CREATE OR REPLACE FUNCTION history_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the history is append-only'; END $$",
    "DROP TRIGGER IF EXISTS history_keeps ON history",
    "CREATE TRIGGER history_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON history "
    "FOR EACH STATEMENT EXECUTE FUNCTION history_is_append_only()",
)


_SQLITE_UNLOCK = tuple(
    f"DROP TRIGGER IF EXISTS history_keeps_{what}" for what in ("UPDATE", "DELETE", "ids")
)


def unlock_history() -> None:
    """Lift the lock until :func:`set_up` puts it back; in one transaction, for a reset only."""
    for statement in _PG_LOCK[1:2] if is_postgres() else _SQLITE_UNLOCK:
        db.session.execute(text(statement))


def _lock_history() -> None:
    """The database itself refuses to change or remove history (AUDIT-3, C100b)."""
    if is_postgres():
        statements: tuple[str, ...] = _PG_LOCK
    else:
        verbs = ("UPDATE", "DELETE")
        statements = (*(_SQLITE_LOCK.format(verb=v) for v in verbs), _SQLITE_NO_REPLACE)
    for statement in statements:
        db.session.execute(text(statement))
