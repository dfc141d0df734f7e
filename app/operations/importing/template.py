"""The empty sheet to be filled in, in the reader's language (IMP).

Headings with a star where a value is required, lists to choose from, an example, and a second sheet
that says of each column what may stand in it.
"""

from collections.abc import Iterable
from typing import IO, Any

from flask_babel import gettext as _

from app.operations.exporting import books
from app.operations.importing import headers
from app.spec.entity import NUMBER, Entity
from app.spec.field import Field
from app.spec.kinds import BooleanField, OptionField, TextField
from app.spec.relations import LinksField, RelationField
from app.spec.words import listed
from app.store.context import actor
from app.store.policy import Policy

LISTED_ROWS = 5_000
"""Rows with a list to choose from."""
MOST_LIST = 255
"""Characters that a spreadsheet keeps of a list of its own; longer ones stand in a sheet."""


def fields_of(entity: Entity) -> list[Field]:
    """The columns of the template: what this person may fill in, required ones first."""
    fields = headers.importable(entity, Policy(actor(), entity, "import")).values()
    return sorted((f for f in fields if f.key != NUMBER.key), key=lambda f: not f.required)


def heading(field: Field) -> str:
    return f"{field.label}*" if field.required else str(field.label)


def write(target: IO[bytes], entity: Entity) -> None:
    """Write the workbook: the sheet to fill in, and the notes."""
    book = books.new(target)
    fields = fields_of(entity)
    _sheet(book, entity, fields)
    _notes(book, fields)
    book.close()


def _sheet(book: Any, entity: Entity, fields: list[Field]) -> None:
    sheet = book.add_worksheet(str(entity.many)[:31])
    styles = {
        True: book.add_format({"bold": True, "bg_color": "#fdecea", "bottom": 1}),
        False: book.add_format({"bold": True, "bg_color": "#e9edf2", "bottom": 1}),
    }
    text = book.add_format({"num_format": "@"})
    example = entity.samples[0] if entity.samples else {}
    for column, field in enumerate(fields):
        sheet.write_string(0, column, heading(field), styles[field.required])
        sheet.set_column(column, column, 18, text)
        if field.key in example:
            sheet.write_string(1, column, _said(field, example[field.key]), text)
        choices = _choices(field)
        if choices:
            source: Any = choices
            if len(",".join(choices)) > MOST_LIST:
                source = _hidden_list(book, column, choices)
            rule = {"validate": "list", "source": source, "error_type": "information"}
            sheet.data_validation(1, column, LISTED_ROWS, column, rule)
    sheet.freeze_panes(1, 0)


def _hidden_list(book: Any, column: int, choices: list[str]) -> str:
    name = f"list{column}"
    sheet = book.add_worksheet(name)
    sheet.hide()
    for row, choice in enumerate(choices):
        sheet.write_string(row, 0, choice)
    return f"={name}!$A$1:$A${len(choices)}"


def _choices(field: Field) -> list[str]:
    if isinstance(field, BooleanField):
        return [field.to_text(True), field.to_text(False)]
    if isinstance(field, OptionField):
        return [str(choice.label) for choice in field.choices.current() if choice.is_active]
    return []


def _said(field: Field, value: Any) -> str:
    if isinstance(field, OptionField | BooleanField):
        return field.to_text(field.parse(value))
    return str(value)


def _notes(book: Any, fields: list[Field]) -> None:
    sheet, bold = book.add_worksheet(_("Notes")), book.add_format({"bold": True})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    head = [_("Column"), _("Required"), _("What may stand there")]
    for column, text in enumerate(head):
        sheet.write_string(0, column, text, bold)
        sheet.set_column(column, column, (24, 10, 80)[column], wrap)
    for row, field in enumerate(fields, start=1):
        sheet.write_string(row, 0, str(field.label))
        sheet.write_string(row, 1, _("Yes") if field.required else "")
        sheet.write_string(row, 2, " ".join(_rules(field)))
    start = len(fields) + 2
    for row, text in enumerate(_general(), start=start):
        sheet.merge_range(row, 0, row, 2, text, wrap)


def _general() -> list[str]:
    return [
        _("The example in line 2 is to be overwritten."),
        _("Empty cells change nothing in existing records."),
        _("Format columns with long numbers as text, so that no digit is lost."),
        _("A column called “%(name)s” says which existing record a row is.", name=NUMBER.label),
    ]


def _rules(field: Field) -> Iterable[str]:
    if field.help:
        yield str(field.help)
    choices = _choices(field)
    if choices:
        yield _("One of: %(these)s.", these=listed(choices))
    elif isinstance(field, RelationField) and field.is_person:
        yield _("Username or name of a colleague.")
    elif isinstance(field, RelationField):
        yield _("Name or number of an existing record.")
    elif isinstance(field, LinksField):
        yield _("Several names, separated by commas.")
    elif field.kind == "date":
        yield _("A date, as 2026-11-21 or 2026年11月21日.")
    elif field.kind == "datetime":
        yield _("A time, as 2026-11-21 16:00.")
    elif field.kind == "money":
        yield _("An amount, as 1,234.50.")
    elif isinstance(field, TextField):
        yield _("At most %(n)s characters.", n=field.max_length)
    if field.is_unique:
        yield _("No two records have the same.")
