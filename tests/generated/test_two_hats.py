"""People with two roles: all that either role gives, and nothing that neither does (PERM-2, C36).

Every pair of the built-in roles is put on one person; the gate is compared with the oracle row by
row, and the classic pair, salesperson and auditor, on the surfaces too.
"""

import json
from dataclasses import replace
from itertools import combinations

import pytest
from sqlalchemy import select

from app.extensions import db
from app.spec.catalogue import catalogue
from app.store import access
from app.store.context import acting_as
from tests.generated.stage import Stage, give_seatless_roles
from tests.generated.surfaces import Doing, ways_of
from tests.oracle import Oracle
from tests.support.company import company

WEARER = "sales1a"
ROLES = sorted({role for person in company().users.values() for role in person.roles})
PAIRS = list(combinations(ROLES, 2))


def oracle_with(*roles: str) -> Oracle:
    """The company in which the wearer has these roles."""
    found = company()
    users = {**found.users, WEARER: replace(found.users[WEARER], roles=roles)}
    return Oracle(replace(found, users=users))


def gate(stage: Stage, entity: str) -> dict[str, set[int]]:
    """What the product lets the wearer touch now, by operation."""
    declared = catalogue.get(entity)
    found = {}
    with stage.world.app.app_context():
        actor = access.load_actor(stage.people[WEARER])
        for operation in sorted(set(declared.operations) - {"create"}):
            with acting_as(actor, operation, entity):
                found[operation] = set(db.session.scalars(select(declared.model.id)))
    return found


def test_a_pair_gives_the_union_and_no_more(stage: Stage) -> None:
    """The two databases take turns with the pairs."""
    for pair in PAIRS[stage.world.server.kind == "sqlite" :: 2]:
        check_pair(stage, pair)


@pytest.mark.prove
def test_every_pair_on_each_database(stage: Stage) -> None:
    for pair in PAIRS:
        check_pair(stage, pair)


def check_pair(stage: Stage, pair: tuple[str, str]) -> None:
    give_seatless_roles(stage, WEARER, *pair)
    both, one, other = oracle_with(*pair), oracle_with(pair[0]), oracle_with(pair[1])
    for entity in company().rows:
        found = gate(stage, entity)
        for operation, rows in found.items():
            label = f"{pair} {operation} {entity}"
            assert rows == both.visible(WEARER, entity, operation), label
            neither = one.visible(WEARER, entity, operation) | other.visible(
                WEARER, entity, operation
            )
            assert rows <= neither, f"{label} gains {rows - neither}"


def test_there_are_pairs() -> None:
    assert len(PAIRS) == 55


def test_salesperson_and_auditor_reads_all_and_edits_his_own(stage: Stage) -> None:
    """The example of PERM-2, on pages, REST and in bulk."""
    give_seatless_roles(stage, WEARER, "salesperson", "auditor")
    both = oracle_with("salesperson", "auditor")
    stage.oracle = both
    for entity in ("lead", "customer", "contact"):
        body = json.loads(Doing(stage, WEARER, entity, "list").on("REST: list").text)
        assert set(body["ids"]) == both.visible(WEARER, entity, "list")
        editable = both.visible(WEARER, entity, "edit")
        for row in both.company.rows[entity]:
            if row.is_deleted or row.pool:
                continue
            doing = Doing(stage, WEARER, entity, "edit", (row.id,))
            seen = Doing(stage, WEARER, entity, "read", (row.id,)).on("record page").status_code
            assert seen == 200, doing.label("record page")
            wanted = 200 if row.id in editable else 404
            assert doing.on("edit form").status_code == wanted, doing.label("edit form")
            wanted = 200 if row.id in editable else 404
            assert doing.on("REST: edit").status_code == wanted, doing.label("REST: edit")


def test_neither_hat_transfers_or_exports(stage: Stage) -> None:
    """Salespeople and auditors may neither transfer, export nor delete customers: 403."""
    give_seatless_roles(stage, WEARER, "salesperson", "auditor")
    for operation in ("transfer", "export", "delete", "assign", "bulk_edit", "restore"):
        for way in ways_of("customer", operation):
            doing = Doing(stage, WEARER, "customer", operation, (1,))
            assert doing.on(way).status_code == 403, doing.label(way)


def test_a_role_taken_away_is_gone_on_the_next_request(stage: Stage) -> None:
    """MATRIX-9: the same session, the next click."""
    doing = Doing(stage, WEARER, "lead", "list")
    assert doing.on("list page").status_code == 200
    give_seatless_roles(stage, WEARER, "finance")
    assert doing.on("list page").status_code == 403
    assert doing.on("REST: list").status_code == 403
    give_seatless_roles(stage, WEARER, "salesperson")
    assert doing.on("list page").status_code == 200
