"""The bulk engine: one way to run any operation over any selection (BULK-2).

A run begins, takes steps of at most 500 rows, and ends. A small one does all of that in the
transaction of the request; a large one freezes its rows when it begins, and a background job takes
the very same steps later, each in a transaction of its own (BULK-3). A dry run takes them up to
the writing, so its verdicts per row are those of the run.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from flask_babel import lazy_gettext as _l

from app.operations import room
from app.operations.behaviour import Behaviour, Run, chunks, lock_rows
from app.operations.editing import parse, resolve
from app.operations.outcome import SAMPLED, Outcome, Skip
from app.operations.registry import behaviour
from app.operations.selection import Chosen, Selection, late, look_at
from app.operations.selection import resolve as resolve_selection
from app.spec import sentences
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import Invalid, NotFound
from app.spec.notices import NOTICES
from app.spec.relations import TagsField
from app.store import access, door, outbox, runs
from app.store.context import actor, operating, running
from app.store.runs import OperationRun
from app.store.writer import Change

LOOKED_AT = 10_000
"""Rows looked at together where nothing is written."""
MOST_LOOKED_AT = 50_000
"""So many rows a dry run looks at; of a larger selection it says so."""


def run(
    does: Behaviour, entity: Entity, selection: Selection, raw: Mapping[str, Any], *, dry_run: bool
) -> Outcome:
    """Run an operation over a selection, or only say what it would do; does not commit.

    A selection of more rows than ``Behaviour.at_once`` is frozen instead: the outcome
    ``is_waiting``, and its steps are a job's. Raises NotPermitted, NotFound, Invalid, StaleCount.
    """
    verb = entity.verb(does.slug)
    if verb is None:
        raise NotFound
    door.demand(entity.key, verb.slug)
    me = Run(entity, verb, {}, dry_run)
    with _doing(me):
        _read(does, me, selection, raw)
        selection = does.completed(me, selection)
        chosen = me.memory["chosen"] = _choose(does, me, selection)
        if dry_run:
            return _rehearse(does, me, chosen)
        kept = {f.key: f.to_json(me.params.get(f.key)) for f in does.params(entity)}
        foreseen = _foreseen(does, me, chosen)
        me.operation_id = runs.start(verb.slug, entity.key, selection.described(), kept, **foreseen)
        return _run(does, me, chosen, foreseen)


def _choose(does: Behaviour, me: Run, selection: Selection) -> Chosen:
    """The rows it is about, or only which were ticked, where locking them tells the rest."""
    is_small = selection.query is None and len(selection.ids) <= does.at_once(me)
    look = late if does.looks_late and is_small and not me.dry_run else resolve_selection
    return look(me.entity, me.verb, selection)


def _foreseen(does: Behaviour, me: Run, chosen: Chosen) -> dict[str, int]:
    """The numbers of a run of ticked rows when none is left out: mostly none is."""
    if chosen.ticked is None or len(chosen.ticked) > does.at_once(me):
        return {}
    done, skipped = len(chosen.ticked), len(chosen.skipped)
    return {"total": done + skipped, "done": done, "skipped": skipped}


def _read(does: Behaviour, me: Run, selection: Selection, raw: Mapping[str, Any]) -> None:
    """Understand and check the parameters; what is wrong with the selection is said first."""
    fields = {f.key: f for f in does.params(me.entity)}
    try:
        me.params = parse(fields, raw, complete=True)
        resolve(me.entity, fields, me.params, writes=not me.dry_run)
        does.prepare(me)
    except Invalid:
        look_at(me.entity, me.verb, selection)
        raise


def _run(does: Behaviour, me: Run, chosen: Chosen, foreseen: Mapping[str, int]) -> Outcome:
    assert me.operation_id is not None  # noqa: S101 - for the type checker
    most = does.at_once(me)
    ids = chosen.ids(most + 1)
    runs.note_first(me.operation_id, (skip.item for skip in chosen.skipped))
    if len(ids) > most:
        count = chosen.freeze(me.operation_id)
        does.foresee(me, count)
        outcome = Outcome(operation_id=me.operation_id, is_waiting=True)
        outcome.is_held = not does.begin(me, count)
        total = count + len(chosen.skipped)
        runs.count(me.operation_id, total=total, done=0, skipped=len(chosen.skipped))
        outcome.total, outcome.skipped = total, list(chosen.skipped)
        return outcome
    chosen.check(len(ids))
    does.foresee(me, len(ids))
    does.begin(me, len(ids))
    outcome = Outcome(len(ids) + len(chosen.skipped), operation_id=me.operation_id)
    outcome.skipped += chosen.skipped
    with running(me.operation_id):
        for some in chunks(ids):
            took = _step(does, me, some)
            note(me.operation_id, took)
            outcome.add(took)
    counts = {"total": outcome.total, "done": outcome.done, "skipped": len(outcome.skipped)}
    if counts != foreseen:
        runs.count(me.operation_id, **counts)
    tell(me, outcome, str(me.operation_id))
    return outcome


def _rehearse(does: Behaviour, me: Run, chosen: Chosen) -> Outcome:
    """The same verdicts without the writing, of the first rows of a very large selection."""
    outcome = Outcome(chosen.count() + len(chosen.skipped), skipped=list(chosen.skipped))
    count = outcome.total - len(chosen.skipped)
    chosen.check(count)
    outcome.warnings = does.foresee(me, count)
    last = 0
    while ids := chosen.ids(LOOKED_AT, after=last):
        outcome.add(_step(does, me, ids))
        del outcome.changes[SAMPLED:]
        last = ids[-1]
        if len(ids) < LOOKED_AT or outcome.looked_at >= MOST_LOOKED_AT:
            break
    outcome.rooms = room.after(me, outcome.given)
    return outcome


def recalled(past: OperationRun, kept: dict[str, Any]) -> Run:
    """A run that has begun, as it stands in the database."""
    entity = catalogue.get(past.entity)
    verb = entity.verb(past.operation)
    if verb is None:
        raise NotFound
    fields = behaviour(verb.slug).params(entity)
    params = {f.key: f.from_json(past.params.get(f.key)) for f in fields}
    return Run(entity, verb, params, dry_run=False, operation_id=past.id, kept=kept)


def resume(past: OperationRun, kept: dict[str, Any]) -> Run:
    """A run that has begun, to take its next step; the doer must hold the operation still (C40).

    Raises NotPermitted, or Invalid when what was chosen then can't be chosen any more.
    """
    me = recalled(past, kept)
    does = behaviour(me.verb.slug)
    door.demand(me.entity.key, me.verb.slug)
    fields = [f for f in does.params(me.entity) if f.key not in does.dwindling]
    asked = {f.key: f for f in fields if not isinstance(f, TagsField)}
    with _doing(me):
        try:
            resolve(me.entity, asked, me.params, writes=True)
        except Invalid as refusal:  # nobody has a form before him by now
            gone = sentences.enumerated(*(asked[key].label for key in refusal.fields))
            told = _l("What stood in “%(field)s” can't be chosen any more.", field=gone)
            raise Invalid(told) from None
        does.prepare(me)
    return me


def step(me: Run, ids: Sequence[int]) -> Outcome:
    """Lock, plan and write at most a chunk of rows; whoever asked notes what became of each."""
    assert me.operation_id is not None  # noqa: S101 - for the type checker
    with _doing(me), running(me.operation_id):
        return _step(behaviour(me.verb.slug), me, ids)


@contextmanager
def _doing(me: Run) -> Iterator[None]:
    with operating(me.verb.slug, me.entity.key, pools=True):
        yield


def _step(does: Behaviour, me: Run, ids: Sequence[int]) -> Outcome:
    lock = does.writes and not me.dry_run
    columns, leaving = does.columns(me), does.takes_away
    rows = list(lock_rows(me.entity, ids, columns, lock=lock, leaving=leaving))
    does.prepare_chunk(me, rows)
    plans = room.within(me, [does.plan(me, row) for row in rows])
    changes = [plan for plan in plans if isinstance(plan, Change)]
    outcome = Outcome(len(ids), changes, operation_id=me.operation_id)
    gone = sorted(set(ids) - {row.id for row in rows})
    outcome.skipped = [plan for plan in plans if not isinstance(plan, Change)]
    outcome.skipped += _missing(does, me, gone) if gone else []
    if lock and changes:
        does.carry_out(me, changes)
    outcome.done = len(changes)
    outcome.along = does.goes_along(me, changes)
    outcome.notified = others(does.notified(me, changes))
    outcome.given = room.given(changes)
    return outcome


def _missing(does: Behaviour, me: Run, gone: Sequence[int]) -> list[Skip]:
    chosen: Chosen | None = me.memory.get("chosen")
    return chosen.missing(gone) if chosen and chosen.is_late else does.missing(me, gone)


def note(number: int, outcome: Outcome) -> None:
    """What became of each row of a step, in the report of a run that hadn't frozen them."""
    done = ({"record_id": change.id, "outcome": "done"} for change in outcome.changes)
    runs.note_first(number, [*done, *(skip.item for skip in outcome.skipped)])


def others(told: Mapping[int, int]) -> dict[int, int]:
    """Those who hear of it, without whoever does it: he knows."""
    doer = actor().user_id
    return {person: n for person, n in told.items() if person != doer}


def tell(me: Run, outcome: Outcome, batch: str) -> None:
    """One message per receiver about all that was done; ``batch`` lets nobody get it twice."""
    if outcome.notified:
        kind = me.entity.told_as.get(me.verb.slug, me.verb.slug)
        outbox.tell(NOTICES[kind], batch, _messages(me, outcome))


def _messages(me: Run, outcome: Outcome) -> Iterator[tuple[int, dict[str, Any]]]:
    """A record is named when it is the only one: then it is what everybody hears of who may read
    such records (PERM-4).
    """
    doer = actor()
    alone = outcome.changes[0] if outcome.done == 1 and outcome.changes else None
    now = access.snapshot()
    for user_id, n in outcome.notified.items():
        only = alone if access.resolve(now, user_id).may(me.entity.key, "read") else None
        yield (
            user_id,
            {
                "entity": me.entity.key,
                "count": n,
                "operation_id": me.operation_id,
                "by_name": [doer.name, doer.name_en],
                "record": only.id if only else None,
                "title": only.title if only else "",
                "message": me.params.get("message") or "",
            },
        )
