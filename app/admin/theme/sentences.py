"""The sentences of both languages, compiled for the program from the catalogues translators edit.

The compiled files are not kept under version control; a start makes those that are missing or not
those of the catalogue beside them.
"""

import os
import tempfile
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).resolve().parents[3] / "translations"


def build() -> bool:
    """Compile every catalogue that changed; True when there was one.

    Safe to be called by several processes at once: each file is moved into place whole.
    """
    due = [source for source in sorted(FOLDER.glob("*/LC_MESSAGES/*.po")) if not _is_done(source)]
    for source in due:
        _compile(source)
    return bool(due)


def _is_done(source: Path) -> bool:
    """A compiled file carries the time of the catalogue it was made from."""
    made = source.with_suffix(".mo")
    return made.exists() and made.stat().st_mtime_ns == source.stat().st_mtime_ns


def _compile(source: Path) -> None:
    stamp = source.stat().st_mtime_ns
    with source.open("rb") as file:
        catalogue = read_po(file, locale=source.parents[1].name)
    handle, draft = tempfile.mkstemp(prefix=".draft-", dir=source.parent)
    with os.fdopen(handle, "wb") as file:
        write_mo(file, catalogue)
    Path(draft).chmod(0o644)
    os.utime(draft, ns=(stamp, stamp))
    Path(draft).replace(source.with_suffix(".mo"))
