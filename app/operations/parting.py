"""Un-merge: what became one record is several again (CUS-7)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from app.extensions import db
from app.operations import pointing
from app.operations.behaviour import Row, Run, write
from app.operations.lifecycle import Levels, Restore
from app.operations.merging import MERGED, MERGED_INTO
from app.operations.outcome import Plan
from app.operations.putting_back import PutBack
from app.spec.entity import Entity
from app.spec.relations import LinksField
from app.store import attachments, history, marks, namesakes
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

    def carry_out(self, run: Run, changes: Sequence[Change]) -> None:
        """The survivor first, so that the others find free what must be unique."""
        back = [c for c in changes if _went(run, c.id)]
        super().carry_out(run, [c for c in changes if not _went(run, c.id)])
        if back:
            write(run, back, self.back.marks(run))
            into = {c.id: run.written[c.id][MERGED_INTO][1] for c in back}
            attachments.unshare(run.entity.key, run.entity.key, into)
            marks.take_back(run.entity.key, into)


def _went(run: Run, record_id: int) -> bool:
    """Whether the run had merged that record into another one."""
    return MERGED_INTO in run.written.get(record_id, {})
