"""Imports and dry runs of more rows than a request takes, portion by portion (BULK-3, R17)."""

from app.extensions import db
from app.jobs.kind import Kind
from app.jobs.queue import PAGE, enqueue
from app.operations.importing import applying, resuming
from app.operations.importing.applying import AT_ONCE, Importer, Rehearsal
from app.store import imports
from app.store.imports import Import
from app.store.jobs import Job

FILE = "import"
"""The parameter that says which file a job is about."""
TOLD = 5_000
"""Rows whose claims even a slow machine reads within a second."""


class Importing(Kind):
    """Imports one file; its cursor is the portion that comes next."""

    slug = "import"
    surface = "import"

    def __init__(self) -> None:
        self._importer = Importer()
        self._before: tuple[int, int] | None = None

    def take_up(self, job: Job) -> None:
        """What the portions before the cursor claim is read first, in no transaction of the job."""
        if job.cursor and job.state != "cancelling":
            self._before = job.parameters[FILE], job.cursor
            self.head_start = job.cursor * AT_ONCE / TOLD

    @property
    def prepares(self) -> bool:
        return self._before is not None

    def prepare(self) -> None:
        if self._before is not None:
            db.session.rollback()  # nothing stays open while they are read page by page
            self._importer = Importer(resuming.claims_before(*self._before))
            self._before = None

    def advance(self, job: Job) -> bool:
        file = imports.under_way(job.parameters[FILE])
        more = self._importer.step(file, job.cursor)
        job.cursor += 1
        job.done = file.created + file.updated
        job.skipped, job.failed = file.skipped, file.failed
        return more

    def settle(self, job: Job) -> None:
        """Owners hear of what they got since the last time."""
        file = imports.under_way(job.parameters[FILE])
        job.kept = job.kept | {"told": applying.tell_owners(file, job.kept.get("told", {}))}


class Rehearsing(Kind):
    """Rehearses one file, between the transactions of the job: nobody waits for what only looks.

    Who takes it up from another begins anew: nothing has been written. It is cancelled when another
    job has been set about the file meanwhile.
    """

    slug = "import_check"
    begins_anew = True

    def __init__(self) -> None:
        self._rehearsal = Rehearsal()
        self._job = self._file = self._place = 0
        self._more = True

    def take_up(self, job: Job) -> None:
        self._job, self._file = job.id, job.parameters[FILE]

    @property
    def prepares(self) -> bool:
        return True

    def prepare(self) -> None:
        """Look at the next portion."""
        file = imports.known(self._file)
        if file.job_id == self._job:
            self._more = self._rehearsal.step(file, self._place)
            self._place += 1

    def advance(self, job: Job) -> bool:
        file = imports.under_way(self._file)
        if file.job_id != job.id:  # settled anew, or imported: this would say what isn't so
            job.state = "cancelling"
            return True
        counts = self._rehearsal.tally.counts
        job.cursor = self._place
        job.done = counts["created"] + counts["updated"]
        job.skipped, job.failed = counts["skipped"], counts["failed"]
        if not self._more:
            file.rehearsal = self._rehearsal.tally.described()
        return self._more


def run(file: Import, page: str) -> int | None:
    """Import a file, at once or by a job whose number is returned; the caller commits.

    ``page`` is where its progress stands. The caller holds the file's lock.
    """
    number = applying.start(file)
    file.job_id = None
    if file.total > AT_ONCE:
        about = {FILE: file.id, PAGE: page}
        file.job_id = enqueue(
            Importing.slug, operation_id=number, parameters=about, total=file.total
        )
        return file.job_id
    importer, place = Importer(), 0
    while importer.step(file, place):
        place += 1
    applying.tell_owners(file, {})
    return None


def rehearse_later(file: Import, page: str) -> int:
    """A dry run by a job; its number."""
    applying.check_open(file)
    file.rehearsal = None
    file.job_id = enqueue(Rehearsing.slug, parameters={FILE: file.id, PAGE: page}, total=file.total)
    return file.job_id
