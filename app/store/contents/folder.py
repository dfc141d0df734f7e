"""Contents in a folder of this machine, or in one that all hosts share."""

import errno
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from app.spec.errors import StorageFull

PART = ".part"
FULL = (errno.ENOSPC, errno.EDQUOT)


class Folder:
    """A file each, 0600, outside of everything that is served."""

    def __init__(self, home: Path) -> None:
        self._home = home

    @contextmanager
    def incoming(self, name: str) -> Iterator[IO[bytes]]:
        """A file beside its place, moved there when it is whole and outlives a power cut."""
        path = self._path(name)
        part = path.with_suffix(PART)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _made(part) as file:
                yield file
                settle(file)
            part.rename(path)
            _flush_folder(path.parent)
        except OSError as fault:
            part.unlink(missing_ok=True)
            raise (StorageFull() if fault.errno in FULL else fault) from fault
        except BaseException:  # whatever it is: half a file stays nowhere
            part.unlink(missing_ok=True)
            raise

    def opened(self, name: str) -> IO[bytes]:
        return self._path(name).open("rb")

    def drop(self, name: str) -> None:
        self._path(name).unlink(missing_ok=True)

    def old(self, seconds: float) -> Iterator[Sequence[str]]:
        """Folder by folder; what a killed process was still writing is among them (C70)."""
        until = time.time() - seconds
        for folder in sorted(self._home.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]")):
            names = [path.name for path in folder.iterdir() if path.stat().st_mtime < until]
            if names:
                yield names

    def told(self) -> str:
        return str(self._home)

    def _path(self, name: str) -> Path:
        return self._home / name[:2] / name[2:4] / name


def _made(part: Path) -> IO[bytes]:
    return os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")


def settle(file: IO[bytes]) -> None:
    """See to it that what was written outlives a power cut."""
    file.flush()
    os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
