"""Operations about whose a record is: assign, release, other pools (XFER, POOL)."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.extensions import db
from app.operations import receivers, room
from app.operations.behaviour import Behaviour, Row, Run, lock_rows, write
from app.operations.outcome import Plan
from app.operations.selection import Chosen
from app.operations.turns import (
    Evenly,
    LeastLoaded,
    MostRoom,
    Together,
    Turns,
    Way,
    loads_of,
    shares,
)
from app.spec import sentences
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.field import Field
from app.spec.kinds import OptionField
from app.spec.operation_choices import SPREAD, SPREAD_BY
from app.spec.options import Dictionary
from app.store import rotation, runs, seats
from app.store.context import system_scope
from app.store.scope import member_of
from app.store.writer import Change

RECEIVING = frozenset({"owner", "new_owner", "to"})
"""The fields and parameters in which somebody is chosen to get records."""
BECAUSE = "because"
"""The note of an assignment: why this person got the record."""
ALL_FULL = _l("Everybody chosen has as many as they may have.")


def obtained(run: Run, way: str) -> dict[str, Any]:
    """What a change of owner sets besides the owner (XFER-4, POOL-8)."""
    if not run.entity.is_pooled:
        return {}
    return {
        "pool": None,
        "pooled_at": None,
        "obtained_at": run.at,
        "obtained_way": way,
        "is_followed_up": False,
    }


def follow_parents(run: Run, parents: Mapping[int, Any], owners: Mapping[int, Any]) -> None:
    """Children follow their parent into and out of a pool, whoever they belong to (POOL-8).

    ``parents`` are the moved rows, ``owners`` maps each to the children's new owner. Runs for the
    system: the right to the parent's move carries its children.
    """
    for child in run.entity.children:
        entity = catalogue.get(child.entity)
        if not child.follows_pool or not entity.is_owned:
            continue
        through = getattr(entity.model, entity.fields[child.through].column)
        with system_scope("children follow their parent into and out of the pool"):
            rows = db.session.execute(
                select(entity.model.id, through).where(
                    member_of(through, sorted(parents)), entity.model.deleted_at.is_(None)
                )
            ).all()
            parent_of: dict[int, int] = dict(rows)
            found = lock_rows(entity, sorted(parent_of), ())
            changes = [row.change(owner=owners[parent_of[row.id]]) for row in found]
            if changes:
                hand_to(replace(run, entity=entity), changes)


def out_of_pools(run: Run, changes: Sequence[Change]) -> None:
    """Children go along with those that somebody gets out of a pool (POOL-8)."""
    leaving = {c.id: c for c in changes if c.before.get("pool")}
    if leaving:
        follow_parents(run, leaving, {i: c.values["owner"] for i, c in leaving.items()})


def hand_to(run: Run, changes: Sequence[Change]) -> None:
    """Write the new owners of children, as the engine does those of the chosen rows."""
    write(run, changes, {})
    free_seats(run, changes)


def free_seats(run: Run, changes: Sequence[Change]) -> None:
    """An owner needs no seat: those that the new owners had on these records go (CUS-4)."""
    received: dict[int, list[int]] = defaultdict(list)
    for change in changes:
        if change.values["owner"]:
            received[change.values["owner"]].append(change.id)
    for owner, ids in received.items():
        seats.remove(run.entity.key, ids, [owner], run=run.operation_id)


class Assign(Behaviour):
    """POOL-3: to one person or shared out among several, out of a pool or from other owners."""

    slug = "assign"
    dwindling = frozenset({"to"})

    def params(self, entity: Entity) -> tuple[Field, ...]:
        """The ways of sharing out are those that the entity has the fields for."""
        return tuple(
            replace(f, choices=ways_of(entity)) if isinstance(f, OptionField) else f
            for f in super().params(entity)
        )

    def foresee(self, run: Run, total: int) -> Sequence[str]:
        if not run.dry_run:
            return ()
        named, role = run.params.get("to") or [], run.params.get("role")
        return receivers.warnings(dict.fromkeys(named, (run.entity,)), run.entity, role)

    def prepare(self, run: Run) -> None:
        run.memory["people"] = receivers.chosen(run)

    def prepare_chunk(self, run: Run, rows: Sequence[Row]) -> None:
        people = run.memory["people"]
        run.memory["room"] = room.tally(run, run.entity, "turns")
        run.memory["room"].know(people)
        run.memory["turns"] = _way(run, people)

    def plan(self, run: Run, row: Row) -> Plan:
        """Whoever is full is passed over; when all are, the row stays (XFER-3)."""
        found, people, owner = run.memory["room"], run.memory["people"], row.values["owner"]
        turn = run.memory["turns"].take(
            row.values, lambda one: one in people and found.fits(one, row.values)
        )
        if turn is None or turn.person == owner:
            is_his = turn is not None or set(people) <= {owner}
            return row.skip("same_owner") if is_his else row.skip(room.OVER, why=ALL_FULL)
        found.move((row.values, {**row.values, "owner": turn.person}))
        change = row.change(owner=turn.person, **obtained(run, "assigned"))
        return change if len(people) == 1 else because(change, turn.because)

    def columns(self, run: Run) -> Sequence[str]:
        asked = SPREAD_BY.get(run.params["how"])
        return (asked,) if asked else ()

    def after(self, run: Run, changes: Sequence[Change]) -> None:
        free_seats(run, changes)
        out_of_pools(run, changes)
        if "rotation" in run.kept:
            rotation.advance(run.kept["rotation"], len(changes))

    def notified(self, run: Run, changes: Sequence[Change]) -> dict[int, int]:
        return dict(Counter(c.values["owner"] for c in changes))


def ways_of(entity: Entity) -> Dictionary:
    """The ways of sharing out records of this kind."""
    missing = {way for way, key in SPREAD_BY.items() if key not in entity.fields}
    if not entity.is_pooled:
        missing |= {"room"}
    options = tuple(one for one in SPREAD.options if one.code not in missing)
    return Dictionary(SPREAD.key, SPREAD.label, options, is_editable=False)


def because(change: Change, why: Any) -> Change:
    """The change with the reason why he gets the record, for whoever reads its history."""
    return replace(change, notes={**change.notes, BECAUSE: [None, sentences.packed(why)]})


def _way(run: Run, people: list[int]) -> Way:
    """How the rows are shared out; what goes on from chunk to chunk is kept."""
    how, kept = run.params["how"], run.kept
    if how == "load":
        if "loads" not in kept:
            kept["loads"] = loads_of(run.entity, people)
        return LeastLoaded(kept["loads"])
    given = kept.setdefault("given", [[person, 0] for person in people])
    if how == "room":
        return MostRoom(given, run.memory["room"])
    if key := SPREAD_BY.get(how):
        if how == "level":
            return Evenly(kept.setdefault("tables", {}), given, key, _naming(run.entity, key))
        if "places" not in kept:
            kept["places"] = shares(_sizes(run, key), people)
        return Together(kept["places"], given, key)
    return Turns(_queue(run, people), in_turn=how == "round_robin")


def _naming(entity: Entity, key: str) -> Callable[[str], Any]:
    """How a choice of that field is called, in both languages."""
    choices = cast("OptionField", entity.fields[key]).choices
    return lambda code: option.label if (option := choices.find(code)) else "—"


def _sizes(run: Run, key: str) -> Sequence[tuple[Any, int]]:
    """How many of all rows that this is about have each value of the field."""
    if chosen := run.memory.get("chosen"):
        return cast("Chosen", chosen).sizes(key)
    return runs.sizes(run.operation_id or 0, run.entity, key)


def _queue(run: Run, people: list[int]) -> list[int]:
    """Whoever is next stands in front: of equal shares as they were named, in turn as last time."""
    start = 0
    if run.params["how"] == "round_robin" and "queue" not in run.kept:
        people = sorted(people)
        key = run.kept["rotation"] = rotation.key_of("assign", run.entity.key, people)
        start = rotation.position(key, lock=not run.dry_run) % len(people)
    found: list[int] = run.kept.setdefault("queue", [*people[start:], *people[:start]])
    return found


class Release(Behaviour):
    """POOL-4: into a pool, without an owner; owner before and reason are kept, locked ones stay."""

    slug = "release"

    def columns(self, run: Run) -> Sequence[str]:
        return tuple(key for key in ("is_locked",) if key in run.entity.fields)

    def plan(self, run: Run, row: Row) -> Plan:
        if row.values["owner"] is None:
            return row.skip("no_owner")
        if row.values.get("is_locked"):
            return row.skip("locked")
        change = row.change(
            owner=None,
            pool=run.params["pool"],
            pooled_at=run.at,
            previous_owner=row.values["owner"],
            is_followed_up=False,
        )
        return _with_reason(run, change)

    def after(self, run: Run, changes: Sequence[Change]) -> None:
        follow_parents(run, {c.id: c for c in changes}, {c.id: None for c in changes})


class MovePool(Behaviour):
    """POOL-1: into another pool of its kind; whose it was, and since when it is nobody's, stays."""

    slug = "move_pool"

    def plan(self, run: Run, row: Row) -> Plan:
        if row.values["pool"] == run.params["pool"]:
            return row.skip("same_pool")
        return _with_reason(run, row.change(pool=run.params["pool"]))


def _with_reason(run: Run, change: Change) -> Change:
    """The change with the reason that its entry in the history tells (POOL-8)."""
    reason = run.params.get("reason")
    return replace(change, notes={"reason": [None, reason]}) if reason else change
