"""The home page: a greeting and the ways into daily work."""

from typing import Any

from flask import render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.admin.manual import explained
from app.admin.page import FirstPage, expose
from app.pages.first_run import checklist
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.entity import MINE, Entity
from app.store import listing
from app.store.context import actor
from app.store.policy import Policy


class HomeView(FirstPage):
    """``/``: who you are, what you may open."""

    route_base = ""
    default_view = "index"

    @expose("/")
    @explained(_l("What is yours and what waits for you, with the ways into daily work."))
    def index(self) -> str:
        """The first page after logging in."""
        screen = {"title": _("Home"), "greeting": greeting(), "cards": _cards()}
        screen["first_run"] = checklist()
        return render_template("home.html", screen=screen)


def _cards() -> list[dict[str, Any]]:
    """One card per kind of record that can be one's own, with how many are."""
    rights = actor().rights
    return [
        {
            "label": _("My %(kind)s", kind=str(entity.many).lower()),
            "value": _amount(entity),
            "url": f"/{entity.plural}/list/?view=mine",
            "icon": entity.icon,
        }
        for entity in catalogue
        if entity.is_owned and rights.may(entity.key, "list")
    ]


def _amount(entity: Entity) -> str:
    """How many of them are one's own, exact up to the cap of lists."""
    query = listing.Query(conditions=MINE.filters, size=1)
    policy = Policy(actor(), entity, "list", in_list=True)
    found = listing.page(policy, query, [])
    return f"{found.count:,}" if found.is_exact else f"{found.count:,}+"


def greeting() -> str:
    """Good morning, afternoon or evening on the reader's clock."""
    hour = clock.local(clock.now()).hour
    if hour < 12:
        return _("Good morning")
    return _("Good afternoon") if hour < 18 else _("Good evening")
