"""How the installation's e-mails are doing: what waits and why, what was refused, and a test."""

import secrets
from typing import Any

from flask import Response, current_app, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import generate_csrf

from app.admin import cells, state
from app.admin.manual import explained
from app.admin.page import Page, expose, go_to
from app.extensions import db
from app.jobs import letters
from app.jobs.postman import RefusedError, ServerAwayError, connected
from app.pages.settings import SETTINGS
from app.spec import mail
from app.spec.catalogue import catalogue
from app.spec.errors import Conflict, NotFound
from app.spec.words import either
from app.store import door, mails, titles
from app.store.context import actor, system_scope
from app.store.history import record_event

SHOWN = 100
RETRY, LEAVE = "retry", "leave"


class MailView(Page):
    """``/mail/``: for whoever sees and changes the settings."""

    route_base = "/mail"
    default_view = "show"

    @expose("/")
    @explained(
        _l(
            "Whether e-mails go out. What waits is tried every minute; what the mail server has "
            "refused for good stands here until you try it again or leave it."
        )
    )
    def show(self) -> str:
        """What waits, what was refused, and why."""
        door.demand(SETTINGS.key, "list")
        state.only(request.args)
        found = mails.dead(SHOWN)
        names = titles.by_ids(catalogue.get("user"), [row.user_id for row in found])
        screen = {
            "hidden": [("csrf_token", generate_csrf())],
            "editable": actor().rights.may(SETTINGS.key, "edit"),
            "is_set_up": mail.is_set_up(),
            "has_address": bool(current_app.config["CRM_PUBLIC_URL"]),
            "counts": mails.counts(),
            "error": mails.last_error(),
            "dead": [_row(row, names) for row in found],
        }
        return render_template("mail_state.html", screen=screen)

    @expose("/test", methods=["POST"])
    def test(self) -> Response:
        """Send a mail to whoever asks, now, and say what the server said to it."""
        door.demand(SETTINGS.key, "edit")
        to = _myself()
        if not mail.is_set_up() or not to[1]:
            raise Conflict(_("Enter the mail server, the sender and your own address first."))
        record_event("mail_tested", subject=to[1])
        db.session.commit()  # a mail server may take its time: nothing stays open meanwhile
        try:
            with connected() as postman:
                postman.send(letters.trial(to, secrets.token_hex(16)))
        except ValueError as fault:
            flash(_("Not sent. %(reason)s", reason=fault), "danger")
        except (ServerAwayError, RefusedError) as fault:
            flash(_("Not sent. The mail server says: %(reason)s", reason=fault), "danger")
        else:
            flash(
                _("The mail server has accepted a test for %(address)s.", address=to[1]), "success"
            )
        return go_to("/mail/")

    @expose("/<int:number>", methods=["POST"])
    def settle(self, number: int) -> Response:
        """Try a refused mail again, or leave it."""
        door.demand(SETTINGS.key, "edit")
        wanted = request.form.get("do")
        if wanted not in (RETRY, LEAVE) or not mails.settle(number, again=wanted == RETRY):
            raise NotFound
        db.session.commit()
        return go_to("/mail/")


def _myself() -> tuple[str, str]:
    """One's own name and address."""
    me = actor().user_id
    with system_scope("a person's own address"):
        person = mails.addressee(me)
        return either(person.name, person.name_en), person.email or ""


def _row(row: mails.Mail, names: dict[int, str]) -> dict[str, Any]:
    return {
        "id": row.id,
        "who": names.get(row.user_id, ""),
        "when": cells.moment(row.due_at),
        "error": row.error,
    }
