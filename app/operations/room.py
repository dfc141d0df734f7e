"""Who has room for what an operation gives him: row by row, never all or nothing (POOL-9, XFER-3).

A dry run looks without waiting for anybody, and remembers over its steps what it would have given
out. A run holds the people it gives to, and what it has written is known to its next step.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.operations.behaviour import Run
from app.operations.outcome import Plan, Skip
from app.spec.entity import Entity
from app.spec.errors import Invalid
from app.store import caps
from app.store.cap_rules import HOLDING, LOCKED
from app.store.caps import Move, Room, Tally
from app.store.writer import Change

OVER = "over_cap"


def tally(run: Run, entity: Entity, use: str, counted: str = HOLDING) -> Tally:
    """What people have of that kind, counted on in this run by whoever has that use for it."""
    if not run.dry_run:
        return Tally(entity, counted, holds=True)
    key = f"rooms.{entity.key}.{use}.{counted}"
    if key not in run.memory:
        run.memory[key] = Tally(entity, counted, holds=False)
    found: Tally = run.memory[key]
    return found


def within(run: Run, plans: Sequence[Plan]) -> list[Plan]:
    """The plans of a chunk, with a skip for each change that somebody has no room for."""
    for counted in (HOLDING, LOCKED):
        if caps.are_set(run.entity, counted):
            plans = _within(run, plans, tally(run, run.entity, "step", counted))
    return list(plans)


def _within(run: Run, plans: Sequence[Plan], found: Tally) -> list[Plan]:
    moves = {plan.id: move_of(plan) for plan in plans if isinstance(plan, Change)}
    found.know([caps.whose(found.counted, move)[0] for move in moves.values()])
    full = {i: person for i, move in moves.items() if (person := found.move(move))}
    why = found.sentences(full.values())
    return [
        Skip(plan.id, OVER, {"why": why[full[plan.id]]}, plan.title) if plan.id in full else plan
        for plan in plans
    ]


def move_of(change: Change) -> Move:
    """The record as it was and will be; what goes into the bin or comes out of it isn't both."""
    after = {**change.before, **change.values}
    was, will_be = change.notes.get("deleted", (False, False))
    return None if was else change.before, None if will_be else after


def given(changes: Iterable[Change]) -> Counter[int]:
    """How many of the records each person gets."""
    gains = (caps.whose(HOLDING, move_of(change))[0] for change in changes)
    return Counter(person for person in gains if person)


def after(run: Run, people: Iterable[int]) -> dict[int, Room]:
    """What these people would have after a dry run, as far as a rule holds for them."""
    if not caps.are_set(run.entity):
        return {}
    found = tally(run, run.entity, "step")
    return {person: has for person in people if (has := found.room(person))}


def lack(found: Tally, born: Mapping[str, Any] | None) -> Any:
    """Why the owner of a new record of these values can't have it; None when he can."""
    owner = born and born.get("owner")
    if born is None or not owner:
        return None
    found.know([owner])
    return None if found.fits(owner, born) else found.sentences([owner])[owner]


def demand(entity: Entity, values: Mapping[str, Any], found: Tally | None = None) -> None:
    """Invalid, naming who has how many of how many, when he can't have this new record too."""
    if not caps.are_set(entity):
        return
    found = found or Tally(entity, holds=True)
    if why := lack(found, values):
        raise Invalid(fields={"owner": [why]})
    found.move((None, values))
