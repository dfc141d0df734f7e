"""Cells: from the text in a file to the values that a form would store (IMP).

Whatever a field itself understands is understood here; besides that choices by label, people and
records by name, and what spreadsheets have done to numbers.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select

from app.extensions import db
from app.operations.exporting.guard import unguarded
from app.operations.rules import rules_of
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import BadRequest
from app.spec.field import Field
from app.spec.kinds import CreditCodeField, IntegerField, MoneyField, OptionField, TextField
from app.spec.relations import TAG_SEPARATORS, LinksField, RelationField, TagsField
from app.spec.text import clean, fold
from app.store import runs
from app.store.context import current, operating, run_under_way
from app.store.door import MAX_ID, held

SHORTENED = re.compile(r"[+-]?[0-9](?:[.,][0-9]+)?E\+?[0-9]{1,3}", re.IGNORECASE)
_GROUPED = re.compile(r"[\s,，'’]")
_CURRENCY = re.compile(r"^[￥¥$€£]|元$")
_TEXT_MARK = re.compile(r"^['’‘](?=[0-9+])")

LOST_DIGITS = _l("The spreadsheet has shortened this number. Format the column as text.")


Understood = tuple[str, Any, Any]
"""Of a cell: its text, its value, and what is wrong with it, None for nothing."""


def understanding(declared: Field, *, is_csv: bool) -> Callable[[str], Understood]:
    """What the cells of one column say; how, is decided once."""
    bare, read = _bare(declared), reader(declared)

    def understood(cell: str) -> Understood:
        text = bare((unguarded(cell) if is_csv else cell).strip())
        if not text:
            return "", None, None
        try:
            return text, read(text), None
        except ValueError as error:
            return text, None, error.args[0]

    return understood


def _bare(declared: Field) -> Callable[[str], str]:
    """Takes off what a spreadsheet or an export put around the text of a cell."""
    if isinstance(declared, MoneyField | IntegerField):
        return lambda text: _CURRENCY.sub("", _GROUPED.sub("", fold(text)))
    if isinstance(declared, CreditCodeField) or declared.kind == "phone":
        return lambda text: _TEXT_MARK.sub("", text)
    return lambda text: text


def reader(declared: Field) -> Callable[[str], Any]:
    """What gives the stored value of a cell's text; ValueError with a sentence for a bad one.

    For fields that point at records: the names, for a ``Book`` to look up.
    """
    if isinstance(declared, TextField):
        return _text(declared)
    if isinstance(declared, OptionField):
        return _choice(declared)
    return partial(_value, declared)


def _text(declared: TextField) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        if SHORTENED.fullmatch(text):
            raise ValueError(LOST_DIGITS)
        return declared.convert(text)

    return read


def _choice(declared: OptionField) -> Callable[[str], Any]:
    """A choice by code or by label in either language, whatever case and width it is in."""
    known: dict[str, str] = {}
    for choice in declared.choices.current():
        for name in (choice.code, choice.label.en, choice.label.zh) if choice.is_active else ():
            known.setdefault(fold(name), choice.code)

    def read(text: str) -> Any:
        if (code := known.get(fold(text))) is None:
            raise ValueError(_l("“%(name)s” is no choice of this list.", name=text))
        return code

    return read


def _value(declared: Field, text: str) -> Any:
    if isinstance(declared, TagsField):
        return declared.parse(text)
    if isinstance(declared, LinksField):
        return list(dict.fromkeys(filter(None, map(clean, TAG_SEPARATORS.split(text)))))
    if isinstance(declared, RelationField):
        return clean(text)
    if isinstance(declared, IntegerField) and re.fullmatch(r"[+-]?[0-9]+\.0+", text):
        return declared.parse(text.partition(".")[0])
    return declared.parse(text)


@dataclass
class Book:
    """Names of records as one person may look them up, asked for by the portion and kept for it."""

    entity: Entity
    known: dict[str, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))

    def look_up(self, declared: Field, names: Iterable[str]) -> None:
        """Find what these names mean for that field, in few statements."""
        assert isinstance(declared, RelationField | LinksField)  # noqa: S101 - for the type checker
        book = self.known[declared.key]
        unknown = sorted({name for name in names if name not in book})
        if unknown:
            book |= _found(self.entity, catalogue.get(declared.to), unknown)

    def one(self, declared: Field, name: str) -> int:
        """The record of that name; ValueError when there is none or more than one."""
        ids = self.known[declared.key].get(name, ())
        if len(ids) == 1:
            return int(ids[0])
        short = name[:80]
        if not ids:
            raise ValueError(_l("Nothing here is called “%(name)s”.", name=short))
        raise ValueError(
            _l("Several are called “%(name)s”. Give the number or the username.", name=short)
        )


def _found(chooser: Entity, target: Entity, names: Sequence[str]) -> dict[str, list[int]]:
    """By name what may be chosen: a username before a name, a name before a number."""
    by_name = _by_names(chooser, target, names)
    found = {}
    for name in names:
        ways = (by_name.get(way, {}).get(_same(way, target, name), []) for way in WAYS)
        found[name] = sorted(set(next(filter(None, ways), [])))
    return found


WAYS = ("username", "title", "english", "id")


def _by_names(
    chooser: Entity, target: Entity, names: Sequence[str]
) -> dict[str, dict[Any, list[int]]]:
    model: Any = target.model
    columns = {way: _column(target, way) for way in WAYS if _column(target, way) is not None}
    wanted = {
        way: [key for name in names if (key := _same(way, target, name)) is not None]
        for way in columns
    }
    asked = [column.in_(wanted[way]) for way, column in columns.items() if wanted[way]]
    statement = select(model.id, *columns.values()).where(
        or_(*asked), *rules_of(target).choosable(chooser)
    )
    found: dict[str, dict[Any, list[int]]] = {way: defaultdict(list) for way in columns}
    with operating("read", target.key):
        rows = db.session.execute(held(statement, model)).all() if asked else []
    mine = _made_here(target, [row[0] for row in rows])
    for row in rows:
        if row[0] in mine:
            continue
        for way, value in zip(columns, row[1:], strict=True):
            found[way][value].append(row[0])
    return found


def _made_here(target: Entity, ids: Sequence[int]) -> set[int]:
    """Those that the import under way has made: no row names them, because a dry run can't know
    them, and because which of them are there depends on where a portion ends (C79)."""
    run, work = run_under_way(), current()
    is_own = (work.operation, work.entity) == ("import", target.key)
    return runs.made(run, ids) if run and ids and is_own else set()


def _column(target: Entity, way: str) -> Any:
    """The column that a name is looked for in; a company's name in its comparable form."""
    if way == "username":
        return getattr(target.model, way, None)
    if way == "title":
        unique = next((d for d in target.fields[target.title].derived if d.is_unique), None)
        suffix = f"_{unique.suffix}" if unique else ""
        return getattr(target.model, f"{target.title}{suffix}")
    if way == "english":
        return getattr(target.model, target.english) if target.english else None
    return target.model.id


def _same(way: str, target: Entity, name: str) -> Any:
    """A name as it stands in the column of that way; None when it can't stand there."""
    if way == "title":
        unique = next((d for d in target.fields[target.title].derived if d.is_unique), None)
        return unique.compute(name) if unique else name
    if way == "id":
        return (
            int(name) if name.isascii() and name.isdecimal() and 0 < int(name) <= MAX_ID else None
        )
    return name


def number(text: str) -> int | None:
    """A record's own number; None for an empty cell, ValueError for anything else."""
    if not text:
        return None
    plain = text.partition(".")[0] if text.endswith(".0") else text
    if not (plain.isascii() and plain.isdecimal() and 0 < int(plain[:12]) <= MAX_ID):
        raise ValueError(_l("This is not the number of a record."))
    return int(plain)


def columns(headings: Sequence[str], mapping: Mapping[str, str]) -> dict[str, int]:
    """In which column of the sheet each field stands; BadRequest when none does."""
    found = {mapping[h]: place for place, h in enumerate(headings) if mapping.get(h)}
    if not found:
        raise BadRequest(_l("No column is mapped to a field."))
    return found
