"""What the product declares, in the words of ``tests/golden/access.txt``."""

from functools import cache

import app.entities  # noqa: F401 - fills the catalogue
from app.spec.catalogue import catalogue


@cache
def declared_operations(entity: str) -> frozenset[str]:
    """The operations that an entity has; empty for one that is not declared."""
    if entity not in catalogue:
        return frozenset()
    return frozenset(catalogue.get(entity).operations)


@cache
def declared_grants(entity: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Role to scope and operations, as a new installation starts with them."""
    if entity not in catalogue:
        return {}
    return {
        role: (str(given.scope), frozenset(given.operations))
        for role, given in catalogue.get(entity).grants.items()
    }
