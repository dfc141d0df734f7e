"""Putting back what a run wrote into records, as the history tells it (BULK-5)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.operations.behaviour import Behaviour, Row, Run, permitted
from app.operations.judging import OPINIONS
from app.operations.lifecycle import Levels
from app.operations.outcome import Plan
from app.operations.rules import rules_of
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.field import Field
from app.spec.relations import LinksField, RelationField
from app.store import door, history, opinions, seats
from app.store.context import system_scope
from app.store.scope import member_of
from app.store.writer import Change

NOTED = ("team", OPINIONS)
"""What runs write that isn't a field, as the notes of the history tell it."""


class PutBack(Behaviour):
    """The old values of what a run wrote, by the rules of any write; seats as they were."""

    slug = "undo"

    def along(self, run: Run, ids: Sequence[int]) -> Levels:
        """What the run wrote of the children that these records have, each with its record."""
        return list(_carried(run, ids))

    def columns(self, run: Run) -> Sequence[str]:
        return tuple(written_fields(run))

    def prepare_chunk(self, run: Run, rows: Sequence[Row]) -> None:
        wanted: dict[str, set[int]] = defaultdict(set)
        for f in _pointing(written_fields(run).values()):
            for row in rows:
                wanted[f.to] |= _pointed_at(_old(run, row.id).get(f.key))
        run.memory["there"] = {to: there(run.entity, to, ids) for to, ids in wanted.items()}

    def plan(self, run: Run, row: Row) -> Plan:
        fields, old = written_fields(run), _old(run, row.id)
        for f in _pointing(fields[key] for key in old if key in fields):
            if _pointed_at(old[f.key]) - run.memory["there"][f.to]:
                return row.skip("dismissed", field=f.label)
        values = {key: fields[key].from_json(was) for key, was in old.items() if key in fields}
        plan = permitted(run, row, **values)
        notes = {key: run.written[row.id][key] for key in NOTED if key in run.written[row.id]}
        if isinstance(plan, Change) and notes:
            return replace(plan, notes={key: note[::-1] for key, note in notes.items()})
        return plan

    def settled(self, run: Run, changes: Sequence[Change]) -> Sequence[Change]:
        """The changes as they are to be, now that it is known which records go back."""
        return changes

    def after(self, run: Run, changes: Sequence[Change]) -> None:
        ids = [c.id for c in changes]
        seats.put_back(run.params["run"], run.entity.key, ids)
        if run.entity.judged:
            opinions.take_back(run.params["run"], run.entity.key, ids)

    def notified(self, run: Run, changes: Sequence[Change]) -> dict[int, int]:
        """Whoever gets a record back, whoever has to give it up, and the team."""
        told: Counter[int] = Counter()
        for change in changes:
            owners = {change.before.get("owner"), change.values.get("owner")}
            people = owners if "owner" in change.values and len(owners) > 1 else set()
            before, after = change.notes.get("team", ([], []))
            told.update(i for i in people | (set(before) ^ set(after)) if i)
        return dict(told)


def _carried(run: Run, ids: Sequence[int]) -> Iterator[tuple[Entity, dict[int, Any]]]:
    for child in run.entity.children:
        if child.entity not in run.kept["kinds"]:
            continue
        other = catalogue.get(child.entity)
        through = getattr(other.model, other.fields[child.through].column)
        with system_scope("what went along with a record goes back with it"):
            rows = db.session.execute(
                select(other.model.id, through).where(
                    member_of(through, ids),
                    other.model.id.in_(history.records_of_run(run.params["run"], other.key)),
                )
            ).all()
        if rows:
            yield other, {i: (run.entity.key, up) for i, up in rows}


def written_fields(run: Run) -> dict[str, Field]:
    """The fields that the run wrote in these records, as far as they still exist."""
    keys = {key for changes in run.written.values() for key in changes}
    return {key: f for key, f in run.entity.fields.items() if key in keys}


def _old(run: Run, record_id: int) -> dict[str, Any]:
    return {key: pair[0] for key, pair in run.written.get(record_id, {}).items()}


def _pointing(fields: Iterable[Field]) -> Iterator[RelationField | LinksField]:
    """The fields whose values must still be there to be chosen; not what tells of the past."""
    for f in fields:
        if isinstance(f, LinksField) or (isinstance(f, RelationField) and f.is_constrained):
            yield f


def _pointed_at(value: Any) -> set[int]:
    return set(value) if isinstance(value, list) else {value} - {None}


def there(chooser: Entity, to: str, ids: set[int]) -> set[int]:
    """Those of the records that can still be chosen: alive, active, enabled. They are held."""
    target = catalogue.get(to)
    model = target.model
    where = [member_of(model.id, sorted(ids)), *rules_of(target).choosable(chooser)]
    if target.is_binned:
        where.append(model.deleted_at.is_(None))
    with system_scope("whether somebody is still there is known everywhere"):
        found = door.held(select(model.id).where(*where), model)
        return set(db.session.scalars(found)) if ids else set()
