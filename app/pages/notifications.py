"""What one was told, and by which ways one wants to hear of what (NOTE)."""

from typing import Any

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import generate_csrf

from app.admin import cells, state
from app.admin.forms import CONTROL
from app.admin.manual import explained
from app.admin.page import Page, expose, go_to
from app.extensions import db
from app.rules import announcements
from app.spec import mail
from app.spec.errors import BadRequest, NotFound
from app.spec.notices import CHANNEL_LABELS, NOTICES, Channel
from app.spec.plurals import ngettext
from app.spec.settings import value
from app.store import channels, outbox
from app.store.channels import DIGEST_AT, HALF_HOURS, Wanted
from app.store.context import actor
from app.store.outbox import Outbox

ON_A_PAGE = 50
TIMES = ("digest_at", "quiet_from", "quiet_until")


class NotificationsView(Page):
    """``/notifications/``: one's own messages only."""

    route_base = "/notifications"
    default_view = "show"

    @expose("/", methods=["GET", "POST"])
    @explained(
        _l(
            "What others did that concerns you, and what you were waiting for, the newest first. "
            "“Settings” says what you hear of in the bell, by e-mail and in the daily digest."
        )
    )
    def show(self) -> str | Response:
        """The newest messages, ``before`` goes on to older ones; POST marks one or all as read."""
        if request.method == "POST":
            return _mark_read()
        state.only(request.args, {"before"})
        before = state.whole(request.args.get("before"), 0) or None
        muted = channels.mine().muted
        found = outbox.latest(actor().user_id, muted, ON_A_PAGE + 1, before)
        shown = found[:ON_A_PAGE]
        older = len(found) > len(shown)
        screen = {
            "rows": [_row(message) for message in shown if message.kind in NOTICES],
            "hidden": [("csrf_token", generate_csrf())],
            "action": "/notifications/",
            "announcements": _announcements(),
            "older_url": f"/notifications/?before={shown[-1].id}" if older else "",
            "newest_url": "/notifications/" if before else "",
        }
        return render_template("notifications.html", screen=screen)

    @expose("/unread")
    def unread(self) -> str:
        """The number on the bell, loaded by a request of its own."""
        muted = channels.mine().muted
        count = outbox.unread(actor().user_id, muted) + announcements.unread()
        return "" if not count else str(count) if count < 100 else "99+"

    @expose("/settings", methods=["GET", "POST"])
    @explained(
        _l(
            "What you hear of, and how: in the bell, by an e-mail at once, or in one e-mail a "
            "working day. E-mails wait while it is quiet; the bell never does."
        )
    )
    def settings(self) -> str | Response:
        """One switch per kind and way, the time of the digest, the quiet hours."""
        state.only(request.args)
        if request.method == "POST":
            channels.keep(_posted())
            db.session.commit()
            flash(_("Saved."), "success")
            return go_to("/notifications/settings")
        return render_template("notification_settings.html", screen=_choices(channels.mine()))


def _mark_read() -> Response:
    number = request.form.get("id")
    if number is None:
        outbox.mark_read(actor().user_id)
    elif not outbox.mark_read(actor().user_id, state.whole(number, 0)):
        raise NotFound
    db.session.commit()
    return go_to("/notifications/")


def _announcements() -> str:
    """How many announcements wait to be read; empty for none."""
    n = announcements.unread()
    return ngettext("%(num)d unread announcement", "%(num)d unread announcements", n) if n else ""


def _row(message: Outbox) -> dict[str, Any]:
    notice = NOTICES[message.kind]
    return {
        "id": message.id,
        "when": cells.moment(message.at),
        "text": notice.says(message.data),
        "url": notice.leads_to(message.data),
        "read": message.read_at is not None,
    }


def _posted() -> Wanted:
    """The choices of the form; BadRequest for kinds, ways and times that there aren't."""
    state.only(request.form, {*CONTROL, *TIMES, *NOTICES})
    times = {key: request.form.get(key, "") for key in TIMES}
    chosen = {kind: request.form.getlist(kind) for kind in NOTICES}
    ways = {way for some in chosen.values() for way in some}
    if ways - set(Channel) or set(times.values()) - {"", *HALF_HOURS}:
        raise BadRequest
    return Wanted({k: frozenset(map(Channel, some)) for k, some in chosen.items()}, **times)


def _choices(wanted: Wanted) -> dict[str, Any]:
    return {
        "action": "/notifications/settings",
        "hidden": [("csrf_token", generate_csrf())],
        "channels": [{"code": str(c), "label": str(CHANNEL_LABELS[c])} for c in Channel],
        "rows": [
            {
                "key": notice.key,
                "label": str(notice.label),
                "taken": [str(c) for c in Channel if wanted.takes(notice.key, c)],
            }
            for notice in NOTICES.values()
        ],
        "times": HALF_HOURS,
        "wanted": wanted,
        "usual": value(DIGEST_AT),
        "has_mail": mail.is_set_up(),
    }
