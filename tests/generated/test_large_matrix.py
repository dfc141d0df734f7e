"""The matrix of a large installation: 40 entities × 25 operations × 30 roles (performance.md)."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.operations import OPERATIONS as VERBS
from app.spec.operations import Operation
from app.spec.words import Label
from app.store.organisation import RightsVersion, RoleGrant
from tests.contract.calls import role_ids, set_role, stored
from tests.generated.invented import make_model
from tests.support.matrix import confirm, with_changes
from tests.support.statements import count_statements
from tests.support.worlds import World

ENTITIES, OPERATIONS, ROLES = 40, 25, 30
MOST_STATEMENTS, MOST_BYTES = 10, 1024 * 1024


@pytest.fixture
def large(world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """As many entities and operations as that, and roles that grant all of it; gone afterwards."""
    world.is_dirty = True
    for n in range(10):
        verb = Operation(f"verb{n}", Label(f"Verb {n}", f"动作{n}"))
        monkeypatch.setitem(VERBS, verb.slug, verb)
    slugs = tuple(VERBS)[-OPERATIONS:]
    made: list[str] = []
    try:
        made.extend(_declare(world, slugs) for _ in range(ENTITIES))
        _make_roles(engine, made, slugs)
        yield made
    finally:
        for key in made:
            table = catalogue.get(key).model.__table__
            catalogue.forget(key)
            db.metadata.remove(table)


def _declare(world: World, slugs: tuple[str, ...]) -> str:
    """One more entity with these operations, and its table; answers its key."""
    model = make_model(7, pooled=True)
    key: str = model.__tablename__
    sample = catalogue.get("customer")
    catalogue.declare(
        replace(sample, model=model, key=key, plural=f"{key}s", operations=slugs, children=())
    )
    with world.app.app_context():
        model.__table__.create(db.engine)
    return key


def _make_roles(engine: Engine, keys: list[str], slugs: tuple[str, ...]) -> None:
    moment, have = stored(engine, "role", 1)["created_at"], len(role_ids(engine))
    fields = {"mobile": {"level": 1, "mask": 2}, "remark": {"level": 0}}
    with engine.begin() as connection:
        for n in range(ROLES - have):
            values = {"name": f"Role {n}", "code": f"role{n}", "is_active": True, "version": 1}
            roles = db.metadata.tables["role"]
            answer = connection.execute(
                roles.insert().values(**values, created_at=moment, updated_at=moment)
            )
            lines: list[dict[str, Any]] = [
                {"role_id": answer.inserted_primary_key[0], "entity": key, "scope": "department",
                 "operations": list(slugs), "departments": [], "fields": fields}
                for key in keys
            ]  # fmt: skip
            connection.execute(insert(RoleGrant.__table__), lines)
        version = RightsVersion.__table__
        connection.execute(version.update().values(number=version.c.number + 1))


def test_a_large_matrix_stays_small(world: World, engine: Engine, large: list[str]) -> None:
    """Page, question and save: at most so many statements and so many bytes."""
    for person in ("sales1a", "sales1b", "sales2a", "manager", "clerk1"):
        set_role(engine, person, "role7")
    admin, path = world.client("admin"), f"/matrix/{role_ids(engine)['role7']}"
    admin.post(path, data=with_changes(admin.get(path).text))
    with count_statements() as shown:
        page = admin.get(path)
    assert page.text.count("grant:") >= ENTITIES * OPERATIONS
    assert len(page.data) <= MOST_BYTES
    cells: dict[str, Any] = {f"scope__{key}": "all" for key in large}
    cells |= {f"grant__{key}__{slug}": False for key in large for slug in ("export", "verb7")}
    with count_statements() as asked:
        question = admin.post(path, data=with_changes(page.text, **cells))
    assert question.status_code == 200
    assert len(question.data) <= MOST_BYTES
    with count_statements() as saved:
        assert confirm(admin, question).status_code == 302
    for statements in (shown, asked, saved):
        assert 0 < len(statements) <= MOST_STATEMENTS, str(statements)
