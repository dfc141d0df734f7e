"""Writing xlsx and csv row by row with flat memory (EXP): text is text, numbers are numbers.

Text is always written as text, so nothing a customer typed becomes a formula in a colleague's
spreadsheet (EXP-1, C72).
"""

import codecs
import csv
import io
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any, Protocol

from app.operations.exporting import books
from app.operations.exporting.guard import guarded
from app.operations.exporting.table import Table
from app.spec import clock, company
from app.store.context import actor

WIDTHS = {"text": 24, "long_text": 40, "datetime": 17, "date": 12, "money": 16}
MOST_LINES = 1_048_576
"""What one sheet can hold, its headings included; more rows go on another one."""
MOST_TEXT = 32_767
EXACT = 10**13
"""Amounts from here on would lose their cents as a number of a spreadsheet: they stay text."""

Rows = Iterable[Sequence[Any]]


class Writer(Protocol):
    """A file under way."""

    def add(self, rows: Rows) -> None:
        """Write more rows, given by their cells."""

    def close(self) -> None:
        """Write what belongs to the end; the file is whole then."""

    def abandon(self) -> None:
        """Close what is open, without an end; nothing when there was one."""


def writer(kind: str, target: IO[bytes], table: Table, number: int, folder: str) -> Writer:
    """A file of that kind, ``xlsx`` or ``csv``; what it needs meanwhile lies in ``folder``."""
    if kind == "csv":
        return Csv(target, table)
    return Workbook(target, table, number, folder)


class Workbook:
    """A workbook that keeps one row in memory; further sheets where one is full."""

    def __init__(self, target: IO[bytes], table: Table, number: int, folder: str) -> None:
        self._table, self._number = table, number
        self._book = books.new(target, constant_memory=True, use_zip64=True, tmpdir=folder)
        self._book.set_custom_property("export", number)
        self._bold = self._book.add_format({"bold": True, "bg_color": "#e9edf2", "bottom": 1})
        self._formats = {
            datetime: self._book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
            date: self._book.add_format({"num_format": "yyyy-mm-dd"}),
            Decimal: self._book.add_format(
                {"num_format": f'"{company.currency_symbol()}"#,##0.00'}
            ),
        }
        self._sheets = 0
        self._begin()

    def _begin(self) -> None:
        """Another sheet, with its headings."""
        self._sheets += 1
        again = f" {self._sheets}" if self._sheets > 1 else ""
        self._sheet = self._book.add_worksheet(f"{str(self._table.entity.many)[:28]}{again}")
        stamp(self._book, self._sheet, self._number)
        for place, field in enumerate(self._table.fields):
            self._sheet.set_column(place, place, WIDTHS.get(field.kind, 16))
            self._sheet.write_string(0, place, str(field.label), self._bold)
        self._sheet.freeze_panes(1, 1)
        self._line = 1
        self._ways = self._ways_of_writing()

    def _ways_of_writing(self) -> dict[type, Callable[[int, int, Any], Any]]:
        """How a cell is written, by the type of its value."""
        text, number = self._sheet.write_string, self._sheet.write_number
        moment, formats = self._sheet.write_datetime, self._formats

        def amount(line: int, place: int, value: Decimal) -> None:
            if -EXACT < value < EXACT:
                number(line, place, float(value), formats[Decimal])
            else:
                text(line, place, str(value))

        def whole(line: int, place: int, value: int) -> None:
            if -EXACT < value < EXACT:
                number(line, place, value)
            else:
                text(line, place, str(value))

        return {
            str: lambda line, place, value: text(line, place, value[:MOST_TEXT]),
            int: whole,
            Decimal: amount,
            datetime: lambda line, place, value: moment(line, place, value, formats[datetime]),
            date: lambda line, place, value: moment(line, place, value, formats[date]),
        }

    def add(self, rows: Rows) -> None:
        """Write more rows; empty cells are left out."""
        for cells in rows:
            if self._line == MOST_LINES:
                self._end()
                self._begin()
            line, ways = self._line, self._ways
            for place, value in enumerate(cells):
                if value is not None and value != "":
                    ways[type(value)](line, place, value)
            self._line += 1

    def _end(self) -> None:
        self._sheet.autofilter(0, 0, self._line - 1, max(len(self._table.fields) - 1, 0))

    def close(self) -> None:
        """Pack the workbook: for long tables the slower half of the work."""
        self._end()
        self._book.close()

    def abandon(self) -> None:
        """Close the files of rows that were not packed."""
        for sheet in self._book.worksheets():
            if sheet.row_data_fh is not None:
                sheet.row_data_fh.close()


def stamp(book: Any, sheet: Any, number: int | None = None) -> None:
    """Who took it and when, and of an export its number: visible when printed, and in the
    properties (EXP-2), so that a file found anywhere tells where it is from (C74).
    """
    who = actor()
    mark = f"{who.name} ({who.username}) · {clock.shown(clock.now())}"
    if number is not None:
        mark += f" · {number}"
    sheet.set_header(f"&R&8{mark.replace('&', '&&')}")
    sheet.set_footer("&C&P / &N")
    book.set_properties({"author": who.username, "comments": mark})


class Csv:
    """UTF-8 with a mark, everything quoted, formulas disarmed."""

    def __init__(self, target: IO[bytes], table: Table) -> None:
        self._target = target
        target.write(codecs.BOM_UTF8)
        self.add([[str(field.label) for field in table.fields]])

    def add(self, rows: Rows) -> None:
        """Write more rows, together: that is quicker than through a file that encodes each."""
        lines = io.StringIO(newline="")
        csv.writer(lines, quoting=csv.QUOTE_ALL).writerows(
            [guarded(value) if type(value) is str else _text(value) for value in cells]
            for cells in rows
        )
        self._target.write(lines.getvalue().encode())

    def close(self) -> None:
        """There is no end to write."""

    def abandon(self) -> None:
        """Nothing of it is open."""


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes")
    return "" if value is None else guarded(str(value))
