"""What changed hands among one's people, and what of theirs can still be undone (XFER, POOL)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.admin import cells, state
from app.admin.manual import explained
from app.admin.navigation import CHANGED_HANDS, leads_people
from app.admin.page import Page, expose
from app.admin.undo_pages import verb_of, what
from app.operations import reports, undoing
from app.operations.undoing import UNDO_DAYS
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.errors import BadRequest, NotPermitted
from app.spec.operations import OPERATIONS
from app.spec.settings import value
from app.store import moves, periods, titles
from app.store.context import actor
from app.store.moves import Move
from app.store.runs import OperationRun

SHOWN, RUNS = 100, 20
PERIODS = {
    "this_week": _l("This week"),
    "last_week": _l("Last week"),
    "this_month": _l("This month"),
    "last_month": _l("Last month"),
}


class ChangedHandsView(Page):
    """``/changed-hands/``: for whoever leads people, and super admins."""

    route_base = CHANGED_HANDS.rstrip("/")
    default_view = "show"

    @expose("/")
    @explained(
        _l(
            "What went from or to you and your people by transfer, assigning, claiming and the "
            "like, run by run, as far as you may read the records where they are now. Below: what "
            "your people did to many records and could still undo."
        )
    )
    def show(self) -> str:
        """The moves of a period, newest first; ``before`` goes on to older runs."""
        if not leads_people(actor()):
            raise NotPermitted
        state.only(request.args, {"period", "before"})
        period = request.args.get("period") or "this_week"
        if period not in PERIODS:
            raise BadRequest
        before = state.whole(request.args.get("before"), 0) or None
        return render_template("changed_hands.html", screen=_screen(period, before))


def _screen(period: str, before: int | None) -> dict[str, Any]:
    rights = actor().rights
    people = None if rights.is_super else {actor().user_id, *rights.people}
    start, end = (clock.midnight(day) for day in periods.period(period, clock.today()))
    found = moves.made(start, end, people, SHOWN + 1, before)
    shown = _whole_runs(found)
    runs = [] if before else _pending(people)
    names = titles.of_kinds(_mentioned(shown, runs))
    more = {"period": period, "before": shown[-1].run} if len(shown) < len(found) else {}
    return {
        "title": _("What changed hands"),
        "periods": [
            {"label": str(label), "url": _url(period=key), "active": key == period}
            for key, label in PERIODS.items()
        ],
        "rows": [_row(move, names) for move in shown],
        "older_url": _url(**more) if more else "",
        "newest_url": _url(period=period) if before else "",
        "runs": [_run(run, count, names) for run, count in runs],
    }


def _whole_runs(found: Sequence[Move]) -> Sequence[Move]:
    """Those of a page without the run of which the page can't show all."""
    if len(found) <= SHOWN:
        return found
    whole = [move for move in found if move.run != found[-1].run]
    return whole or found[:SHOWN]


def _pending(people: set[int] | None) -> list[tuple[OperationRun, int]]:
    """What the people below have done to many records at once and could still undo."""
    may, since = actor().rights.may, clock.now() - timedelta(days=value(UNDO_DAYS))
    kinds = [entity for entity in catalogue if may(entity.key, "list")]
    wanted = [(e.key, verb.slug) for e in kinds for verb in undoing.undoable(e)]
    return moves.pending_undos(people, since, wanted, RUNS)


def _mentioned(
    shown: Sequence[Move], runs: Sequence[tuple[OperationRun, int]]
) -> dict[str, set[int]]:
    """By kind the records whose names are shown: people, and what moved alone."""
    people = {one for move in shown for one in (move.actor_id, move.old, move.new) if one}
    doers = {run.actor_id for run, _count in runs if run.actor_id}
    found: dict[str, set[int]] = {"user": people | doers}
    for move in shown:
        if move.count == 1:
            found.setdefault(move.entity, set()).add(move.record)
    return found


def _row(move: Move, names: Mapping[tuple[str, int], str]) -> dict[str, Any]:
    entity = catalogue.get(move.entity)
    verb = reports.verb_of(entity, move.operation) or OPERATIONS.get(move.operation)
    title = names.get((move.entity, move.record), "") if move.count == 1 else ""
    return {
        "run": move.run,
        "icon": (verb and verb.icon) or "point",
        "what": str(verb.label if verb else move.operation),
        "kind": str(entity.one if move.count == 1 else entity.many),
        "count": move.count,
        "title": title,
        "url": f"/{entity.plural}/show/{move.record}" if title else "",
        "old": _person(move.old, names),
        "new": _person(move.new, names),
        "by": _person(move.actor_id, names),
        "when": cells.moment(move.at),
    }


def _person(number: int | None, names: Mapping[tuple[str, int], str]) -> str:
    return names.get(("user", number), "") if number else ""


def _run(run: OperationRun, count: int, names: Mapping[tuple[str, int], str]) -> dict[str, Any]:
    verb = verb_of(run)
    return {
        "number": run.id,
        "icon": (verb and verb.icon) or "point",
        "label": what(run),
        "who": _person(run.actor_id, names),
        "done": count,
        "when": cells.moment(run.at),
        "until": clock.shown(undoing.ends_at(run)),
    }


def _url(**wanted: Any) -> str:
    return f"{CHANGED_HANDS}?{urlencode(wanted)}"
