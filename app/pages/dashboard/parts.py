"""What the home page asks for afterwards: its cards, their files, what is remembered of it."""

import io
from collections.abc import Iterable
from typing import Any

from flask import Response, jsonify, render_template, request
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from app.admin import state
from app.admin.forms import CONTROL
from app.admin.manual import explained
from app.admin.page import Page, expose, go_to
from app.extensions import db
from app.pages.dashboard import layout, lens, people, tables
from app.pages.dashboard.cards import CARDS, DashboardCard
from app.pages.dashboard.lens import KEPT, KEYS, Lens
from app.spec import clock
from app.spec.errors import BadRequest, NotFound, NotPermitted
from app.spec.text import is_storable
from app.store import preferences

FILES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
MOVES = {"up": -1, "down": 1}
LONGEST = 50


class DashboardView(Page):
    """``/dashboard/…``: every answer is the reader's own and obeys his scope (REP-3)."""

    route_base = "/dashboard"
    default_view = "card"

    @expose("/cards/<key>")
    @explained(_l("One card of the home page by itself; its numbers open the records behind them."))
    def card(self, key: str) -> str:
        """One card: a part of the home page, or a page of its own without script (UI-2)."""
        card, seen = _asked(key, request.args)
        screen, table = card.make(seen, _metric(card, seen))
        screen |= {
            "key": key,
            "title": str(card.label),
            "table": table,
            "url": f"/dashboard/cards/{key}",
            "hidden": seen.pairs(),
        }
        is_part = request.headers.get("HX-Request") == "true"
        return render_template("dashboard_card.html", screen=screen, is_part=is_part)

    @expose("/cards/<key>/<kind>")
    def file(self, key: str, kind: str) -> Response:
        """The card's table as a file (REP-7)."""
        card, seen = _asked(key, request.args)
        if kind not in FILES:
            raise NotFound
        _screen, table = card.make(seen, _metric(card, seen))
        content = io.BytesIO()
        tables.write(kind, content, table)
        answer = Response(content.getvalue(), content_type=FILES[kind])
        name = f"{key}-{clock.today().isoformat()}.{kind}"
        answer.headers.set("Content-Disposition", "attachment", filename=name)
        return answer

    @expose("/cards/<key>/metric", methods=["POST"])
    def choose(self, key: str) -> Response:
        """Keep which metric a card is about, and show the card so."""
        card, seen = _asked(key, request.form, CONTROL)
        if not card.has(seen, request.form.get("metric", "")):
            raise BadRequest
        preferences.put({_kept(card): request.form["metric"]})
        db.session.commit()
        return go_to(seen.url(f"/dashboard/cards/{key}"))

    @expose("/options/<kind>")
    def options(self, kind: str) -> Response:
        """People or departments to choose, by what was typed."""
        state.only(request.args, {"q"})
        words = request.args.get("q", "").strip()
        if len(words) > LONGEST or not is_storable(words):
            raise BadRequest(_l("At most %(n)s characters.", n=LONGEST))
        return jsonify(people.offered(kind, words))

    @expose("/lens", methods=["POST"])
    def remember(self) -> Response:
        """Keep the chosen filters and look through them."""
        seen = _seen(request.form, CONTROL)
        preferences.put({KEPT: [list(pair) for pair in seen.pairs()]})
        db.session.commit()
        return go_to(seen.url("/"))

    @expose("/layout", methods=["POST"])
    def arrange(self) -> Response:
        """Order, hide or show cards, or go back to how everybody starts."""
        seen = _seen(request.args)
        form = {key: value for key, value in request.form.items() if key not in CONTROL}
        if form == {"reset": "1"}:
            preferences.forget(layout.KEY)
        else:
            now = layout.stored(preferences.get(layout.KEY).get(layout.KEY))
            preferences.put({layout.KEY: _arranged(now, seen, form).to_json()})
        db.session.commit()
        return go_to(seen.url("/"))


def _asked(
    key: str, args: MultiDict[str, str], further: Iterable[str] = ()
) -> tuple[DashboardCard, Lens]:
    """The card and the lens that are asked for; 403 when it would show this reader nothing."""
    if key not in CARDS:
        raise NotFound
    seen = _seen(args, {"metric", *further})
    if not CARDS[key].is_for(seen):
        raise NotPermitted
    return CARDS[key], seen


def _metric(card: DashboardCard, seen: Lens) -> str:
    """The metric of the address, else the one chosen last while it is still offered, else none."""
    if "metric" in request.args or not card.has_choice:
        return request.args.get("metric", "")
    kept = preferences.get(_kept(card)).get(_kept(card), "")
    return kept if card.has(seen, kept) else ""


def _kept(card: DashboardCard) -> str:
    return f"dashboard.metric.{card.key}"


def _seen(args: Any, further: Iterable[str] = ()) -> Lens:
    state.only(args, {*KEYS, *further})
    seen = lens.read(args)
    people.check(seen)
    return seen


def _arranged(now: layout.Layout, seen: Lens, form: dict[str, str]) -> layout.Layout:
    """One change at a time, named by the button that was pressed."""
    if len(form) != 1:
        raise BadRequest
    ((what, value),) = form.items()
    if what == "order":
        return now.ordered(value.split(","))
    if what in MOVES:
        shown = [k for k in now.order if k not in now.hidden and CARDS[k].is_for(seen)]
        return now.moved(value, MOVES[what], shown)
    if what == "hide":
        return now.without(value)
    if what == "show":
        return now.showing(value)
    raise BadRequest(_l("There is no argument %(name)s.", name=what))
