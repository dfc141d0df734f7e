"""One's own canned phrases (ACT): written, put in order and dropped on one page.

Any text area offers them with the attribute ``data-phrases``.
"""

from collections.abc import Sequence
from typing import Any

from flask import Response, flash, jsonify, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import generate_csrf

from app.admin import state
from app.admin.forms import CONTROL
from app.admin.manual import explained
from app.admin.page import Page, expose, go_to
from app.extensions import db
from app.spec.errors import Invalid
from app.store import phrases

PLACE = "/phrases/"


class PhrasesView(Page):
    """``/phrases/``: everybody's own list."""

    route_base = "/phrases"
    default_view = "show"

    @expose("/", methods=["GET", "POST"])
    @explained(
        _l(
            "Sentences that you write again and again. Where you write, the button “Canned "
            "phrases” puts them in at the cursor; those of the company stand below your own."
        )
    )
    def show(self) -> str | Response | tuple[str, int]:
        """The list; POST keeps it as it was sent, with one line moved when a button says so."""
        state.only(request.args)
        if request.method == "GET":
            return render_template("phrases.html", screen=_screen(phrases.mine()))
        state.only(request.form, {*CONTROL, "phrase", "up", "down"})
        sent = _moved(request.form.getlist("phrase"))
        try:
            phrases.keep(sent)
        except Invalid as refusal:
            db.session.rollback()
            again = render_template("phrases.html", screen=_screen(sent, refusal.message))
            return again, refusal.status
        db.session.commit()
        flash(_("Saved."), "success")
        return go_to(PLACE)

    @expose("/menu")
    def menu(self) -> Response:
        """What a text area offers: one's own, then the company's."""
        state.only(request.args)
        own = phrases.mine()
        others = [one for one in phrases.companys() if one not in own]
        return jsonify({"own": own, "company": others, "edit_url": PLACE})


def _moved(sent: list[str]) -> list[str]:
    """The phrases in the form's order; a pressed button moves one a place up or down."""
    for name, step in (("up", -1), ("down", 1)):
        place = state.whole(request.form.get(name), -1)
        if 0 <= place < len(sent):
            sent.insert(max(place + step, 0), sent.pop(place))
    return sent


def _screen(own: Sequence[str], error: Any = "") -> dict[str, Any]:
    return {
        "action": PLACE,
        "hidden": [("csrf_token", generate_csrf())],
        "phrases": own,
        "is_full": len(own) >= phrases.MOST,
        "longest": phrases.LONGEST,
        "company": phrases.companys(),
        "errors": [str(error)] if error else [],
    }
