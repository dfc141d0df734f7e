"""Rows of text as values: cell by cell, then names looked up for all rows of a portion together."""

from collections.abc import Callable, Iterable, Mapping, Sequence
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


@dataclass(slots=True)
class Read:
    """A row as it was read: what isn't empty by field, and what is wrong with it."""

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
    def _columns(self) -> dict[str, tuple[int, Callable[[str], cells.Understood]]]:
        return {
            key: (self.columns[key], cells.understanding(f, is_csv=self.is_csv))
            for key, f in self.fields.items()
        }

    def read(self, rows: Sequence[tuple[int, list[str]]]) -> list[Read]:
        """The values of a portion of rows, each with what is wrong with it."""
        read = [Read(line, {}, {}, []) for line, _row in rows]
        whole = [(one, row) for one, (_line, row) in zip(read, rows, strict=True)]
        for key, (place, understand) in self._columns.items():
            _column(key, understand, ((one, row[place]) for one, row in whole if place < len(row)))
        if NUMBER.key in self.columns:
            self._numbers(whole)
        self._look_up(read)
        return read

    def _numbers(self, whole: Sequence[tuple[Read, list[str]]]) -> None:
        place = self.columns[NUMBER.key]
        for one, row in whole:
            try:
                one.values["id"] = cells.number(row[place].strip() if place < len(row) else "")
            except ValueError as error:
                one.problems.append(("id", error.args[0]))

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


def _column(
    key: str, understand: Callable[[str], cells.Understood], column: Iterable[tuple[Read, str]]
) -> None:
    """Read one column of a portion; what stands in it again and again is understood once."""
    known: dict[str, cells.Understood] = {}
    for one, cell in column:
        if not cell:
            continue
        found = known.get(cell)
        if found is None:
            found = known[cell] = understand(cell)
        text, value, problem = found
        if not text:
            continue
        one.texts[key] = text
        if problem is None:
            one.values[key] = value
        else:
            one.problems.append((key, problem))
