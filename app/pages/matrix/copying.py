"""Copying what is granted: a whole role, one line, or one column of the matrix (MATRIX-3).

Lines and columns become changes like any others: they are asked about before they are saved.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import generate_csrf
from werkzeug.datastructures import MultiDict

from app.admin import state
from app.admin.grant_words import thing_label
from app.pages.matrix import screen
from app.pages.matrix.form import CONTROL
from app.pages.matrix.proposal import Proposal
from app.rules import escalation, role_changes
from app.spec.catalogue import catalogue
from app.spec.errors import BadRequest, Conflict, Invalid, NotFound, Refusal
from app.spec.operations import OPERATIONS
from app.spec.roles import SUPER_ADMIN
from app.store import grants
from app.store.grant_changes import Change, Thing, differences, scopes
from app.store.grants import Line, Lines
from app.store.snapshot import Snapshot


def naming(
    role: Any, form: Mapping[str, str] | None = None, refusal: Refusal | None = None
) -> dict[str, Any]:
    """The question what the copy of a role shall be called."""
    _check_copyable(role)
    given = form or {
        "name": _("%(name)s (copy)", name=role.name),
        "name_en": _("%(name)s (copy)", name=role.name_en) if role.name_en else "",
    }
    fields = catalogue.get("role").fields
    errors = refusal.fields if refusal else {}
    return {
        "title": _("Copy the role %(name)s", name=screen.role_name(role)),
        "fields": [
            {
                "key": key,
                "label": str(fields[key].label),
                "kind": "text",
                "value": given.get(key, ""),
                "required": fields[key].required,
                "max_length": getattr(fields[key], "max_length", None),
                "errors": [str(one) for one in errors.get(key, ())],
                "help": "",
            }
            for key in ("name", "name_en")
        ],
        "action": f"/matrix/{role.id}/copy",
        "back_url": f"/matrix/{role.id}",
        "hidden": [("csrf_token", generate_csrf())],
    }


def _check_copyable(role: Any) -> None:
    if role.code == SUPER_ADMIN:
        raise Conflict(_l("What a super admin may do isn't listed, so it can't be copied."))


def copy_role(role: Any, form: MultiDict[str, str]) -> int:
    """Write the new role with all lines of the old one; returns its id.

    Raises NotPermitted for who doesn't cover the role (MATRIX-8), Invalid for a name that can't be.
    """
    _check_copyable(role)
    state.only(form, {*CONTROL, "name", "name_en"})
    return role_changes.copy_role(role.id, {key: form.get(key, "") for key in ("name", "name_en")})


@dataclass(frozen=True)
class Source:
    """What is copied of a role: the line of an entity, or the column of an operation."""

    role: Any
    line: Thing | None = None
    column: str = ""

    @property
    def label(self) -> str:
        return thing_label(self.line) if self.line else str(OPERATIONS[self.column].label)

    @property
    def url(self) -> str:
        what = f"row={self.line.key}" if self.line else f"column={self.column}"
        return f"/matrix/{self.role.id}/spread?{what}"


def source_of(role: Any, args: Mapping[str, str]) -> Source:
    """What ``?row=customer`` or ``?column=export`` names; exactly one of them."""
    state.only(args, {"row", "column"})
    if len(args) != 1:
        raise BadRequest
    _check_copyable(role)
    line, column = catalogue.things.get(args.get("row", "")), args.get("column", "")
    if line is None and column not in OPERATIONS:
        raise NotFound
    return Source(role, line, column)


def targets(
    source: Source, roles: Sequence[Any], now: Snapshot, refusal: Refusal | None = None
) -> dict[str, Any]:
    """The question where to copy to: roles that the reader may change, and fitting entities."""
    return {
        "title": _("Copy %(what)s", what=source.label),
        "from": screen.role_name(source.role),
        "roles": [
            {"id": one.id, "label": screen.role_name(one)}
            for one in roles
            if one.id != source.role.id and escalation.obstacle(now, one.id) is None
        ],
        "entities": [{"key": key, "label": thing_label(thing)} for key, thing in _fitting(source)],
        "errors": [str(refusal.message)] if refusal else [],
        "action": source.url,
        "back_url": f"/matrix/{source.role.id}",
        "hidden": [("csrf_token", generate_csrf())],
    }


def _fitting(source: Source) -> Iterator[tuple[str, Thing]]:
    """The other lines of the same role that have operations in common with the copied one."""
    if source.line is not None:
        for key, thing in catalogue.things.items():
            if key != source.line.key and set(thing.operations) & set(source.line.operations):
                yield key, thing


def spread(source: Source, roles: Mapping[int, Any], form: MultiDict[str, str]) -> Proposal:
    """The changes that make the targets like the source; Invalid when no target is chosen."""
    state.only(form, {*CONTROL, "role", "entity"})
    chosen = {state.whole(one, 0) for one in form.getlist("role")} - {source.role.id}
    entities = dict(_fitting(source))
    keys = form.getlist("entity")
    if not chosen <= set(roles) or not set(keys) <= set(entities):
        raise NotFound
    if not chosen and not keys:
        raise Invalid(_l("Choose at least one."))
    stored = grants.of_roles({source.role.id, *chosen})
    changes = [one for role in sorted(chosen) for one in _to_role(source, role, stored)]
    for key in keys:
        changes += _to_entity(source, entities[key], stored[source.role.id])
    touched = chosen | ({source.role.id} if keys else set())
    return Proposal({role: roles[role].version for role in sorted(touched)}, changes)


def _to_role(source: Source, role: int, stored: Mapping[int, Lines]) -> list[Change]:
    """The same line, or the same column, in another role."""
    mine, other = stored[source.role.id], stored[role]
    if source.line is not None:
        key = source.line.key
        return differences(role, other.get(key, Line(key)), mine.get(key, Line(key)))
    found = []
    for key in catalogue.things:
        line = other.get(key, Line(key))
        given = mine.get(key, Line(key)).operations & {source.column}
        wanted = line.operations - {source.column} | given
        found += differences(role, line, replace(line, operations=wanted))
    return found


def _to_entity(source: Source, thing: Thing, stored: Lines) -> list[Change]:
    """The operations and the scope of the line, as far as the other entity has them."""
    key = source.line.key if source.line else ""
    mine = stored.get(key, Line(key))
    line = stored.get(thing.key, Line(thing.key))
    has_scope = mine.scope in scopes(thing)
    wanted = replace(
        line,
        operations=mine.operations & set(thing.operations),
        scope=mine.scope if has_scope else line.scope,
        places=mine.places if has_scope else line.places,
    )
    return differences(source.role.id, line, wanted)
