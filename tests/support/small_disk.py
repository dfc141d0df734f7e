"""A disk of a few megabytes for a test to fill: a file system in memory, mounted by root."""

import errno
import subprocess
from pathlib import Path

from tests.support.privileges import program

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

    def unmount(self) -> None:
        """Away with it, whatever lies there."""
        subprocess.run([program("umount"), "--lazy", str(self.folder)], check=True)
        self.folder.rmdir()


def mounted(folder: Path, megabytes: int) -> SmallDisk:
    """A disk of that size as this folder; PermissionError where one may not mount."""
    command = [program("mount"), "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755"]
    folder.mkdir()
    done = subprocess.run([*command, "tmpfs", str(folder)], capture_output=True, check=False)
    if done.returncode:
        folder.rmdir()
        raise PermissionError(done.stderr.decode().strip())
    return SmallDisk(folder)
