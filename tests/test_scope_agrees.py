"""The scope gate against the oracle: the same ids for every person, entity and operation.

The gate answers with SQL, the oracle with loops over the same company (C18, C30).
"""

from typing import Any

import pytest
from sqlalchemy import select

from app.extensions import db
from app.spec.catalogue import catalogue
from app.store import access
from app.store.context import Actor, acting_as
from app.store.organisation import User
from tests.oracle import Oracle, Pool
from tests.support.company import PEOPLE, POOLS, company
from tests.support.grants import declared_operations
from tests.support.worlds import World

ENTITIES = tuple(company().rows)


def actor_called(username: str) -> Actor:
    user_id = db.session.scalar(select(User.id).where(User.username == username))
    return access.load_actor(user_id or 0)


def reached(username: str, entity: str, operation: str) -> set[int]:
    """The ids that the gate lets through; an operation that is not granted lets nothing."""
    model = catalogue.get(entity).model
    with acting_as(actor_called(username), operation, entity):
        return set(db.session.scalars(select(model.id)))


def reached_in_pool(username: str, pool: Pool, operation: str) -> set[int]:
    """The ids of one pool's own list."""
    model: Any = catalogue.get(pool.entity).model
    pools: Any = catalogue.get("pool").model
    inside = select(model.id).where(
        model.pool_id.in_(select(pools.id).where(pools.name == pool.name))
    )
    with acting_as(actor_called(username), operation, pool.entity, pools=True):
        return set(db.session.scalars(inside))


@pytest.mark.parametrize("entity", ENTITIES)
@pytest.mark.parametrize("person", [person.name for person in PEOPLE])
def test_gate_and_oracle_reach_the_same_rows(
    world: World, oracle: Oracle, person: str, entity: str
) -> None:
    """PERM-1 to PERM-5: every operation that the entity has, granted or not."""
    operations = sorted(declared_operations(entity) - {"create"})
    assert len(operations) > 8
    with world.app.app_context():
        found = {name: reached(person, entity, name) for name in operations}
    expected = {name: oracle.visible(person, entity, name) for name in operations}
    assert found == expected


@pytest.mark.parametrize("person", [person.name for person in PEOPLE])
def test_pool_lists_show_the_same_rows(world: World, oracle: Oracle, person: str) -> None:
    """Contract §6 and POOL-1: the pool's own list, and nothing of it elsewhere."""
    for pool in POOLS:
        for operation in ("list", "read"):
            with world.app.app_context():
                found = reached_in_pool(person, pool, operation)
            expected = oracle.visible(person, pool.entity, operation, pool.name)
            assert found == expected, (pool.name, operation)
