"""The bench's own database: the deterministic demo company of a given size, kept between runs."""

import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select, true

from app.admin.security import passwords
from app.demo.loader import Size, fill
from app.entities.customer import Customer
from app.extensions import db
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.errors import Conflict
from app.spec.roles import SALES_MANAGER, Grant
from app.spec.scopes import Scope
from app.store import access, accounts, beginnings, bulk_load, clearing, links, reminders
from app.store.context import system_scope
from app.store.engine import be_patient
from app.store.grants import Line
from app.store.installation import Installation
from app.store.organisation import Role, RoleGrant, User
from app.store.scope import member_of
from app.store.upgrade import upgrade
from app.store.writer import Change, Context, insert_rows, update_rows

MARK = "bench"
HOW = Context("edit")
MOST = 10_000
TODAY = date(2026, 11, 21)
PEOPLE = {
    "self": "sales1a",
    "subordinates": "leader2",
    "department_tree": "manager",
    "all": "finance",
}
"""Who stands for which scope."""
SUBORDINATES = "bench_subordinates"
BINDING = ("customer", "contact", "lead")


@dataclass(frozen=True)
class Company:
    """What the measures need to know of the database."""

    kind: str
    customers: int
    password: str
    owners: dict[str, list[int]] = field(default_factory=dict)
    """By scope: whose customers that person lists; empty means everybody's."""
    listed: dict[str, int] = field(default_factory=dict)
    """By scope: how many customers that person lists."""
    own: list[int] = field(default_factory=list)
    """The ids of some customers of ``self``."""
    many: dict[int, int] = field(default_factory=dict)
    """Up to 10,000 customers of the department tree, by id, with their owners."""
    people: dict[str, int] = field(default_factory=dict)


def prepare(size: Size, say: Callable[[str], None]) -> Company:
    """Fill the database unless it holds exactly this company; know it either way.

    Raises Conflict when it holds anything that isn't an earlier bench's.
    """
    upgrade()
    wanted = json.dumps({**asdict(size), "today": size.today.isoformat()})
    with system_scope("prepare the bench"):
        mark = db.session.scalar(select(Installation.value).where(Installation.key == MARK))
        if mark != wanted:
            if mark is None and beginnings.is_in_use():
                raise Conflict(
                    "The bench needs a database of its own: give the DATABASE_URL of an empty one."
                )
            clearing.clear("admin")
            db.session.commit()
            done = fill(size, passwords.hashed(secrets.token_urlsafe(12)), say)
            say(f"{done.records:,} records")
            _add_role()
            db.session.merge(Installation(key=MARK, value=wanted))
            db.session.commit()
            bulk_load.tidy()
        known = _known(size)
        _remind_nobody()
        db.session.rollback()  # an open transaction would keep the server's writers out
    return known


def _remind_nobody() -> None:
    """Their reminders would be written while something else is measured."""
    for person in reminders.people():
        reminders.take(person.id, clock.today() + timedelta(days=1))
    db.session.commit()


def _add_role() -> None:
    """A sales manager of his own people: no built-in role has that scope."""
    [role] = insert_rows(
        catalogue.get("role"),
        [{"name": SUBORDINATES, "name_en": SUBORDINATES, "code": SUBORDINATES, "is_active": True}],
        Context("create"),
    )
    for key in BINDING:
        entity = catalogue.get(key)
        given = Grant(Scope.SUBORDINATES, entity.grants[SALES_MANAGER].operations)
        db.session.merge(RoleGrant(role_id=role, **Line.given(key, given).stored()))
    person = db.session.scalar(select(User.id).where(User.username == PEOPLE["subordinates"]))
    people = catalogue.get("user")
    roles: Any = people.fields["roles"]
    links.replace(people, roles, {person or 0: [role]})
    access.touch()


def _known(size: Size) -> Company:
    """The manager exports without asking anybody: what is measured is the file."""
    limits = select(Role.id, Role.export_limit).where(Role.code == SALES_MANAGER)
    changes = [
        Change(number, "", {"export_limit": limit}, {"export_limit": None})
        for number, limit in db.session.execute(limits)
    ]
    update_rows(catalogue.get("role"), changes, HOW)
    access.touch()
    password = secrets.token_urlsafe(12)
    stored = passwords.hashed(password)
    rows = db.session.execute(select(User.username, User.id)).all()
    people = {name: number for name, number in rows if name in PEOPLE.values() or "sales" in name}
    accounts.set_password([people[name] for name in PEOPLE.values()], stored, must_change=False)
    db.session.commit()
    own = select(Customer.id).where(Customer.owner_id == people[PEOPLE["self"]])
    own = own.where(Customer.deleted_at.is_(None))
    be_patient()
    owners = {scope: _owners(people[name]) for scope, name in PEOPLE.items()}
    tree = select(Customer.id, Customer.owner_id).where(
        member_of(Customer.owner_id, owners["department_tree"]),
        Customer.deleted_at.is_(None),  # what an earlier run has imported
    )
    return Company(
        kind=db.engine.dialect.name,
        customers=size.customers,
        password=password,
        owners=owners,
        listed={scope: _listed(some) for scope, some in owners.items()},
        own=list(db.session.scalars(own.order_by(Customer.id).limit(20))),
        many=dict(db.session.execute(tree.order_by(Customer.id).limit(MOST)).all()),
        people=people,
    )


def _listed(owners: list[int]) -> int:
    found = select(func.count(Customer.id)).where(
        Customer.pool_id.is_(None), Customer.deleted_at.is_(None)
    )
    mine = member_of(Customer.owner_id, owners) if owners else true()
    return db.session.scalar(found.where(mine)) or 0


def _owners(user_id: int) -> list[int]:
    reach: Any = access.rights_of(user_id).reach("customer", "list")
    return [] if reach.everything else sorted(reach.owners)


def put_back(company: Company) -> None:
    """Give the transferred customers back, so that the next run finds the same company."""
    entity = catalogue.get("customer")
    with system_scope("undo what was measured"):
        be_patient(minutes=0)
        update_rows(
            entity,
            [Change(number, "", {}, {"owner": owner}) for number, owner in company.many.items()],
            Context("transfer"),
        )
        db.session.commit()


def touch_a_row() -> None:
    """Change some record and commit: whoever keeps rows in his process will be wrong now."""
    with system_scope("write as another process would"):
        entity = catalogue.get("customer")
        number, title = db.session.execute(select(Customer.id, Customer.name).limit(1)).one()
        note = secrets.token_hex(8)
        update_rows(entity, [Change(number, title, {}, {"social_accounts": note})], HOW)
        db.session.commit()
