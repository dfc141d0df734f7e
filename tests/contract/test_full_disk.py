"""Exports on a disk that is full, at each of their writes (C94): failed, and nothing half."""

import errno
import gc
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from xlsxwriter import worksheet

from app.jobs import runner
from app.jobs.runner import Runner
from app.operations.exporting import behaviour, drafts
from app.spec.errors import StorageFull
from app.store import listing
from tests.contract.calls import Api
from tests.contract.test_bulk import rows_in
from tests.contract.test_exports import asked, fetch, outcomes, parts
from tests.contract.test_jobs import fill, job_of
from tests.support.working import work_off
from tests.support.worlds import World

ROWS = 30
"""Two chunks, and the packing."""


class Disk:
    """What a job writes, counted; from the write ``full_at`` on so many of them find no room."""

    def __init__(self) -> None:
        self.is_watched = False
        self.written = self.full_at = self.refuses = 0

    def arm(self, full_at: int, refuses: int) -> None:
        self.written, self.full_at, self.refuses = 0, full_at, refuses

    @property
    def was_full(self) -> bool:
        return self.written >= self.full_at

    def has_room(self) -> bool:
        """Asked before each write."""
        if not self.is_watched:
            return True
        self.written += 1
        return not self.full_at <= self.written < self.full_at + self.refuses


class OnDisk(io.FileIO):
    """A file of that disk: what is buffered finds no room when it is written, be it at the end."""

    disk: Disk

    def write(self, data: Any) -> int:
        if not self.disk.has_room():
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data) or 0


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Disk]:
    """The disk that drafts and database lie on, watched while a worker is at a job."""
    found, run = Disk(), Runner._run
    monkeypatch.setattr(OnDisk, "disk", found, raising=False)

    def watched(self: Runner, number: int) -> None:
        found.is_watched = True
        try:
            run(self, number)
        finally:
            found.is_watched = False

    def opened(descriptor: int, *_: Any, **__: Any) -> io.TextIOWrapper:
        """What a workbook keeps its rows in."""
        return io.TextIOWrapper(io.BufferedRandom(OnDisk(descriptor, "w+")), encoding="utf-8")

    def scratch() -> io.BufferedRandom:
        return io.BufferedRandom(OnDisk(tempfile.mkstemp(dir=tmp_path)[0], "w+"), 4_000)

    monkeypatch.setattr(Runner, "_run", watched)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(drafts.tempfile, "TemporaryFile", scratch)
    monkeypatch.setattr(worksheet, "open", opened, raising=False)
    monkeypatch.setattr(runner, "BREATH", 0)
    monkeypatch.setattr(runner, "_rest", lambda faults: None)
    monkeypatch.setattr(behaviour, "AT_ONCE", 20)
    monkeypatch.setattr(listing, "BATCH", 20)
    monkeypatch.setattr(drafts, "PORTION", 10_000)

    def before_write(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE", "COMMIT")) and not found.has_room():
            raise OperationalError(statement, {}, Exception("database or disk is full"))

    def before_commit(_session: Any) -> None:
        before_write(None, None, "COMMIT")

    event.listen(Engine, "before_cursor_execute", before_write)
    event.listen(Session, "before_commit", before_commit)
    yield found
    event.remove(Engine, "before_cursor_execute", before_write)
    event.remove(Session, "before_commit", before_commit)
    gc.collect()  # books that could not be packed complain here, not within somebody else's test


# what packs a workbook tries to end it when it is thrown away, and finds its file closed
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("kind", "refuses"), [("xlsx", 1), ("csv", 1), ("csv", 2)])
def test_full_at_any_write(
    world: World, engine: Engine, disk: Disk, tmp_path: Path, kind: str, refuses: int
) -> None:
    """It ends as failed and says why; nothing of the file is there; with room again it is whole."""
    ids, api, count = fill(engine, ROWS), Api(world, "manager"), 0
    while True:
        job, run = asked(api, ids, format=kind)
        before = parts(engine), len(rows_in(engine, "history", operation="export"))
        disk.arm(count + 1, refuses)
        work_off(world)
        if not disk.was_full:
            break
        count += 1
        ended = job_of(api, job)
        assert (ended["state"], ended["error"]["code"]) == ("failed", StorageFull.code), count
        assert (ended["done"], ended["skipped"]) == (0, 0), count
        assert outcomes(api, run) == {"pending": ROWS}, count
        assert fetch(api, run).status_code == 404
        assert (parts(engine), len(rows_in(engine, "history", operation="export"))) == before
        assert [path.name for path in tmp_path.glob("crm-export-*")] == []
        assert api.post(f"/jobs/{job}/retry", {}).status_code == 200
        work_off(world)
        assert (job_of(api, job)["state"], outcomes(api, run)) == ("done", {"done": ROWS}), count
        assert fetch(api, run).status_code == 200
    assert job_of(api, job)["state"] == "done"
    assert count > 12, "the draft, its rows, the portions, the end"
