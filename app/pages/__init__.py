"""The pages that can't be derived from a declaration: home, permission matrix, notifications."""

from app.admin.page import Builder
from app.pages.help import HelpView
from app.pages.home import HomeView
from app.pages.matrix import MatrixView
from app.pages.notifications import NotificationsView
from app.pages.passwords import ResetPasswordView
from app.pages.search import SearchView

__all__ = ["HomeView", "register_all"]


def register_all(builder: Builder) -> None:
    """Register every page but the home page, which the generator takes by itself."""
    for view in (HelpView, MatrixView, NotificationsView, ResetPasswordView, SearchView):
        builder.add_view_no_menu(view)
