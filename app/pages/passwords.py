"""Resetting somebody's password (C6): a one-time password is made, shown once, and must be changed.

The administrator never picks it, and every session of the person ends.
"""

from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import generate_csrf

from app.admin.manual import explained
from app.admin.page import Page, expose
from app.admin.security import resets
from app.rules import escalation
from app.spec.catalogue import catalogue
from app.store import door


class ResetPasswordView(Page):
    """``/users/reset-password/<id>``: GET asks, POST acts and shows the new password once."""

    route_base = "/users/reset-password"
    default_view = "reset"

    @expose("/<int:pk>", methods=["GET", "POST"])
    @explained(
        _l(
            "Makes a one-time password for somebody who can't log in. It is shown once and must "
            "be changed at the first login."
        )
    )
    def reset(self, pk: int) -> str:
        """Ask, then make a one-time password."""
        people = catalogue.get("user")
        door.demand(people.key, "reset_password")
        person = door.fetch(people, pk, "reset_password", [people.fields["username"]])
        escalation.check_becoming(pk)
        screen = {
            "title": _("Reset the password of %(name)s?", name=person.username),
            "text": _("A one-time password is made; all sessions of this person end at once."),
            "action": f"/users/reset-password/{pk}",
            "hidden": [("csrf_token", generate_csrf())],
            "cancel_url": f"/users/show/{pk}",
            "danger": True,
            "button": _("Reset password"),
        }
        if request.method == "GET":
            return render_template("confirm.html", screen=screen)
        made = resets.reset_password(pk, person.username)
        screen |= {
            "title": _("The new password of %(name)s", name=person.username),
            "text": _(
                "%(made)s — it is shown only now and must be changed at the first login.", made=made
            ),
            "button": "",
            "action": "",
        }
        return render_template("confirm.html", screen=screen)
