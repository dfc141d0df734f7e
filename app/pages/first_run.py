"""The first steps of a new installation, on the home page of its super admins (UI-13)."""

from typing import Any

from flask import Response
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf

from app.admin.page import Page, expose, go_to
from app.extensions import db
from app.spec import company
from app.spec.errors import NotPermitted
from app.spec.settings import value
from app.store import beginnings, preferences
from app.store.context import actor

DISMISSED = "first_run.dismissed"
OPTIONAL = "demo"


class FirstRunView(Page):
    """``/first-run/dismiss``: the list is put away for whoever says so."""

    route_base = "/first-run"
    default_view = "dismiss"

    @expose("/dismiss", methods=["POST"])
    def dismiss(self) -> Response:
        """Put the list away."""
        if not actor().rights.is_super:
            raise NotPermitted
        preferences.put({DISMISSED: True})
        db.session.commit()
        return go_to("/")


def checklist() -> dict[str, Any] | None:
    """The steps for the home page; None when they are done, put away, or not the reader's."""
    if not actor().rights.is_super or preferences.get(DISMISSED):
        return None
    done = beginnings.facts() | {"company": bool(value(company.NAME))}
    if all(is_done for key, is_done in done.items() if key != OPTIONAL):
        return None
    return {
        "steps": [{**step, "done": done[step["key"]]} for step in _steps()],
        "progress": _("%(done)s of %(all)s done", done=sum(done.values()), all=len(done)),
        "action": "/first-run/dismiss",
        "hidden": [("csrf_token", generate_csrf())],
    }


def _steps() -> list[dict[str, str]]:
    return [
        {
            "key": "company",
            "label": _("Name your company"),
            "hint": _("Name, logo, currency and time zone stand in the settings."),
            "url": "/settings/",
        },
        {
            "key": "people",
            "label": _("Invite your people"),
            "hint": _("Each with a department and a role; departments decide who sees what."),
            "url": "/users/add",
        },
        {
            "key": "roles",
            "label": _("Check what roles may do"),
            "hint": _("The built-in ones are a start: adapt one, or create your own."),
            "url": "/matrix/",
        },
        {
            "key": "records",
            "label": _("Import your customers"),
            "hint": _("From a spreadsheet, with their contacts; or create the first ones by hand."),
            "url": "/customers/import",
        },
        {
            "key": "demo",
            "label": _("Or look round in a demo company first"),
            "hint": _("In an empty installation: stop it and start it with this command."),
            "command": "python run.py --demo",
        },
    ]
