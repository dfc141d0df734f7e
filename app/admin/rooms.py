"""How many somebody has of how many, wherever somebody is chosen to get records (POOL-9).

It is told to whoever could count it himself, and to whoever hands records over: he is told anyway.
"""

from collections.abc import Iterable
from typing import Any

from app.operations.ownership import RECEIVING
from app.spec.entity import Entity
from app.spec.field import Field
from app.store import caps
from app.store.caps import Room
from app.store.context import actor

HANDING = ("transfer", "assign")


def are_told(entity: Entity, field: Field) -> bool:
    """Whether whoever is chosen in that field gets records that are limited."""
    gets = field.key in RECEIVING and getattr(field, "to", "") == "user"
    return gets and caps.are_set(entity)


def said(room: Room) -> str:
    """As it is shown everywhere: 50/200."""
    return f"{room.used:,}/{room.most:,}"


def of(entity: Entity, field: Field, people: Iterable[int]) -> dict[int, str]:
    """What these people have of how many, as far as the reader may know: one statement for all."""
    if not are_told(entity, field):
        return {}
    rights = actor().rights
    hands_over = any(rights.may(entity.key, slug) for slug in HANDING)
    reach = rights.reach(entity.key, "list")
    known = [p for p in people if hands_over or p == rights.user_id or reach.covers(p)]
    return {person: said(room) for person, room in caps.rooms(entity, known).items()}


def hinted(entity: Entity, field: Field, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """People to choose from, each with what he has of how many in the hint."""
    rooms = of(entity, field, [one["value"] for one in found])
    return [_with(one, rooms.get(one["value"], "")) for one in found]


def _with(one: dict[str, Any], room: str) -> dict[str, Any]:
    return one | {"hint": " · ".join(filter(None, (one["hint"], room)))} if room else one
