"""A disk of a few megabytes for a test to fill: a file system in memory, mounted by root."""

import errno
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BLOCK = 64 * 1024


class SmallDisk:
    """What lies in its folder shares that little room."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Take all the room that is left: whoever writes more finds none."""
        with self._ballast.open("ab", buffering=0) as file:
            size = BLOCK
            while size:
                try:
                    file.write(b"\0" * size)
                except OSError as fault:
                    if fault.errno != errno.ENOSPC:
                        raise
                    size //= 2

    def make_room(self) -> None:
        """Give it back."""
        self._ballast.unlink()


@contextmanager
def mounted(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """A disk of that size as this folder; PermissionError where one may not mount."""
    folder.mkdir()
    command = [
        _program("mount"),
        "-t",
        "tmpfs",
        "-o",
        f"size={megabytes}m,mode=755",
        "tmpfs",
        str(folder),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        folder.rmdir()
        raise PermissionError(done.stderr.strip())
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run([_program("umount"), "--lazy", str(folder)], check=True)
        folder.rmdir()


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise PermissionError(f"this machine has no {name}")
    return found
