"""Taking an uploaded file in: measured, read by a process of its own, staged row by row (R17)."""

import hashlib
import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import IO

from app.operations.importing import headers, sheets
from app.operations.importing.options import MOST_MB, MOST_ROWS
from app.spec.entity import Entity
from app.spec.errors import TooLarge
from app.spec.settings import value
from app.spec.text import is_storable
from app.store import door, imports
from app.store.context import actor
from app.store.imports import Import, Lines
from app.store.policy import Policy

BLOCK = 1024 * 1024


def receive(entity: Entity, stream: IO[bytes], name: str, sheet: str = "") -> Import:
    """Stage an uploaded file for this entity; the caller commits.

    Raises NotPermitted, TooLarge, or Invalid with what is wrong with the file.
    """
    door.demand(entity.key, "import")
    with tempfile.TemporaryDirectory(prefix="import-") as folder:
        path = Path(folder) / "upload"
        size, digest = _copied(stream, path)
        about = {"entity": entity.key, "name": _plain(name), "size": size, "sha256": digest}
        with sheets.opened(path, name, sheet, value(MOST_ROWS)) as found:
            about |= {"kind": found.kind, "sheet": found.name[:120], "sheets": found.names}
            return _staged(entity, about, found.portions)


def _copied(stream: IO[bytes], path: Path) -> tuple[int, str]:
    digest, size, most = hashlib.sha256(), 0, value(MOST_MB) * BLOCK
    with path.open("wb") as target:
        while block := stream.read(BLOCK):
            size += len(block)
            if size > most:
                raise TooLarge
            digest.update(block)
            target.write(block)
    return size, digest.hexdigest()


def _plain(name: str) -> str:
    """The last part of a file's name, as it may be shown."""
    last = name.replace("\\", "/").rpartition("/")[2][-255:]
    return last if is_storable(last) and last.isprintable() else "?"


def _staged(entity: Entity, about: dict[str, object], portions: Iterator[Lines]) -> Import:
    first = next(portions, None)
    if not first:
        raise sheets.refuse("empty")
    fields = headers.importable(entity, Policy(actor(), entity, "import"))
    at = headers.find(first, headers.names_of(fields))
    headings = headers.named(first[at])
    rows = chain([first[at + 1 :]], portions)
    file = imports.begin(about | {"headings": headings})
    file.total = imports.keep(file, (some for some in rows if some))
    if not file.total:
        raise sheets.refuse("no_rows")
    file.mapping = headers.remembered(entity, headings, fields)
    return file
