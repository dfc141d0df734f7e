"""Who stands in for whom while he is away: named, looked at and ended on one page."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import generate_csrf

from app.admin import people, state
from app.admin.forms import CONTROL
from app.admin.manual import explained
from app.admin.page import Page, expose, go_to
from app.extensions import db
from app.rules import deputies
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.errors import Invalid
from app.spec.kinds import in_living_memory, iso_date
from app.store import titles
from app.store.context import actor

FIELDS = ("user", "deputy", "from", "until")


class DeputiesView(Page):
    """``/deputies/``: everybody's own, and those of his people."""

    route_base = deputies.PLACE.rstrip("/")
    default_view = "show"

    @expose("/", methods=["GET", "POST"])
    @explained(
        _l(
            "Who is away names a deputy from one day to another. In that time the deputy finds the "
            "other's to-dos under “As deputy”, is reminded of them, reads the records they are "
            "about, notes follow-ups and finishes tasks, as far as his own roles let him. Nothing "
            "is handed over, and it ends by itself. Superiors arrange it for their people."
        )
    )
    def show(self) -> str | Response | tuple[str, int]:
        """What is arranged, and the form; POST arranges."""
        state.only(request.args)
        if request.method == "GET":
            return render_template("deputies.html", screen=_screen({}, {}))
        state.only(request.form, {*CONTROL, *FIELDS})
        sent = {key: request.form.get(key, "") for key in FIELDS}
        me = actor().user_id
        try:
            user = state.whole(sent["user"], 0) if sent["user"] else me
            deputy = state.whole(sent["deputy"], 0)
            deputies.arrange(user, deputy, _day(sent["from"]), _day(sent["until"]))
        except Invalid as refusal:
            db.session.rollback()
            again = render_template("deputies.html", screen=_screen(sent, refusal.fields))
            return again, refusal.status
        db.session.commit()
        flash(_("Saved."), "success")
        return go_to(deputies.PLACE)

    @expose("/<int:number>/end", methods=["POST"])
    def end(self, number: int) -> Response:
        """End one now, or call it off."""
        state.only(request.form, CONTROL)
        deputies.end(number)
        db.session.commit()
        flash(_("It has ended."), "success")
        return go_to(deputies.PLACE)


def _day(text: str) -> date | None:
    with suppress(ValueError):
        return in_living_memory(date.fromisoformat(iso_date(text)))
    return None


def _screen(sent: Mapping[str, str], errors: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    me = actor()
    rows = deputies.arranged()
    numbers = {n for row in rows for n in (row.user_id, row.deputy_id)}
    names = titles.by_ids(catalogue.get("user"), numbers)
    return {
        "title": _("Deputies"),
        "action": deputies.PLACE,
        "hidden": [("csrf_token", generate_csrf())],
        "fields": _fields(sent, errors, for_others=bool(me.rights.people or me.rights.is_super)),
        "rows": [_row(row, names) for row in rows],
    }


def _fields(
    sent: Mapping[str, str], errors: Mapping[str, Sequence[Any]], *, for_others: bool
) -> list[dict[str, Any]]:
    def person(key: str, label: str, *, required: bool, unset: str = "") -> dict[str, Any]:
        wrong = [str(one) for one in errors.get(key, ())]
        chosen = state.whole(sent.get(key), 0) or ""
        return people.picker(key, label, chosen, unset=unset, required=required, errors=wrong)

    def day(key: str, label: str) -> dict[str, Any]:
        wrong = [str(one) for one in errors.get(key, ())]
        value = sent.get(key, clock.today().isoformat() if key == "from" else "")
        return {"key": key, "label": label, "kind": "date", "required": True} | {
            "value": value,
            "errors": wrong,
            "help": "",
        }

    away = [person("user", _("Who is away"), required=False, unset=_("I"))] if for_others else []
    who = person("deputy", _("Deputy"), required=True)
    return [*away, who, day("from", _("First day")), day("until", _("Last day"))]


def _row(row: Any, names: Mapping[int, str]) -> dict[str, Any]:
    last = clock.local(row.ends_at - timedelta(seconds=1)).date()
    return {
        "id": row.id,
        "whom": names.get(row.user_id, ""),
        "deputy": names.get(row.deputy_id, ""),
        "first": clock.local(row.starts_at).date().isoformat(),
        "last": last.isoformat(),
        "is_now": row.starts_at <= clock.now(),
        "end_url": f"{deputies.PLACE}{row.id}/end" if deputies.may_end(row) else "",
    }
