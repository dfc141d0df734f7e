"""The operation: it settles which rows go into the file; the file itself comes later (EXP-3)."""

from collections.abc import Sequence
from typing import Any

from app.operations.behaviour import Behaviour, Row, Run
from app.operations.exporting import approval, files
from app.operations.exporting.table import table_for
from app.operations.outcome import Plan
from app.spec import clock
from app.store import exports
from app.store.context import actor

AT_ONCE = 2_000
"""Up to so many rows the file is written when it is fetched; of more a job writes it (BULK-3)."""


class Export(Behaviour):
    """Writes nothing to the records."""

    slug = "export"
    writes = False
    job = "export"

    def at_once(self, run: Run) -> int:
        limit = actor().rights.export_limit(run.entity.key)
        return AT_ONCE if limit is None else min(AT_ONCE, limit)

    def prepare(self, run: Run) -> None:
        table_for(run.entity, run.params["columns"])

    def plan(self, run: Run, row: Row) -> Plan:
        return row.change()

    def foresee(self, run: Run, total: int) -> Sequence[str]:
        """Above one's limit a reason is needed, and somebody who approves (EXP-2)."""
        return approval.foresee(run.entity, total, run.params.get("reason") or "")

    def begin(self, run: Run, total: int) -> bool:
        """Note it among one's exports; False when somebody has to approve it first."""
        assert run.operation_id is not None  # noqa: S101 - a run that begins has its number
        reason, is_kept = run.params.get("reason") or "", total > self.at_once(run)
        asked: dict[str, Any] = {}
        if approval.needs_approval(run.entity, total):
            asked = approval.ask(run.operation_id, run.entity, total, reason)
        exports.begin(
            run.operation_id,
            {
                "entity": run.entity.key,
                "format": run.params["format"],
                "total": total,
                "reason": reason,
                "is_kept": is_kept,
                "expires_at": None if is_kept else clock.now() + files.kept_for(),
                **asked,
            },
        )
        return not asked
