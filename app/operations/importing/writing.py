"""What an import writes: a portion at a time, set-based, with history and report (BULK-6, IMP)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from app.operations import editing
from app.operations.importing.plan import ATTACHED, Claims, Planner, Verdict
from app.operations.rules import rules_of
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.relations import TagsField
from app.spec.words import listed
from app.store import runs
from app.store.context import operating
from app.store.writer import Change, Context, insert_rows, update_rows


def write(planner: Planner, verdicts: Sequence[Verdict], claims: Claims, run: int) -> None:
    """Write what is to be created and changed, set-based, with history and report."""
    entity, rules = planner.entity, rules_of(planner.entity)
    _make_tags(entity, verdicts)
    how = Context("import", run, is_handover=bool(planner.options.pool))
    new = [verdict for verdict in verdicts if verdict.outcome == "created"]
    with operating("create", entity.key):
        ids = insert_rows(entity, [verdict.values for verdict in new], how)
    for verdict, record in zip(new, ids, strict=True):
        verdict.record = record
    changes = _changes(verdicts)
    with operating("edit", entity.key, pools=True):
        update_rows(entity, changes, how)
        if ids or changes:
            rules.after_write(entity, [*ids, *(change.id for change in changes)])
    if planner.carried:
        claims.made |= {verdict.line: verdict.record or 0 for verdict in new}
        _write_carried(planner.carried, verdicts, claims, how)
    told = _once(run, [v for v in verdicts if v.outcome in ("created", "updated")])
    runs.note_first(run, (_item(verdict) for verdict in told))


def _changes(verdicts: Sequence[Verdict]) -> list[Change]:
    """What changes existing records: each once, with all that is attached to it."""
    found: dict[int, Change] = {}
    for change in (verdict.change for verdict in verdicts if verdict.change):
        before = found.get(change.id)
        if before is not None:
            told = (one.notes for one in (before, change))
            names = (notes[ATTACHED][1] for notes in told if ATTACHED in notes)
            change = replace(before, notes={ATTACHED: ["", listed(names)]})
        found[change.id] = change
    return list(found.values())


def _write_carried(
    planner: Planner, verdicts: Sequence[Verdict], claims: Claims, how: Context
) -> None:
    """Write what the rows carry, each with the record that it was decided to belong to."""
    entity, through = planner.entity, planner.through
    _make_tags(entity, [verdict.carried for verdict in verdicts if verdict.carried])
    rows = [
        {**verdict.carried.values, through: claims.record_of(verdict.carried.values[through])}
        for verdict in verdicts
        if verdict.carried
    ]
    with operating("create", entity.key):
        ids = insert_rows(entity, rows, how)
        if ids:
            rules_of(entity).after_write(entity, ids)


def _once(run: int, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Of several rows about one record the first; none when an earlier portion told of it."""
    attached = [v.record for v in verdicts if v.code == ATTACHED and v.record]
    told = runs.noted(run, attached) if attached else set[int]()
    found: dict[int, Verdict] = {}
    for verdict in verdicts:
        if verdict.record and not (verdict.code == ATTACHED and verdict.record in told):
            found.setdefault(verdict.record, verdict)
    return list(found.values())


def _make_tags(entity: Entity, verdicts: Sequence[Verdict]) -> None:
    """Make the tags that are still names in what is to be written, all at once."""
    for f in entity.fields.values():
        if not isinstance(f, TagsField):
            continue
        tagged = [verdict.values for verdict in verdicts if verdict.values.get(f.key)]
        new = {name for values in tagged for name in values[f.key] if isinstance(name, str)}
        if not new:
            continue
        target, names = catalogue.get(f.to), sorted(new)
        made = editing.create_plain(target, [{target.title: name} for name in names])
        known = dict(zip(names, made, strict=True))
        for values in tagged:
            values[f.key] = sorted(known.get(one, one) for one in values[f.key])


def _item(verdict: Verdict) -> dict[str, Any]:
    code = runs.CREATED if verdict.outcome == "created" else verdict.outcome
    return {"record_id": verdict.record, "outcome": "done", "code": code}
