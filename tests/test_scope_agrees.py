"""The scope gate against the oracle: the same ids for every person, entity and operation.

The gate answers with SQL, the oracle with loops over the same company (C18, C30).
"""

from typing import Any

import pytest
from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import aliased

from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.errors import ScopeMissing
from app.store import access
from app.store.context import Actor, acting_as, system_scope
from app.store.organisation import User
from app.store.scope import is_gated
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
    assert len(operations) > 6
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


def shapes(model: Any) -> dict[str, Any]:
    """The ways to ask for rows: the ids of rows, of their owners ("of"), or their number ("n")."""
    other, inner = aliased(model), select(model.id)
    return {
        "plain": inner,
        "alias": select(other.id),
        "union": inner.union(select(other.id)),
        "cte": select(inner.cte().c.id),
        "subquery": select(inner.subquery().c.id),
        "join": select(model.id).join(User, User.id == model.owner_id),
        "of exists": select(User.id).where(exists().where(model.owner_id == User.id)),
        "of in": select(User.id).where(User.id.in_(select(model.owner_id))),
        "of join": select(User.id).join(model, model.owner_id == User.id),
        "n": select(func.count()).select_from(model),
        "n inside": select(select(func.count(model.id)).scalar_subquery()),
    }


def test_no_shape_of_a_question_goes_round_the_gate(world: World, oracle: Oracle) -> None:
    """R1: however the rows are reached, the same ones; C30."""
    model: Any = catalogue.get("customer").model
    seen = oracle.visible("sales1a", "customer", "read")
    owners = {row.owner for row in oracle.company.rows["customer"] if row.id in seen}
    with world.app.app_context():
        people = dict(db.session.execute(select(User.id, User.username)).all())
        with acting_as(actor_called("sales1a"), "read", "customer"):
            for shape, asked in shapes(model).items():
                found = set(db.session.scalars(asked))
                if shape.startswith("of "):
                    assert {people[i] for i in found} == owners, shape
                else:
                    assert found == ({len(seen)} if shape.startswith("n") else seen), shape
        mine = oracle.visible("sales1a", "customer", "edit")
        with acting_as(actor_called("sales1a"), "edit", "customer"):
            change = update(model).values(remark="x").returning(model.id)
            assert set(db.session.scalars(change)) == mine
            db.session.rollback()


def test_nobody_acting_is_a_fault(world: World) -> None:
    """Architecture §3, R1: never an empty list that looks like an answer, in no request either."""
    models: list[Any] = [entity.model for entity in catalogue if is_gated(entity.model)]
    assert len(models) > 5
    with world.app.app_context(), world.app.test_request_context("/"):
        for model in models:
            owned = shapes(model) if hasattr(model, "owner_id") else {}
            count = select(func.count()).select_from(model)
            changes = update(model).values(id=1), delete(model)
            for statement in (*owned.values(), select(model), count, *changes):
                with pytest.raises(ScopeMissing):
                    db.session.execute(statement)
            with system_scope("a test looks everywhere"):
                assert db.session.scalar(count) is not None
        assert db.session.scalar(select(func.count()).select_from(User)) == len(PEOPLE)


@pytest.mark.parametrize("change", ["new", "dirty", "deleted"])
def test_records_are_written_by_the_store_only(world: World, change: str) -> None:
    """R1, the other half: a flush that goes round the writer is refused, even of one's own."""
    lead: Any = catalogue.get("lead").model
    with world.app.app_context(), acting_as(actor_called("sales1a"), "edit", "lead"):
        record = db.session.scalars(select(lead).where(lead.id == 1)).one()
        if change == "new":
            db.session.add(lead(name="Round the writer", owner_id=record.owner_id))
        elif change == "dirty":
            record.name = "Round the writer"
        else:
            db.session.delete(record)
        with pytest.raises(ScopeMissing):
            db.session.flush()
        db.session.rollback()
