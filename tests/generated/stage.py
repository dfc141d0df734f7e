"""The small company with everything the generated tests do to it and look at (C39).

A stage knows the people's ids, adds records that nothing hangs on, and proves after every refusal
that the database is as it was: only one audit line may have come (contract §1).
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Engine, event, func, insert, select, update
from werkzeug.test import TestResponse

from app.extensions import db
from app.spec.catalogue import catalogue
from app.store import access
from app.store.context import system_scope
from app.store.history import History
from app.store.organisation import Role, User
from app.store.pools import Pool
from app.store.writer import Context, insert_rows
from tests.generated.browser import Person
from tests.oracle import Oracle
from tests.support.company import NOW
from tests.support.snapshot import VOLATILE, changed, snapshot
from tests.support.worlds import World

WRITE = re.compile(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+\"?(\w+)", re.IGNORECASE)
UNKNOWN = 987_654
"""An id that no record ever had."""

SAMPLED = ("announcement", "cap")
"""Unowned entities whose first sample makes a whole record by itself."""
UNOWNED = ("pool", "tag", "department", "user", "role", *SAMPLED)
"""Entities without row scope: the company has no rows for them, so the stage brings spare ones."""


TAGS = ("Spare", "Second", "Third", "Fourth", "Fifth")


class Seen(list[str]):
    """Statements in order; ``lasting`` are those that were not rolled back."""

    def __init__(self) -> None:
        super().__init__()
        self.lasting: list[str] = []
        self._kept = 0

    def take(self, statement: str) -> None:
        self.append(statement)
        self.lasting.append(statement)

    def keep(self) -> None:
        self._kept = len(self.lasting)

    def forget(self) -> None:
        del self.lasting[self._kept :]


class Stage:
    """A world with its people, in a known state."""

    def __init__(self, world: World, oracle: Oracle) -> None:
        self.world, self.oracle = world, oracle
        self.people: dict[str, int] = {}
        self.spare: dict[str, int] = {}
        self.binned: dict[str, int] = {}
        self._persons: dict[str, Person] = {}
        self._base: dict[str, str] = {}
        self.set_up()

    @property
    def engine(self) -> Engine:
        with self.world.app.app_context():
            engine: Engine = self.world.database.engine
            return engine

    def set_up(self) -> None:
        """Furnish the fresh world: spare records, nobody's token known yet."""
        self._persons.clear()
        self._base = {}
        with self.world.app.app_context(), system_scope("a stage for tests"):
            self.people = dict(db.session.execute(select(User.username, User.id)).all())
            self.spare = furnish()
            self.binned = {key: bin_one(key) for key in ("pool", "tag", "department", *SAMPLED)}
            access.touch()
            db.session.commit()

    def reset(self) -> None:
        """Back to the beginning, after something that was allowed has changed it."""
        self.world.is_dirty = True
        self.world.renew()
        self.set_up()

    def person(self, name: str) -> Person:
        if name not in self._persons:
            self._persons[name] = Person(name, self.world.client(name))
        return self._persons[name]

    def base(self) -> dict[str, str]:
        if not self._base:
            self._base = snapshot(self.engine, db.metadata)
        return self._base

    def settle(self) -> None:
        """Take the present state as the one that refusals must not change."""
        self._base = {}

    def differing(self) -> list[str]:
        """The tables that differ from the beginning, the history left out."""
        now = snapshot(self.engine, db.metadata)
        return [table for table in changed(self.base(), now) if table != History.__tablename__]

    def denied_lines(self) -> int:
        with self.engine.connect() as connection:
            table = History.__table__
            statement = select(func.count()).where(table.c.operation == "denied")
            return connection.scalar(statement) or 0

    @contextmanager
    def watch(self) -> Iterator["Seen"]:
        """Collect the statements of what is done inside."""
        seen, engine = Seen(), self.engine
        listeners = {
            "before_cursor_execute": lambda _conn, _cursor, text, *_rest: seen.take(text),
            "rollback": lambda _conn: seen.forget(),
            "commit": lambda _conn: seen.keep(),
        }
        for name, listener in listeners.items():
            event.listen(engine, name, listener)
        try:
            yield seen
        finally:
            for name, listener in listeners.items():
                event.remove(engine, name, listener)


def furnish() -> dict[str, int]:
    """One record per unowned entity that nothing depends on; roles that grant nothing."""
    how = Context("create")
    root = db.session.scalar(
        select(catalogue.get("department").model.id).where(
            catalogue.get("department").model.parent_id.is_(None)
        )
    )
    names = ("Spare role", "Role of the spare user")
    [role, held] = insert_rows(
        catalogue.get("role"), [{"name": name, "is_active": True} for name in names], how
    )
    [department] = insert_rows(
        catalogue.get("department"), [{"name": "Spare department", "parent": root}], how
    )
    [pool] = insert_rows(
        catalogue.get("pool"), [{"name": "Spare pool", "kind": "leads", "is_enabled": False}], how
    )
    [tag, *_more] = insert_rows(
        catalogue.get("tag"), [{"name": f"{which} tag"} for which in TAGS], how
    )
    person = {
        "username": "spare",
        "name": "Spare",
        "department": root,
        "roles": [held],
        "is_active": True,
    }
    [user] = insert_rows(catalogue.get("user"), [person], how)
    spare = {"role": role, "department": department, "pool": pool, "tag": tag, "user": user}
    for key in SAMPLED:
        [spare[key]] = insert_rows(catalogue.get(key), [dict(catalogue.get(key).samples[0])], how)
    return spare


def bin_one(key: str) -> int:
    """A deleted record of an unowned entity."""
    entity = catalogue.get(key)
    whole = dict(entity.samples[0]) if key in SAMPLED else {}
    row = {**whole, "name": f"Binned {key}"} | ({"kind": "leads"} if key == "pool" else {})
    [number] = insert_rows(entity, [row], Context("create"))
    table = entity.model.__table__
    db.session.execute(
        update(table).where(table.c.id == number).values(deleted_at=NOW, delete_batch="stage")
    )
    return number


def written_tables(statements: Sequence[str]) -> list[str]:
    """The tables that statements write, but for sessions, throttles and keys."""
    found = [match[1] for s in statements if (match := WRITE.match(s))]
    return [table for table in found if not VOLATILE.search(table)]


def check_refused(
    stage: Stage, case: str, answer: TestResponse, seen: Seen, *statuses: int
) -> None:
    """The answer is one of these refusals, and the database is as before but one audit line."""
    assert answer.status_code in statuses, f"{case}: {answer.status_code}, not {statuses}"
    written = written_tables(seen.lasting)
    lines = written.count(History.__tablename__)
    assert lines == (answer.status_code == 403), f"{case}: {lines} audit lines"
    if set(written) - {History.__tablename__}:
        assert stage.differing() == [], f"{case}: wrote in spite of {answer.status_code}"


def role_id(code: str) -> int:
    """The id of a built-in role; needs an application context."""
    return db.session.scalar(select(Role.id).where(Role.code == code)) or 0


def pool_beside(name: str) -> int:
    """The id of another open pool for the same kind of record; needs an application context."""
    with system_scope("look up a pool"):
        kind = select(Pool.kind).where(Pool.name == name).scalar_subquery()
        others = select(Pool.id).where(Pool.kind == kind, Pool.name != name, Pool.is_enabled)
        return db.session.scalar(others.order_by(Pool.id)) or 0


def pool_id(name: str) -> int:
    """The id of a pool; needs an application context."""
    with system_scope("look up a pool"):
        return db.session.scalar(select(Pool.id).where(Pool.name == name)) or 0


def give_seatless_roles(stage: Stage, username: str, *codes: str) -> None:
    """Make these the roles of a person, from his next request on."""
    from app.store.organisation import user_role

    user = stage.people[username]
    with stage.world.app.app_context(), system_scope("two hats"):
        ids = [role_id(code) for code in codes]
        db.session.execute(user_role.delete().where(user_role.c.user_id == user))
        rows = [{"user_id": user, "role_id": number} for number in ids]
        db.session.execute(insert(user_role), rows)
        access.touch()
        db.session.commit()
