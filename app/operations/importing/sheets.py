"""From an uploaded file to rows of text: what it really is, and why it can't be read (IMP, C78).

Nothing is believed of a file: its content decides what it is, and it is opened by a process of its
own with limits. What can't be imported is refused by one of a closed list of sentences.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import IO, Any

from flask_babel import lazy_gettext as _l

from app.operations.importing import reader
from app.spec.errors import Invalid

KINDS = ("xlsx", "xls", "csv")
PATIENCE = 90.0
"""Seconds until the reading process is ended, busy or not."""
_ZIP, _OLD = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PAGE = (b"<html", b"<table", b"<!doctype", b"<?xml")

REFUSALS: dict[str, Any] = {
    "kind": _l("Only xlsx, xls and csv files can be imported."),
    "misnamed": _l(
        "The file is not what its name says (%(kind)s). Open it in a spreadsheet program and "
        "save it as xlsx."
    ),
    "nothing": _l("The file is empty."),
    "empty": _l("The sheet is empty."),
    "damaged": _l("The file is damaged and can't be opened."),
    "locked": _l("The file is protected by a password. Save it without one."),
    "not_a_workbook": _l("This archive is no workbook."),
    "too_many_sheets": _l("The workbook has too many sheets."),
    "too_much": _l("The file would unpack into far too much. Split it."),
    "no_such_sheet": _l("The workbook has no sheet of this name."),
    "encoding": _l(
        "Line %(line)s: the characters are neither UTF-8 nor GB18030 nor UTF-16. Save the file "
        "as UTF-8."
    ),
    "not_text": _l("Line %(line)s: this is not text."),
    "old_text": _l(
        "Line %(line)s: the characters of this old workbook can't be read. Open it in a "
        "spreadsheet program and save it as xlsx."
    ),
    "open_quote": _l("Line %(line)s: a quotation mark is not closed, or stands within a cell."),
    "long_cell": _l("Line %(line)s: a cell holds more than 32,767 characters."),
    "too_many_columns": _l("Line %(line)s: at most 200 columns."),
    "too_many_rows": _l("Line %(line)s: at most %(most)s rows. Split the file."),
    "headings": _l("Line %(line)s: the heading “%(name)s” stands there twice."),
    "no_rows": _l("There are headings, but no row below them."),
    "slow": _l("Reading the file took too long. Split it."),
}
"""Every reason not to take a file, by code."""


def refuse(code: str, **values: Any) -> Invalid:
    """The refusal of that code, as what is wrong with the file."""
    sentence = str(REFUSALS[code])
    return Invalid(fields={"file": [sentence % values if values else sentence]})


@dataclass(frozen=True)
class Book:
    """A file being read: what it is, and line by line what its reader says of it."""

    kind: str
    said: Iterator[bytes | dict[str, Any]]
    """A sheet that begins (``sheet``, and ``sheets`` that people see), then its rows, still packed,
    in portions; or ``passed_over`` when they can't be taken."""


def kind_of(name: str, head: bytes) -> str:
    """What a file is, by its content; Invalid when that is nothing of ours or not its name's."""
    named = name.rpartition(".")[2].casefold() if "." in name else ""
    if named not in KINDS:
        raise refuse("kind")
    if not head:
        raise refuse("nothing")
    found = "xlsx" if head.startswith(_ZIP) else "xls" if head.startswith(_OLD) else "csv"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if found == "xls" and named == "xlsx":
        raise refuse("locked")  # a workbook with a password lies in a container of the old kind
    if found != named or (found == "csv" and start.startswith(_PAGE)):
        raise refuse("misnamed", kind=named)
    return found


@contextmanager
def opened(
    path: Path, name: str, most: int, wanted: str = "", *, every: bool = False
) -> Iterator[Book]:
    """The sheet of that name, or the first that isn't empty, read while it is asked for.

    With ``every`` all that aren't empty. Raises Invalid, here or while something is asked for.
    """
    with path.open("rb") as file:
        kind = kind_of(name, file.read(512))
    script = [sys.executable, "-I", str(Path(reader.__file__))]
    process = subprocess.Popen(  # noqa: S603 - our own script, told by words it only looks up
        [*script, str(path), kind, wanted, str(most), reader.EVERY if every else "one"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )
    assert process.stdout is not None  # noqa: S101 - for the type checker: it is a pipe
    clock = Timer(PATIENCE, process.kill)
    clock.start()
    try:
        yield Book(kind, _said(process, process.stdout, most))
    finally:
        clock.cancel()
        process.kill()
        process.stdout.close()
        process.wait()


def _said(
    process: subprocess.Popen[bytes], out: IO[bytes], most: int
) -> Iterator[bytes | dict[str, Any]]:
    is_silent = True
    for line in out:
        is_silent = False
        if not line.endswith(b"\n"):
            raise refuse("too_much")
        yield _message(line, most) if line.startswith(b"{") else line
    if process.wait() != 0 or is_silent:
        raise refuse("slow" if process.returncode < 0 else "too_much")


def _message(line: bytes, most: int) -> dict[str, Any]:
    """What the reading process says beside rows; Invalid when it refuses."""
    found: dict[str, Any] = json.loads(line)
    if "refused" in found:
        raise refuse(found["refused"], line=found["line"], most=f"{most:,}")
    return found
