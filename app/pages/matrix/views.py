"""The addresses of the permission matrix; obeyed on everybody's next request (MATRIX-9).

Looking needs the page's right ``list``, everything else ``edit``; which roles somebody may change
is decided for each (MATRIX-8). Nothing is written but by ``save`` and by copying a role.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.admin import state
from app.admin.manual import explained
from app.admin.page import Page, expose, go_to
from app.extensions import db
from app.pages.matrix import compare, copying, form, preview, screen
from app.pages.matrix.proposal import Proposal
from app.rules import role_changes
from app.spec.catalogue import catalogue
from app.spec.entity import PageRight
from app.spec.errors import Invalid, NotFound, StaleVersion
from app.spec.roles import SUPER_ADMIN, SYSTEM_ADMIN, grant
from app.spec.scopes import Scope
from app.spec.words import Label
from app.store import access, door, grants
from app.store.grant_changes import Change, Thing, settle

MATRIX = catalogue.declare_page(
    PageRight(
        key=screen.PAGE,
        label=Label("Permission matrix", "权限矩阵"),
        operations=("list", "edit"),
        grants={SYSTEM_ADMIN: grant(Scope.ALL, "list edit")},
        url="/matrix/",
        icon="lock",
    )
)

Answer = str | Response | tuple[str, int]


class MatrixView(Page):
    """``/matrix/<role>``, ``/matrix/<role>/<entity>``, comparing, copying, and ``/matrix/save``."""

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
    def show(self, role_id: int) -> Answer:
        """One role's lines; POST asks before saving, or shows once more what isn't saved yet."""
        roles, role = _roles(role_id)
        if request.method == "GET":
            return _matrix(roles, role, ())
        if request.form.get("step") == "edit":
            return _matrix(roles, role, Proposal.opened(request.form).changes)
        return _asked(roles, role)

    @expose("/<int:role_id>/<key>", methods=["GET", "POST"])
    @explained(_l("What one role may do with one kind of record, down to each field."))
    def line(self, role_id: int, key: str) -> Answer:
        """One line with its departments and field rights; POST asks before saving."""
        roles, role = _roles(role_id)
        thing = _thing(key)
        return _line(role, thing) if request.method == "GET" else _asked(roles, role)

    @expose("/save", methods=["POST"])
    def save(self) -> Answer:
        """Save what was asked about; 409 with both when somebody was faster (C37)."""
        door.demand(MATRIX.key, "edit")
        asked = Proposal.opened(request.form)
        wanted = asked.decided(request.form)
        roles = _by_id(wanted.versions)
        if len(wanted.changes) > len(asked.changes):
            return _confirmation(wanted, roles)
        settled = settle(wanted.changes, grants.of_roles(wanted.versions))
        try:
            names = {role: roles[role].name for role in roles}
            role_changes.save(settled, wanted.versions, names)
        except StaleVersion:
            db.session.rollback()
            return _confirmation(wanted, _by_id(wanted.versions))
        db.session.commit()
        flash(_("Saved. It holds from everybody's next click."), "success")
        return go_to(_home(wanted))

    @expose("/compare")
    @explained(
        _l("Two roles side by side: what only one of them grants is marked, and can be changed.")
    )
    def compare(self) -> str:
        """Two roles side by side, differences first (MATRIX-3)."""
        door.demand(MATRIX.key, "list")
        state.only(request.args, {"left", "right", "only"})
        return render_template(
            "matrix_compare.html", screen=compare.comparison(request.args, _known_roles())
        )

    @expose("/<int:role_id>/copy", methods=["GET", "POST"])
    @explained(_l("A new role that grants what this one does, to be changed afterwards."))
    def copy(self, role_id: int) -> Answer:
        """A new role that grants what this one does (MATRIX-3)."""
        _all, role = _roles(role_id, "edit")
        door.demand("role", "create")
        if request.method == "GET":
            return render_template("matrix_copy.html", screen=copying.naming(role))
        try:
            new = copying.copy_role(role, request.form)
        except Invalid as refusal:
            db.session.rollback()
            again = copying.naming(role, request.form, refusal)
            return render_template("matrix_copy.html", screen=again), refusal.status
        db.session.commit()
        flash(_("The role was copied. Give it to people when it grants what it should."), "success")
        return go_to(f"/matrix/{new}")

    @expose("/<int:role_id>/spread", methods=["GET", "POST"])
    @explained(_l("Copy a line or a column to others; you see what changes before it is saved."))
    def spread(self, role_id: int) -> Answer:
        """Copy one line or one column to other roles or entities; POST asks before saving."""
        roles, role = _roles(role_id, "edit")
        source = copying.source_of(role, request.args)
        by_id = {one.id: one for one in roles}
        if request.method == "GET":
            return _targets(source, roles)
        try:
            asked = copying.spread(source, by_id, request.form)
        except Invalid as refusal:
            return _targets(source, roles, refusal), refusal.status
        return _confirmation(asked, by_id)


def _known_roles() -> Sequence[Any]:
    return grants.roles_with_users()


def _roles(role_id: int, operation: str = "") -> tuple[Sequence[Any], Any]:
    """All roles and the one that is meant; permission first (contract §1)."""
    door.demand(MATRIX.key, operation or ("list" if request.method == "GET" else "edit"))
    roles = _known_roles()
    role = next((row for row in roles if row.id == role_id), None)
    if role is None:
        raise NotFound
    return roles, role


def _by_id(wanted: Mapping[int, int]) -> dict[int, Any]:
    """The roles of a proposal as they are now."""
    roles = {row.id: row for row in _known_roles()}
    if not set(wanted) <= set(roles):
        raise NotFound
    return {role: roles[role] for role in wanted}


def _thing(key: str) -> Thing:
    thing = catalogue.things.get(key)
    if thing is None:
        raise NotFound
    return thing


def _matrix(roles: Sequence[Any], role: Any, unsaved: Sequence[Change]) -> str:
    stored = grants.of_roles([role.id])
    shown = settle(unsaved, stored).after.get(role.id, {})
    found = screen.matrix(roles, role, stored[role.id], shown)
    return render_template("matrix.html", screen=found)


def _targets(source: copying.Source, roles: Sequence[Any], refusal: Invalid | None = None) -> str:
    found = copying.targets(source, roles, access.snapshot(), refusal)
    return render_template("matrix_spread.html", screen=found)


def _line(role: Any, thing: Thing) -> str:
    stored = grants.of_roles([role.id])[role.id]
    return render_template("matrix_line.html", screen=screen.line(role, thing, stored))


def _asked(roles: Sequence[Any], role: Any) -> Answer:
    """The confirmation of what was posted for one role."""
    seen = state.whole(request.form.get("row_version"), 0)
    changes = form.changes_of(request.form, role.id)
    return _confirmation(Proposal({role.id: seen}, changes), {one.id: one for one in roles})


def _confirmation(asked: Proposal, roles: Mapping[int, Any]) -> Answer:
    """Ask before saving; 409 when somebody saved one of the roles meanwhile, 422 for nonsense."""
    settled = settle(asked.changes, grants.of_roles(asked.versions))
    role_changes.check(settled)
    found = preview.confirmation(asked, roles, settled, _home(asked))
    errors = found["errors"] = role_changes.faults(settled.changes)
    is_late = any(roles[role].version != seen for role, seen in asked.versions.items())
    page = render_template("matrix_preview.html", screen=found)
    return page, 422 if errors else 409 if is_late or settled.clashes else 200


def _home(asked: Proposal) -> str:
    """Where one comes from: the first role."""
    return f"/matrix/{next(iter(asked.versions), '')}"
