"""The help of each page, declared beside it, and the keys that work everywhere (UI-14).

A page says what it is for with :func:`explained`, an entity what its records are with ``help``.
The one table of keys below is what the script obeys and what the panel lists.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from flask import current_app
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from app.admin.attributes import json_attribute

View = TypeVar("View", bound=Callable[..., Any])


def explained(text: Any) -> Callable[[View], View]:
    """Declare what the page of this view is for: a sentence or two for whoever asks there."""

    def keep(view: View) -> View:
        view.__help__ = text  # type: ignore[attr-defined]
        return view

    return keep


def texts_at(path: str) -> list[str]:
    """What is said about the page of that address: its records first; nothing for a stranger's."""
    try:
        endpoint, _values = current_app.url_map.bind("localhost").match(path, method="GET")
    except (HTTPException, RequestRedirect):
        return []
    view = current_app.view_functions[endpoint]
    entity = getattr(getattr(view, "__self__", None), "entity", None)
    found = [getattr(entity, "help", None), getattr(view, "__help__", None)]
    return [str(text) for text in found if text]


@dataclass(frozen=True)
class Shortcut:
    """A key and what it does, as shortcuts.js knows it, with the first elements that exist."""

    key: str
    does: str
    at: tuple[str, ...]
    label: Any


SHORTCUTS = (
    Shortcut("/", "focus", ("[data-slash]",), _l("Search everything")),
    Shortcut("f", "focus", ("[data-find]",), _l("Search in this page")),
    Shortcut("n", "click", ("[data-create]", "[data-create-menu]"), _l("Create a record")),
    Shortcut("e", "click", (".record-actions [data-operation=edit]",), _l("Edit this record")),
    Shortcut("j", "next", ("tr[data-id] td a[href]",), _l("Next row")),
    Shortcut("k", "previous", ("tr[data-id] td a[href]",), _l("Previous row")),
    Shortcut(
        "s",
        "click",
        ("tr:focus-within .star", ".record-actions .star"),
        _l("Set or take the star"),
    ),
    Shortcut("[", "click", (".neighbours [rel=prev]",), _l("Previous record of the list")),
    Shortcut("]", "click", (".neighbours [rel=next]",), _l("Next record of the list")),
    Shortcut("x", "tick", ("tr[data-id]",), _l("Tick this row")),
    Shortcut("?", "click", ("[data-help]",), _l("This help")),
)
GO = "g"
"""The key before a letter that leads to a page."""
WITHOUT_SCRIPT = (
    ("Enter", _l("Open the row")),
    ("F2", _l("Edit the cell; Enter saves, Tab goes on to the next")),
    ("Ctrl+Enter", _l("Save the form")),
    ("Esc", _l("Close a panel, a menu or a dialog")),
)
"""Keys that the browser or another module obeys."""


@cache
def for_script() -> str:
    """The table of keys as shortcuts.js reads it from the page."""
    keys = {s.key: {"does": s.does, "at": s.at} for s in SHORTCUTS}
    return json_attribute({"go": GO, "keys": keys})
