"""Rows of text as values: cell by cell, then names looked up for all rows of a portion together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask_babel import lazy_gettext as _l

from app.operations.importing import cells
from app.spec.catalogue import catalogue
from app.spec.entity import NUMBER, Entity
from app.spec.field import Field
from app.spec.relations import LinksField, RelationField, TagsField
from app.spec.text import fold
from app.store import links
from app.store.context import actor


@dataclass
class Read:
    """A row as it was read: texts and values by field, and what is wrong with it."""

    line: int
    texts: dict[str, str]
    values: dict[str, Any]
    problems: list[tuple[str, Any]]


@dataclass
class Reader:
    """Reads the rows of one file for one person."""

    entity: Entity
    columns: Mapping[str, int]
    """In which column of the sheet each field stands."""
    is_csv: bool

    @cached_property
    def book(self) -> cells.Book:
        return cells.Book(self.entity)

    @cached_property
    def fields(self) -> dict[str, Field]:
        """The mapped fields; the record's own number is none."""
        return {key: self.entity.fields[key] for key in self.columns if key != NUMBER.key}

    @cached_property
    def _columns(self) -> dict[str, tuple[Field, int, Callable[[str], Any]]]:
        return {key: (f, self.columns[key], cells.reader(f)) for key, f in self.fields.items()}

    def read(self, rows: Sequence[tuple[int, list[str]]]) -> list[Read]:
        """The values of a portion of rows, each with what is wrong with it."""
        read = [self._row(line, row) for line, row in rows]
        self._look_up(read)
        return read

    def _row(self, line: int, row: Sequence[str]) -> Read:
        found = Read(line, {}, {}, [])
        for key, (f, place, read) in self._columns.items():
            text = cells.prepared(f, row[place], is_csv=self.is_csv) if place < len(row) else ""
            found.texts[key] = text
            if not text:
                continue
            try:
                found.values[key] = read(text)
            except ValueError as error:
                found.problems.append((key, error.args[0]))
        place = self.columns.get(NUMBER.key, len(row))
        try:
            found.values["id"] = cells.number(row[place].strip() if place < len(row) else "")
        except ValueError as error:
            found.problems.append(("id", error.args[0]))
        return found

    def _look_up(self, read: Sequence[Read]) -> None:
        """Names become records, for all rows together."""
        for key, f in self.fields.items():
            named = [(one, one.values[key]) for one in read if one.values.get(key)]
            if isinstance(f, TagsField):
                self._tag(f, named)
            elif isinstance(f, RelationField | LinksField):
                several = (names if isinstance(names, list) else [names] for _one, names in named)
                self.book.look_up(f, (name for names in several for name in names))
                for one, names in named:
                    self._point(one, f, names)

    def _point(self, one: Read, declared: Field, names: Any) -> None:
        try:
            if isinstance(names, list):
                one.values[declared.key] = sorted(self.book.one(declared, n) for n in names)
            else:
                one.values[declared.key] = self.book.one(declared, names)
        except ValueError as error:
            del one.values[declared.key]
            one.problems.append((declared.key, error.args[0]))

    def _tag(self, declared: TagsField, named: Sequence[tuple[Read, list[str]]]) -> None:
        """Tags by name, however it is spelled; a new one stays a name, if one may make tags."""
        target = catalogue.get(declared.to)
        spelled = {fold(name): name for _one, names in named for name in names}
        by_name = links.by_names(target, spelled.values())
        known = {folded: by_name.get(name, name) for folded, name in spelled.items()}
        may = declared.is_open and actor().rights.may(target.key, "create")
        for one, wanted in named:
            unknown = [name for name in wanted if isinstance(known[fold(name)], str)]
            if unknown and not may:
                sentence = _l("There is no tag called %(name)s.", name=unknown[0])
                one.problems.append((declared.key, sentence))
                del one.values[declared.key]
                continue
            one.values[declared.key] = sorted((known[fold(name)] for name in wanted), key=str)
