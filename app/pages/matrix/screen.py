"""What the pages of the matrix show: roles at the left, lines by module, one drawer per line."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf

from app.admin import grant_words
from app.pages.matrix import form
from app.rules import escalation
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.field import Field, Level, Masking
from app.spec.menu import GROUPS
from app.spec.operations import OPERATIONS, Operation
from app.spec.roles import SUPER_ADMIN
from app.spec.scopes import SCOPE_LABELS, Scope
from app.spec.words import either
from app.store import access
from app.store.context import actor
from app.store.grant_changes import Part, Thing, scope_text, scopes, value
from app.store.grants import Line, Lines

PAGE = "matrix"
"""The key of the page's own right."""


def role_name(role: Any) -> str:
    return either(role.name, role.name_en)


def lines_of(role: Any, stored: Lines) -> dict[str, Line]:
    """A line for everything that has one; the super admin's are full (PERM-7)."""
    everything = role.code == SUPER_ADMIN
    return {
        key: Line(key, Scope.ALL, frozenset(thing.operations))
        if everything
        else stored.get(key, Line(key))
        for key, thing in catalogue.things.items()
    }


def matrix(roles: Sequence[Any], role: Any, stored: Lines, shown: Lines) -> dict[str, Any]:
    """The page of one role: ``stored`` as it is, ``shown`` with what isn't saved yet."""
    lines, wanted = lines_of(role, stored), lines_of(role, shown)
    places = _place_names(wanted.values())
    verbs, own = _verbs(), head(role)
    return {
        "roles": [{**_listed(one), "active": one.id == role.id} for one in roles],
        "role": own,
        "actions": list(_role_actions(role, own)),
        "create_url": "/roles/add" if actor().rights.may("role", "create") else "",
        "operations": [
            {
                "slug": verb.slug,
                "label": str(verb.label),
                "copy_url": f"/matrix/{role.id}/spread?column={verb.slug}",
            }
            for verb in verbs
        ],
        "groups": [
            {
                "label": str(label),
                "rows": [
                    _row(role.id, thing, lines[thing.key], wanted[thing.key], verbs, places)
                    for thing in catalogue.things.values()
                    if thing.menu == menu
                ],
            }
            for menu, label in GROUPS.items()
            if any(thing.menu == menu for thing in catalogue.things.values())
        ],
        "action": f"/matrix/{role.id}",
        "hidden": _hidden(role),
    }


def line(role: Any, thing: Thing, stored: Lines) -> dict[str, Any]:
    """The page of one line: its operations, scope, departments and field rights."""
    own, verbs = lines_of(role, stored)[thing.key], verbs_of(thing)
    places, top = _place_names([own]), head(role)
    row = _row(role.id, thing, own, own, verbs, places)
    return {
        "title": _(
            "%(line)s · %(role)s", line=grant_words.thing_label(thing), role=role_name(role)
        ),
        "role": top,
        "row": {**row, "drawer": _drawer(thing, own, own, places)},
        "operations": [{"slug": v.slug, "label": str(v.label)} for v in verbs],
        "action": f"/matrix/{role.id}/{thing.key}",
        "back_url": f"/matrix/{role.id}",
        "copy_url": f"/matrix/{role.id}/spread?row={thing.key}",
        "hidden": _hidden(role),
    }


def head(role: Any) -> dict[str, Any]:
    """A role as its own pages show it, with why it can't be changed when it can't."""
    obstacle = escalation.obstacle(access.snapshot(), role.id)
    may_edit = actor().rights.may(PAGE, "edit")
    fixed = obstacle if may_edit else _("You may look at the matrix, not change it.")
    return {
        **_listed(role),
        "is_free": not obstacle,
        "editable": not fixed,
        "fixed": fixed or "",
        "can_copy": may_edit and role.code != SUPER_ADMIN,
    }


def _listed(role: Any) -> dict[str, Any]:
    return {
        "id": role.id,
        "label": role_name(role),
        "builtin": bool(role.code),
        "retired": not role.is_active,
        "users": role.users,
        "url": f"/matrix/{role.id}",
    }


def _hidden(role: Any) -> list[tuple[str, str]]:
    return [("csrf_token", generate_csrf()), ("row_version", str(role.version))]


def _role_actions(role: Any, own: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What else can be done with the role: its name and its state are those of any record."""
    rights = actor().rights
    yield {
        "label": _("Compare"),
        "url": f"/matrix/compare?left={role.id}",
        "icon": "columns",
        "dialog": False,
    }
    if rights.may("role", "create") and own["can_copy"]:
        url = f"/matrix/{role.id}/copy"
        yield {"label": _("Copy role"), "url": url, "icon": "copy", "dialog": True}
    if rights.may("role", "edit") and own["is_free"]:
        url = f"/roles/edit/{role.id}"
        yield {"label": _("Rename"), "url": url, "icon": "pencil", "dialog": False}
    change = "disable" if role.is_active else "enable"
    if rights.may("role", change) and own["is_free"]:
        url = f"/roles/bulk/{change}?id={role.id}"
        label = _("Retire role") if role.is_active else _("Bring role back")
        yield {"label": label, "url": url, "icon": OPERATIONS[change].icon, "dialog": True}


def _verbs() -> list[Operation]:
    used = {slug for thing in catalogue.things.values() for slug in thing.operations}
    return [verb for slug, verb in OPERATIONS.items() if slug in used]


def verbs_of(thing: Thing) -> list[Operation]:
    return [verb for slug, verb in OPERATIONS.items() if slug in thing.operations]


def _row(
    role: int,
    thing: Thing,
    stored: Line,
    shown: Line,
    verbs: Sequence[Operation],
    places: Mapping[int, str],
) -> dict[str, Any]:
    has_changed_fields = (stored.fields, stored.places) != (shown.fields, shown.places)
    return {
        "entity": thing.key,
        "url": f"/matrix/{role}/{thing.key}",
        "label": grant_words.thing_label(thing),
        "marker": form.row_marker(stored),
        "scope": str(shown.scope),
        "scopes": [{"code": str(s), "label": str(SCOPE_LABELS[s])} for s in scopes(thing)],
        "places": grant_words.text(Part.SCOPE, scope_text(shown), places) if shown.places else "",
        "cells": [
            {
                "slug": verb.slug,
                "granted": verb.slug in shown.operations,
                "available": verb.slug in thing.operations,
                "dangerous": verb.is_dangerous,
            }
            for verb in verbs
        ],
        "fields": [str(f.label) for f in _fields(thing).values()],
        "limited": len(shown.fields),
        "drawer": _drawer(thing, stored, shown, places) if has_changed_fields else None,
    }


def _fields(thing: Thing) -> dict[str, Field]:
    return thing.restrictable if isinstance(thing, Entity) else {}


def _drawer(
    thing: Thing, stored: Line, shown: Line, places: Mapping[int, str]
) -> dict[str, Any] | None:
    """The chosen departments and the field rights of a line; None where there can be neither."""
    if not isinstance(thing, Entity):
        return None
    chosen = [{"code": str(one), "label": places.get(one, str(one))} for one, _b in shown.places]
    levels = {int(level): name for name, level in form.LEVELS.items()}
    masks = {int(mask): name for name, mask in form.MASKS.items()}
    return {
        "entity": thing.key,
        "marker": form.drawer_marker(stored),
        "departments": chosen if Scope.CHOSEN in scopes(thing) else None,
        "below": any(below for _one, below in shown.places),
        "levels": [(name, str(grant_words.LEVELS[Level(code)])) for code, name in levels.items()],
        "masks": [(name, str(grant_words.MASKS[Masking(code)])) for code, name in masks.items()],
        "fields": [
            {
                "key": key,
                "label": str(field.label),
                "level": levels[int(value(shown, Part.LEVEL, key))],
                "mask": masks[int(value(shown, Part.MASK, key))],
                "maskable": bool(field.mask),
            }
            for key, field in _fields(thing).items()
        ],
    }


def _place_names(lines: Iterable[Line]) -> dict[int, str]:
    return grant_words.places_in(scope_text(one) for one in lines)
