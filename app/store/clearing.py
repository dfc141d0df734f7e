"""Starting over: everything an installation has collected is removed, what it is set up as stays.

Only ``flask crm demo --reset`` does this. It takes the history along, which is append-only for
everybody else: its lock is lifted and put back in one transaction, and the first entry of the new
history says that there was an older one.
"""

from sqlalchemy import Table, delete, func, select, text, update

from app.extensions import db
from app.spec.catalogue import catalogue
from app.store import reindex, search_index, upgrade
from app.store.engine import be_patient, is_postgres
from app.store.history import History, record_event
from app.store.organisation import Department, User, user_role

SET_UP = frozenset(
    {
        "installation",
        "role",
        "role_grant",
        "rights_version",
        "dictionary_option",
        "setting",
        "picture",
    }
)
"""Tables that stay as they are: the version, roles and their grants, dictionaries, settings."""

PEOPLE = frozenset({"user_account", "user_role", "department"})
"""Tables of which the root department and one super admin stay."""


def clear(keeping: str) -> None:
    """Empty the database but for its set-up and the super admin called ``keeping``.

    Roles, their grants, dictionaries and settings stay as they were edited. Nothing is committed
    here.
    """
    be_patient(minutes=0)
    removed = db.session.scalar(select(func.count()).select_from(History.__table__))
    upgrade.unlock_history()
    _empty([t for t in db.metadata.sorted_tables if t.name not in SET_UP | PEOPLE])
    _empty_people(keeping)
    for entity in catalogue:
        if search_index.is_searched(entity):
            for _done in reindex.reindex(entity, after=0):
                pass
    upgrade.set_up()
    record_event("set_up", subject="reset", detail={"removed_entries": [removed, 0]})


def _empty(tables: list[Table]) -> None:
    """Remove all rows; numbers start again at 1, so that a seed gives the same ids."""
    indexes = [search_index.side_table(e) for e in catalogue if search_index.is_searched(e)]
    if is_postgres():
        names = ", ".join([*(table.name for table in tables), *indexes])
        db.session.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
        return
    for table in reversed(tables):
        db.session.execute(delete(table))
        db.session.execute(_FORGET_NUMBERS, {"name": table.name, "last": 0})
    for name in indexes:
        db.session.execute(text(f"DELETE FROM {name}"))  # noqa: S608 - a declared entity's


_FORGET_NUMBERS = text("UPDATE sqlite_sequence SET seq = :last WHERE name = :name")


def _empty_people(keeping: str) -> None:
    person, place = User.__table__, Department.__table__
    kept = db.session.scalar(select(person.c.id).where(person.c.username == keeping)) or 0
    root = db.session.scalar(
        select(place.c.id).where(place.c.parent_id.is_(None)).order_by(place.c.id).limit(1)
    )
    db.session.execute(update(person).values(superior_id=None, department_id=root))
    db.session.execute(delete(user_role).where(user_role.c.user_id != kept))
    db.session.execute(delete(person).where(person.c.id != kept))
    db.session.execute(update(place).values(parent_id=None, deleted_at=None, delete_batch=None))
    db.session.execute(delete(place).where(place.c.id != root))
    for table in (person, place):
        _restart_numbers(table)


def _restart_numbers(table: Table) -> None:
    last = db.session.scalar(select(func.coalesce(func.max(table.c.id), 0))) or 0
    if is_postgres():
        sequence = func.pg_get_serial_sequence(table.name, "id")
        db.session.execute(select(func.setval(sequence, max(last, 1), last > 0)))
    else:
        db.session.execute(_FORGET_NUMBERS, {"name": table.name, "last": last})
