"""Private folders of this machine for what is under way: nobody else's, and gone with their user.

What a killed process leaves in one is swept by whoever makes the next on that machine (C70).
"""

import shutil
import tempfile
import time
from pathlib import Path

KINDS = ("export", "import")
ABANDONED = 24 * 3600
"""After so many seconds nobody uses a folder any more: its process was killed."""


def folder(kind: str) -> "tempfile.TemporaryDirectory[str]":
    """A new folder for that kind of work, 0700; a context manager, or to be cleaned up by hand."""
    sweep()
    return tempfile.TemporaryDirectory(prefix=f"crm-{kind}-")


def sweep() -> None:
    """Remove what killed processes have left on this machine."""
    before = time.time() - ABANDONED
    home = Path(tempfile.gettempdir())
    for left in (path for kind in KINDS for path in home.glob(f"crm-{kind}-*")):
        try:
            if left.stat().st_mtime < before:
                shutil.rmtree(left, ignore_errors=True)
        except OSError:  # somebody else was faster
            continue
