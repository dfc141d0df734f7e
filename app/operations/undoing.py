"""Undo: what a bulk run wrote goes back to what stood there before (BULK-5).

The history says what the run wrote, record by record, whatever it carried along. A record goes back
together with what went along with it, or not at all; whatever somebody changed meanwhile stays. The
undo is a run of its own: with a report, history and messages. A dry run is the run itself, taken
back at its end, so both say the same of every row.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l

from app.extensions import db
from app.operations import room
from app.operations.behaviour import (
    CHUNK,
    Behaviour,
    Row,
    Run,
    chunks,
    lock_rows,
)
from app.operations.converting import TakeBack
from app.operations.engine import note, others, tell
from app.operations.handing_over import taking_back
from app.operations.importing.behaviour import Detach
from app.operations.lifecycle import (
    Delete,
    Disable,
    Enable,
    Levels,
    Restore,
    batches_of,
    below,
    in_batches,
    roots_of,
)
from app.operations.outcome import Outcome, Skip
from app.operations.parting import Part
from app.operations.putting_back import PutBack
from app.operations.registry import BEHAVIOURS, behaviour
from app.operations.rules import rules_of
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import Conflict, Gone, NotFound
from app.spec.kinds import IntegerField
from app.spec.operations import HAND_OVER, RECYCLE, RELEASE, Operation
from app.spec.settings import Chapter, Setting, declare, value
from app.spec.words import Label
from app.store import door, history, jobs, runs
from app.store.context import operating, running, system_scope
from app.store.history import History
from app.store.runs import OperationRun
from app.store.writer import Change

UNDO_DAYS: Setting[int] = declare(
    "undo_days",
    IntegerField(
        label=Label("Bulk operations can be undone for (days)", "批量操作可撤销期限（天）"),
        default=30,
        minimum=0,
        maximum=3650,
        help=Label(
            "Nothing is undone that somebody changed meanwhile. 0: never.",
            "期间被他人修改过的记录不会撤销；0 表示不允许撤销。",
        ),
    ),
    Chapter.BULK,
)
UNDO = Operation("undo", Label("Undo", "撤销"), "arrow-back-up", is_handover=True)
"""Nobody is granted it: it needs the permission of what it takes back. The rows are looked at again
here, in the scope of that operation, and not by the writer."""


MOST_REHEARSED = 2_000
"""So many records a dry run takes back for a trial; of a larger run it says so."""

OPPOSITES: Mapping[str, Behaviour] = {
    "delete": Restore(),
    "restore": Delete(),
    "disable": Enable(),
    "enable": Disable(),
    "convert": TakeBack(),
    "import": Detach(),
    "merge": Part(),
}
"""What is undone by doing the opposite, with its rules; all else by putting the values back."""
ALIKE = {RECYCLE.slug: RELEASE.slug}
"""What is taken back as another operation is, by whoever may do that one."""


@dataclass(frozen=True)
class Undoing:
    """One undo under way: of which run of which operation, and how it is done."""

    past: OperationRun
    verb: Operation
    does: Behaviour
    undo: Run


def taken_back_as(run: OperationRun) -> Operation | None:
    """The operation that a run is taken back as; None when it can't be."""
    slug = ALIKE.get(run.operation, run.operation)
    return None if slug == UNDO.slug else catalogue.get(run.entity).verb(slug)


def is_undoable(entity: Entity, verb: Operation) -> bool:
    """Whether what the operation does can be taken back: not an export, not a purge."""
    return behaviour(verb.slug).writes and not is_final(entity, verb)


def undoable(entity: Entity) -> list[Operation]:
    """The operations on such records that can be taken back."""
    return [verb for verb in entity.verbs if verb.slug in BEHAVIOURS and is_undoable(entity, verb)]


def is_final(entity: Entity, verb: Operation) -> bool:
    """Whether nobody can take back in any way what the operation does."""
    return verb.is_final or (verb.slug == "merge" and rules_of(entity).merges_for_good)


def ends_at(run: OperationRun) -> datetime:
    """Until when a run can be undone."""
    end: datetime = run.at + timedelta(days=value(UNDO_DAYS))
    return end


def can_be_undone(run: OperationRun) -> bool:
    """Whether a run that nobody has undone yet still can be."""
    entity = catalogue.get(run.entity)
    verb = taken_back_as(run)
    return bool(verb and is_undoable(entity, verb) and run.done and clock.now() < ends_at(run))


def undo(number: int, *, dry_run: bool) -> Outcome:
    """Undo a run, or only say what that would do; does not commit.

    A run of more rows than a chunk is undone by a job: the outcome ``is_waiting``. Raises NotFound
    for anybody else's run, NotPermitted without the operation's permission, Conflict when it is
    undone already, still under way or can't be undone, Gone after the undo period.
    """
    past = runs.own(number, lock=True)
    verb = taken_back_as(past)
    if verb is None or not is_undoable(catalogue.get(past.entity), verb):
        raise Conflict(_l("This can't be undone."))
    if verb is HAND_OVER:
        taking_back.may_undo(past)
    else:
        door.demand(past.entity, verb.slug)
    if runs.undone_by([number]):
        raise Conflict(_l("This has been undone already."))
    if jobs.is_open(number):
        raise Conflict(_l("This is still under way: cancel it first."))
    if clock.now() >= ends_at(past):
        raise Gone(_l("The time to undo this is over."))
    if verb is HAND_OVER:
        return taking_back.undo(past, UNDO, dry_run=dry_run)
    if dry_run:
        return _rehearse(past)
    if past.done <= CHUNK:
        return _undo(past, runs.done_ids(number))
    ids = {"run": number}
    new = runs.start(UNDO.slug, past.entity, ids, {"operation": verb.slug}, undoes=number)
    total = runs.freeze_done(new, number)
    runs.count(new, total=total, done=0, skipped=0)
    return Outcome(total, operation_id=new, is_waiting=True)


def _rehearse(past: OperationRun) -> Outcome:
    """The undo itself, of the first records of a very large run, taken back at its end."""
    trial = db.session.begin_nested()
    try:
        outcome = _undo(past, runs.done_ids(past.id, MOST_REHEARSED))
    finally:
        trial.rollback()
    outcome.total, outcome.operation_id = past.done, None
    return outcome


def _undo(past: OperationRun, ids: Sequence[int]) -> Outcome:
    params = {"operation": past.operation}
    new = runs.start(UNDO.slug, past.entity, {"ids": list(ids)}, params, undoes=past.id)
    me = resume(runs.under_way(new), {})
    outcome = Outcome(len(ids), operation_id=new)
    for some in chunks(ids):
        took = step(me, some)
        note(new, took)
        outcome.add(took)
    runs.count(new, total=len(ids), done=outcome.done, skipped=len(outcome.skipped))
    tell(me.undo, outcome, str(new))
    return outcome


def recalled(mine: OperationRun, kept: dict[str, Any]) -> Run:
    """An undo that has begun, as it stands in the database."""
    entity, params = catalogue.get(mine.entity), {"run": mine.undoes_id}
    return Run(entity, UNDO, params, dry_run=False, operation_id=mine.id, kept=kept)


def resume(mine: OperationRun, kept: dict[str, Any]) -> Undoing:
    """An undo that has begun, to take its next step.

    Raises NotPermitted when the doer may not do any more what he takes back (C40).
    """
    past, run = runs.under_way(mine.undoes_id or 0), recalled(mine, kept)
    verb = taken_back_as(past)
    if verb is None:
        raise NotFound
    door.demand(past.entity, verb.slug)
    kept.setdefault("kinds", sorted(history.kinds_of_run(past.id)))
    me = Undoing(past, verb, OPPOSITES.get(verb.slug, PutBack()), run)
    with _doing(me):
        me.does.prepare(run)
    return me


def step(me: Undoing, ids: Sequence[int]) -> Outcome:
    """Take back at most a chunk of records; whoever asked notes what became of each."""
    outcome = Outcome(len(ids), operation_id=me.undo.operation_id)
    with _doing(me):
        for way, some in _ways(me, ids):
            _undo_chunk(way, some, outcome)
    outcome.done = len(outcome.changes)
    outcome.notified = others(PutBack().notified(me.undo, outcome.changes))
    return outcome


def _ways(me: Undoing, ids: Sequence[int]) -> Iterator[tuple[Undoing, Sequence[int]]]:
    """What a run has created goes as if nobody had; all else as the operation is taken back."""
    made = runs.made(me.past.id, ids)
    changed = [one for one in ids if one not in made]
    if made:
        does = Delete() if me.undo.entity.is_binned else Disable()
        does.prepare(me.undo)
        yield replace(me, does=does), sorted(made)
    if changed:
        yield me, changed


@contextmanager
def _doing(me: Undoing) -> Iterator[None]:
    """With the rights to what is taken back; the writes are those of the undo."""
    with (
        operating(me.verb.slug, me.past.entity, pools=True),
        running(me.undo.operation_id),
    ):
        yield


def _undo_chunk(me: Undoing, ids: Sequence[int], outcome: Outcome) -> None:
    entity = me.undo.entity
    levels = list(_along(me, ids))
    roots = roots_of(entity, ids, levels)
    parts = {key: _part(me, key, list(found)) for key, found in roots.items()}
    rows = {key: _locked(me, part, list(roots[key])) for key, part in parts.items()}
    stays = _changed_since(me, roots)
    present = {row.id for row in rows[entity.key]}
    stays |= {i: Skip(i, "gone") for i in ids if i not in present and i not in stays}
    changes: dict[str, dict[int, Change]] = {}
    planned = parts if isinstance(me.does, PutBack) else {entity.key: parts[entity.key]}
    for key, part in planned.items():
        goes = [row for row in rows[key] if roots[key][row.id] not in stays]
        me.does.prepare_chunk(part, goes)
        plans = room.within(part, [me.does.plan(part, row) for row in goes])
        changes[key] = {plan.id: plan for plan in plans if isinstance(plan, Change)}
        for plan in plans:
            if isinstance(plan, Skip):
                root = roots[key][plan.id]
                stays.setdefault(root, replace(plan, id=root))
    _write_back(me, planned, roots, changes, stays)
    titles = _titles(me, rows[entity.key])
    outcome.changes += [c for i, c in sorted(changes[entity.key].items()) if i not in stays]
    outcome.skipped += [replace(skip, title=titles.get(i, "")) for i, skip in sorted(stays.items())]


def _titles(me: Undoing, rows: Sequence[Row]) -> dict[int, str]:
    """What the records are called: those that the doer doesn't read, what they were at the run."""
    seen = _seen(me.undo.entity, [row.id for row in rows])
    then = history.called_by(
        me.past.id, me.undo.entity.key, [r.id for r in rows if r.id not in seen]
    )
    return {row.id: row.title if row.id in seen else then.get(row.id, "") for row in rows}


def _seen(entity: Entity, ids: Sequence[int]) -> set[int]:
    """Those of the records that the doer reads now, where they are or in the bin."""
    return door.within(entity, ids, "read") | door.within(entity, ids, "restore")


def _write_back(
    me: Undoing,
    parts: Mapping[str, Run],
    roots: Mapping[str, Mapping[int, int]],
    changes: Mapping[str, dict[int, Change]],
    stays: dict[int, Skip],
) -> None:
    """Write, and look again: rows that would lie outside the operation's scope stay (BULK-7)."""
    entity = me.undo.entity
    while True:
        going = {
            key: [c for i, c in some.items() if roots[key][i] not in stays]
            for key, some in changes.items()
        }
        if isinstance(me.does, PutBack):
            going = {key: [*me.does.settled(parts[key], some)] for key, some in going.items()}
        mine = [c.id for c in going[entity.key]]
        if not mine:
            return
        trial = db.session.begin_nested()
        for key, some in going.items():
            if some:
                me.does.carry_out(parts[key], some)
        lost = set() if _takes_away(me) else set(mine) - door.within(entity, mine, me.verb.slug)
        if not lost:
            trial.commit()
            for key, some in going.items():
                changes[key].update({c.id: c for c in some})
            return
        trial.rollback()
        stays |= {i: Skip(i, "not_permitted") for i in lost}


def _takes_away(me: Undoing) -> bool:
    """Whether live rows go to the bin: nobody touched them since, so they are their maker's own."""
    return isinstance(me.does, Delete) and me.verb.rows != "binned"


def _along(me: Undoing, ids: Sequence[int]) -> Levels:
    """What the run carried along with these records, or what the opposite would."""
    entity = me.undo.entity
    if isinstance(me.does, Delete):
        return list(below(entity, ids, lambda model: model.deleted_at.is_(None)))
    if me.verb.slug == "delete":
        batches = {batch for batch in batches_of(entity, ids).values() if batch}
        return list(below(entity, ids, in_batches(batches)))
    return me.does.along(me.undo, ids) if isinstance(me.does, PutBack) else []


def _part(me: Undoing, key: str, ids: Sequence[int]) -> Run:
    """The part of the undo that is about an entity, with what the run wrote into its records."""
    written = history.written_by(me.past.id, key, ids)
    memory = dict(me.undo.memory)  # what a part looks up is its own
    return replace(me.undo, entity=catalogue.get(key), memory=memory, written=written)


def _locked(me: Undoing, run: Run, ids: Sequence[int]) -> list[Row]:
    """The records wherever they are by now, bin and foreign hands included."""
    with system_scope("what a run wrote is taken back wherever it went"):
        columns, leaving = tuple(me.does.columns(run)), me.does.takes_away
        return list(lock_rows(run.entity, sorted(ids), columns, leaving=leaving))


def _called(person: Any) -> Label:
    """A person's name in both languages; of whom it is known in one only, that."""
    return Label(person.name_en or person.name, person.name or person.name_en)


def _changed_since(me: Undoing, roots: Mapping[str, Mapping[int, int]]) -> dict[int, Skip]:
    """The chosen records that stay because they, or what went along, were changed later.

    Who changed it and when is told of what the doer reads: of anything else only that it stays.
    """
    stays: dict[int, Skip] = {}
    for key, found in roots.items():
        newest = history.newest(key, sorted(found))
        later = {i: entry for i, entry in newest.items() if entry.operation_id != me.past.id}
        seen = _seen(catalogue.get(key), sorted(later)) if later else set()
        for i, entry in later.items():
            root = found[i]
            stays.setdefault(root, _changed(root, entry) if i in seen else Skip(root, "gone"))
    return stays


def _changed(record: int, entry: History) -> Skip:
    who = _called(entry.actor) if entry.actor else ""
    return Skip(record, "changed", {"who": who, "when": clock.shown(entry.at)})
