"""Announcements as their audience reads them (NOTE); they are written at their own list."""

from typing import Any

from flask import Response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import generate_csrf

from app.admin import cells, state
from app.admin.manual import explained
from app.admin.page import Page, expose, go_to
from app.extensions import db
from app.rules import announcements
from app.spec.catalogue import catalogue
from app.spec.entity import OpenPage
from app.spec.errors import NotFound
from app.spec.words import Label
from app.store import titles
from app.store.context import actor

ANNOUNCEMENTS = catalogue.declare_open_page(
    OpenPage(
        Label("Announcements", "公告"), "/announcements/", "speakerphone", "workbench", rank=80
    )
)


class AnnouncementsView(Page):
    """``/announcements/``: what one may read now; POST notes that one has read it."""

    route_base = "/announcements"
    default_view = "show"

    @expose("/", methods=["GET", "POST"])
    @explained(
        _l("What the company tells you, the newest first. What you haven't read yet is marked.")
    )
    def show(self) -> str | Response:
        """All that run for the reader; POST marks one or all of them as read."""
        state.only(request.args)
        if request.method == "POST":
            wanted = state.whole(request.form.get("id"), 0) or None
            if not announcements.mark_read(wanted):
                raise NotFound
            db.session.commit()
            return go_to("/announcements/")
        return render_template("announcements.html", screen=screen())


def news() -> dict[str, Any]:
    """The announcements that the reader hasn't read yet, for the home page."""
    found = screen()
    return {**found, "rows": [row for row in found["rows"] if not row["read"]][:3]}


def screen() -> dict[str, Any]:
    """Everything the page shows."""
    entity = catalogue.get(announcements.KEY)
    return {
        "title": str(ANNOUNCEMENTS.label),
        "action": ANNOUNCEMENTS.url,
        "hidden": [("csrf_token", generate_csrf())],
        "create_url": "/announcements/add" if actor().rights.may(entity.key, "create") else "",
        "manage_url": "/announcements/list/" if actor().rights.may(entity.key, "list") else "",
        "rows": [
            {
                "id": record.id,
                "title": record.name,
                "text": cells.show(cells.cell(entity.fields["text"]), record.text),
                "when": cells.moment(record.starts_at or record.created_at),
                "who": titles.title(catalogue.get("user"), record.created_by)
                if record.created_by
                else _("System"),
                "read": is_read,
            }
            for record, is_read in announcements.mine()
        ],
    }
