"""Export to xlsx and csv: the columns and rows somebody may have, exactly as he sees them (EXP).

Text is always written as text, so nothing a customer typed becomes a formula in a colleague's
spreadsheet (EXP-1, C72). Memory stays flat: rows come in keyset pages and go straight to the file.
"""

import csv
import io
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

import xlsxwriter
from flask_babel import lazy_gettext as _l

from app.operations.behaviour import Behaviour, Row, Run, chunks
from app.operations.outcome import Plan
from app.spec import clock, company
from app.spec.entity import NUMBER, Entity
from app.spec.errors import Invalid
from app.spec.field import Field
from app.spec.relations import LinksField, RelationField
from app.store import layouts, listing, loading, preferences, titles
from app.store.context import actor, operating
from app.store.layouts import Layout
from app.store.policy import Policy

GUARDED = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""First characters that a spreadsheet may take for a formula; csv cells get an apostrophe."""
WIDTHS = {"text": 24, "long_text": 40, "datetime": 17, "date": 12, "money": 16}


@dataclass(frozen=True)
class Table:
    """What is exported: the columns this reader may have of an entity."""

    entity: Entity
    policy: Policy
    fields: tuple[Field, ...]


def table_for(entity: Entity, columns: str | list[str]) -> Table:
    """The reader's columns: of his list (``visible``), all he may read (``all``), or those named.

    Invalid when one of these isn't his to read.
    """
    policy = Policy(actor(), entity, "export", in_list=True)
    if isinstance(columns, list):
        return Table(entity, policy, _named(policy, columns))
    if columns == "all":
        return Table(entity, policy, (NUMBER, *policy.readable.values()))
    key = layouts.key(entity)
    layout = Layout.from_json(preferences.get(key).get(key))
    return Table(entity, policy, tuple(layouts.columns(policy, layout)))


def _named(policy: Policy, columns: list[str]) -> tuple[Field, ...]:
    unknown = [key for key in columns if key not in policy.readable]
    if unknown:
        there_is_no = _l("There is no column %(name)s.", name=unknown[0])
        raise Invalid(fields={"columns": [there_is_no]})
    return tuple(policy.readable[key] for key in columns)


class Export(Behaviour):
    """Settles which rows go into the file; the file itself is written when it is fetched."""

    slug = "export"
    writes = False

    def prepare(self, run: Run) -> None:
        table_for(run.entity, run.params["columns"])

    def plan(self, run: Run, row: Row) -> Plan:
        return row.change()


def rows_of(table: Table, ids: Sequence[int]) -> Iterator[list[Any]]:
    """The cells of each record still within the export scope, masked as the policy says."""
    for some in chunks(ids, listing.BATCH):
        with operating("export", table.entity.key, pools=True):
            records = loading.rows_of(table.policy, some, table.fields)
            linked = titles.of_links(table.entity, records, table.fields)
        for record in records:
            shown = {f.key for f in table.policy.visible(record, table.fields)}
            yield [
                _cell(table.policy, f, record, linked) if f.key in shown else None
                for f in table.fields
            ]


def _cell(policy: Policy, field: Field, record: Any, linked: titles.Links) -> Any:
    if isinstance(field, LinksField):
        return titles.said(linked.get((record.id, field.key), ()))
    if isinstance(field, RelationField):
        return titles.of(getattr(record, field.key), field)
    value = policy.shown(field, getattr(record, field.column))
    if field.key in policy.masked or isinstance(value, date | datetime | Decimal | int):
        if isinstance(value, bool):
            return field.to_text(value)
        return value
    return field.to_text(value)


def write_xlsx(target: IO[bytes], table: Table, ids: Sequence[int]) -> int:
    """Write the workbook and return the number of rows; real dates and numbers (EXP)."""
    book = xlsxwriter.Workbook(
        target,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "tmpdir": tempfile.gettempdir(),
        },
    )
    sheet = book.add_worksheet(str(table.entity.many)[:31])
    bold = book.add_format({"bold": True, "bg_color": "#e9edf2", "bottom": 1})
    formats = {
        datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
        date: book.add_format({"num_format": "yyyy-mm-dd"}),
        Decimal: book.add_format({"num_format": f'"{company.currency_symbol()}"#,##0.00'}),
    }
    stamp(book, sheet)
    fields = table.fields
    for index, field in enumerate(fields):
        sheet.set_column(index, index, WIDTHS.get(field.kind, 16))
        sheet.write_string(0, index, str(field.label), bold)
    count = 0
    for count, cells in enumerate(rows_of(table, ids), start=1):
        for index, value in enumerate(cells):
            _write_cell(sheet, count, index, value, formats)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, count, max(len(fields) - 1, 0))
    book.close()
    return count


def stamp(book: Any, sheet: Any) -> None:
    """Who took it and when: visible when printed, and in the properties (EXP-2)."""
    who = actor()
    mark = f"{who.name} ({who.username}) · {clock.local(clock.now()):%Y-%m-%d %H:%M}"
    sheet.set_header(f"&R&8{mark.replace('&', '&&')}")
    sheet.set_footer("&C&P / &N")
    book.set_properties({"author": who.username, "comments": mark})


def _write_cell(sheet: Any, row: int, column: int, value: Any, formats: Mapping[Any, Any]) -> None:
    if value is None or value == "":
        return
    if isinstance(value, datetime):
        local = clock.local(value).replace(tzinfo=None)
        sheet.write_datetime(row, column, local, formats[datetime])
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, formats[date])
    elif isinstance(value, Decimal):
        sheet.write_number(row, column, value, formats[Decimal])
    elif isinstance(value, int):
        sheet.write_number(row, column, value)
    else:
        sheet.write_string(row, column, str(value)[:32_767])


def write_csv(target: IO[bytes], table: Table, ids: Sequence[int]) -> int:
    """Write UTF-8 with a mark, everything quoted, formulas disarmed; returns the row count."""
    out = io.TextIOWrapper(target, encoding="utf-8-sig", newline="", write_through=True)
    sheet = csv.writer(out, quoting=csv.QUOTE_ALL)
    sheet.writerow([guarded(str(f.label)) for f in table.fields])
    count = 0
    for cells in rows_of(table, ids):
        sheet.writerow([guarded(_text(value)) for value in cells])
        count += 1
    out.detach()
    return count


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{clock.local(value):%Y-%m-%d %H:%M}"
    return "" if value is None else str(value)


def guarded(text: str) -> str:
    """Text that a spreadsheet takes for text: an apostrophe before what looks like a formula.

    Also before what an import would take for guarded, so that it comes back as it was (C72).
    """
    return f"'{text}" if _is_guarded(text) else text


def unguarded(text: str) -> str:
    """The text without its guard, and without the one that people put before long numbers."""
    rest = text[1:]
    return rest if text.startswith("'") and (_is_guarded(rest) or rest.isdecimal()) else text


def _is_guarded(text: str) -> bool:
    bare = text.lstrip("'")
    return bare.startswith(GUARDED) or (bare != text and bare.isdecimal())


def write_file(kind: str, target: IO[bytes], table: Table, ids: Sequence[int]) -> int:
    """Write the export as ``xlsx`` or ``csv``; returns the number of rows."""
    return (write_csv if kind == "csv" else write_xlsx)(target, table, ids)
