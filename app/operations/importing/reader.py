"""The process that opens an uploaded spreadsheet, with little memory and little time (C79c).

Run as a script: it imports nothing of the product, so that a file which brings it down takes
nothing along. It writes JSON lines: first the sheets, then rows in portions, or why it refuses.
"""

import codecs
import csv
import datetime
import json
import math
import os
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from typing import IO, Any

MEMORY = 1024 * 1024 * 1024
SECONDS = 60
PORTION = 500
LONGEST_CELL = 32_767
"""What a spreadsheet itself can hold in a cell."""
MOST_COLUMNS = 200
MOST_SHEETS = 100
MOST_PARTS = 2_000
MOST_UNPACKED = 600 * 1024 * 1024
SUSPICIOUS, MOST_RATIO = 16 * 1024 * 1024, 100
"""A part of an archive that gets this large by being unpacked so many times over is a bomb."""
EXACT = 10**15
"""Whole numbers up to here survive in a spreadsheet; longer ones have lost digits."""
ENCODINGS = ("utf-8", "gb18030")
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
DELIMITERS = ",\t;|"
EVERY = "every"
"""Asks for all sheets of a workbook, not only for the first one."""

Rows = Iterator[tuple[int, list[str]]]
Sheets = Iterator[tuple[str, Rows]]


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """The file can't be imported: a code of the closed list, and the line where that shows."""

    def __init__(self, code: str, line: int = 0) -> None:
        super().__init__(code)
        self.code, self.line = code, line


def check_archive(path: str) -> None:
    """Refuse a workbook that would unpack into too much, before anything is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise Refused("damaged") from error
    names = {part.filename for part in parts}
    if "xl/workbook.xml" not in names:
        raise Refused("not_a_workbook")
    if len(parts) > MOST_PARTS or sum("worksheets/" in name for name in names) > MOST_SHEETS:
        raise Refused("too_many_sheets")
    if sum(part.file_size for part in parts) > MOST_UNPACKED or any(map(_is_bomb, parts)):
        raise Refused("too_much")


def _is_bomb(part: zipfile.ZipInfo) -> bool:
    packed = max(part.compress_size, 1)
    return part.file_size > SUSPICIOUS and part.file_size / packed > MOST_RATIO


def workbook(path: str, wanted: str) -> tuple[list[str], Sheets]:
    """The names of the sheets that people see; the one chosen, or each that holds something."""
    import python_calamine as calamine  # after the limits are set

    with _opening(calamine):
        book = calamine.CalamineWorkbook.from_path(path)
        seen = calamine.SheetVisibleEnum.Visible
        names = [sheet.name for sheet in book.sheets_metadata if sheet.visible == seen]
    if wanted and wanted not in names:
        raise Refused("no_such_sheet")

    def sheets() -> Sheets:
        is_first = True
        for name in [wanted] if wanted else names:
            try:
                with _opening(calamine):
                    sheet = book.get_sheet_by_name(name)
            except Refused:
                if is_first:
                    raise
                continue
            if sheet.height or name == wanted:
                is_first = False
                yield name, _sheet_rows(sheet)

    return names, sheets()


@contextmanager
def _opening(calamine: Any) -> Iterator[None]:
    try:
        yield
    except calamine.PasswordError as error:
        raise Refused("locked") from error
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise Refused("damaged") from error


def _sheet_rows(sheet: Any) -> Rows:
    """Rows by line number; what is merged over several lines stands in each of them."""
    top, left = sheet.start or (0, 0)
    if sheet.width > MOST_COLUMNS:
        raise Refused("too_many_columns", top + 1)
    merged = {
        (row, first[1] - left): (first[0], first[1] - left)
        for first, last in (sheet.merged_cell_ranges or ())
        for row in range(first[0] + 1, min(last[0], first[0] + 10_000) + 1)
    }
    spread = dict.fromkeys(merged.values(), "")
    for number, raw in enumerate(sheet.iter_rows(), start=top):
        cells = [value if type(value) is str else said(value) for value in raw]
        for place, _value in enumerate(cells) if spread else ():
            source = merged.get((number, place))
            if source:
                cells[place] = spread[source]
            elif (number, place) in spread:
                spread[(number, place)] = cells[place]
        yield number + 1, cells


def said(value: Any) -> str:
    """A cell as text, as its author typed it: no number in powers of ten, dates as ISO."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).upper()
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, datetime.datetime):
        moment = (value + datetime.timedelta(microseconds=500_000)).replace(microsecond=0)
        is_day = moment.time() == datetime.time()
        return moment.date().isoformat() if is_day else moment.isoformat(" ")
    return str(value)


def _number(value: float) -> str:
    if not math.isfinite(value):
        return str(value)
    if float(value).is_integer():
        return str(int(value)) if abs(value) < EXACT else f"{value:.14E}"
    return f"{value:.15g}"


def text_rows(path: str) -> Rows:
    """The rows of a csv file, whatever its encoding, separator and line ends."""
    with open(path, "rb") as file:
        encoding = encoding_of(file)
    with open(path, encoding=encoding, newline="") as text:
        first = text.readline(1024 * 1024)
        text.seek(0)
        csv.field_size_limit(LONGEST_CELL)
        sheet = csv.reader(text, delimiter=delimiter_of(first), strict=True)
        line = 1
        while True:
            try:
                cells = next(sheet, None)
            except csv.Error as error:
                too_long = "field larger" in str(error)
                raise Refused("long_cell" if too_long else "open_quote", line) from error
            if cells is None:
                return
            yield line, cells
            line = sheet.line_num + 1


def encoding_of(file: IO[bytes]) -> str:
    """UTF-8 with or without mark, UTF-16 with or without, GB18030; Refused with the bad line."""
    furthest = 0
    for encoding in _likely(file.read(4096)):
        line = _first_undecodable(file, encoding)
        if not line:
            return encoding
        furthest = max(furthest, line)
    raise Refused("encoding", furthest)


def _likely(head: bytes) -> Sequence[str]:
    """The encodings that a file which begins so may be in."""
    for mark, name in BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return (name,)
    zeros = (head[0::2].count(0), head[1::2].count(0))
    if max(zeros) > len(head) // 8 and min(zeros) <= len(head) // 16:
        return ("utf-16-be" if zeros[0] > zeros[1] else "utf-16-le",)
    if b"\0" in head:
        raise Refused("not_text", 1)
    return ENCODINGS


def _first_undecodable(file: IO[bytes], encoding: str) -> int:
    """The first line that isn't of this encoding; 0 when all are."""
    file.seek(0)
    decoder, line = codecs.getincrementaldecoder(encoding)(), 1
    while True:
        some = file.read(1 << 20)
        try:
            line += decoder.decode(some, final=not some).count("\n")
        except UnicodeDecodeError as error:
            return line + error.object[: error.start].decode(error.encoding).count("\n")
        if not some:
            return 0


def delimiter_of(first: str) -> str:
    """What parts the headings, looked for outside of quotes; a comma when nothing does."""
    plain = re.sub(r'"[^"]*"', "", first)
    return max(DELIMITERS, key=lambda one: (plain.count(one), one == ","))


def checked(rows: Rows, most: int) -> Rows:
    """The rows that hold something, up to the limit; Refused for what no import can take."""
    count = 0
    for line, raw in rows:
        cells = raw
        while cells and not cells[-1].strip():
            cells = cells[:-1]
        if not cells:
            continue
        if len(cells) > MOST_COLUMNS:
            raise Refused("too_many_columns", line)
        whole = "".join(cells)
        if len(whole) > LONGEST_CELL and max(map(len, cells)) > LONGEST_CELL:
            raise Refused("long_cell", line)
        if "\0" in whole:
            raise Refused("not_text", line)
        count += 1
        if count > most + 1:  # and one line of headings
            raise Refused("too_many_rows", line)
        yield line, cells


def portions(rows: Iterable[Any]) -> Iterator[list[Any]]:
    some: list[Any] = []
    for row in rows:
        some.append(row)
        if len(some) == PORTION:
            yield some
            some = []
    if some:
        yield some


def limit_myself() -> None:
    """Little memory, little time; where the system knows such limits."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def tell(say: IO[str], names: Sequence[str], sheets: Sheets, most: int) -> None:
    """Say what stands in these sheets; Refused when there is none, or for what the first holds.

    What can't be taken of a further one is no reason to refuse the first.
    """
    is_first = True
    for name, rows in sheets:
        say.write(json.dumps({"sheet": name, "sheets": names}) + "\n")
        try:
            for some in portions(checked(rows, most)):
                most -= len(some)
                say.write(f"{len(some)} {json.dumps(some, ensure_ascii=False)}\n")
        except Refused as refused:
            if is_first:
                raise
            say.write(json.dumps({"passed_over": refused.code}) + "\n")
        is_first = False
    if is_first:
        raise Refused("empty")


def main(path: str, kind: str, wanted: str, most: str, scope: str) -> None:
    """Read the sheet that is wanted, or the first that holds something; with ``every`` all."""
    limit_myself()
    say = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    try:
        if kind == "xlsx":
            check_archive(path)
        names, sheets = [""], iter([("", text_rows(path))])
        if kind != "csv":
            names, sheets = workbook(path, wanted)
        tell(say, names, sheets if scope == EVERY else islice(sheets, 1), int(most))
    except Refused as refused:
        # of workbooks before 1997 the library knows the letters of the West only
        code = "old_text" if (refused.code, kind) == ("not_text", "xls") else refused.code
        say.write(json.dumps({"refused": code, "line": refused.line}) + "\n")
    except MemoryError:
        say.write(json.dumps({"refused": "too_much", "line": 0}) + "\n")
    say.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
