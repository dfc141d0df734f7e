"""Which layers of a record somebody sees first, and which stay closed (CUS-8).

A personal choice per kind of record: layers that came up later follow in the order declared.
"""

from collections.abc import Mapping
from typing import Any

from app.spec.entity import Entity
from app.spec.errors import BadRequest
from app.spec.field import Section
from app.store import preferences


def key(entity: Entity) -> str:
    """Under which name the choice is kept."""
    return f"layers.{entity.key}"


def order(choice: Any) -> list[Section]:
    """All layers in the chosen order."""
    chosen = _known(choice, "order")
    return [*chosen, *(layer for layer in Section if layer not in chosen)]


def closed(choice: Any) -> frozenset[Section]:
    """The layers that stay closed until they are opened."""
    return frozenset(_known(choice, "closed"))


def _known(choice: Any, part: str) -> list[Section]:
    """What is stored was valid once; what isn't any more is left out."""
    stored = choice.get(part) if isinstance(choice, Mapping) else None
    names = stored if isinstance(stored, list) else []
    return [Section(name) for name in dict.fromkeys(names) if name in set(Section)]


def arrange(entity: Entity, shown: list[Section], step: str) -> None:
    """Take one step among the layers ``shown``: ``up:social``, ``down:social``, ``turn:social``.

    ``turn`` opens or closes one, ``reset:`` goes back to the order declared. The caller commits.
    Raises BadRequest for any other step.
    """
    verb, _colon, name = step.partition(":")
    if verb == "reset":
        preferences.forget(key(entity))
        return
    if verb not in ("up", "down", "turn") or name not in set(Section):
        raise BadRequest
    choice, layer = preferences.get(key(entity)).get(key(entity)), Section(name)
    places, shut = order(choice), closed(choice)
    if verb == "turn":
        shut ^= {layer}
    else:
        places = _moved(places, shown, layer, -1 if verb == "up" else 1)
    preferences.put({key(entity): {"order": [str(one) for one in places], "closed": sorted(shut)}})


def _moved(places: list[Section], shown: list[Section], layer: Section, step: int) -> list[Section]:
    """The layer past its next neighbour on the page: what the record lacks is stepped over."""
    visible = [one for one in places if one in shown]
    if layer not in visible:
        return places
    target = visible.index(layer) + step
    if not 0 <= target < len(visible):
        return places
    rest = [one for one in places if one != layer]
    at = rest.index(visible[target]) + (1 if step > 0 else 0)
    return [*rest[:at], layer, *rest[at:]]
