"""The home page: a greeting and the ways into daily work."""

from flask import render_template
from flask_appbuilder import expose
from flask_appbuilder.views import IndexView
from flask_babel import gettext as _

from app.admin.navigation import groups
from app.spec import clock
from app.store.context import actor


class HomeView(IndexView):
    """``/``: who you are, what you may open."""

    route_base = ""
    default_view = "index"

    @expose("/")
    def index(self) -> str:
        """The first page after logging in."""
        who = actor()
        cards = [
            {"label": item.label, "value": "", "url": item.url, "icon": item.icon}
            for group in groups(who, "/")
            for item in group.items
            if item.url != "/"
        ]
        screen = {"title": _("Home"), "greeting": greeting(), "cards": cards, "recent": []}
        return render_template("home.html", screen=screen)


def greeting() -> str:
    """Good morning, afternoon or evening on the reader's clock."""
    hour = clock.local(clock.now()).hour
    if hour < 12:
        return _("Good morning")
    return _("Good afternoon") if hour < 18 else _("Good evening")
