"""The help panel (UI-14): what the page is for, and the keys; opened by ``?`` over that page."""

from typing import Any

from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.admin import manual, state
from app.admin.navigation import groups
from app.admin.page import Page, expose
from app.store.context import actor


class HelpView(Page):
    """``/help/?at=<path>``: for everybody; says nothing of any record."""

    route_base = "/help"
    default_view = "show"

    @expose("/")
    @manual.explained(_l("What each page is for, and the keys that work on it."))
    def show(self) -> str:
        """The help for the page at that address, and the keys for whoever asks."""
        state.only(request.args, {"at"})
        screen = {
            "title": _("Help"),
            "texts": manual.texts_at(request.args.get("at", request.path)),
            "shortcuts": _keys(),
            "pages": list(_pages()),
        }
        return render_template("help.html", screen=screen)


def _keys() -> list[dict[str, Any]]:
    known = [(shortcut.key, shortcut.label) for shortcut in manual.SHORTCUTS]
    return [{"key": key, "label": label} for key, label in (*known, *manual.WITHOUT_SCRIPT)]


def _pages() -> Any:
    """The pages of his navigation that have a letter."""
    for group in groups(actor(), "/"):
        for item in group.items:
            if item.letter:
                yield {"key": f"{manual.GO} {item.letter}", "label": item.label, "url": item.url}
