"""Importing among the operations: no selection, so nothing of the engine, but runs like theirs."""

from collections.abc import Sequence
from dataclasses import replace

from app.operations.behaviour import Behaviour, Row, Run, write
from app.operations.lifecycle import Delete, Levels
from app.operations.outcome import Plan
from app.operations.putting_back import PutBack
from app.store.writer import Change


class Import(Behaviour):
    """Done by ``applying``; known here, so that its runs are listed and can be undone (BULK-9)."""

    slug = "import"


class Detach(PutBack):
    """What an import changed is as before, and the children that its rows carried go (BULK-5)."""

    def along(self, run: Run, ids: Sequence[int]) -> Levels:
        run.memory["root"] = run.entity.key
        return super().along(run, ids)

    def plan(self, run: Run, row: Row) -> Plan:
        if run.entity.key == run.memory["root"]:
            return super().plan(run, row)
        return replace(row.change(), notes={"deleted": [False, True]})

    def carry_out(self, run: Run, changes: Sequence[Change]) -> None:
        if run.entity.key == run.memory["root"]:
            super().carry_out(run, changes)
        else:
            write(run, changes, Delete().marks(run))
