"""A file while it is being written: in a private folder of this machine, gone with its writer.

What is on disk meanwhile is nobody's to fetch; a file counts once it is stored whole (EXP-3).
"""

import errno
import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import IO, Any

from app.operations import scratch
from app.operations.behaviour import chunks
from app.operations.exporting import writers
from app.operations.exporting.table import Table, rows_of
from app.spec.errors import StorageFull
from app.store import listing
from app.store.replica import Server, Source

PORTION = 1024 * 1024
"""Bytes of a file that are stored together."""
FULL = (errno.ENOSPC, errno.EDQUOT)


class Draft:
    """A file under way; a context manager, or to be dropped by hand."""

    def __init__(self, kind: str, table: Table, number: int, source: Source | None = None) -> None:
        """``source`` says where rows are read; without one that is the primary."""
        self._table = table
        self._source = source or Source()
        self.count = 0
        self.digest = ""
        self._is_taken = False
        with ExitStack() as open_things, _room():
            self._folder = scratch.folder("export")
            open_things.callback(self._folder.cleanup)
            self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - it outlives this
            open_things.callback(_let_go, self._file.close)
            self._writer = writers.writer(kind, self._file, table, number, self._folder.name)
            open_things.pop_all()

    def __enter__(self) -> "Draft":
        return self

    def __exit__(self, *_error: object) -> None:
        self.drop()

    def add(self, ids: Sequence[int]) -> list[int]:
        """Write these records, as far as they lie within the scope; answers which did."""
        found: list[int] = []
        for some in chunks(ids, listing.BATCH):
            rows = self._source.read(partial(self._rows, some))
            with _room():
                self._writer.add(cells for _record, cells in rows)
            found += [record for record, _cells in rows]
        self.count += len(found)
        return found

    def _rows(self, ids: Sequence[int], server: Server) -> list[tuple[int, list[Any]]]:
        return list(rows_of(self._table, ids, server))

    def finish(self) -> None:
        """Make it whole, and take its fingerprint."""
        with _room():
            self._writer.close()
            self._file.flush()
        self._file.seek(0)
        self.digest = hashlib.file_digest(self._file, "sha256").hexdigest()  # type: ignore[arg-type]
        self._file.seek(0)

    def portions(self) -> Iterator[bytes]:
        """The whole file, piece by piece."""
        while some := self._file.read(PORTION):
            yield some

    def drop(self) -> None:
        """Remove everything from the disk, but for a file that somebody has taken."""
        _let_go(self._writer.abandon)
        if not self._is_taken:
            _let_go(self._file.close)
        self._folder.cleanup()

    def take(self) -> IO[bytes]:
        """The whole file for whoever sends it, and closes it then."""
        self._is_taken = True
        return self._file


def _let_go(close: Callable[[], None]) -> None:
    """Close what is not wanted any more, whatever is left to be written: there may be no room."""
    with suppress(OSError):
        close()


@contextmanager
def _room() -> Iterator[None]:
    """A disk without room is an answer, no fault (C94)."""
    try:
        yield
    except Exception as error:  # XlsxWriter says it by a class of its own
        cause = error if isinstance(error, OSError) else error.__context__
        if getattr(cause, "errno", None) in FULL:
            raise StorageFull from error
        raise
