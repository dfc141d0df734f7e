"""The operation: it settles which rows go into the file; the file itself comes later (EXP-3)."""

from app.operations.behaviour import Behaviour, Row, Run
from app.operations.exporting import files
from app.operations.exporting.table import table_for
from app.operations.outcome import Plan
from app.spec import clock
from app.store import exports

AT_ONCE = 2_000
"""Up to so many rows the file is written when it is fetched; of more a job writes it (BULK-3)."""


class Export(Behaviour):
    """Writes nothing to the records."""

    slug = "export"
    writes = False
    job = "export"

    def at_once(self, run: Run) -> int:
        return AT_ONCE

    def prepare(self, run: Run) -> None:
        table_for(run.entity, run.params["columns"])

    def plan(self, run: Run, row: Row) -> Plan:
        return row.change()

    def begin(self, run: Run, total: int) -> None:
        """Note it among one's exports."""
        assert run.operation_id is not None  # noqa: S101 - a run that begins has its number
        is_kept = total > self.at_once(run)
        exports.begin(
            run.operation_id,
            {
                "entity": run.entity.key,
                "format": run.params["format"],
                "total": total,
                "reason": run.params.get("reason") or "",
                "is_kept": is_kept,
                "expires_at": None if is_kept else clock.now() + files.kept_for(),
            },
        )
