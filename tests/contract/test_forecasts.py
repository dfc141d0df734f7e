"""POOL-7: what rules will take, kept or only typed; the nights that follow do exactly that."""

import re
from datetime import timedelta
from typing import Any

import time_machine
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from app.extensions import db
from app.spec import clock, recycling
from app.spec.catalogue import catalogue
from app.spec.recycling import rules_for
from app.store import access
from app.store.context import system_scope
from app.store.forecasts import Forecast
from app.store.history import History
from tests.contract.calls import pool_ids, set_role, stored, write
from tests.contract.test_recycling import DAY, MINE, TWO, obtained, pooled, rule, run
from tests.support.statements import count_statements
from tests.support.worlds import World

AFTERNOON = TWO + timedelta(hours=12)
INPUTS = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
TONIGHT = re.compile(r"data-tonight><strong>([^<]*)</strong>")
LISTED = re.compile(r'<tr data-id="(\d+)"')


def typed(client: FlaskClient, pool: int, **values: str) -> dict[str, str]:
    """The inputs of the page as they stand, and what somebody types."""
    page = client.get(f"/pools/rules/{pool}").get_data(as_text=True)
    inputs = re.findall(r'<input [^>]*name="([a-z_]+)"[^>]*class="form-control number"[^>]*', page)
    found = dict(INPUTS.findall(page)) | dict.fromkeys(inputs, "")
    return found | {"quiet_days": "", "unwon_days": "", "warn_owner_days": "7"} | values


def test_the_nights_do_what_was_forecast(world: World, engine: Engine) -> None:
    """Two pools, levels, a lock that ends, one that is won: each night takes what was told."""
    pool = rule(engine, quiet_days="A=3, *=8", unwon_days="12", position=1)
    second = rule(engine, "Customers of Sales 2", quiet_days="5", position=0)
    obtained(engine, {n: n for n in MINE}, at=AFTERNOON, level="B")
    write(engine, "customer", 1, level="A")
    write(engine, "customer", 3, is_locked=True, locked_until=AFTERNOON + 9 * DAY)
    write(engine, "customer", 4, deal_status="won")
    told = {pool: forecast(world, pool), second: forecast(world, second)}
    for night in range(14):
        before = pooled(engine)
        run(world, TWO + (1 + night) * DAY)
        gone = pooled(engine) - before
        for number in (pool, second):
            mine = {n for n in gone if stored(engine, "customer", n)["pool_id"] == number}
            assert told[number].get(night, 0) == len(mine), (night, number, mine)
    assert sum(sum(some.values()) for some in told.values()) == len(pooled(engine)) == len(MINE) - 1


def forecast(world: World, pool: int) -> dict[int, int]:
    """How many go in which night, as it is told in the afternoon."""
    world.is_dirty = True
    with time_machine.travel(AFTERNOON, tick=False), world.app.app_context():
        with system_scope("a test"):
            access.snapshot()
        [rules] = [one for one in rules_for("customers") if one.pool == pool]
        counts: dict[int, int] = {}
        for (night, _owner), n in Forecast(catalogue.get("customer"), rules).counts().items():
            counts[night] = counts.get(night, 0) + n
        db.session.rollback()
    return counts


def test_what_is_typed_is_counted_and_not_written(world: World, engine: Engine) -> None:
    """``manager`` sees how many would go tonight before he saves; then he saves, and they go."""
    pool = rule(engine, quiet_days=None)
    obtained(engine, {1: 40, 3: 40, 6: 20}, at=clock.now())
    client, path = world.client("manager"), f"/pools/rules/{pool}"
    assert "nothing goes by itself" in client.get(path).get_data(as_text=True)
    form = typed(client, pool, quiet_days="30")
    page = client.post(path, data=form | {"step": "preview"}).get_data(as_text=True)
    assert TONIGHT.findall(page) == ["With these rules 2 records (Customers) go tonight."]
    assert "not saved" in page
    assert {int(n) for n in LISTED.findall(page)} == {1, 3}
    assert stored(engine, "pool", pool)["quiet_days"] is None
    with engine.connect() as connection:
        mine = (History.__table__.c.entity == "pool", History.__table__.c.operation == "edit")
        assert connection.execute(select(History.__table__).where(*mine)).all() == []
    later = client.post(path, data=form | {"step": "preview", "quiet_days-B": "90"})
    assert later.status_code == 200
    answer = client.post(path, data=form)
    assert answer.status_code == 302
    assert stored(engine, "pool", pool)["quiet_days"] == "30"
    assert TONIGHT.findall(client.get(path).get_data(as_text=True))
    night = recycling.next_run().isoformat()
    assert client.get(f"{path}?night={night}").status_code == 200
    for wrong in ("soon", "2020-01-01", "2999-01-01"):
        assert client.get(f"{path}?night={wrong}").status_code == 400
    assert client.get(f"{path}?nonsense=1").status_code == 400
    assert run(world, clock.now() + DAY)["recycled"] == 2
    assert "2 recycled" in client.get(path).get_data(as_text=True)
    shown = client.get(f"/pools/show/{pool}").get_data(as_text=True)
    assert "2 recycled" in shown
    assert path in shown


def test_only_what_means_something_is_asked(world: World, engine: Engine) -> None:
    """Leads are never won: their pool asks for no such days, and keeps those that it asks for."""
    pool, client = pool_ids(engine)["Open leads"], world.client("manager")
    for kind, is_asked in ((pool, False), (rule(engine), True)):
        page = client.get(f"/pools/rules/{kind}").text
        for key in ("unwon_days", "quiet_spares_won"):
            assert (f'name="{key}"' in page) is is_asked, key
    form = typed(client, pool, quiet_days="30")
    del form["unwon_days"]
    assert client.post(f"/pools/rules/{pool}", data=form).status_code == 302
    assert stored(engine, "pool", pool)["quiet_days"] == "30"


def test_what_can_t_be_kept_is_said(world: World, engine: Engine) -> None:
    """0 days, previewed and saved: the sentence, nothing written; so with an old version."""
    pool, client = rule(engine, quiet_days="30"), world.client("manager")
    for step in ("preview", ""):
        form = typed(client, pool, quiet_days="0", step=step)
        answer = client.post(f"/pools/rules/{pool}", data=form)
        assert answer.status_code == 422
        assert "At least 1 day" in answer.get_data(as_text=True)
        assert "Below stands what the saved rules do." in answer.get_data(as_text=True)
    stale = typed(client, pool, quiet_days="9") | {"row_version": "77"}
    assert client.post(f"/pools/rules/{pool}", data=stale).status_code == 409
    assert stored(engine, "pool", pool)["quiet_days"] == "30"


def test_who_sees_what(world: World, engine: Engine) -> None:
    """Readers of pools see rules and numbers, rows within their scope; only editors a form."""
    pool = rule(engine, quiet_days="30")
    obtained(engine, {1: 40, 3: 40, 6: 40}, at=clock.now())
    sales = world.client("sales1a").get(f"/pools/rules/{pool}").get_data(as_text=True)
    assert "3 records (Customers) go tonight" in sales
    assert {int(n) for n in LISTED.findall(sales)} == {1, 6}, "his own, and where he has a seat"
    assert 'name="quiet_days"' not in sales
    assert world.client("sales1a").post(f"/pools/rules/{pool}", data={}).status_code in (
        400,
        403,
    )
    assert world.client("finance").get(f"/pools/rules/{pool}").status_code == 403
    assert world.client("manager").get("/pools/rules/999999").status_code == 404
    set_role(engine, "finance", "sales_manager")
    assert world.client("finance").get(f"/pools/rules/{pool}").status_code == 200


def test_few_statements(world: World, engine: Engine) -> None:
    """A page of thirty nights asks the database no more often than one of none."""
    pool = rule(engine, quiet_days="30")
    obtained(engine, {n: 20 + n for n in MINE}, at=clock.now())
    client: Any = world.client("manager")
    client.get(f"/pools/rules/{pool}")
    with count_statements() as counted:
        assert client.get(f"/pools/rules/{pool}").status_code == 200
    assert len(counted) <= 14
