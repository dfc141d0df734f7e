"""What one was told: the in-app list of messages, in the reader's language (NOTE)."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_wtf.csrf import generate_csrf

from app.admin import cells
from app.admin.manual import explained
from app.admin.page import Page, expose, go_to
from app.extensions import db
from app.jobs import alarm
from app.rules import announcements
from app.spec.catalogue import catalogue
from app.spec.routines import ROUTINES
from app.spec.words import either
from app.store import outbox
from app.store.context import actor
from app.store.outbox import Outbox


class NotificationsView(Page):
    """``/notifications/``: one's own messages only."""

    route_base = "/notifications"
    default_view = "show"

    @expose("/", methods=["GET", "POST"])
    @explained(_l("What others did that concerns you: records handed over, teams you joined."))
    def show(self) -> str | Response:
        """The newest messages; POST marks them all as read."""
        me = actor().user_id
        if request.method == "POST":
            outbox.mark_read(me)
            db.session.commit()
            return go_to("/notifications/")
        screen = {
            "rows": [_row(message) for message in outbox.latest(me)],
            "hidden": [("csrf_token", generate_csrf())],
            "action": "/notifications/",
            "announcements": _announcements(),
        }
        return render_template("notifications.html", screen=screen)

    @expose("/unread")
    def unread(self) -> str:
        """The number on the bell, loaded by a request of its own."""
        count = outbox.unread(actor().user_id) + announcements.unread()
        return "" if not count else str(count) if count < 100 else "99+"


def _announcements() -> str:
    """How many announcements wait to be read; empty for none."""
    n = announcements.unread()
    return ngettext("%(num)d unread announcement", "%(num)d unread announcements", n) if n else ""


def _row(message: Outbox) -> dict[str, Any]:
    return {
        "when": cells.moment(message.at),
        "text": sentence(message.kind, message.data),
        "url": _address(message.kind, message.data),
        "read": message.read_at is not None,
    }


def _transferred(n: int, names: Mapping[str, Any]) -> str:
    return ngettext(
        "%(who)s transferred %(num)d record to you (%(kind)s).",
        "%(who)s transferred %(num)d records to you (%(kind)s).",
        n,
        **names,
    )


def _assigned(n: int, names: Mapping[str, Any]) -> str:
    return ngettext(
        "%(who)s assigned %(num)d record to you (%(kind)s).",
        "%(who)s assigned %(num)d records to you (%(kind)s).",
        n,
        **names,
    )


def _joined_the_team(n: int, names: Mapping[str, Any]) -> str:
    return ngettext(
        "%(who)s added you to the team of %(num)d record (%(kind)s).",
        "%(who)s added you to the team of %(num)d records (%(kind)s).",
        n,
        **names,
    )


def _undone(n: int, names: Mapping[str, Any]) -> str:
    return ngettext(
        "%(who)s undid a bulk operation on %(num)d record that concerns you (%(kind)s).",
        "%(who)s undid a bulk operation on %(num)d records that concern you (%(kind)s).",
        n,
        **names,
    )


SENTENCES: dict[str, Callable[[int, Mapping[str, Any]], str]] = {
    "transfer": _transferred,
    "assign": _assigned,
    "add_team": _joined_the_team,
    "undo": _undone,
}
"""What a message says, by the operation it tells of; one of its own for each."""


def _routine_failed(data: Mapping[str, Any]) -> str:
    routine = ROUTINES.get(data["routine"])
    return _(
        "The scheduled task “%(name)s” has failed three times.",
        name=routine.label if routine else data["routine"],
    )


def sentence(kind: str, data: dict[str, Any]) -> str:
    """The message as a sentence of the reader's language; KeyError for a kind that has none."""
    if kind == alarm.KIND:
        return _routine_failed(data)
    names = {"who": either(*data["by_name"]), "kind": catalogue.get(data["entity"]).many}
    text = SENTENCES[kind](data["count"], names)
    note = data.get("message") or ""
    return _("%(sentence)s %(note)s", sentence=text, note=note).strip()


def _address(kind: str, data: dict[str, Any]) -> str:
    """Where the records are; an undone hand-over may have taken them out of the reader's reach."""
    if kind == alarm.KIND:
        return "/clock/"
    plural = catalogue.get(data["entity"]).plural
    if data.get("record") and kind != "undo":
        return f"/{plural}/show/{data['record']}"
    return f"/{plural}/list/?view=mine"
