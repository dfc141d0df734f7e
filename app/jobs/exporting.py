"""The files of large exports, written chunk by chunk and stored whole (EXP-3, R16).

Rows are read and written between the transactions of the job, so that nobody waits for them. What
a killed worker had written is lost with it: whoever takes the job up begins anew.
"""

from datetime import timedelta

from app.jobs.kind import Kind
from app.jobs.queue import enqueue
from app.operations.exporting import approval, files
from app.operations.exporting.drafts import Draft
from app.operations.exporting.table import Table, table_for
from app.operations.outcome import Skip
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.store import access, door, exports, listing, replica, runs
from app.store.exports import Export
from app.store.jobs import Job

BATCHES = 4
"""So many batches are read and written between two transactions of the job."""
PACKED = 5_000
"""Rows that even a slow machine packs within a second."""


class Exporting(Kind):
    """Writes the file of one export; its cursor is the last record that was looked at."""

    slug = "export"
    begins_anew = True

    def __init__(self) -> None:
        self._draft: Draft | None = None
        self._table: Table | None = None
        self._number = self._last = 0
        self._ids: list[int] = []
        self._written: list[int] = []
        self._is_read = False

    @property
    def prepares(self) -> bool:
        return self._draft is not None

    def prepare(self) -> None:
        """Read and write the next rows; behind the last ones make the file whole."""
        if self._draft is None:
            return
        if self._is_read:
            self._draft.finish()
        else:
            self._ids = runs.pending(self._number, self._last, _step())
            self._written = self._draft.add(self._ids)

    def advance(self, job: Job) -> bool:
        self._number = job.operation_id or 0
        export = exports.under_way(self._number)
        entity = catalogue.get(export.entity)
        door.demand(entity.key, "export")
        if self._draft is None or self._table is None or not self._is_permitted(entity):
            self._begin(job, entity, export.format)
        elif self._draft.digest:
            files.store(export, self._draft, self._table)
            return False
        else:
            self._note(job)
        return True

    def _is_permitted(self, entity: Entity) -> bool:
        """Whether his rights are those that the file was begun with: no file mixes two."""
        assert self._table is not None  # noqa: S101 - for the type checker
        now = table_for(entity, [field.key for field in self._table.fields])
        return files.grounds(now) == files.grounds(self._table)

    def _begin(self, job: Job, entity: Entity, kind: str) -> None:
        """Start anew, with the rights of now."""
        self.let_go()
        columns = runs.under_way(self._number).params["columns"]
        self._table = table_for(entity, columns)
        self._draft = Draft(kind, self._table, self._number, replica.source())
        self._last, self._is_read = 0, False
        runs.unsettle(self._number)
        job.cursor = job.done = 0
        job.skipped = job.total - runs.count_pending(self._number)

    def _note(self, job: Job) -> None:
        """Count the rows that have been written, and those that he may not have any more.

        In the report a row is done as soon as the file is stored (``exports.is_written``): so there
        is nothing to take back when it never will be, and nothing to write for each row when it is.
        """
        if self._ids:
            gone = sorted(set(self._ids) - set(self._written))
            runs.note(self._number, (Skip(i, "gone").item for i in gone))
            self._last = job.cursor = self._ids[-1]
            job.done += len(self._written)
            job.skipped += len(gone)
        if len(self._ids) < _step():
            self._is_read = True
            job.lease_until += timedelta(seconds=job.total / PACKED)  # no sign of life meanwhile

    def settle(self, job: Job) -> None:
        """Without its file no row is exported (BULK-4)."""
        number = job.operation_id or 0
        if job.state != "done":
            job.done = 0
            runs.unsettle(number)
        runs.count(number, total=job.total, done=job.done, skipped=job.skipped)

    def let_go(self) -> None:
        if self._draft is not None:
            self._draft.drop()
            self._draft = None

    def download(self, job: Job) -> str:
        return files.address(job.operation_id or 0)


def _step() -> int:
    return BATCHES * listing.BATCH


def decide(number: int, remark: str, *, is_approved: bool) -> Export:
    """Approve or reject an export; approved, a job of its maker's writes it. As ``approval``."""
    export = approval.decide(number, remark, is_approved=is_approved)
    if is_approved:
        run = runs.under_way(number)
        maker = access.load_actor(export.actor_id)
        enqueue(
            Exporting.slug,
            operation_id=number,
            total=run.total,
            skipped=run.skipped,
            person=(maker.user_id, maker.language),
        )
    return export
