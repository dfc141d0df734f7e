"""What one was told: the in-app list of messages, in the reader's language (NOTE)."""

from typing import Any

from flask import Response, render_template, request
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_wtf.csrf import generate_csrf

from app.admin import cells
from app.admin.manual import explained
from app.admin.page import Page, expose, go_to
from app.extensions import db
from app.pages import messages
from app.rules import announcements
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
        "text": messages.sentence(message.kind, message.data),
        "url": messages.address(message.kind, message.data),
        "read": message.read_at is not None,
    }
