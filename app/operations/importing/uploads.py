"""Taking an uploaded file in: measured, read by a process of its own, staged row by row (R17)."""

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any

from app.operations import scratch
from app.operations.importing import headers, sheets
from app.operations.importing.options import MOST_MB, MOST_ROWS
from app.spec.entity import Entity
from app.spec.errors import Invalid, TooLarge
from app.spec.field import Field
from app.spec.settings import value
from app.spec.text import is_storable
from app.store import door, imports
from app.store.context import actor
from app.store.imports import Import
from app.store.policy import Policy

BLOCK = 1024 * 1024


@dataclass
class Aside:
    """The rows of a sheet that were put aside, in portions, each still packed behind its count."""

    file: IO[bytes]
    count: int = 0

    def add(self, packed: bytes) -> None:
        self.count += int(packed[: packed.index(b" ")])
        self.file.write(packed)

    def portions(self) -> Iterator[bytes]:
        """The portions from the first one on, as JSON."""
        self.file.seek(0)
        for packed in self.file:
            yield packed.partition(b" ")[2]


@dataclass(frozen=True)
class Upload:
    """A file that has been read: what is known of it, and the rows of its sheets by name."""

    entity: Entity
    about: dict[str, Any]
    sheets: Mapping[str, Aside]
    """The first one, or the one that was asked for; then those that hold something as well."""


@contextmanager
def opened(
    entity: Entity, stream: IO[bytes], name: str, sheet: str = "", *, every: bool = False
) -> Iterator[Upload]:
    """An uploaded file that has been read; no transaction needs to be under way.

    Raises NotPermitted, TooLarge, or Invalid with what is wrong with the file.
    """
    door.demand(entity.key, "import")
    with scratch.folder("import") as folder, ExitStack() as files:
        path = Path(folder) / "upload"
        size, digest = _copied(stream, path)
        about = {"entity": entity.key, "name": _plain(name), "size": size, "sha256": digest}
        with sheets.opened(path, name, value(MOST_ROWS), sheet, every=every) as book:
            names, found = _put_aside(book, lambda: files.enter_context(tempfile.TemporaryFile()))
        yield Upload(entity, about | {"kind": book.kind, "sheets": names}, found)


def _put_aside(
    book: sheets.Book, new_file: Callable[[], IO[bytes]]
) -> tuple[list[str], dict[str, Aside]]:
    """Read the file to its end before anything is written: no other writer waits for that.

    Answers how its sheets are called, and the rows of those that could be taken.
    """
    names: list[str] = []
    name, found = "", dict[str, Aside]()
    for said in book.said:
        if isinstance(said, bytes):
            found[name].add(said)
        elif "sheet" in said:
            names, name = said["sheets"], said["sheet"]
            found[name] = Aside(new_file())
        else:
            del found[name]
    return names, found


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
    """Keep the rows of the file for its import; the caller commits. Raises Invalid.

    A further sheet becomes an import of its own beside this one, unless nothing in it is known.
    """
    fields = headers.importable(upload.entity, Policy(actor(), upload.entity, "import"))
    first, *others = upload.sheets
    file = _staged(upload, first, fields)
    for name in others:
        with suppress(Invalid):  # notes, a pivot table: nothing that was meant to be imported
            _staged(upload, name, fields, beside=file)
    return file


def _staged(
    upload: Upload, sheet: str, fields: Mapping[str, Field], beside: Import | None = None
) -> Import:
    """Keep the rows of one sheet; nothing of it when it is refused."""
    aside, names = upload.sheets[sheet], headers.names_of(upload.entity, fields)
    portions = aside.portions()
    first = json.loads(next(portions, b"[]"))
    if not first:
        raise sheets.refuse("empty")
    at = headers.find(first, names)
    line, cells = first[at]
    width = max(len(some) for _line, some in first[at:])
    headings = headers.named((line, [*cells, *[""] * (width - len(cells))]))
    total = aside.count - at - 1
    if total < 1 or (beside and not headers.are_known(headings, names)):
        raise sheets.refuse("no_rows")
    about = upload.about | {"sheet": sheet[:120], "headings": headings, "total": total}
    file = imports.begin(about | ({"at": beside.at} if beside else {}))
    rest = [json.dumps(first[at + 1 :], ensure_ascii=False).encode()] if first[at + 1 :] else []
    imports.keep(file, chain(rest, portions))
    file.mapping = headers.remembered(upload.entity, headings, fields)
    return file
