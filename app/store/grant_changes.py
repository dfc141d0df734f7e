"""What roles grant, changed cell by cell, so that two people's work merges (MATRIX-2, C37).

A change names one cell of the matrix with the value somebody saw and the one he wants. Against
what is stored by now it still holds, is done already, or clashes with what somebody else made of
the same cell.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from app.spec.catalogue import catalogue
from app.spec.entity import Entity, PageRight
from app.spec.errors import BadRequest
from app.spec.field import Level, Masking
from app.spec.operations import OPERATIONS
from app.spec.scopes import Scope
from app.store.grants import Line, Lines

Thing = Entity | PageRight
Value = bool | int | str


class Part(StrEnum):
    """What of a line a cell is: its scope, one operation, the level or the mask of one field."""

    SCOPE = "scope"
    OPERATION = "operation"
    LEVEL = "level"
    MASK = "mask"


NUMBER = re.compile(r"[0-9]{1,9}")
"""The number of a department, as the databases take it."""
OPEN: Mapping[Part, int] = {Part.LEVEL: Level.EDIT, Part.MASK: Masking.NONE}
"""What a field is when its line says nothing of it."""


@dataclass(frozen=True)
class Change:
    """One cell of one role, from the value that was seen to the one that is wanted."""

    role: int
    entity: str
    part: Part
    name: str
    """The operation's slug or the field's key; empty for the scope."""
    old: Value
    new: Value

    @property
    def cell(self) -> str:
        """The name of the cell within its role, as the history keeps it."""
        return ":".join((self.entity, self.part, self.name))

    def plain(self) -> list[Value]:
        """As it travels in a form."""
        return [self.role, self.entity, str(self.part), self.name, self.old, self.new]

    @classmethod
    def read(cls, plain: Any) -> "Change":
        """A change as it came back from a form; BadRequest for anything that isn't one."""
        if not isinstance(plain, list) or len(plain) != 6 or type(plain[0]) is not int:
            raise BadRequest
        role, entity, part, name, old, new = plain
        if not isinstance(entity, str) or not isinstance(name, str) or part not in list(Part):
            raise BadRequest
        thing = catalogue.things.get(entity)
        if thing is None or not all(_fits(thing, Part(part), name, one) for one in (old, new)):
            raise BadRequest
        return cls(role, entity, Part(part), name, old, new)


def _fits(thing: Thing, part: Part, name: str, value: Any) -> bool:
    """Whether the thing has such a cell and the cell takes that value."""
    if part is Part.OPERATION:
        return name in thing.operations and isinstance(value, bool)
    if part is Part.SCOPE:
        return name == "" and isinstance(value, str) and scope_of(value)[0] in scopes(thing)
    if not isinstance(thing, Entity) or name not in thing.restrictable or type(value) is not int:
        return False
    return value in list(Level if part is Part.LEVEL else Masking)


def scopes(thing: Thing) -> list[Scope]:
    """The scopes that make sense: rows without an owner are all or none."""
    if isinstance(thing, Entity) and thing.responsible:
        return list(Scope)
    return [Scope.NONE, Scope.ALL]


def scope_text(line: Line) -> str:
    """A line's scope as one value: ``all``, or ``chosen 3 5+`` with those below department 5."""
    if line.scope is not Scope.CHOSEN:
        return str(line.scope)
    places = (f"{one}{'+' * below}" for one, below in sorted(line.places))
    return " ".join([str(line.scope), *places])


def scope_of(text: str) -> tuple[Scope, frozenset[tuple[int, bool]]]:
    """The scope and the chosen departments that a text means; BadRequest for none."""
    name, *places = text.split()[:1000] or [""]
    digits = [place.removesuffix("+") for place in places]
    if name not in list(Scope) or not all(NUMBER.fullmatch(d) for d in digits):
        raise BadRequest
    if places and name != Scope.CHOSEN:
        raise BadRequest
    chosen = zip(digits, places, strict=True)
    return Scope(name), frozenset((int(d), place.endswith("+")) for d, place in chosen)


def value(line: Line, part: Part, name: str) -> Value:
    """What stands in that cell of a line."""
    if part is Part.SCOPE:
        return scope_text(line)
    if part is Part.OPERATION:
        return name in line.operations
    return int(line.fields.get(name, {}).get(str(part), OPEN[part]))


def _written(line: Line, change: Change) -> Line:
    """The line with the change made."""
    if change.part is Part.SCOPE:
        scope, places = scope_of(str(change.new))
        return replace(line, scope=scope, places=places)
    if change.part is Part.OPERATION:
        given = line.operations - {change.name} | ({change.name} if change.new else set())
        return replace(line, operations=given)
    own = {**line.fields.get(change.name, {}), str(change.part): int(change.new)}
    if change.new == OPEN[change.part]:
        del own[str(change.part)]
    others = {key: given for key, given in line.fields.items() if key != change.name}
    return replace(line, fields={**others, change.name: own} if own else others)


def differences(role: int, before: Line, after: Line) -> list[Change]:
    """The cells in which two lines of one entity differ, in the order of the matrix."""
    cells = [(Part.SCOPE, "")]
    cells += [(Part.OPERATION, slug) for slug in before.operations ^ after.operations]
    keys = sorted({*before.fields, *after.fields})
    cells += [(part, key) for key in keys for part in (Part.LEVEL, Part.MASK)]
    found = [
        Change(role, before.entity, part, name, value(before, part, name), value(after, part, name))
        for part, name in cells
    ]
    return sorted((one for one in found if one.old != one.new), key=rank)


def rank(change: Change) -> tuple[Any, ...]:
    """The order in which changes are told: by role, entity, then scope, operations, fields."""
    things, verbs = list(catalogue.things), list(OPERATIONS)
    slot = verbs.index(change.name) if change.name in verbs else len(verbs)
    order = {Part.SCOPE: 0, Part.OPERATION: 1}.get(change.part, 2)
    return change.role, things.index(change.entity), order, slot, change.name, change.part


@dataclass(frozen=True)
class Clash:
    """A cell that somebody else changed as well: what I want, and what he made of it."""

    mine: Change
    theirs: Value


@dataclass(frozen=True)
class Settled:
    """Changes held against what is stored: what is left to do, and what clashes."""

    changes: tuple[Change, ...]
    clashes: tuple[Clash, ...]
    before: Mapping[int, Lines]
    after: Mapping[int, Lines]
    """The touched roles as they are and as the changes would leave them, all lines each."""

    @property
    def touched(self) -> dict[int, list[Line]]:
        """The lines that would be written, by role."""
        found: dict[int, dict[str, Line]] = {}
        for one in self.changes:
            found.setdefault(one.role, {})[one.entity] = self.after[one.role][one.entity]
        return {role: list(lines.values()) for role, lines in found.items()}


def settle(wanted: Iterable[Change], stored: Mapping[int, Lines]) -> Settled:
    """Hold changes against what is stored now: merge what doesn't overlap, drop what is done."""
    after = {role: dict(lines) for role, lines in stored.items()}
    changes, clashes = [], []
    for one in sorted(wanted, key=rank):
        line = after[one.role].get(one.entity, Line(one.entity))
        theirs = value(line, one.part, one.name)
        if theirs == one.new:
            continue
        if theirs != one.old:
            clashes.append(Clash(one, theirs))
            continue
        after[one.role][one.entity] = _written(line, one)
        changes.append(one)
    return Settled(tuple(changes), tuple(clashes), stored, after)
