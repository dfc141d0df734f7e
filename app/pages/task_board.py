"""The board of tasks: inbox, today, next, later; moved by dragging, by keys, or by its buttons."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import generate_csrf

from app.admin import cells, forms, state
from app.admin.manual import explained
from app.admin.once import once
from app.admin.page import Page, expose, go_to
from app.extensions import db
from app.jobs import bulk
from app.operations.registry import behaviour
from app.operations.selection import Selection
from app.rules import task_board
from app.rules.task_board import KEY, Column
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.entity import OpenPage
from app.spec.errors import NotFound, Refusal
from app.spec.words import Label
from app.store import titles
from app.store.context import actor
from app.store.idempotency import Replay
from app.store.policy import Policy

PATH = "/tasks/board/"
BOARD = catalogue.declare_open_page(
    OpenPage(
        Label("Task board", "任务看板"), PATH, "layout-kanban", "workbench", (KEY, "list"), rank=61
    )
)
SHOWN = ("title", "priority", "due_at", "customer", "lead", "contact", "checklist")
"""What a card tells, as far as its reader may see it."""


class TaskBoardView(Page):
    """``/tasks/board/``: one's own open tasks, or those of one of one's people."""

    route_base = PATH.rstrip("/")
    default_view = "show"

    @expose("/")
    @explained(
        _l(
            "Open tasks in four columns. Drag a card, or use its menu; the order within a column "
            "is kept. A tick marks the task done."
        )
    )
    def show(self) -> str:
        """The board of the reader, or of the ``person`` that he leads."""
        state.only(request.args, ("person",))
        return render_template("task_board.html", screen=screen(_person(request.args)))

    @expose("/move", methods=["POST"])
    def move(self) -> Any:
        """One card to a column and before another; back to the board, or 204 for the script."""
        person, number = _person(request.form), state.whole(request.form.get("id"), 0)
        by_script = request.accept_mimetypes.best == "application/json"
        try:
            task_board.move(number, person, request.form)
            db.session.commit()
        except Refusal as refusal:
            db.session.rollback()
            said = _("This task isn't on the board any more.") if refusal.status == 404 else refusal
            flash(str(said), "danger")
            if by_script:  # it loads the board anew, which says so
                return Response(status=refusal.status)
            return render_template("task_board.html", screen=screen(person)), refusal.status
        if by_script:
            return Response(status=204)
        return go_to(f"{_address(person)}#task-{number}")

    @expose("/done", methods=["POST"])
    def done(self) -> Response:
        """Mark one task done, as an operation with history, notice and undo."""
        person, number = _person(request.form), state.whole(request.form.get("id"), 0)

        def effect() -> Replay:
            chosen = Selection(ids=(number,))
            outcome, _job = bulk.run(behaviour("complete"), catalogue.get(KEY), chosen, {})
            if outcome.done:
                flash(_("Done: %(title)s", title=outcome.changes[0].title), "success")
            return Replay(302, {}, {"operation_id": outcome.operation_id})

        once(request.form.get("form_nonce"), effect)
        return go_to(_address(person))


def _person(given: Mapping[str, str]) -> int:
    """Whose board: one's own, or that of somebody below; NotFound for anybody else."""
    me = actor()
    person = state.whole(given.get("person"), 0) or me.user_id
    if person not in {me.user_id, *me.rights.people}:
        raise NotFound
    return person


def _address(person: int) -> str:
    return PATH if person == actor().user_id else f"{PATH}?person={person}"


def screen(person: int) -> dict[str, Any]:
    """Everything the page shows: the same number of statements whatever there is."""
    policy, me = task_board.policy(), actor()
    may = me.rights.may
    fields = [policy.readable[key] for key in SHOWN if key in policy.readable]
    fields += [policy.readable[key] for key in ("bucket", "owner") if key in policy.readable]
    names = titles.by_ids(catalogue.get("user"), me.rights.people) if me.rights.people else {}
    edits = may(KEY, "edit") and "bucket" in Policy(me, catalogue.get(KEY), "edit").writable(
        creating=False
    )
    labels = {option.code: str(option.label) for option in task_board.buckets()}
    return {
        "title": str(BOARD.label),
        "person": person,
        "people": sorted(names.items(), key=lambda one: one[1]),
        "me": me.user_id,
        "address": PATH,
        "hidden": [("csrf_token", generate_csrf()), ("person", person)],
        "nonce": forms.nonce,
        "may_move": edits,
        "may_finish": may(KEY, "complete"),
        "may_create": may(KEY, "create") and person == me.user_id,
        "buckets": labels,
        "columns": [
            _column(policy, column, labels[column.bucket], person)
            for column in task_board.columns(policy, person, fields)
        ],
    }


def _column(policy: Policy, column: Column, label: str, person: int) -> dict[str, Any]:
    conditions = (
        {"col": "owner", "opr": "eq", "value": person},
        {"col": "status", "opr": "eq", "value": "open"},
        {"col": "bucket", "opr": "eq", "value": column.bucket},
    )
    query = state.ListState("", conditions=conditions).url().removeprefix("?")
    return {
        "bucket": column.bucket,
        "label": label,
        "count": column.count,
        "more": max(column.count - len(column.rows), 0),
        "list_url": f"/tasks/list/?{query}",
        "create_url": f"/tasks/add?bucket={column.bucket}",
        "cards": _cards(policy, column.rows),
    }


def _cards(policy: Policy, rows: Sequence[Any]) -> list[dict[str, Any]]:
    ids = [row.id for row in rows]
    return [
        {
            "id": row.id,
            "title": titles.title(policy.entity, row),
            "url": f"/tasks/show/{row.id}",
            "priority": _shown(policy, row, "priority") if row.priority != "none" else "",
            "due": _shown(policy, row, "due_at"),
            "urgency": _urgency(row.due_at),
            "checklist": row.checklist if "checklist" in policy.readable else "",
            "about": [html for key in ("customer", "lead", "contact")
                      if (html := _linked(policy, row, key))],
            "up": ids[at - 1] if at else None,
            "down": (ids[at + 2] if at + 2 < len(ids) else "") if at + 1 < len(ids) else None,
        }
        for at, row in enumerate(rows)
    ]  # fmt: skip


def _shown(policy: Policy, row: Any, key: str) -> Any:
    """A field as a cell; nothing for whoever doesn't see it."""
    field = policy.readable.get(key)
    return cells.show(cells.cell(field), getattr(row, key)) if field else ""


def _linked(policy: Policy, row: Any, key: str) -> str:
    field = policy.readable.get(key)
    return titles.of(getattr(row, key), field) if field else ""  # type: ignore[arg-type]


def _urgency(due_at: Any) -> str:
    """Red for what was due before today, amber for today (TODO)."""
    if due_at is None:
        return ""
    day = clock.local(due_at).date()
    return "late" if day < clock.today() else "today" if day == clock.today() else ""
