"""What a page of its own is made of, so that pages need not know the framework."""

from flask import Response, redirect, request
from flask_appbuilder import AppBuilder as Builder
from flask_appbuilder import BaseView as Page
from flask_appbuilder import expose
from flask_appbuilder.views import IndexView as FirstPage

__all__ = ["Builder", "FirstPage", "Page", "expose", "go_to", "here", "mounted_at"]


def here(address: str | None) -> str:
    """The address of one of our pages as a browser asks for it, wherever the site is mounted.

    In the program a page's address begins at the site's root; whatever else it is stays as it is.
    """
    if not address:  # a form without one posts to where it stands
        return ""
    is_ours = address.startswith("/") and not address.startswith("//")
    return f"{mounted_at()}{address}" if is_ours else address


def mounted_at() -> str:
    """The path that the site is mounted at, empty for the root and where nobody asks for a page."""
    try:
        return request.script_root  # looked up once: a page has hundreds of addresses
    except RuntimeError:
        return ""


def go_to(path: str) -> Response:
    """Send the browser on to one of our pages."""
    answer: Response = redirect(here(path))  # type: ignore[assignment]
    return answer
