"""The page on which somebody hands over everything that a leaver has (XFER-6)."""

from app.pages.hand_over.views import HandOverView

__all__ = ["HandOverView"]
