"""The numbers of the home page: cards, the filters on top of them, each person's arrangement."""

from app.pages.dashboard.parts import DashboardView

__all__ = ["DashboardView"]
