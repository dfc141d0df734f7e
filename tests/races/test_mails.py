"""R6, C85: six senders, killed at random; every mail arrives, twice only under one Message-ID."""

import os
import random
import time
from collections import Counter
from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, update

from app.extensions import db
from app.jobs import mailing
from app.spec import clock
from app.store import mails
from app.store.context import system_scope
from app.store.engine import may_write
from app.store.outbox import Outbox
from app.store.settings import obey_now
from tests.contract.calls import user_ids, write
from tests.races.brood import brood
from tests.races.crowd import PATIENCE, Elsewhere, Place, Rendezvous, at_once, replace
from tests.support.mailbox import mailbox, set_up
from tests.support.worlds import World

SENDERS = 6
READERS = ("sales1a", "sales1b", "sales2a")


def tell(world: World, engine: Engine, count: int) -> None:
    """So many messages to people who have addresses."""
    people = user_ids(engine)
    for name in READERS:
        write(engine, "user", people[name], email=f"{name}@example.com")
    data = {"entity": "customer", "count": 1, "by_name": ["经理", "Manager"], "record": None}
    with engine.begin() as connection:
        connection.execute(
            insert(Outbox.__table__),
            [
                {
                    "dedup_key": f"transfer:{n}",
                    "user_id": people[READERS[n % len(READERS)]],
                    "kind": "transfer",
                    "data": data,
                    "at": clock.now(),
                }
                for n in range(count)
            ],
        )


def send(here: Elsewhere, naive_at: Rendezvous | None = None) -> None:
    """One sender, until nothing is left that it could send now."""
    if naive_at:
        replace("app.store.mails", "claim", partial(_look_only, naive_at))
        replace("app.store.mails", "held", _whoever_holds)
    with here.app.app_context():
        obey_now()
        with system_scope("a sender of a test"):
            mailing.run()


def _look_only(rendezvous: Rendezvous, worker: str, most: int) -> list[int]:
    """What most programs do: look for what is due, and send it. Once: it stays due for them."""
    if rendezvous.has_met:
        return []
    due = select(mails.Mail.id).where(mails.Mail.state == mails.WAITING).limit(most)
    while not (found := list(db.session.scalars(due))):
        db.session.rollback()  # somebody is still sorting
        time.sleep(0.05)
    db.session.rollback()  # and lets go
    rendezvous.meet()
    return found


def _whoever_holds(number: int, worker: str) -> Any:
    table = mails.Mail.__table__
    return db.session.execute(select(table).where(table.c.id == number)).first()


def states(engine: Engine) -> Counter[str]:
    token = may_write.set(False)  # looking must not keep the senders waiting
    try:
        with engine.connect() as connection:
            return Counter(connection.scalars(select(mails.Mail.state)))
    finally:
        may_write.reset(token)


def _send_until_killed(here: Elsewhere) -> None:
    name = str(os.getpid())
    replace("app.jobs.mailing", "secrets", SimpleNamespace(token_hex=lambda _length: name))
    while True:
        send(here)
        time.sleep(0.05)


def bury(engine: Engine, names: set[str]) -> None:
    """Let the leases of the dead end; those who are only slow keep theirs."""
    row = mails.Mail.__table__
    past = clock.now() - timedelta(seconds=1)
    with engine.begin() as connection:
        connection.execute(update(row).where(row.c.worker.in_(names)).values(lease_until=past))


def killed_at_random(world: World, engine: Engine, count: int, kills: int) -> None:
    """Senders come and are killed until so many died; the last ones send the rest."""
    dice, dead = random.Random(count), set[str]()  # noqa: S311 - no secret
    with mailbox() as box:
        set_up(world, box.port)
        box.pace = 0.15  # so that mails are left when the last sender is killed, on any machine
        tell(world, engine, count)
        with brood(Place.of(world), _send_until_killed) as senders:
            alive = [senders.begin() for _ in range(SENDERS)]
            for _ in range(kills):
                seen, until = len(box.raw), time.monotonic() + 5
                while len(box.raw) == seen and time.monotonic() < until:
                    time.sleep(0.005)
                time.sleep(dice.uniform(0.0, 0.05))
                victim = alive.pop(dice.randrange(len(alive)))
                senders.kill(victim)
                dead.add(str(victim))
                bury(engine, dead)
                alive.append(senders.begin())
            assert states(engine) != {mails.SENT: count}, "the last kills came too late"
            box.pace = 0.0
            until = time.monotonic() + PATIENCE
            while states(engine) != {mails.SENT: count} and time.monotonic() < until:
                bury(engine, dead)
                time.sleep(0.1)
        assert states(engine) == {mails.SENT: count}
        arrived = box.ids()
    assert len(arrived) == count, "one Message-ID per mail, and none is lost"
    doubles = sum(arrived.values()) - count
    assert doubles <= kills, "twice only where a sender died between sending and noting it"


def test_killed_senders_lose_nothing(world: World, engine: Engine) -> None:
    killed_at_random(world, engine, 240, 30)


@pytest.mark.prove
def test_many_killed_senders_lose_nothing(world: World, engine: Engine) -> None:
    killed_at_random(world, engine, 1_500, 200)


def test_without_a_claim_people_get_it_twice(world: World, engine: Engine) -> None:
    """C89b: senders that only look send the same mail each."""
    with mailbox() as box:
        set_up(world, box.port)
        tell(world, engine, 20)
        at_once(Place.of(world), send, [(Rendezvous(3),)] * 3)
        arrived = box.ids()
    assert max(arrived.values()) > 1
