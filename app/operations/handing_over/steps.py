"""Giving a leaver's places to others, row by row: the same steps for a preview and for the run.

Each record is locked, looked at again and written with its history, under the run's number; what
can't go stays, with its reason, and never keeps the others back (BULK-4, XFER-3).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.operations import room
from app.operations.behaviour import Row, Run, lock_rows, permitted, write
from app.operations.handing_over.places import OWNER, TEAM, Place, Way
from app.operations.outcome import Plan, Skip
from app.operations.ownership import free_seats, obtained
from app.spec import clock
from app.spec.operations import HAND_OVER
from app.spec.relations import LinksField
from app.store import access, seats
from app.store.context import deciding, running
from app.store.writer import Change


@dataclass
class Doing:
    """One hand-over under way, or its preview."""

    way: Way
    run: int | None = None
    """Its number; None for a preview, which writes nothing."""
    memory: dict[str, Any] = field(default_factory=dict)
    """What the rules let pass in a preview, for its next chunk."""
    given: dict[str, Any] = field(default_factory=dict)
    """What the receivers would have by then (POOL-9)."""
    stayed: set[tuple[str, int]] = field(default_factory=set)
    """The records that were to go and can't, by place: what hangs on them stays with them."""


@dataclass
class Step:
    """What became of some records of one place, or would."""

    changes: list[Change] = field(default_factory=list)
    skipped: list[Skip] = field(default_factory=list)


def step(me: Doing, place: Place, receivers: Mapping[int, int]) -> Step:
    """Give one place in these records to their receivers, by record; does not commit."""
    if not me.way.reaches(place):
        return Step(skipped=[Skip(one, "not_permitted") for one in sorted(receivers)])
    entity = place.entity
    run = Run(entity, HAND_OVER, {}, me.run is None, operation_id=me.run, memory=me.given)
    with me.way.into(place), running(me.run), deciding(me.memory if run.dry_run else {}):
        named = () if place.part in (OWNER, TEAM) else (place.part,)
        columns = (*named, *(tie.key for tie in place.ties))
        rows = list(lock_rows(entity, sorted(receivers), columns, lock=not run.dry_run))
        if place.part == TEAM:
            run.memory["seats"] = seats.of(entity.key, [row.id for row in rows])
        plans = room.within(run, [_plan(me, run, place, row, receivers[row.id]) for row in rows])
        changes = [plan for plan in plans if isinstance(plan, Change)]
        if changes and me.run is not None:
            _carry_out(me, run, place, changes, receivers)
    gone = sorted(set(receivers) - {row.id for row in rows})
    skipped = [plan for plan in plans if isinstance(plan, Skip)]
    me.stayed.update((place.key, skip.id) for skip in skipped)
    return Step(changes, [*skipped, *(Skip(one, "gone") for one in gone)])


def _plan(me: Doing, run: Run, place: Place, row: Row, receiver: int) -> Plan:
    """What is to be written into one row, unless something keeps it."""
    if any((f"{tie.to}:{OWNER}", row.values.get(tie.key)) in me.stayed for tie in place.ties):
        return row.skip("parent_stays")
    if not access.is_active(receiver):
        return row.skip("no_receiver")
    person = me.way.person
    if place.part == TEAM:
        return _reseated(run, row, person, receiver)
    was = row.values[place.part]
    if isinstance(place.entity.fields[place.part], LinksField):
        if person not in was:
            return row.skip("gone")
        joins = {receiver} - {row.values.get(OWNER)}
        return permitted(run, row, **{place.part: sorted({*was, *joins} - {person})})
    if was != person:
        return row.skip("gone")
    way = obtained(run, "transferred") if place.part == OWNER else {}
    return permitted(run, row, **{place.part: receiver}, **way)


def _reseated(run: Run, row: Row, person: int, receiver: int) -> Plan:
    have = run.memory["seats"].get(row.id, {})
    seat = have.get(person)
    if seat is None or (seat.until is not None and seat.until <= clock.now()):
        return row.skip("gone")
    joins = {receiver} - {row.values.get(OWNER)}
    return replace(row.change(), notes={"team": [sorted(have), sorted({*have, *joins} - {person})]})


def _carry_out(
    me: Doing,
    run: Run,
    place: Place,
    changes: Sequence[Change],
    receivers: Mapping[int, int],
) -> None:
    write(run, changes, {})
    if place.part == OWNER:
        free_seats(run, changes)
    elif place.part == TEAM:
        _move_seats(me, run, changes, receivers)


def _move_seats(
    me: Doing, run: Run, changes: Sequence[Change], receivers: Mapping[int, int]
) -> None:
    """The receiver sits where the leaver did, as he did and as long; not where he has a place."""
    key, person = run.entity.key, me.way.person
    by_seat: dict[tuple[str, Any], list[tuple[int, int]]] = defaultdict(list)
    for change in changes:
        have, receiver = run.memory["seats"][change.id], receivers[change.id]
        if receiver not in have and receiver != change.before.get(OWNER):
            seat = have[person]
            by_seat[(seat.level, seat.until)].append((change.id, receiver))
    for (level, until), given in by_seat.items():
        seats.add(key, given, level, until, run=run.operation_id)
    seats.remove(key, [c.id for c in changes], [person], run=run.operation_id)
