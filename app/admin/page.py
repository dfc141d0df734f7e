"""What a page of its own is made of, so that pages need not know the framework."""

from flask import Response, redirect, request
from flask_appbuilder import AppBuilder as Builder
from flask_appbuilder import BaseView as Page
from flask_appbuilder import expose
from flask_appbuilder.views import IndexView as FirstPage

__all__ = ["Builder", "FirstPage", "Page", "expose", "go_to"]


def go_to(path: str) -> Response:
    """Send the browser on to one of our pages, wherever the site is mounted."""
    answer: Response = redirect(f"{request.script_root}{path}")  # type: ignore[assignment]
    return answer
