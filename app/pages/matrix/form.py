"""The matrix as a browser posts it: what it shows now against what it was shown with.

Each line of the form carries the line as it was read (``row:customer``), each open drawer the field
rights (``drawer:customer``). What isn't in the form is not changed, and what its reader left alone
can't undo what somebody else saved meanwhile.
"""

import json
from collections.abc import Mapping

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from app.admin import state
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import BadRequest
from app.spec.field import Level, Masking
from app.spec.scopes import Scope
from app.store.grant_changes import (
    OPEN,
    Change,
    Part,
    Thing,
    differences,
    scope_of,
    scope_text,
    scopes,
)
from app.store.grants import Line

LEVELS = {"hidden": Level.HIDDEN, "read": Level.READ, "edit": Level.EDIT}
MASKS = {"none": Masking.NONE, "list": Masking.LIST, "all": Masking.ALL}
CONTROL = frozenset({"csrf_token", "row_version", "next"})
SINGLE = frozenset({"row", "drawer", "scope", "departments", "below"})
"""Kinds of inputs that a line has once; the others name an operation or a field besides."""


def row_marker(line: Line) -> str:
    """The hidden value of a line: what its boxes and its scope were shown with."""
    return f"{scope_text(line)}|{' '.join(sorted(line.operations))}"


def drawer_marker(line: Line) -> str:
    """The hidden value of a drawer: the field rights it was shown with."""
    return json.dumps(line.fields, separators=(",", ":"), sort_keys=True)


def changes_of(form: MultiDict[str, str], role_id: int) -> list[Change]:
    """Every cell that the person at the form changed, in the order of the matrix.

    BadRequest for names and values that don't exist.
    """
    things = catalogue.things
    sent: dict[str, dict[str, list[str]]] = {}
    for name in form:
        if name not in CONTROL:
            key, part = _sorted(name)
            if key not in things:
                raise _unknown(name)
            sent.setdefault(key, {})[part] = form.getlist(name)
    found = []
    for key, inputs in sent.items():
        before = _before(things[key], inputs)
        after = _after(things[key], before, inputs)
        found += differences(role_id, before, after)
    return found


def _sorted(name: str) -> tuple[str, str]:
    """An input's name as entity and the rest: ``("customer", "grant:export")``."""
    kind, _colon, rest = name.partition(":")
    key, _colon, part = rest.partition(":")
    return key, kind if kind in SINGLE and not part else f"{kind}:{part}"


def _unknown(name: str) -> BadRequest:
    return BadRequest(_l("There is no argument %(name)s.", name=name))


def _before(thing: Thing, inputs: Mapping[str, list[str]]) -> Line:
    """The line as the form was made with it."""
    if "row" not in inputs:
        raise _unknown(f"row:{thing.key}")
    text, _bar, slugs = inputs["row"][0].partition("|")
    scope, places = scope_of(text)
    line = Line(thing.key, scope, frozenset(slugs.split()), places, _shown(inputs))
    if scope not in scopes(thing) or not line.operations <= set(thing.operations):
        raise _unknown(f"row:{thing.key}")
    return line


def _shown(inputs: Mapping[str, list[str]]) -> dict[str, dict[str, int]]:
    """The field rights that a drawer was opened with; nothing for a drawer that stayed shut."""
    try:
        shown = state.plain_json(inputs.get("drawer", ["{}"])[0])
        return {
            str(key): {str(part): int(value) for part, value in given.items()}
            for key, given in shown.items()
        }
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise _unknown("drawer") from None


def _after(thing: Thing, before: Line, inputs: Mapping[str, list[str]]) -> Line:
    """The line as it was sent."""
    operations, fields = set(), {key: dict(given) for key, given in before.fields.items()}
    for name, values in inputs.items():
        kind, _colon, part = name.partition(":")
        if kind == "grant" and part in thing.operations:
            operations.add(part)
        elif kind in ("field", "mask") and "drawer" in inputs:
            _take_field(thing, fields, name, values[0])
        elif name not in SINGLE:
            raise _unknown(f"{kind}:{thing.key}:{part}")
    scope, places = _sent_scope(thing, before, inputs)
    kept = {key: given for key, given in fields.items() if given}
    return Line(thing.key, scope, frozenset(operations), places, kept)


def _take_field(thing: Thing, fields: dict[str, dict[str, int]], name: str, value: str) -> None:
    """One choice of an open drawer; the open values are kept as nothing."""
    kind, _colon, key = name.partition(":")
    known = thing.restrictable if isinstance(thing, Entity) else {}
    choices: Mapping[str, Level | Masking] = LEVELS if kind == "field" else MASKS
    if key not in known or value not in choices:
        raise _unknown(f"{kind}:{thing.key}:{key}")
    part = Part.LEVEL if kind == "field" else Part.MASK
    given = fields.setdefault(key, {})
    given.pop(str(part), None)
    if choices[value] != OPEN[part]:
        given[str(part)] = int(choices[value])


def _sent_scope(
    thing: Thing, before: Line, inputs: Mapping[str, list[str]]
) -> tuple[Scope, frozenset[tuple[int, bool]]]:
    """The scope, and the departments where those are what was chosen (PERM-1)."""
    name = inputs.get("scope", [str(before.scope)])[0]
    scope = next((one for one in scopes(thing) if one == name), None)
    if scope is None:
        raise _unknown(f"scope:{thing.key}")
    if scope is not Scope.CHOSEN:
        return scope, frozenset()
    if "drawer" not in inputs:
        return scope, before.places
    below = "below" in inputs
    ids = {state.whole(one, 0) for one in inputs.get("departments", ()) if one}
    return scope, frozenset((one, below) for one in ids)
