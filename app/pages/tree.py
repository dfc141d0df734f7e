"""The tree of departments (ORG): moved by dragging, by buttons, or to a chosen place."""

from typing import Any

from flask import flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import generate_csrf

from app.admin import state
from app.admin.manual import explained
from app.admin.page import Page, expose, go_to
from app.extensions import db
from app.rules import tree as rules
from app.spec.catalogue import catalogue
from app.spec.entity import OpenPage
from app.spec.errors import BadRequest, Conflict, Invalid, NotFound
from app.spec.words import Label
from app.store import directory, door
from app.store.context import actor
from app.store.directory import Node, Tree

PATH = "/departments/tree/"
TREE = catalogue.declare_open_page(
    OpenPage(
        Label("Departmental tree", "组织架构"),
        PATH,
        "hierarchy",
        "organisation",
        needs=(rules.KEY, "list"),
        rank=79,
    )
)
STEPS = {"up": -1, "down": 1}


class TreeView(Page):
    """``/departments/tree/``: whoever lists departments sees it, whoever edits them moves them."""

    route_base = PATH.rstrip("/")
    default_view = "show"

    @expose("/")
    @explained(
        _l(
            "The tree that data scopes follow. Drag a department by its grip, or use its buttons; "
            "everything below it moves along, and it holds from everybody's next click."
        )
    )
    def show(self) -> str:
        """The tree; with ``move`` every place where that department can go has a button."""
        door.demand(rules.KEY, "list")
        state.only(request.args, ("move",))
        return render_template("tree.html", screen=_screen(directory.tree()))

    @expose("/move", methods=["POST"])
    def move(self) -> Any:
        """One step among its siblings, or to a parent and before a sibling; back to it."""
        door.demand(rules.KEY, "edit")
        state.only(
            request.form, ("csrf_token", "next", "id", "row_version", "step", "to", "before")
        )
        number, version = (state.whole(request.form.get(k), 0) for k in ("id", "row_version"))
        try:
            _move(number, version)
        except (Invalid, Conflict) as refusal:
            db.session.rollback()
            said = [str(s) for some in refusal.fields.values() for s in some] or [str(refusal)]
            screen = _screen(directory.tree()) | {"errors": said}
            return render_template("tree.html", screen=screen), refusal.status
        db.session.commit()
        flash(_("Moved. It holds from everybody's next click."), "success")
        return go_to(f"{PATH}#department-{number}")


def _move(number: int, version: int) -> None:
    step = request.form.get("step")
    if step is None:
        to = state.whole(request.form.get("to"), 0)
        before = state.whole(request.form.get("before"), 0) or None
        rules.move(number, to, before, version=version)
    elif step in STEPS:
        rules.step(number, STEPS[step], version=version)
    else:
        raise BadRequest


def _screen(tree: Tree) -> dict[str, Any]:
    moving = state.whole(request.args.get("move"), 0)
    if moving and (moving not in tree.nodes or tree.nodes[moving] is tree.root):
        raise NotFound
    rights = actor().rights
    may_edit = rights.may(rules.KEY, "edit")
    going = set(tree.below(moving)) if moving and may_edit else set()
    return {
        "title": str(TREE.label),
        "errors": [],
        "editable": may_edit,
        "action": f"{PATH}move",
        "hidden": [("csrf_token", generate_csrf())],
        "list_url": "/departments/list/",
        "create_url": "/departments/add" if rights.may(rules.KEY, "create") else "",
        "moving": _node(tree.nodes[moving], going, may_edit=False) if going else None,
        "root": _node(tree.root, going, may_edit=may_edit) if tree.root else None,
    }


def _node(node: Node, going: set[int], *, may_edit: bool, is_root: bool = True) -> dict[str, Any]:
    """A department as the page shows it; while one is chosen, the others offer their place."""
    return {
        "id": node.id,
        "name": node.name,
        "version": node.version,
        "head": node.head,
        "people": node.people,
        "url": f"/departments/show/{node.id}",
        "add_url": f"/departments/add?parent={node.id}",
        "people_url": f"/users/list/?{_people(node.id)}",
        "move_url": f"{PATH}?move={node.id}",
        "movable": may_edit and not is_root and not going,
        "offers": bool(going) and node.id not in going,
        "children": [
            _node(child, going, may_edit=may_edit, is_root=False) for child in node.children
        ],
    }


def _people(number: int) -> str:
    conditions = ({"col": "department", "opr": "eq", "value": number},)
    return state.ListState("", conditions=conditions).url().removeprefix("?")
