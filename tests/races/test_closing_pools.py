"""A pool that is closed while somebody puts records in or takes them out: nothing gets lost."""

from typing import Any

import pytest
from sqlalchemy import Engine

from tests.contract.calls import Api, pool_ids, stored, write
from tests.races.test_crossings import bulk_call, crossed
from tests.support.worlds import World

POOL = "Customers of Sales 2"


def empty_pool(engine: Engine) -> int:
    """A pool that nothing lies in."""
    write(engine, "customer", 12, pool_id=pool_ids(engine)["Open customers"])
    return pool_ids(engine)[POOL]


def closing(pool: int, how: str) -> Any:
    """Disable or delete it."""
    if how == "delete":
        return lambda api: api.bulk("pools", "delete", [pool])
    return lambda api: api.put(f"/pools/{pool}", {"is_enabled": False})


def is_closed(engine: Engine, pool: int) -> bool:
    row = stored(engine, "pool", pool)
    return bool(row["deleted_at"] or not row["is_enabled"])


@pytest.mark.parametrize("how", ["disable", "delete"])
def test_release_and_close(world: World, engine: Engine, how: str) -> None:
    """What comes in first keeps the pool open."""
    pool = empty_pool(engine)
    first, second = crossed(
        (Api(world, "sales1a"), bulk_call("release", [1], pool=pool)),
        (Api(world, "admin"), closing(pool, how)),
    )
    assert first.json["done"] == 1
    assert second.status_code == 409 or second.json["done"] == 0, second.text
    assert not is_closed(engine, pool)
    assert stored(engine, "customer", 1)["pool_id"] == pool


@pytest.mark.parametrize("how", ["disable", "delete"])
def test_close_and_release(world: World, engine: Engine, how: str) -> None:
    """Whoever comes late is told that it can't be chosen, and keeps his record."""
    pool, owner = empty_pool(engine), stored(engine, "customer", 1)["owner_id"]
    first, second = crossed(
        (Api(world, "admin"), closing(pool, how)),
        (Api(world, "sales1a"), bulk_call("release", [1], pool=pool)),
    )
    assert first.status_code == 200, first.text
    assert second.status_code == 422, second.text
    assert is_closed(engine, pool)
    assert stored(engine, "customer", 1)["owner_id"] == owner


@pytest.mark.parametrize("how", ["disable", "delete"])
def test_claim_and_close(world: World, engine: Engine, how: str) -> None:
    """The last record is claimed while the pool is closed: it is the claimer's, counter and all."""
    pool = pool_ids(engine)[POOL]
    write(engine, "pool", pool, claim_limit=3)
    first, second = crossed(
        (Api(world, "sales2a"), bulk_call("claim", [12])),
        (Api(world, "admin"), closing(pool, how)),
        waits=False,
    )
    assert first.json["done"] == 1
    assert second.status_code in (200, 409), second.text
    assert stored(engine, "customer", 12)["owner_id"] is not None
