"""Headings: which line they stand in, and which field each of them means (IMP).

A heading is recognised by a field's name in either language, by its key, or by what else people
and other programs call the field (``Field.also``); or because the same person said so before.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from app.operations.importing.sheets import refuse
from app.spec import calling
from app.spec.catalogue import catalogue
from app.spec.entity import NUMBER, Entity
from app.spec.errors import BadRequest
from app.spec.field import Field, Level
from app.spec.text import fold
from app.spec.words import Label
from app.store import preferences
from app.store.context import actor
from app.store.policy import Policy

BEHIND = "."
"""Between the kind and the field of what a row carries beside its record."""
IGNORED = ""
"""What a column means that is not imported."""
LOOKED_AT = 20
"""Lines among which the headings are looked for, below a title or a note."""
_ORNAMENTS = re.compile(r"[\s*＊:：_\-—()（）\[\]【】/、.。]+|必填|required", re.IGNORECASE)

Row = tuple[int, list[str]]
Of = TypeVar("Of")


def plain(heading: str) -> str:
    """A heading without stars, brackets, spaces, case and width."""
    return _ORNAMENTS.sub("", fold(heading))


def importable(entity: Entity, policy: Policy) -> dict[str, Field]:
    """The fields that this person may fill from a file: those he may write, by form or API."""
    return {NUMBER.key: NUMBER, **_writable(entity, policy), **carried(entity)}


def own(fields: Mapping[str, Of]) -> dict[str, Of]:
    """Of what stands by field: what belongs to the record itself."""
    return {key: one for key, one in fields.items() if BEHIND not in key}


def _writable(entity: Entity, policy: Policy) -> dict[str, Field]:
    writable = {
        **Policy(policy.actor, entity, "create").writable(creating=True),
        **Policy(policy.actor, entity, "edit").writable(creating=False),
    }
    return {
        key: f
        for key, f in entity.fields.items()
        if key in writable and policy.levels[key] > Level.READ
    }


def carried(entity: Entity) -> dict[str, Field]:
    """The fields of the child that a row may carry, behind its kind: ``contact.name``.

    None for somebody who may not import and create those children.
    """
    child, me = entity.carried, actor()
    if child is None or not all(me.rights.may(child.entity, s) for s in ("import", "create")):
        return {}
    other = catalogue.get(child.entity)
    fields = _writable(other, Policy(me, other, "import"))
    return {
        f"{other.key}{BEHIND}{key}": _behind(other, f)
        for key, f in fields.items()
        if key not in (child.through, "owner")
    }


def _behind(other: Entity, field: Field) -> Field:
    """A field of the child, called after its kind; its name may be called by that alone."""
    one = other.one
    label = Label(f"{one.en}: {field.label.en}", f"{one.zh}：{field.label.zh}")
    also = [f"{one.zh}{word}" for word in field.also]
    if field.key == other.title:
        also += [one.en, one.zh]
    return replace(field, label=label, also=tuple(also), required=False)


def names_of(entity: Entity, fields: Mapping[str, Field]) -> dict[str, str]:
    """What stands for a field in a heading; a carried one is always called after its kind."""
    names = calling.names_of(own(fields), plain, calling.elsewhere(entity.key))
    for key, f in fields.items():
        for word in (f.label.zh, f.label.en, key, *f.also) if BEHIND in key else ():
            names.setdefault(plain(word), key)
    return names


def find(first: Sequence[Row], names: Mapping[str, str]) -> int:
    """The place, among the first lines, of the one that has the most headings we know."""
    known = [sum(plain(cell) in names for cell in cells) for _line, cells in first[:LOOKED_AT]]
    return known.index(max(known)) if known else 0


def are_known(headings: Sequence[str], names: Mapping[str, str]) -> bool:
    """Whether at least one of these headings stands for a field."""
    return any(plain(heading) in names for heading in headings)


def named(row: Row) -> list[str]:
    """The headings of that line, each once; Invalid when one stands there twice.

    A column without a heading is called by its number.
    """
    line, cells = row
    headings = [" ".join(cell.split())[:120] or f"#{n}" for n, cell in enumerate(cells, start=1)]
    seen: set[str] = set()
    for heading in headings:
        if plain(heading) in seen and plain(heading):
            raise refuse("headings", line=line, name=heading)
        seen.add(plain(heading))
    return headings


def recognised(
    entity: Entity, headings: Sequence[str], fields: Mapping[str, Field]
) -> dict[str, str]:
    """The field of each heading as far as it can be told; each field once, the rest ignored."""
    names, taken = names_of(entity, fields), set[str]()
    found: dict[str, str] = {}
    for heading in headings:
        key = names.get(plain(heading), IGNORED)
        found[heading] = IGNORED if key in taken else key
        taken.add(key)
    return found


def checked(
    entity: Entity, headings: Sequence[str], fields: Mapping[str, Field], given: Mapping[str, Any]
) -> dict[str, str]:
    """A mapping that somebody sent, over the recognised one; BadRequest for one that can't be."""
    found = recognised(entity, headings, fields)
    if not set(given) <= set(headings):
        raise BadRequest
    found |= {heading: str(key or IGNORED) for heading, key in given.items()}
    meant = [key for key in found.values() if key != IGNORED]
    if not set(meant) <= set(fields) or len(set(meant)) < len(meant):
        raise BadRequest
    return found


def _memory(entity: Entity, headings: Sequence[str]) -> str:
    digest = hashlib.sha256("\n".join(sorted(map(plain, headings))).encode()).hexdigest()
    return f"import.{entity.key}.{digest[:16]}"


def still_meant(mapping: Mapping[str, str], fields: Mapping[str, Field]) -> dict[str, str]:
    """What was said of headings, as far as this person may still fill those fields."""
    return {heading: key for heading, key in mapping.items() if key in {*fields, IGNORED}}


def remembered(
    entity: Entity, headings: Sequence[str], fields: Mapping[str, Field]
) -> dict[str, str]:
    """What this person said of these headings last time, else what is recognised."""
    key = _memory(entity, headings)
    kept = preferences.get(key).get(key, {})
    known = {h: k for h, k in still_meant(kept, fields).items() if h in headings}
    try:
        return checked(entity, headings, fields, known)
    except BadRequest:
        return recognised(entity, headings, fields)


def remember(entity: Entity, mapping: Mapping[str, str]) -> None:
    """Keep a mapping for the next file with these headings; the caller commits."""
    preferences.put({_memory(entity, list(mapping)): dict(mapping)})
