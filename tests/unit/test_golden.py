"""The default grants of the product are those of the reviewed table, no more and no less."""

import hashlib
import re
from itertools import product

import pytest

from tests.oracle import EVERY_ENTITY, EVERYTHING, TABLE, Grant, read_table
from tests.support.grants import declared_grants, declared_operations
from tests.support.sources import ROOT

ROLES = frozenset(
    {
        "super_admin",
        "system_admin",
        "people_admin",
        "sales_manager",
        "salesperson",
        "clerk",
        "marketing",
        "service",
        "finance",
        "legal",
        "auditor",
    }
)
ENTITIES = frozenset(
    {"lead", "customer", "contact", "pool", "tag", "department", "user", "role", "audit"}
    | {"announcement", "cap", "follow_up", "task", "event", "work_log"}
)
PAGES = frozenset({"matrix", "settings", "dictionaries", "shared_views"})
"""Pages with a permission of their own: declared nowhere, so the page's own tests look at them."""


def table() -> dict[tuple[str, str], Grant]:
    return {(grant.role, grant.entity): grant for grant in read_table()}


def later_words() -> list[tuple[str, str, str]]:
    """Role, entity and word of every ``# later:`` that stands behind a grant."""
    found = []
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        granted, _, promised = line.partition("# later:")
        if granted.partition("#")[0].strip():
            role, entity = granted.split()[:2]
            found += [(role, entity, word) for word in promised.split()]
    return found


def test_table_speaks_of_known_roles_and_entities_once_each() -> None:
    grants = read_table()
    assert {grant.role for grant in grants} == ROLES
    assert {grant.entity for grant in grants} - {EVERY_ENTITY} == ENTITIES | PAGES
    assert len(table()) == len(grants)
    assert [grant.role for grant in grants if EVERYTHING in grant.operations] == ["super_admin"]


def test_change_of_the_table_has_a_line_in_the_changelog() -> None:
    """Comments and columns may move freely; a grant may not (style.md, tests)."""
    facts = sorted(
        f"{grant.role} {grant.entity} {grant.scope} {' '.join(sorted(grant.operations))}"
        for grant in read_table()
    )
    fingerprint = hashlib.sha256("\n".join(facts).encode()).hexdigest()[:8]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"access table {fingerprint}" in changelog, (
        f"say in CHANGELOG.md what changed in tests/golden/access.txt: access table {fingerprint}"
    )


def test_later_words_are_neither_granted_nor_declared_yet() -> None:
    """A promise goes stale loudly: once declared, the operation moves in front of the mark."""
    grants = table()
    for role, entity, word in later_words():
        assert re.fullmatch(r"[a-z_]+", word), (role, entity, word)
        assert word not in grants[role, entity].operations, (role, entity, word)
        assert word not in declared_operations(entity), (role, entity, word)


@pytest.mark.parametrize(
    ("role", "entity"), sorted(product(ROLES - {"super_admin"}, ENTITIES)), ids="-".join
)
def test_default_grants_are_those_of_the_table(role: str, entity: str) -> None:
    """PERM: for each role and entity exactly these operations in exactly this scope."""
    expected = table().get((role, entity))
    scope, operations = declared_grants(entity).get(role, ("none", frozenset()))
    assert operations == (expected.operations if expected else frozenset())
    if expected:
        assert scope == expected.scope


@pytest.mark.parametrize("entity", sorted(ENTITIES))
def test_table_grants_only_what_the_entity_declares(entity: str) -> None:
    declared = declared_operations(entity)
    assert declared, f"{entity} declares no operation"
    for grant in read_table():
        if grant.entity == entity:
            assert grant.operations - {EVERYTHING} <= declared, grant.role
