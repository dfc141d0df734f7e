"""Two roles side by side: where they differ comes first (MATRIX-3)."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from app.admin import grant_words, state
from app.pages.matrix import screen
from app.rules import escalation
from app.spec.catalogue import catalogue
from app.spec.errors import NotFound
from app.spec.operations import OPERATIONS
from app.spec.roles import SUPER_ADMIN
from app.store import access, grants
from app.store.context import actor
from app.store.grant_changes import Part, Thing, differences, scope_text, value
from app.store.grants import Line

ONLY = "differences"


def comparison(args: Mapping[str, str], roles: Sequence[Any]) -> dict[str, Any]:
    """The page for ``?left=&right=&only=``; NotFound for roles that don't exist."""
    plain = [role.id for role in roles if role.code != SUPER_ADMIN] or [roles[0].id]
    left = state.whole(args.get("left"), plain[0])
    other = next((role for role in plain if role != left), left)
    pair = (left, state.whole(args.get("right"), other))
    by_id = {role.id: role for role in roles}
    if not set(pair) <= set(by_id):
        raise NotFound
    sides = [by_id[role] for role in pair]
    rows = _rows(sides)
    is_short = args.get("only") == ONLY
    return {
        "action": "/matrix/compare",
        "roles": [{"id": role.id, "label": screen.role_name(role)} for role in roles],
        "sides": [_side(role) for role in sides],
        "rows": [row for row in rows if row["differs"] or not is_short],
        "differing": sum(row["differs"] for row in rows),
        "only": is_short,
        "swap_url": _url(pair[1], pair[0], only=is_short),
        "all_url": _url(*pair, only=False),
        "only_url": _url(*pair, only=True),
    }


def _url(left: int, right: int, *, only: bool) -> str:
    args: dict[str, Any] = {"left": left, "right": right}
    return f"/matrix/compare?{urlencode({**args, 'only': ONLY} if only else args)}"


def _side(role: Any) -> dict[str, Any]:
    return {
        "id": role.id,
        "label": screen.role_name(role),
        "url": f"/matrix/{role.id}",
        "users": role.users,
    }


def _rows(sides: Sequence[Any]) -> list[dict[str, Any]]:
    """One row per line of the matrix, the differing ones first."""
    stored = grants.of_roles(role.id for role in sides)
    lines = [screen.lines_of(role, stored[role.id]) for role in sides]
    places = grant_words.places_in(scope_text(one) for side in lines for one in side.values())
    may_edit = [_may_edit(role) for role in sides]
    rows = []
    for key, thing in catalogue.things.items():
        left, right = (side[key] for side in lines)
        rows.append(
            {
                "entity": key,
                "label": grant_words.thing_label(thing),
                "differs": bool(differences(0, left, right)),
                "cells": [
                    {
                        **_cell(thing, mine, other, places),
                        "url": f"/matrix/{role.id}/{key}" if may else "",
                    }
                    for mine, other, role, may in (
                        (left, right, sides[0], may_edit[0]),
                        (right, left, sides[1], may_edit[1]),
                    )
                ],
            }
        )
    return sorted(rows, key=lambda row: not row["differs"])


def _may_edit(role: Any) -> bool:
    may = actor().rights.may(screen.PAGE, "edit")
    return may and escalation.obstacle(access.snapshot(), role.id) is None


def _cell(thing: Thing, mine: Line, other: Line, places: grant_words.Places) -> dict[str, Any]:
    """One role's half of a row; what the other role has not, or has differently, is marked."""
    keys = sorted({*mine.fields, *other.fields}) if mine.operations else ()
    cells = [(part, key) for key in keys for part in (Part.LEVEL, Part.MASK)]
    return {
        "scope": grant_words.text(Part.SCOPE, scope_text(mine), places),
        "scope_differs": scope_text(mine) != scope_text(other),
        "operations": [
            {
                "label": str(verb.label),
                "extra": slug not in other.operations,
                "dangerous": verb.is_dangerous,
            }
            for slug, verb in OPERATIONS.items()
            if slug in mine.operations
        ],
        "missing": [
            str(verb.label)
            for slug, verb in OPERATIONS.items()
            if slug in other.operations - mine.operations
        ],
        "fields": [
            {
                "label": grant_words.field_label(thing, key, part),
                "text": grant_words.text(part, value(mine, part, key), places),
            }
            for part, key in cells
            if value(mine, part, key) != value(other, part, key)
        ],
    }
