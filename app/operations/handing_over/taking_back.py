"""Undoing a hand-over: everything goes back to its person, but what somebody changed meanwhile.

One undo for all kinds of record (BULK-5), in the reverse order. Nothing goes back to an account
that is disabled: it has to be enabled first, which whoever undoes is asked about and which is a
run of its own.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from flask_babel import lazy_gettext as _l

from app.extensions import db
from app.operations import room
from app.operations.behaviour import CHUNK, Row, Run, lock_rows
from app.operations.handing_over.behaviour import JOB
from app.operations.handing_over.places import Way, places, way
from app.operations.handing_over.running import Took, note
from app.operations.handing_over.telling import tell
from app.operations.outcome import Outcome, Skip
from app.operations.putting_back import PutBack
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import Conflict
from app.spec.operations import Operation
from app.spec.words import Label
from app.store import access, hand_overs, history, runs
from app.store.context import deciding, operating, running, system_scope
from app.store.runs import OperationRun
from app.store.writer import Change

MOST_REHEARSED = 2_000
"""So many things a dry run takes back for a trial."""
BACK = "undo"
"""The operation of a run that takes a hand-over back."""


def may_undo(past: OperationRun) -> Way:
    """Raise NotPermitted unless the actor may still hand over for that person."""
    return way(hand_overs.of(past.id).person_id)


def undo(past: OperationRun, verb: Operation, *, dry_run: bool) -> Outcome:
    """Take a hand-over back, at once, by a job, or for a trial only; does not commit.

    Conflict while the account is disabled: nothing of it could be handed back.
    """
    mine = hand_overs.of(past.id)
    if not access.is_active(mine.person_id):
        raise Conflict(_l("The account is disabled: enable it first, then undo."))
    if not dry_run:
        return _begin(past, verb)
    trial = db.session.begin_nested()
    try:
        outcome = _begin(past, verb, most=MOST_REHEARSED)
    finally:
        trial.rollback()
    outcome.total, outcome.operation_id = past.done, None
    return outcome


def _begin(past: OperationRun, verb: Operation, *, most: int = 0) -> Outcome:
    person, kept = hand_overs.of(past.id).person_id, {"operation": past.operation}
    run = runs.start(verb.slug, past.entity, {"ids": [person]}, kept, undoes=past.id)
    hand_overs.begin(run, person, disables=False)
    total = hand_overs.add(run, _records(past.id))
    runs.count(run, total=total, done=0, skipped=0)
    if total > CHUNK and not most:
        return Outcome(total, operation_id=run, is_waiting=True, job=JOB)
    outcome, cursor, mine = Outcome(total, operation_id=run), 0, runs.under_way(run)
    while took := advance(mine, cursor):
        cursor = took.cursor
        outcome.done += took.done
        outcome.skipped += took.skipped
        if most and outcome.looked_at >= most:
            break
    runs.count(run, total=total, done=outcome.done, skipped=len(outcome.skipped))
    settle(mine)
    return outcome


def _records(past: int) -> Iterator[tuple[str, int, None]]:
    """Each record that was written once, kind by kind, those that others hang on at the end."""
    kinds: dict[str, dict[int, None]] = {}
    for place, record in reversed(hand_overs.records_done(past)):
        kinds.setdefault(place.partition(":")[0], {})[record] = None
    for key, records in kinds.items():
        yield from ((f"{key}:", record, None) for record in sorted(records))


def advance(mine: OperationRun, cursor: int) -> Took | None:
    """The next chunk of an undo; None when there is nothing left. Asks for the rights anew."""
    past = runs.under_way(mine.undoes_id or 0)
    may_undo(past)
    items = hand_overs.next_ones(mine.id, cursor, CHUNK)
    if not items:
        return None
    entity = catalogue.get(items[0].place.partition(":")[0])
    skipped = _take_back(mine, past, entity, [one.record_id for one in items])
    note(mine.id, items, skipped)
    return Took(items[-1].id, len(items) - len(skipped), skipped)


def _take_back(
    mine: OperationRun, past: OperationRun, entity: Entity, ids: Sequence[int]
) -> list[Skip]:
    does = PutBack()
    run = Run(
        entity,
        _verb(mine),
        {"run": past.id},
        dry_run=False,
        operation_id=mine.id,
        kept={"kinds": []},
        written=history.written_by(past.id, entity.key, ids),
    )
    with system_scope("what was handed over is taken back wherever it went"):
        rows = list(lock_rows(entity, sorted(ids), tuple(does.columns(run))))
    stays = _changed(past.id, entity, rows)
    with _into(entity), running(mine.id), deciding({}):
        goes = [row for row in rows if row.id not in stays]
        does.prepare_chunk(run, goes)
        plans = room.within(run, [does.plan(run, row) for row in goes])
        changes = [plan for plan in plans if isinstance(plan, Change)]
        if changes:
            does.carry_out(run, changes)
    gone = (Skip(one, "gone") for one in sorted(set(ids) - {row.id for row in rows}))
    return [*stays.values(), *(plan for plan in plans if isinstance(plan, Skip)), *gone]


def _verb(mine: OperationRun) -> Operation:
    return Operation(mine.operation, Label("Undo", "撤销"), is_handover=True)


@contextmanager
def _into(entity: Entity) -> Iterator[None]:
    """What people own goes back whoever may read it; all else by the rules for whoever does it."""
    if entity.is_owned:
        with system_scope("what was handed over is taken back wherever it went"):
            yield
    else:
        with operating("edit", entity.key):
            yield


def _changed(past: int, entity: Entity, rows: Sequence[Row]) -> dict[int, Skip]:
    """The records that somebody changed since, with who and when: they stay."""
    stays: dict[int, Skip] = {}
    titles = {row.id: row.title for row in rows}
    for number, entry in history.newest(entity.key, sorted(titles)).items():
        if entry.operation_id != past:
            who = entry.actor
            name = Label(who.name_en or who.name, who.name or who.name_en) if who else ""
            values = {"who": name, "when": clock.shown(entry.at)}
            stays[number] = replace(Skip(number, "changed", values), title=titles[number])
    return stays


def settle(mine: OperationRun) -> None:
    """What belongs to the end of an undo: those who had received hear of it."""
    past = runs.under_way(mine.undoes_id or 0)
    told = hand_overs.of(mine.id).result.get("told", 0)
    back = {
        (one.place.partition(":")[0], one.record_id)
        for one in hand_overs.items(mine.id, "done")
        if one.id > told
    }
    given: dict[int, Counter[str]] = defaultdict(Counter)
    for one in hand_overs.items(past.id, "done"):
        if (one.place.partition(":")[0], one.record_id) in back and one.receiver_id:
            given[one.receiver_id][one.place] += 1
    person = hand_overs.of(mine.id).person_id
    tell(person, given, f"{mine.id}.{told}", "", mine.id, back=True)
    hand_overs.end(mine.id, {"told": hand_overs.last_done(mine.id)})


def part_of(place: str) -> Any:
    """What a place of an undo is called: the kind of record alone."""
    known = places()
    key = place.partition(":")[0]
    return known[place].label if place in known else catalogue.get(key).many
