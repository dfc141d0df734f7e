"""POOL-10, R3, C41: recycling beside those who work, killed anywhere, done twice."""

import time
from datetime import timedelta

from sqlalchemy import Engine, func, select, update

from app.extensions import db
from app.jobs import recycling as night
from app.spec import clock
from app.spec.catalogue import catalogue
from app.store import settings
from app.store.context import Origin, origin, system_scope
from app.store.history import History
from app.store.pools import Pool
from app.store.recycling_runs import RecyclingRun
from app.store.runs import OperationItem
from app.store.version import touch
from app.store.writer import Context, insert_rows
from tests.contract.calls import pool_ids, user_ids
from tests.races.brood import brood
from tests.races.crowd import PATIENCE, Elsewhere, Place, at_once, replace
from tests.support.worlds import World

NUMBER = 60
LONG_AGO = timedelta(days=400)


def due(world: World, engine: Engine) -> None:
    """Sixty customers of two people that are all due, and one more that is locked."""
    people, pool = user_ids(engine), pool_ids(engine)["Open customers"]
    with world.app.app_context(), system_scope("a test"):
        entity, since = catalogue.get("customer"), clock.now() - LONG_AGO
        rows = [
            {
                "name": f"Forgotten {number:03}",
                "owner": people["sales1a" if number % 2 else "sales2a"],
                "obtained_at": since,
                "is_locked": number == NUMBER,
                "deal_status": "not_won",
            }
            for number in range(NUMBER + 1)
        ]
        insert_rows(entity, rows, Context("create"))
        chosen = update(Pool.__table__).where(Pool.id == pool)
        db.session.execute(chosen.values(quiet_days="30", warn_owner_days=0, warn_superior_days=0))
        touch()
        db.session.commit()


def recycle(here: Elsewhere, pace: float) -> dict[str, int]:
    """A night in chunks of seven, each taking its time."""
    replace("app.operations.recycling", "CHUNK", 7)
    replace("app.jobs.recycling", "pause_between", lambda: pace)
    with here.app.app_context():
        settings.obey_now()
        origin.set(Origin("clock"))
        with system_scope("a test does what is due"):
            done = night.run()
            db.session.commit()
    return dict(done)


def taken(engine: Engine) -> set[int]:
    table = catalogue.get("customer").model.__table__
    with engine.connect() as connection:
        found = select(table.c.id).where(
            table.c.name.like("Forgotten%"), table.c.owner_id.is_(None)
        )
        return set(connection.scalars(found))


def check(engine: Engine) -> None:
    """All but the locked one are in the pool, each with one entry and one line of the report."""
    with engine.connect() as connection:
        entries = connection.execute(
            select(History.__table__.c.record_id, func.count())
            .where(
                History.__table__.c.operation == "recycle", History.__table__.c.entity == "customer"
            )
            .group_by(History.__table__.c.record_id)
        ).all()
        lines = connection.scalars(select(OperationItem.record_id)).all()
        runs = connection.execute(select(RecyclingRun.__table__)).all()
    gone = taken(engine)
    assert len(gone) == NUMBER
    mine = {record: n for record, n in entries if record in gone}
    assert mine == dict.fromkeys(gone, 1), "one entry each"
    assert gone <= set(lines)
    assert len(lines) == len(set(lines))
    assert all(run.finished_at for run in runs)


def test_killed_again_and_again(world: World, engine: Engine) -> None:
    """What was committed stays, nothing is done twice or half, and the last one ends it."""
    due(world, engine)
    with brood(Place.of(world), recycle, 0.1) as those:
        for _ in range(3):
            before, deadline = len(taken(engine)), time.monotonic() + PATIENCE
            with those.one():
                while len(taken(engine)) == before and time.monotonic() < deadline:
                    time.sleep(0.01)
    assert 0 < len(taken(engine)) < NUMBER, "killed before the end"
    at_once(Place.of(world), recycle, [(0.0,)])
    check(engine)
    with engine.connect() as connection:
        pool = pool_ids(engine)["Open customers"]
        table = RecyclingRun.__table__
        one = connection.execute(select(table).where(table.c.pool_id == pool)).one()
    assert one.recycled >= NUMBER


def test_two_at_once(world: World, engine: Engine) -> None:
    """By hand and by the clock in the same second: each record once."""
    due(world, engine)
    at_once(Place.of(world), recycle, [(0.01,)] * 3)
    check(engine)
