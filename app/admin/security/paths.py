"""Where one may be sent to: places on this site, by path only (C14)."""

import unicodedata
from urllib.parse import urlsplit

from flask import request

LONGEST = 2000
_AWAY_AGAIN = ("/login", "/logout", "/lang/")


def after_login(target: str | None) -> str | None:
    """``same_site``, and not one of the pages that would lead away again at once."""
    path = same_site(target)
    return None if path and path.startswith(_AWAY_AGAIN) else path


def same_site(target: str | None) -> str | None:
    """``target`` as a path with query on this host, or None when it leads anywhere else.

    Takes a path, or an address of this very host (a referrer). Refuses what browsers read as
    another host: ``//evil``, ``/\\evil``, ``https:evil``, control characters.
    """
    if not target or len(target) > LONGEST or "\\" in target or target.startswith("//"):
        return None
    if any(unicodedata.category(sign) in {"Cc", "Cf", "Zl", "Zp"} for sign in target):
        return None
    try:
        parts = urlsplit(target)
    except ValueError:
        return None
    if parts.scheme or parts.netloc:
        if parts.scheme not in {"http", "https"} or parts.netloc != request.host:
            return None
    elif target != target.strip():
        return None
    path = parts.path.removeprefix(request.script_root) if parts.netloc else parts.path
    if not path.startswith("/") or path.startswith("//"):
        return None
    return f"{path}?{parts.query}" if parts.query else path
