"""Puts the demo company into the database (contract §8): people first, then batch after batch.

Each batch of customers comes with its contacts, is written set-based and committed by itself, so
that memory stays flat at a million customers. A run that was stopped half-way is started anew with
``--reset``. The same size, seed and day give the same rows with the same ids.
"""

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from itertools import chain, islice
from typing import Any, NamedTuple

from sqlalchemy import select

from app.demo import caps, checklists, comments, opinions, work_logs
from app.demo.company import DepartmentRow, UserRow
from app.demo.contacts import contacts
from app.demo.customers import customers
from app.demo.events import meetings, visits
from app.demo.follow_ups import follow_ups
from app.demo.leads import leads
from app.demo.particulars import TAG_COLOURS, TAGS
from app.demo.people import departments, users
from app.demo.tasks import tasks
from app.extensions import db
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.relations import LinksField
from app.store import access, accounts, bulk_load, links
from app.store.beginnings import DEMO
from app.store.bulk_load import Loader
from app.store.context import system_scope
from app.store.engine import be_patient
from app.store.installation import Installation
from app.store.organisation import Department, Role, User
from app.store.pools import Pool, TeamSeat
from app.store.writer import Change, Context, insert_rows, update_rows

BATCH = 5_000
HOW = Context("create")
KINDS = ("lead", "customer", "contact", "task", "event", "follow_up")
PEOPLE_KEYS = ("owner", "created_by", "previous_owner")
MOMENTS = ("created_at", "obtained_at", "last_follow_up_at", "pooled_at", "won_at", "done_at")
DAYS = ("locked_until",)

Ids = dict[str, int]
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large a company, and which one."""

    customers: int = 1_000
    users: int = 18
    departments: int = 9
    seed: int = 1
    today: date


class Done(NamedTuple):
    """How much was stored."""

    records: int
    """Leads, customers, contacts, tasks, events and follow-ups."""
    rows: int
    """With their teams and tags, in the search index and in the history."""


def fill(size: Size, password: str, say: Callable[[str], None] = lambda _: None) -> Done:
    """Store the company; says how much that was.

    ``password`` is everybody's, hashed already. Needs an upgraded database without business
    records; commits. ``say`` is told after each batch how far it is.
    """
    entities = [catalogue.get(key) for key in KINDS]
    with system_scope("fill in the demo company"), _without_collector():
        be_patient(minutes=0)
        company = _Company(size, _people(size, password))
        with bulk_load.indexed_afterwards(entities):
            done = company.fill(say)
            db.session.commit()  # people are there even if there are no customers
        opinions.give(size.today)
        work_logs.write(company.people, size.today)
        comments.write(company.people, size.today)
        checklists.write(size.today)
        caps.write(_places(), size.customers)
        access.touch()
        db.session.merge(Installation(key=DEMO, value=size.today.isoformat()))
        bulk_load.settle(entities)
        db.session.commit()
    return done


def _people(size: Size, password: str) -> Ids:
    """Departments and people; the super admin who is there already becomes the company's."""
    rows = users(size.users, size.departments, size.seed)
    places = departments(size.departments, len(rows))
    where = _departments(places)
    ids: Ids = dict(db.session.execute(select(User.username, User.id)).all())
    roles: Ids = dict(db.session.execute(select(Role.code, Role.id)).all())
    for row in rows:
        _person(row, where, roles, ids)
    entity = catalogue.get("department")
    heads = [
        Change(where[p["key"]], p["name"], {}, {"head": ids[p["head"]]})
        for p in places
        if p["head"]
    ]
    update_rows(entity, heads, HOW)
    _head_of_pools(ids["manager"])
    accounts.set_password(ids.values(), password, must_change=False)
    return ids


def _places() -> Ids:
    """The departments by key: they are called so in English."""
    rows = db.session.execute(select(Department.name_en, Department.id)).all()
    return {str(name).lower(): number for name, number in rows}


def _head_of_pools(person: int) -> None:
    """Somebody looks after the pools; rules they have none, so that the company stays as it is."""
    entity = catalogue.get("pool")
    pools = db.session.execute(select(Pool.id, Pool.name)).all()
    changes = [Change(number, name, {"admins": []}, {"admins": [person]}) for number, name in pools]
    update_rows(entity, changes, HOW)


def _departments(places: Sequence[DepartmentRow]) -> Ids:
    """Parents first; the root that the upgrade made takes the company's name."""
    entity, ids = catalogue.get("department"), Ids()
    root = db.session.scalar(select(Department.id).where(Department.parent_id.is_(None)))
    for place in places:
        values = {
            "name": place["name"],
            "name_en": place["name_en"],
            "parent": ids[place["parent"]] if place["parent"] else None,
            "position": place["order"],
        }
        if place["parent"] is None and root is not None:
            ids[place["key"]] = root
            update_rows(entity, [Change(root, place["name"], {}, values)], HOW)
        else:
            [ids[place["key"]]] = insert_rows(entity, [values], HOW)
    return ids


def _person(row: UserRow, where: Ids, roles: Ids, ids: Ids) -> None:
    entity = catalogue.get("user")
    values = {
        **row,
        "department": where[row["department"]],
        "superior": ids[row["superior"]] if row["superior"] else None,
        "roles": [roles[code] for code in row["roles"]],
        "is_active": True,
    }
    known = ids.get(row["username"])
    if known is None:
        [ids[row["username"]]] = insert_rows(entity, [values], HOW)
    else:
        update_rows(entity, [Change(known, row["name"], {}, values)], HOW)


class _Company:
    """The business records of one company, numbered as they are made."""

    def __init__(self, size: Size, people: Ids) -> None:
        self.size = size
        self.people = people
        self.rows = users(size.users, size.departments, size.seed)
        self.pools: Ids = dict(
            db.session.execute(select(Pool.kind, Pool.id).order_by(Pool.id.desc())).all()
        )
        self.loaders = {key: Loader(catalogue.get(key)) for key in KINDS}
        self.next = {key: bulk_load.first_free_id(catalogue.get(key)) for key in self.loaders}
        self.tags = _tags()
        self.records = self.rows_written = 0

    def fill(self, say: Callable[[str], None]) -> Done:
        size, made = self.size, (self.size.seed, self.size.today, self.rows)
        for batch in _batches(customers(size.customers, *made)):
            self._customers(batch)
            self._commit(say)
        for batch in _batches(leads(size.customers // 2, *made)):
            self._write("lead", batch)
            self._follow_up("lead", batch)
            self._commit(say)
        self._write("event", list(meetings(self.rows, size.today)))
        self._commit(say)
        return Done(self.records, self.rows_written)

    def _commit(self, say: Callable[[str], None]) -> None:
        db.session.commit()
        be_patient(minutes=0)
        say(f"{self.records:,} records")

    def _customers(self, batch: list[Row]) -> None:
        """A batch with its contacts; each customer knows its first contact (CUS-6)."""
        people = list(contacts(batch, self.size.seed))
        to_do = list(tasks(batch, self.size.today, self.rows))
        planned = list(visits(batch, self.size.today, self.rows))
        first, next_contact = self.next["customer"] - batch[0]["key"], self.next["contact"]
        primary = {}
        for number, person in enumerate(people, next_contact):
            if person["is_primary"]:
                primary[person["customer"]] = number
            person["customer"] += first
        for one in (*to_do, *planned):
            one["customer"] += first
        for row in batch:
            row["primary_contact"] = primary.get(row["key"])
        self._write("customer", batch)
        self._write("contact", people)
        self._write("task", to_do)
        self._write("event", planned)
        self._follow_up("customer", batch)

    def _follow_up(self, key: str, records: list[Row]) -> None:
        """What was noted of records that are stored: the people in it have their ids already."""
        rows = list(follow_ups(records, key))
        for number, row in enumerate(rows, self.next["follow_up"]):
            row["id"] = number
        self.rows_written += self.loaders["follow_up"].write(rows)
        self.next["follow_up"] += len(rows)
        self.records += len(rows)

    def _write(self, key: str, rows: list[Row]) -> None:
        """Give numbers, turn names into ids, store."""
        pool = self.pools.get(catalogue.get(key).plural)
        ids = self.people
        for number, row in enumerate(rows, self.next[key]):
            row["id"] = number
            for person in PEOPLE_KEYS:
                row[person] = ids.get(row.get(person) or "")
            row["pool"] = pool if row.get("pool") else None
            row["is_followed_up"] = row.get("last_follow_up_at") is not None
            for day in DAYS:
                row[day] = _end_of(row.get(day))
            row["updated_at"] = max(moment for name in MOMENTS if (moment := row.get(name)))
            row["updated_by"] = row["owner"] or row["created_by"]
            if "participants" in row:
                row["participants"] = sorted(ids[name] for name in row["participants"])
            if "tags" in catalogue.get(key).fields:
                row["tags"] = sorted(self.tags[name] for name in row.get("tags", ()))
        made = self.loaders[key].write(rows) + self._seat(key, rows) + self._link(key, rows)
        self.rows_written += made
        self.next[key] += len(rows)
        self.records += len(rows)

    def _seat(self, key: str, rows: Iterable[Row]) -> int:
        """The teams of these records (CUS-4)."""
        seats = [
            (key, row["id"], self.people[seat["user"]], seat["level"], _end_of(seat["until"]))
            for row in rows
            for seat in row.get("team", ())
        ]
        columns = ("entity", "record_id", "user_id", "level", "until")
        return bulk_load.fill_table(TeamSeat.__table__, columns, seats)

    def _link(self, key: str, rows: Iterable[Row]) -> int:
        """Their tags, and who takes part in them."""
        entity, made = catalogue.get(key), 0
        for field in entity.fields.values():
            if isinstance(field, LinksField):
                pairs = [(row["id"], one) for row in rows for one in row[field.key]]
                mine, theirs = links.ends(entity, field)
                made += bulk_load.fill_table(links.table_of(field), (mine.name, theirs.name), pairs)
        return made


def _tags() -> Ids:
    """The tags that records of the company get."""
    names = sorted(set(chain.from_iterable(TAGS)))
    made = [{"name": name, "colour": TAG_COLOURS.get(name, "azure")} for name in names]
    return dict(zip(names, insert_rows(catalogue.get("tag"), made, HOW), strict=True))


@contextmanager
def _without_collector() -> Iterator[None]:
    """Millions of values and no cycle among them: looking for one costs a tenth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


@lru_cache(maxsize=4096)
def _end_of(day: date | None) -> datetime | None:
    """The last second of a day of the company's calendar."""
    if day is None:
        return None
    return clock.from_reader(datetime.combine(day, time(23, 59, 59))).astimezone(UTC)
