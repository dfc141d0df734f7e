"""What the product declares, in the words of ``tests/golden/access.txt``."""

from functools import cache

import app.entities  # noqa: F401 - fills the catalogue
from app.spec.catalogue import catalogue
from app.spec.entity import Entity, PageRight


@cache
def _declared(key: str) -> Entity | PageRight | None:
    """An entity, or a page with a permission of its own."""
    return catalogue.get(key) if key in catalogue else catalogue.pages.get(key)


def declared_operations(key: str) -> frozenset[str]:
    """The operations that an entity or page has; empty for one that is not declared."""
    thing = _declared(key)
    return frozenset(thing.operations) if thing else frozenset()


def declared_grants(key: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Role to scope and operations, as a new installation starts with them."""
    thing = _declared(key)
    return {
        role: (str(given.scope), frozenset(given.operations))
        for role, given in (thing.grants.items() if thing else ())
    }
