"""Two requests stepped through each other on one record: every end is a legal one (C86, C102).

The first has done all its writing and is held before it commits; the second starts and has to wait
for it. On PostgreSQL also the other way: the first has chosen its rows and is held before it locks
them, while the second runs from beginning to end.
"""

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select
from werkzeug.test import TestResponse

from app.extensions import db
from app.operations import engine as bulk
from app.spec.catalogue import catalogue
from tests.contract.calls import Api, pool_ids, role_ids, stored, user_ids, write
from tests.support.worlds import World

Call = Callable[[Api], TestResponse]
WAIT = 20.0
SOON = 0.4


class Gate:
    """Holds the thread it is about where it is told to, until it is opened."""

    def __init__(self) -> None:
        self.thread: threading.Thread | None = None
        self.reached, self.opened = threading.Event(), threading.Event()

    def pass_by(self, *_: Any) -> None:
        if threading.current_thread() is self.thread and not self.reached.is_set():
            self.reached.set()
            self.opened.wait(WAIT)


@contextmanager
def held_before_commit(gate: Gate) -> Iterator[None]:
    event.listen(db.session, "before_commit", gate.pass_by)
    try:
        yield
    finally:
        event.remove(db.session, "before_commit", gate.pass_by)


@contextmanager
def held_before_locking(gate: Gate) -> Iterator[None]:
    locking = bulk.lock_rows

    def later(*given: Any, **named: Any) -> Iterator[Any]:
        gate.pass_by()
        return locking(*given, **named)

    bulk.lock_rows = later
    try:
        yield
    finally:
        bulk.lock_rows = locking


def crossed(
    first: tuple[Api, Call], second: tuple[Api, Call], *, at: str = "commit", waits: bool = True
) -> tuple[TestResponse, TestResponse]:
    """Both answers, the second request made while the first was held."""
    gate, answers = Gate(), {}

    def ask(name: str, api: Api, call: Call) -> None:
        answers[name] = call(api)

    threads = [
        threading.Thread(target=ask, args=("first", *first)),
        threading.Thread(target=ask, args=("second", *second)),
    ]
    gate.thread = threads[0]
    holding = held_before_commit(gate) if at == "commit" else held_before_locking(gate)
    with holding:
        threads[0].start()
        assert gate.reached.wait(WAIT), answers.get("first")
        threads[1].start()
        threads[1].join(SOON if at == "commit" else WAIT)
        had_to_wait = threads[1].is_alive()
        gate.opened.set()
        for thread in threads:
            thread.join(10)
    if waits:
        assert had_to_wait is (at == "commit"), "the second waits for the first one's commit"
    return answers["first"], answers["second"]


def bulk_call(slug: str, ids: list[int], **params: Any) -> Call:
    return lambda api: api.bulk("customers", slug, ids, params)


def owners_of(engine: Engine, record: int) -> list[tuple[Any, Any]]:
    """The record's changes of owner in the order of the history, as (from, to)."""
    table = db.metadata.tables["history"]
    where = (table.c.entity == "customer", table.c.record_id == record)
    with engine.connect() as connection:
        rows = connection.execute(table.select().where(*where).order_by(table.c.id)).mappings()
        return [tuple(row["changes"]["owner"]) for row in rows if "owner" in row["changes"]]


def check_chain(engine: Engine, record: int) -> None:
    """C86: new.from = old.to, the last is what stands there, and an owner or a pool, never both."""
    chain = owners_of(engine, record)
    row = stored(engine, "customer", record)
    for before, after in itertools.pairwise(chain):
        assert after[0] == before[1], chain
    assert chain[-1][1] == row["owner_id"]
    assert (row["owner_id"] is None) is (row["pool_id"] is not None)


def test_claim_and_claim(world: World, engine: Engine) -> None:
    answers = crossed(
        (Api(world, "sales1b"), bulk_call("claim", [11])),
        (Api(world, "sales1a"), bulk_call("claim", [11])),
    )
    assert [a.json["done"] for a in answers] == [1, 0]
    [skip] = answers[1].json["skipped"]
    assert skip["code"] == "taken"
    assert "Sales1B" in skip["reason"]
    check_chain(engine, 11)


@pytest.mark.parametrize("order", ["claim first", "assign first"])
def test_claim_and_assign(world: World, engine: Engine, order: str) -> None:
    """The pool's admin gives it away while somebody claims it."""
    claim = (Api(world, "sales1a"), bulk_call("claim", [11]))
    assign = (Api(world, "leader1"), bulk_call("assign", [11], to=["sales1b"], how="equal"))
    both = (claim, assign) if order == "claim first" else (assign, claim)
    first, second = crossed(*both)
    assert first.json["done"] == 1
    assert second.status_code == 200, second.text
    check_chain(engine, 11)


def test_transfer_and_transfer(world: World, engine: Engine) -> None:
    first, second = crossed(
        (Api(world, "manager"), bulk_call("transfer", [1], new_owner="sales1b")),
        (Api(world, "leader1"), bulk_call("transfer", [1], new_owner="leader1")),
    )
    assert [a.json["done"] for a in (first, second)] == [1, 1]
    check_chain(engine, 1)
    assert stored(engine, "customer", 1)["owner_id"] == user_ids(engine)["leader1"]
    assert stored(engine, "customer", 1)["version"] == 3


def test_transfer_out_of_reach_and_transfer(world: World, engine: Engine) -> None:
    """What has left the second one's scope meanwhile is not touched by him."""
    first, second = crossed(
        (Api(world, "manager"), bulk_call("transfer", [1], new_owner="sales2a")),
        (Api(world, "leader1"), bulk_call("transfer", [1], new_owner="sales1b")),
    )
    assert first.json["done"] == 1
    assert second.status_code == 404 or second.json["done"] == 0
    assert stored(engine, "customer", 1)["owner_id"] == user_ids(engine)["sales2a"]
    check_chain(engine, 1)


def test_release_and_claim(world: World, engine: Engine) -> None:
    pool = pool_ids(engine)["Open customers"]
    first, second = crossed(
        (Api(world, "sales1a"), bulk_call("release", [1], pool=pool)),
        (Api(world, "sales1b"), bulk_call("claim", [1])),
        waits=False,
    )
    assert first.json["done"] == 1
    assert second.status_code in (200, 404)
    check_chain(engine, 1)


def test_edit_and_bulk_edit(world: World, engine: Engine) -> None:
    """A bulk edit raises the version too: the editor hears 412 and overwrites nothing."""
    first, second = crossed(
        (Api(world, "manager"), bulk_call("bulk_edit", [1], set={"level": "A"})),
        (Api(world, "sales1a"), lambda api: api.put("/customers/1", {"level": "C"})),
    )
    assert first.json["done"] == 1
    assert second.status_code == 412
    assert stored(engine, "customer", 1)["level"] == "A"


def test_bulk_edit_after_edit(world: World, engine: Engine) -> None:
    first, second = crossed(
        (Api(world, "sales1a"), lambda api: api.put("/customers/1", {"short_name": "kept"})),
        (Api(world, "manager"), bulk_call("bulk_edit", [1], set={"level": "A"})),
    )
    assert first.status_code == 200
    assert second.json["done"] == 1
    row = stored(engine, "customer", 1)
    assert (row["short_name"], row["level"], row["version"]) == ("kept", "A", 3)


def test_delete_and_edit(world: World, engine: Engine) -> None:
    first, second = crossed(
        (Api(world, "manager"), bulk_call("delete", [1])),
        (Api(world, "sales1a"), lambda api: api.put("/customers/1", {"short_name": "x"})),
    )
    assert first.json["done"] == 1
    assert second.status_code == 404
    assert stored(engine, "customer", 1)["short_name"] is None


def test_restore_and_create(world: World, engine: Engine) -> None:
    """C102: one of them has the name; the other is told, and nothing is half done."""
    first, second = crossed(
        (Api(world, "manager"), bulk_call("restore", [9])),
        (Api(world, "sales1b"), lambda api: api.post("/customers/", {"name": "Customer 09"})),
    )
    assert first.json["done"] == 1
    assert (second.status_code, second.json["code"]) == (409, "duplicate")


def test_create_and_restore(world: World, engine: Engine) -> None:
    first, second = crossed(
        (Api(world, "sales1b"), lambda api: api.post("/customers/", {"name": "Customer 09"})),
        (Api(world, "manager"), bulk_call("restore", [9])),
    )
    assert first.status_code == 201
    assert second.status_code == 409 or second.json["done"] == 0
    assert stored(engine, "customer", 9)["deleted_at"] is not None


def test_create_and_create(world: World) -> None:
    """C84: one row, the other 409."""
    first, second = crossed(
        (Api(world, "sales1a"), lambda api: api.post("/customers/", {"name": "Twin"})),
        (Api(world, "sales2a"), lambda api: api.post("/customers/", {"name": "twin"})),
    )
    assert (first.status_code, second.status_code) == (201, 409)


def test_two_super_admins_cannot_both_go(world: World, engine: Engine) -> None:
    """C34: each disables the other; one of them stays."""
    people, roles = user_ids(engine), role_ids(engine)
    with engine.begin() as connection:
        connection.execute(
            db.metadata.tables["user_role"].insert(),
            {"user_id": people["legal"], "role_id": roles["super_admin"]},
        )
        version = db.metadata.tables["rights_version"]
        connection.execute(version.update().values(number=version.c.number + 1))
        for kind in ("customer", "task", "event"):
            connection.execute(db.metadata.tables[kind].update().values(owner_id=people["manager"]))

    def disable(name: str) -> Call:
        return lambda api: api.bulk("users", "disable", [people[name]])

    answers = crossed(
        (Api(world, "admin"), disable("legal")), (Api(world, "legal"), disable("admin"))
    )
    assert answers[0].json["done"] == 1
    active = [stored(engine, "user", people[name])["is_active"] for name in ("admin", "legal")]
    assert active == [True, False]


LATE = [
    ("claim", "sales1b", [11], {}, "sales1a"),
    ("transfer", "leader1", [1], {"new_owner": "sales1b"}, "manager"),
    ("delete", "leader1", [1], {}, "manager"),
    ("bulk_edit", "leader1", [1], {"set": {"level": "C"}}, "manager"),
]


@pytest.mark.parametrize(("slug", "slow", "ids", "params", "fast"), LATE)
def test_rows_that_change_between_choosing_and_locking(
    world: World,
    engine: Engine,
    slug: str,
    slow: str,
    ids: list[int],
    params: dict[str, Any],
    fast: str,
) -> None:
    """What was chosen is looked at again under the lock: gone, taken, or changed on the new."""
    if world.server.kind == "sqlite":
        return  # writers queue as a whole: nobody comes in between
    others = {"claim": bulk_call("claim", ids)}
    meanwhile = others.get(slug, bulk_call("transfer", ids, new_owner="sales2a"))
    first, second = crossed(
        (Api(world, slow), bulk_call(slug, ids, **params)), (Api(world, fast), meanwhile), at="lock"
    )
    assert second.json["done"] == 1
    assert first.status_code == 200
    assert first.json["done"] == 0
    assert [s["code"] for s in first.json["skipped"]] == ["taken" if slug == "claim" else "gone"]
    check_chain(engine, ids[0])


def create_contact(customer: int) -> Call:
    return lambda api: api.post("/contacts/", {"name": "Newcomer", "customer": customer})


@pytest.mark.parametrize("order", ["it goes first", "contact first"])
@pytest.mark.parametrize(
    ("slug", "ids", "params"),
    [("delete", [2], {}), ("merge", [1, 2], {"survivor": 1, "fields": {}})],
)
def test_a_contact_comes_while_its_customer_goes(
    world: World, engine: Engine, order: str, slug: str, ids: list[int], params: dict[str, Any]
) -> None:
    """C86: it goes along with the customer, or is refused; none is left hanging on what is gone."""
    goes = (Api(world, "admin"), bulk_call(slug, ids, **params))
    comes = (Api(world, "sales1a"), create_contact(2))
    is_late = order == "it goes first"
    first, second = crossed(*((goes, comes) if is_late else (comes, goes)))
    came, gone = (second, first) if is_late else (first, second)
    assert (gone.status_code, came.status_code) == (200, 422 if is_late else 201), came.text
    contact, customer = (catalogue.get(key).model.__table__ for key in ("contact", "customer"))
    hanging = select(func.count()).where(
        contact.c.deleted_at.is_(None),
        contact.c.customer_id == customer.c.id,
        customer.c.deleted_at.is_not(None),
    )
    with engine.connect() as connection:
        assert connection.scalar(hanging) == 0
    if not is_late:
        row = stored(engine, "contact", came.json["id"])
        where = (row["customer_id"], row["deleted_at"] is None)
        assert where == ((1, True) if slug == "merge" else (2, False))


def test_a_person_is_disabled_while_records_come(world: World, engine: Engine) -> None:
    """ORG-1: whoever is being given something is not disabled, and the other way round."""
    for record in range(1, 15):
        write(engine, "customer", record, owner_id=user_ids(engine)["manager"])
    receiver = user_ids(engine)["legal"]
    first, second = crossed(
        (Api(world, "manager"), bulk_call("transfer", [1], new_owner="legal")),
        (Api(world, "admin"), lambda api: api.bulk("users", "disable", [receiver])),
    )
    assert (first.json["done"], second.json["done"]) == (1, 0)
    assert stored(engine, "user", receiver)["is_active"]
