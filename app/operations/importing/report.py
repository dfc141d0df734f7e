"""Rows that failed, as a workbook to be mended and imported again (IMP)."""

from collections.abc import Iterator, Sequence
from typing import IO, Any

from flask_babel import gettext as _

from app.operations.exporting import books
from app.operations.exporting.writers import stamp
from app.operations.importing import headers
from app.operations.importing.applying import labels_of
from app.operations.importing.plan import told_reason
from app.spec.catalogue import catalogue
from app.store import imports
from app.store.imports import Import

MOST_TEXT = 32_767
AGAIN = "%s #"
"""How a column of ours is called beside one that people call the same."""


def write(target: IO[bytes], file: Import) -> int:
    """Write the failed rows as they came, each with its reasons behind; returns how many.

    Of rows that failed before, the line and the reasons of then are left out: a file that says them
    twice couldn't be read again.
    """
    book = books.new(target, constant_memory=True)
    sheet, bold = book.add_worksheet(), book.add_format({"bold": True, "bottom": 1})
    text = book.add_format({"num_format": "@"})
    why = book.add_format({"font_color": "#b02a37"})
    stamp(book, sheet)
    places = _own(file)
    own = [file.headings[place] for place in places]
    head = [*own, *(_beside(own, word) for word in (_("Line"), _("Reason")))]
    for column, heading in enumerate(head):
        sheet.write_string(0, column, heading, bold)
        sheet.set_column(column, column, 20 if column < len(head) - 1 else 60, text)
    behind = len(places)
    count = 0
    for count, (line, cells, reason) in enumerate(_failed(file), start=1):
        for column, place in enumerate(places):
            if place < len(cells) and cells[place]:
                sheet.write_string(count, column, cells[place][:MOST_TEXT], text)
        sheet.write_number(count, behind, line)
        sheet.write_string(count, behind + 1, reason[:MOST_TEXT], why)
    sheet.freeze_panes(1, 0)
    book.close()
    return count


def _own(file: Import) -> list[int]:
    """The columns of the file, but for what such a report has written behind them before."""
    words = (_("Line"), _("Reason"))
    told = {headers.plain(form) for word in words for form in (word, AGAIN % word)}
    return [
        place
        for place, heading in enumerate(file.headings)
        if headers.plain(heading) not in told or file.mapping.get(heading)
    ]


def _beside(headings: Sequence[str], word: str) -> str:
    """A heading that stands beside these and is none of them."""
    taken = {headers.plain(heading) for heading in headings}
    return word if headers.plain(word) not in taken else AGAIN % word


def _failed(file: Import) -> Iterator[tuple[int, list[Any], str]]:
    """Rows and reasons, both in the order of the file: a page of either is in memory at a time."""
    labels = labels_of(catalogue.get(file.entity))
    failed = (
        (one.line, told_reason(one.code, one.reason, labels))
        for page in imports.pages(file.id, "failed")
        for one in page
    )
    wanted = next(failed, None)
    for rows in imports.parts(file.id) if wanted else ():
        for line, cells in rows:
            if wanted and line == wanted[0]:
                yield line, cells, wanted[1]
                wanted = next(failed, None)
