"""Un-merge: what became one record is several again (CUS-7)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from app.extensions import db
from app.operations import pointing
from app.operations.behaviour import Row, Run, lock_rows, write
from app.operations.lifecycle import Levels, Restore
from app.operations.merging import MERGED, MERGED_INTO, now_in, still_in
from app.operations.outcome import Plan
from app.operations.putting_back import PutBack
from app.spec.entity import Entity
from app.spec.relations import LinksField
from app.store import attachments, history, marks, namesakes, seats
from app.store.context import system_scope
from app.store.writer import Change


class Part(PutBack):
    """The survivor has its values, the others come back, and with each what had hung on it."""

    back = Restore()

    def prepare(self, run: Run) -> None:
        self.back.prepare(run)
        run.memory["root"], run.memory["returning"] = run.entity.key, set()

    def columns(self, run: Run) -> Sequence[str]:
        return (*super().columns(run), *self.back.columns(run))

    def along(self, run: Run, ids: Sequence[int]) -> Levels:
        """What the run moved, each with the record that it had hung on."""
        past, levels = run.params["run"], defaultdict[str, dict[int, Any]](dict)
        entities: dict[str, Entity] = {}
        for other, f in pointing.fields(run.entity):
            with system_scope("what a run has moved is known whatever its kind"):
                moved: list[Any] = list(db.session.scalars(history.records_of_run(past, other.key)))
            for i, changes in history.written_by(past, other.key, moved).items():
                old, new = changes.get(f.key, (None, None))
                left = set(old or ()) - set(new) if isinstance(f, LinksField) and new else {old}
                for one in left & set(ids):
                    entities[other.key], levels[other.key][i] = other, (run.entity.key, one)
        return [(entities[key], rows) for key, rows in levels.items()]

    def prepare_chunk(self, run: Run, rows: Sequence[Row]) -> None:
        super().prepare_chunk(run, rows)
        if run.entity.key != run.memory["root"]:
            there, root = run.memory["there"], run.memory["root"]
            there[root] = there.get(root, set()) | run.memory["returning"]
            return
        self.back.prepare_chunk(run, [row for row in rows if _went(run, row.id)])
        survivors = [row for row in rows if not _went(run, row.id)]
        for key, taken in run.memory["taken"].items():
            f = run.entity.fields[key]
            given_back = [row for row in survivors if key in run.written.get(row.id, {})]
            taken -= {namesakes.unique_value(f, row.values.get(key)) for row in given_back}

    def plan(self, run: Run, row: Row) -> Plan:
        written = run.written.get(row.id, {})
        if not _went(run, row.id):
            plan = super().plan(run, row)
            if isinstance(plan, Change) and MERGED in written:
                return replace(plan, notes={**plan.notes, MERGED: written[MERGED][::-1]})
            return plan
        plan = self.back.plan(run, row)
        if isinstance(plan, Change):
            run.memory["returning"].add(row.id)
            return replace(plan, notes={**plan.notes, MERGED_INTO: written[MERGED_INTO][::-1]})
        return plan

    def settled(self, run: Run, changes: Sequence[Change]) -> Sequence[Change]:
        """The survivor keeps the tags and the team of those that stay merged with it."""
        back = {c.id for c in changes if _went(run, c.id)}
        return [c if c.id in back else _keeping(run, c, back) for c in changes]

    def carry_out(self, run: Run, changes: Sequence[Change]) -> None:
        """The survivor first, so that the others find free what must be unique."""
        back = [c for c in changes if _went(run, c.id)]
        super().carry_out(run, [c for c in changes if not _went(run, c.id)])
        if back:
            write(run, back, self.back.marks(run))
            parted = [c.id for c in back]
            _take_marks(run.entity, parted, run.written[parted[0]][MERGED_INTO][1])

    def after(self, run: Run, changes: Sequence[Change]) -> None:
        super().after(run, changes)
        for change in changes:
            if staying := change.notes.get(MERGED, ([], []))[1]:
                _seat_again(run, change, staying)


def _keeping(run: Run, change: Change, back: set[int]) -> Change:
    """What the survivor was, together with those that don't come back from it."""
    merged = run.written.get(change.id, {}).get(MERGED, ([], []))[1]
    staying = sorted(set(merged) - back)
    if not staying:
        return change
    several = [key for key in change.values if isinstance(run.entity.fields[key], LinksField)]
    rows = _rows(run.entity, staying, several)
    together = {
        key: sorted({*change.values[key], *(one for row in rows for one in row.values[key])})
        for key in several
    }
    notes = {**change.notes, MERGED: [merged, staying]}
    if team := notes.pop("team", None):
        theirs = {row.values.get("owner") for row in rows}.union(
            *seats.of(run.entity.key, staying).values()
        )
        kept = sorted({*team[1], *theirs.intersection(team[0])})
        notes |= {"team": [team[0], kept]} if kept != team[0] else {}
    return replace(change, values={**change.values, **together}, notes=notes)


def _seat_again(run: Run, change: Change, staying: Sequence[int]) -> None:
    """Whoever works on one of those that stay merged keeps his place with the survivor."""
    key = run.entity.key
    survivor = Row(change.id, change.title, {**change.before, **change.values})
    have = seats.of(key, [change.id, *staying])
    found = seats.united(have, survivor, _rows(run.entity, staying, ()))
    for user, (level, until) in found.items():
        seats.add(key, [(change.id, user)], level, until)


def _rows(entity: Entity, ids: Sequence[int], columns: Sequence[str]) -> list[Row]:
    with system_scope("what stays merged is known to whoever takes the rest apart"):
        return list(lock_rows(entity, ids, columns))


def _take_marks(entity: Entity, parted: Sequence[int], survivor: int | None) -> None:
    """Files and marks leave the survivor with those they came with, and what it went into since."""
    sources = parted
    while survivor:
        attachments.unshare(entity.key, entity.key, dict.fromkeys(parted, survivor))
        marks.take_back(entity.key, sources, survivor, still_in(entity, survivor))
        sources, survivor = [survivor], now_in(entity, [survivor]).get(survivor)


def _went(run: Run, record_id: int) -> bool:
    """Whether the run had merged that record into another one."""
    return MERGED_INTO in run.written.get(record_id, {})
