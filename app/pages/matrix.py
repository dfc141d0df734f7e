"""The permission matrix (MATRIX-1): what each role may do with each entity, on which rows.

One page per role, one request to save it all; obeyed on everybody's next request (MATRIX-9).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import generate_csrf

from app.admin import state
from app.admin.manual import explained
from app.admin.navigation import GROUPS
from app.admin.page import Page, expose, go_to
from app.extensions import db
from app.rules import escalation
from app.spec.catalogue import catalogue
from app.spec.entity import Entity, PageRight
from app.spec.errors import BadRequest, NotFound, StaleVersion
from app.spec.field import Level, Masking
from app.spec.operations import OPERATIONS
from app.spec.roles import SUPER_ADMIN, SYSTEM_ADMIN, grant
from app.spec.scopes import SCOPE_LABELS, Scope
from app.spec.words import Label, either
from app.store import access, door, grants, titles
from app.store.context import actor
from app.store.history import record_event

MATRIX = catalogue.declare_page(
    PageRight(
        key="matrix",
        label=Label("Permission matrix", "权限矩阵"),
        operations=("list", "edit"),
        grants={SYSTEM_ADMIN: grant(Scope.ALL, "list edit")},
        url="/matrix/",
        icon="lock",
    )
)
LEVELS = {"hidden": Level.HIDDEN, "read": Level.READ, "edit": Level.EDIT}
MASKS = {"none": Masking.NONE, "list": Masking.LIST, "all": Masking.ALL}
CONTROL = frozenset({"csrf_token", "row_version", "next"})

Thing = Entity | PageRight


class MatrixView(Page):
    """``/matrix/`` and ``/matrix/<role>``."""

    route_base = "/matrix"
    default_view = "show"

    @expose("/")
    def first(self) -> Response:
        """The first role that can be edited."""
        door.demand(MATRIX.key, "list")
        rows = grants.roles_with_users()
        first = next((row.id for row in rows if row.code != SUPER_ADMIN), rows[0].id)
        return go_to(f"/matrix/{first}")

    @expose("/<int:role_id>", methods=["GET", "POST"])
    @explained(
        _l(
            "What each role may do with each kind of record, and on whose. It holds from "
            "everybody's next click; every change is in the audit log."
        )
    )
    def show(self, role_id: int) -> str | Response:
        """One role's rows; POST replaces them all."""
        door.demand(MATRIX.key, "list" if request.method == "GET" else "edit")
        roles = grants.roles_with_users()
        role = next((row for row in roles if row.id == role_id), None)
        if role is None:
            raise NotFound
        if request.method == "POST":
            save(role_id, state.whole(request.form.get("row_version"), 0), _posted())
            db.session.commit()
            flash(_("Saved. It holds from everybody's next click."), "success")
            return go_to(f"/matrix/{role_id}")
        return render_template("matrix.html", screen=_screen(roles, role))


def save(role_id: int, version: int, rows: list[dict[str, Any]]) -> None:
    """Replace the rows of a role, note the difference, and tell every process.

    Raises NotPermitted (MATRIX-8), StaleVersion when somebody else saved it meanwhile (C37).
    """
    before = grants.of_role(role_id)
    changed = [row for row in rows if _differs(before.get(row["entity"]), row)]
    escalation.check_change(role_id, before, rows)
    if not grants.raise_version(role_id, version):
        raise StaleVersion
    if not changed:
        return
    grants.replace(role_id, changed)
    record_event(
        "grants_changed",
        subject=str(role_id),
        detail={row["entity"]: [_plain(before.get(row["entity"])), _plain(row)] for row in changed},
    )
    access.touch()


def _differs(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> bool:
    empty = {"scope": "none", "operations": [], "fields": {}, "departments": []}
    return _plain(before or empty) != _plain(after)


def _plain(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A row without its keys, in one order, to compare and to keep."""
    if row is None:
        return None
    return {
        "scope": row["scope"],
        "operations": sorted(row["operations"]),
        "departments": row["departments"] or [],
        "fields": row["fields"] or {},
    }


def _things() -> Iterator[Thing]:
    yield from catalogue
    yield from catalogue.pages.values()


def _posted() -> list[dict[str, Any]]:
    """The rows as the form sends them; 400 for names that don't exist."""
    known = {thing.key: thing for thing in _things()}
    rows: dict[str, dict[str, Any]] = {
        key: {
            "entity": key,
            "scope": str(Scope.NONE),
            "departments": [],
            "operations": [],
            "fields": {},
        }
        for key in known
    }
    for name in request.form:
        if name in CONTROL:
            continue
        kind, _colon, rest = name.partition(":")
        key, _colon, part = rest.partition(":")
        if key not in known:
            raise BadRequest
        _take(rows[key], known[key], kind, part, request.form[name])
        if kind == "departments":
            rows[key]["departments"] = _places(request.form.getlist(name), request.form, key)
    for key, row in rows.items():
        if row["scope"] != Scope.CHOSEN:
            row["departments"] = []
        row["operations"] = [o for o in known[key].operations if o in row["operations"]]
    return list(rows.values())


def _take(row: dict[str, Any], thing: Thing, kind: str, part: str, value: str) -> None:
    """One input of the form into its row."""
    fields = thing.fields if isinstance(thing, Entity) else {}
    if kind == "grant" and part in thing.operations:
        row["operations"].append(part)
    elif kind in ("departments", "below") and not part and str(Scope.CHOSEN) in _scopes(thing):
        pass  # read together, beside their scope
    elif kind == "scope" and not part and value in _scopes(thing):
        row["scope"] = value
    elif kind == "field" and part in fields and value in LEVELS:
        if LEVELS[value] is not Level.EDIT:
            row["fields"].setdefault(part, {})["level"] = int(LEVELS[value])
    elif kind == "mask" and part in fields and value in MASKS:
        if MASKS[value] is not Masking.NONE:
            row["fields"].setdefault(part, {})["mask"] = int(MASKS[value])
    else:
        raise BadRequest(_l("There is no argument %(name)s.", name=f"{kind}:{part}"))


def _places(ids: Sequence[str], form: Mapping[str, str], key: str) -> list[dict[str, Any]]:
    """The chosen departments, each with or without those below it (PERM-1)."""
    wanted = {state.whole(one, 0) for one in ids if one}
    known = titles.by_ids(catalogue.get("department"), wanted)
    if set(known) != wanted:
        raise NotFound
    return [{"id": one, "below": f"below:{key}" in form} for one in sorted(wanted)]


def _scopes(thing: Thing) -> list[str]:
    """The scopes that make sense: rows without an owner are all or none."""
    if isinstance(thing, Entity) and thing.is_owned:
        return [str(scope) for scope in Scope]
    return [str(Scope.NONE), str(Scope.ALL)]


def _screen(roles: Iterable[Any], role: Any) -> dict[str, Any]:
    rows = grants.of_role(role.id)
    is_super = role.code == SUPER_ADMIN
    editable = not is_super and actor().rights.may(MATRIX.key, "edit")
    verbs = [v for v in OPERATIONS.values() if any(v.slug in t.operations for t in _things())]
    return {
        "roles": [
            {
                "id": one.id,
                "label": either(one.name, one.name_en),
                "url": f"/matrix/{one.id}",
                "active": one.id == role.id,
                "builtin": bool(one.code),
                "users": one.users,
            }
            for one in roles
        ],
        "role": {
            "id": role.id,
            "label": either(role.name, role.name_en),
            "editable": editable,
            "version": role.version,
        },
        "operations": [{"slug": v.slug, "label": str(v.label)} for v in verbs],
        "groups": list(_groups(rows, verbs, is_super=is_super)),
        "action": f"/matrix/{role.id}",
        "hidden": [("csrf_token", generate_csrf()), ("row_version", str(role.version))],
    }


def _groups(rows: grants.Grants, verbs: list[Any], *, is_super: bool) -> Iterator[dict[str, Any]]:
    places = (place["id"] for row in rows.values() for place in row["departments"] or ())
    names = titles.by_ids(catalogue.get("department"), places)
    for key, label in GROUPS:
        things = [thing for thing in _things() if thing.menu == key]
        if things:
            yield {
                "label": str(label),
                "rows": [_row(t, rows.get(t.key), verbs, names, is_super=is_super) for t in things],
            }


def _chosen(
    thing: Thing, places: Sequence[Mapping[str, Any]], names: Mapping[int, str]
) -> list[dict[str, str]] | None:
    """The chosen departments of a row; None where the scope makes no sense."""
    if str(Scope.CHOSEN) not in _scopes(thing):
        return None
    return [{"code": str(p["id"]), "label": names.get(p["id"], str(p["id"]))} for p in places]


def _row(
    thing: Thing,
    row: Mapping[str, Any] | None,
    verbs: list[Any],
    names: Mapping[int, str],
    *,
    is_super: bool,
) -> dict[str, Any]:
    granted = set(thing.operations) if is_super else set(row["operations"] if row else ())
    places = row["departments"] if row else []
    return {
        "entity": thing.key,
        "departments": _chosen(thing, places, names),
        "below": any(place["below"] for place in places),
        "label": str(thing.many if isinstance(thing, Entity) else thing.label),
        "scope": "all" if is_super else row["scope"] if row else "none",
        "scopes": [{"code": s, "label": str(SCOPE_LABELS[Scope(s)])} for s in _scopes(thing)],
        "cells": [
            {
                "slug": v.slug,
                "granted": v.slug in granted,
                "available": v.slug in thing.operations,
                "dangerous": v.is_dangerous,
            }
            for v in verbs
        ],
        "fields": _fields(thing, row["fields"] if row else {}),
    }


def _fields(thing: Thing, levels: Mapping[str, Mapping[str, int]]) -> list[dict[str, Any]]:
    if not isinstance(thing, Entity):
        return []
    level_names = {int(level): name for name, level in LEVELS.items()}
    mask_names = {int(mask): name for name, mask in MASKS.items()}
    return [
        {
            "key": key,
            "label": str(f.label),
            "level": level_names[levels.get(key, {}).get("level", int(Level.EDIT))],
            "mask": mask_names[levels.get(key, {}).get("mask", int(Masking.NONE))],
            "maskable": bool(f.mask),
        }
        for key, f in thing.fields.items()
        if key != thing.title
    ]
