"""The gate recognises what a statement reads, however it is built (PERM-4, C18, R1)."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, exists, func, literal_column, select, union_all, update
from sqlalchemy.orm import aliased, joinedload

from app.spec.catalogue import catalogue
from app.store import gate
from app.store.scope import is_gated
from tests.contract.calls import Api
from tests.contract.test_prefix import strays
from tests.support.worlds import World


def gated() -> dict[str, str]:
    """Table name to entity."""
    return {e.model.__tablename__: e.key for e in catalogue if is_gated(e.model)}


def told(statement: Any, engine: Engine) -> set[str]:
    """The gated entities whose tables stand in the finished SQL: a name that no dot follows."""
    words = str(statement.compile(engine))
    bare = set(re.findall(r"(?<![\w.\"':(])([a-z_]+)(?![\w.\"'])", words))
    return {key for table, key in gated().items() if table in bare}


@contextmanager
def overheard(patch: pytest.MonkeyPatch) -> Iterator[list[tuple[Any, set[str]]]]:
    """Each statement that the gate is asked about, with the entities it takes it to read."""
    heard: list[tuple[Any, set[str]]] = []
    honest = gate._gated_in

    def listening(statement: Any) -> Any:
        found = honest(statement)
        heard.append((statement, {entity.key for entity in found}))
        return found

    with patch.context() as patched:
        patched.setattr(gate, "_gated_in", listening)
        yield heard


def missed(heard: list[tuple[Any, set[str]]], engine: Engine) -> list[str]:
    return [
        f"{sorted(more)} in {statement}"
        for statement, found in heard
        if (more := told(statement, engine) - found)
    ]


@pytest.mark.parametrize("server", ["postgresql"], indirect=True)
def test_no_statement_of_any_page_hides_a_table(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every page that links lead to, and lists over REST: the SQL names nothing it didn't see."""
    with overheard(monkeypatch) as heard, world.app.app_context():
        _strays, pages = strays(world, "manager")
        for entity in catalogue:
            Api(world, "manager").get(f"/{entity.plural}/")
    assert pages > 60
    assert set(gated().values()) <= set().union(*(found for _statement, found in heard))
    assert missed(heard, engine) == []


def hidden() -> dict[str, Any]:
    """Ways to reach rows of contacts without their model in front."""
    customer, contact = catalogue.get("customer").model, catalogue.get("contact").model
    other: Any = aliased(contact)
    mine = contact.customer_id == customer.id
    return {
        "relation": select(customer.id).select_from(contact).join(contact.customer),
        "relation of": select(contact.id).join(contact.customer.of_type(aliased(customer))),
        "loaded": select(contact).options(joinedload(contact.customer)),
        "exists": select(customer.id).where(exists().where(mine)),
        "scalar": select(select(func.count(contact.id)).where(mine).scalar_subquery()),
        "cte": select(select(contact.id).cte("hidden").c.id),
        "alias": select(func.max(other.id)),
        "lateral": select(select(contact.id).lateral("one").c.id),
        "union": select(union_all(select(contact.id), select(other.id)).subquery().c.id),
        "order": select(customer.id).order_by(
            select(func.count(contact.id)).where(mine).correlate(customer).scalar_subquery()
        ),
        "change": update(customer).where(customer.id.in_(select(contact.customer_id))),
        "from": select(literal_column("1")).select_from(contact),
    }


def test_however_a_statement_is_built(world: World, engine: Engine) -> None:
    for how, statement in hidden().items():
        with world.app.app_context():
            found = {entity.key for entity in gate._gated_in(statement)}
        assert "contact" in found, how
        if how not in ("scalar", "cte", "alias", "lateral", "union", "from"):
            assert "customer" in found, how
        assert found >= told(statement, engine), how


class Chain:
    """Parts that come into being when they are walked, one below the other; a table below all."""

    __visit_name__ = "made on the way"

    def __init__(self, depth: int) -> None:
        self.depth = depth

    def get_children(self) -> list[Any]:
        if self.depth:
            return [Chain(self.depth - 1)]
        return [catalogue.get("customer").model.__table__]


def test_what_is_made_on_the_way_is_walked_too() -> None:
    """A part may come to lie where one lay that is gone: it isn't the one that was seen."""
    assert gate._tables_in(Chain(20)) == {"customer"}


def test_a_gate_that_looks_at_the_front_only_would_be_caught(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C89b: the tests above see the fault that they are about."""

    def front(statement: Any) -> list[Any]:
        froms = getattr(statement, "get_final_froms", list)
        names = {getattr(table, "name", "") for table in froms()}
        return [e for e in catalogue if e.model.__tablename__ in names & gated().keys()]

    monkeypatch.setattr(gate, "_gated_in", front)
    with overheard(monkeypatch) as heard, world.app.app_context():
        assert Api(world, "manager").client.get("/customers/show/1").status_code == 200
    assert missed(heard, engine)
