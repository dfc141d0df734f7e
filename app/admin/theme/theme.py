"""What every page needs besides its own content: language, navigation, who is logged in."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask, request
from flask_babel import gettext
from jinja2 import pass_context

from app.admin import cells, icons, manual, table
from app.admin.navigation import TO_DOS, Group, groups, has_to_dos
from app.admin.page import here
from app.admin.security import trace
from app.spec import company
from app.spec.plurals import ngettext
from app.spec.words import either, language
from app.store.context import Actor, current_or_none

TEMPLATES = Path(__file__).parent / "templates"


class Me:
    """The logged-in person as the top bar shows him."""

    def __init__(self, who: Actor) -> None:
        self.id = who.user_id
        self.username = who.username
        self.name = either(who.name, who.name_en)
        self.initials = cells.initials(self.name)


@pass_context
def _here(_context: Any, address: str | None) -> str:
    """``here`` for templates: with the context, so that no address is worked out once for all."""
    return here(address)


def install(app: Flask) -> None:
    """Offer the common words of every page to the templates."""
    app.context_processor(_common)
    app.jinja_env.globals.update(_=gettext, gettext=gettext, ngettext=ngettext)
    app.jinja_env.globals.update(
        company_name=company.name,
        company_logo=company.logo,
        currency_symbol=company.currency_symbol,
        most_upload_mb=app.config["MAX_CONTENT_LENGTH"] // (1024 * 1024),
        icon=icons.icon,
        star=table.star,
        table_body=table.body,
    )
    app.jinja_env.filters["here"] = _here
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def _common() -> dict[str, Any]:
    work = current_or_none()
    who = work.actor if work else None
    nav = groups(who, request.path) if who else []
    return {
        "lang": language.get(),
        "me": Me(who) if who else None,
        "nav": nav,
        "create_menu": list(_create_menu(nav)),
        "account_menu": _account_menu() if who else [],
        "search_url": "/search/",
        "help_url": f"/help/?{urlencode({'at': request.path})}",
        "shortcuts": manual.for_script(),
        "to_dos": {"url": TO_DOS, "count_url": f"{TO_DOS}waiting"} if _has_to_dos(who) else None,
        "bell": {"url": "/notifications/", "unread_url": "/notifications/unread"},
        "request_id": trace.request_id(),
    }


def _has_to_dos(who: Actor | None) -> bool:
    return who is not None and has_to_dos(who)


def _account_menu() -> list[dict[str, str]]:
    return [
        {"label": gettext("My operations"), "url": "/operations/", "icon": "list-check"},
        {
            "label": gettext("Notification settings"),
            "url": "/notifications/settings",
            "icon": "bell",
        },
        {"label": gettext("Canned phrases"), "url": "/phrases/", "icon": "message"},
        {"label": gettext("Deputies"), "url": "/deputies/", "icon": "users"},
        {"label": gettext("My exports"), "url": "/exports/", "icon": "download"},
        {"label": gettext("Change password"), "url": "/account/password/", "icon": "key"},
        {"label": gettext("Calendar address"), "url": "/calendar-feed/", "icon": "calendar"},
        {"label": gettext("My sessions"), "url": "/account/sessions/", "icon": "devices"},
    ]


def _create_menu(nav: Iterable[Group]) -> Iterator[dict[str, str]]:
    for group in nav:
        for item in group.items:
            if item.create_url:
                yield {"label": item.one, "url": item.create_url}
