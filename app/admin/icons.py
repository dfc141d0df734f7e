"""The drawings beside words: each one symbol of the built sprite."""

from functools import lru_cache

from markupsafe import Markup

from app.admin.assets import asset

_DRAWING = Markup('<svg class="%s" aria-hidden="true"><use href="%s#%s"/></svg>')


def icon(name: str, extra: str = "") -> Markup:
    """One drawing, with more classes if wanted; decoration only, so hidden from assistive tools."""
    return _drawn(asset("icons.svg"), name, extra)


@lru_cache(maxsize=2_000)
def _drawn(sprite: str, name: str, extra: str) -> Markup:
    """Made once: a page has dozens."""
    return _DRAWING % (f"icon {extra}".rstrip(), sprite, name)
