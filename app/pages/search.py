"""Global search (SEARCH): one box over everything one may list, as a panel and as a page."""

from typing import Any
from urllib.parse import urlencode

from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.admin import finding, state
from app.admin.manual import explained
from app.admin.page import Page, expose
from app.store import everywhere

IN_PANEL, ON_PAGE = 4, 10


class SearchView(Page):
    """``/search/``: for everybody who is logged in; what he may not list is not looked at."""

    route_base = "/search"
    default_view = "show"

    @expose("/")
    @explained(
        _l(
            "Everything you may see that has these words, the best hits of each kind first. A "
            "piece of a name, pinyin, initials or four digits of a telephone number are enough."
        )
    )
    def show(self) -> str:
        """The results as a page of their own, which works without a script (UI-2)."""
        return render_template("search.html", screen=_screen(ON_PAGE))

    @expose("/panel")
    def panel(self) -> str:
        """The results under the box, asked for as one types."""
        return render_template("parts/search_panel.html", screen=_screen(IN_PANEL))


def _screen(size: int) -> dict[str, Any]:
    """What was found; 400 for other arguments and endless words (C55)."""
    state.only(request.args, {"q"})
    words = request.args.get("q", "").strip()
    groups = everywhere.find(words, size)
    return {
        "title": _("Search results"),
        "words": words,
        "groups": [finding.shown(group, words) for group in groups],
        "is_short": bool(words) and not everywhere.can_be_found(words),
        "page_url": f"/search/?{urlencode({'q': words})}",
    }
