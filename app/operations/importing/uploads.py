"""Taking an uploaded file in: measured, read by a process of its own, staged row by row (R17)."""

import hashlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any

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


@dataclass(frozen=True)
class Upload:
    """A file that has been read: what is known of it, and its rows, portion by portion."""

    entity: Entity
    about: dict[str, Any]
    portions: Iterator[Lines]


@contextmanager
def opened(entity: Entity, stream: IO[bytes], name: str, sheet: str = "") -> Iterator[Upload]:
    """An uploaded file that has been read; no transaction needs to be under way.

    Raises NotPermitted, TooLarge, or Invalid with what is wrong with the file.
    """
    door.demand(entity.key, "import")
    with tempfile.TemporaryDirectory(prefix="import-") as folder:
        path = Path(folder) / "upload"
        size, digest = _copied(stream, path)
        about = {"entity": entity.key, "name": _plain(name), "size": size, "sha256": digest}
        with sheets.opened(path, name, sheet, value(MOST_ROWS)) as found:
            about |= {"kind": found.kind, "sheet": found.name[:120], "sheets": found.names}
            _put_aside(Path(folder) / "rows", found.portions)
        yield Upload(entity, about, _portions(Path(folder) / "rows"))


def _put_aside(path: Path, portions: Iterator[Lines]) -> None:
    """Read the file to its end before anything is written: no other writer waits for that."""
    with path.open("w", encoding="ascii") as target:
        target.writelines(json.dumps(rows) + "\n" for rows in portions)


def _portions(path: Path) -> Iterator[Lines]:
    with path.open(encoding="ascii") as source:
        yield from map(json.loads, source)


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


def stage(upload: Upload) -> Import:
    """Keep the rows of the file for its import; the caller commits. Raises Invalid."""
    first = next(upload.portions, None)
    if not first:
        raise sheets.refuse("empty")
    fields = headers.importable(upload.entity, Policy(actor(), upload.entity, "import"))
    at = headers.find(first, headers.names_of(upload.entity, fields))
    line, cells = first[at]
    width = max(len(some) for _line, some in first[at:])
    headings = headers.named((line, [*cells, *[""] * (width - len(cells))]))
    rows = chain([first[at + 1 :]], upload.portions)
    file = imports.begin(upload.about | {"headings": headings})
    file.total = imports.keep(file, (some for some in rows if some))
    if not file.total:
        raise sheets.refuse("no_rows")
    file.mapping = headers.remembered(upload.entity, headings, fields)
    return file
