"""Stores the small company of ``tests.support.company`` in a migrated database."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select, update

from app.admin.security import passwords
from app.extensions import db
from app.operations.rules import rules_of
from app.spec.catalogue import catalogue
from app.store import access
from app.store.context import system_scope
from app.store.organisation import Department, Role, User
from app.store.pools import TeamSeat
from app.store.writer import Context, insert_rows
from tests.oracle import Company, Row
from tests.support.company import PASSWORD

PLURALS = {"lead": "leads", "customer": "customers"}
HOW = Context("create")

Ids = dict[str, int]
"""Name in the company to id in the database."""


def load(company: Company) -> None:
    """Write the company and commit. The database holds nothing but what an upgrade puts there."""
    with system_scope("the company that the tests look at"):
        departments = load_departments(company)
        people = load_people(company, departments)
        pools = load_pools(company, departments, people)
        for key in company.rows:
            load_rows(company, key, people, pools)
        access.touch()
        db.session.commit()


def load_departments(company: Company) -> Ids:
    """Parents first; a root that the upgrade made is taken over under our name."""
    ids: Ids = {}
    root = db.session.scalar(select(Department.id).where(Department.parent_id.is_(None)))
    for name, parent in company.departments.items():
        if parent is None and root is not None:
            ids[name] = root
            continue
        row = {"name": name, "name_en": name, "parent": ids[parent] if parent else None}
        [ids[name]] = insert_rows(catalogue.get("department"), [row], HOW)
    return ids


def load_people(company: Company, departments: Ids) -> Ids:
    """Everybody with the one password, nobody forced to change it."""
    roles: Ids = dict(db.session.execute(select(Role.code, Role.id)).all())
    ids: Ids = dict(db.session.execute(select(User.username, User.id)).all())
    for person in company.users.values():
        row = {
            "username": person.name,
            "name": person.name.title(),
            "name_en": person.name.title(),
            "department": departments[person.department or "Office"],
            "superior": ids[person.superior] if person.superior else None,
            "roles": [roles[code] for code in person.roles],
            "language": "en",
            "is_active": True,
        }
        if person.name not in ids:
            [ids[person.name]] = insert_rows(catalogue.get("user"), [row], HOW)
    hashed = passwords.hashed(PASSWORD)
    person_table = User.__table__
    db.session.execute(update(person_table).values(password=hashed, must_change_password=False))
    return ids


def load_pools(company: Company, departments: Ids, people: Ids) -> Ids:
    ids: Ids = {}
    for pool in company.pools.values():
        row = {
            "name": pool.name,
            "kind": PLURALS[pool.entity],
            "admins": [people[name] for name in sorted(pool.admins)],
            "members": [people[name] for name in sorted(pool.members)],
            "member_departments": [departments[name] for name in sorted(pool.departments)],
            "is_enabled": pool.is_enabled,
        }
        [ids[pool.name]] = insert_rows(catalogue.get("pool"), [row], HOW)
    return ids


def load_rows(company: Company, key: str, people: Ids, pools: Ids) -> None:
    """The rows of one entity, in the order of their ids, then their seats and deletion marks."""
    entity = catalogue.get(key)
    rows = company.rows[key]
    values = [values_of(key, row, people, pools) for row in rows]
    ids = insert_rows(entity, values, HOW)
    assert ids == [row.id for row in rows], "the database was not empty"
    deleted = [row.id for row in rows if row.is_deleted]
    table = entity.model.__table__
    marks = {"deleted_at": company.now - timedelta(days=1), "delete_batch": f"{key}-bin"}
    db.session.execute(update(table).where(table.c.id.in_(deleted)).values(**marks))
    for row in rows:
        load_seats(key, row, people)
    if entity.is_attached:  # what hangs on a record, the record tells
        rules_of(entity).after_write(entity, [row.id for row in rows if not row.is_deleted])


def values_of(key: str, row: Row, people: Mapping[str, int], pools: Ids) -> dict[str, Any]:
    """What a record needs to be one; the number in its name is its id."""
    entity = catalogue.get(key)
    values: dict[str, Any] = {
        entity.title: f"{key.title()} {row.id:02}",
        entity.responsible: people[row.owner] if row.owner else None,
    }
    for field in entity.fields.values():
        if field.required and not hasattr(field, "to") and field.key not in values:
            sample = entity.samples[0]
            given = field.key in sample
            values[field.key] = field.parse(sample[field.key]) if given else field.initial()
    if "mobile" in entity.fields:
        values["mobile"] = f"138{len(key)}{row.id:07}"
    if row.belongs_to is not None:
        kind, number = row.belongs_to
        values[kind] = number
    if key == "contact":
        values["customer"] = row.id
    for field in entity.letting_in:
        values[field.key] = sorted(people[name] for name in row.takers)
    if row.pool is not None:
        values["pool"] = pools[row.pool]
    return values


def load_seats(key: str, row: Row, people: Ids) -> None:
    seats = [
        {
            "entity": key,
            "record_id": row.id,
            "user_id": people[seat.user],
            "level": seat.level,
            "until": seat.expires,
        }
        for seat in row.seats
    ]
    if seats:
        db.session.execute(insert(TeamSeat.__table__), seats)
