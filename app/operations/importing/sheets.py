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
class Sheet:
    """One sheet being read: what it is called, its siblings, its rows in portions."""

    kind: str
    names: list[str]
    name: str
    portions: Iterator[list[tuple[int, list[str]]]]


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
def opened(path: Path, name: str, wanted: str, most: int) -> Iterator[Sheet]:
    """The sheet of that name, or the first that isn't empty, read while it is asked for.

    Raises Invalid, here or while rows are asked for.
    """
    with path.open("rb") as file:
        kind = kind_of(name, file.read(512))
    script = [sys.executable, "-I", str(Path(reader.__file__))]
    process = subprocess.Popen(  # noqa: S603 - our own script, told by words it only looks up
        [*script, str(path), kind, wanted, str(most)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )
    assert process.stdout is not None  # noqa: S101 - for the type checker: it is a pipe
    clock = Timer(PATIENCE, process.kill)
    clock.start()
    try:
        about = _said(process.stdout.readline(), most)
        yield Sheet(kind, about["sheets"], about["sheet"], _portions(process, process.stdout, most))
    finally:
        clock.cancel()
        process.kill()
        process.stdout.close()
        process.wait()


def _portions(
    process: subprocess.Popen[bytes], out: IO[bytes], most: int
) -> Iterator[list[tuple[int, list[str]]]]:
    for line in out:
        yield _said(line, most)
    if process.wait() != 0:
        raise refuse("slow" if process.returncode < 0 else "too_much")


def _said(line: bytes, most: int) -> Any:
    """What the reading process said; Invalid when it refuses or said nothing at all."""
    found = json.loads(line) if line.endswith(b"\n") else {"refused": "too_much", "line": 0}
    if isinstance(found, dict) and "refused" in found:
        raise refuse(found["refused"], line=found["line"], most=f"{most:,}")
    return found
