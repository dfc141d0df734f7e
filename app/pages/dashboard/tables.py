"""What a card shows as a table, and that table as a file (REP-7)."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, Any

from app.operations.exporting import books
from app.operations.exporting.guard import guarded
from app.operations.exporting.writers import stamp

Cell = str | int | Decimal | None


@dataclass(frozen=True)
class Table:
    """A title, the names of the columns, and rows of texts and numbers."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def write(kind: str, target: IO[bytes], table: Table) -> None:
    """Write the table as ``xlsx`` or ``csv``; text is never a formula (EXP-1)."""
    (_write_csv if kind == "csv" else _write_xlsx)(target, table)


def _write_xlsx(target: IO[bytes], table: Table) -> None:
    book = books.new(target, in_memory=True)
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True, "bg_color": "#e9edf2", "bottom": 1})
    stamp(book, sheet)
    sheet.set_column(0, len(table.head) - 1, 20)
    for column, name in enumerate(table.head):
        sheet.write_string(0, column, name, bold)
    for line, cells in enumerate(table.rows, start=1):
        for column, value in enumerate(cells):
            _write_cell(sheet, line, column, value)
    book.close()


def _write_cell(sheet: Any, line: int, column: int, value: Cell) -> None:
    if isinstance(value, int | Decimal):
        sheet.write_number(line, column, value)
    elif value:
        sheet.write_string(line, column, value)


def _text(value: Cell) -> str:
    if isinstance(value, str):
        return guarded(value)
    return "" if value is None else str(value)


def _write_csv(target: IO[bytes], table: Table) -> None:
    out = io.TextIOWrapper(target, encoding="utf-8-sig", newline="", write_through=True)
    sheet = csv.writer(out, quoting=csv.QUOTE_ALL)
    for cells in (table.head, *table.rows):
        sheet.writerow([_text(value) for value in cells])
    out.detach()
