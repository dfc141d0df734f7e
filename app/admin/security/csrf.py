"""No page of another site acts in somebody's name (C49).

Every request that may change something needs the token of this session: in the form or in the
``X-CSRFToken`` header, API included. Only a request that authenticates itself by the Authorization
header needs none, because no browser adds that by itself — and then the cookie is not looked at.
"""

from flask import current_app, request
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError

from app.admin.security import sessions
from app.extensions import csrf
from app.spec.errors import BadRequest

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
EXPIRED = _l("This page was open for too long. Please try again.")


def protect() -> None:
    """Refuse an unsafe request without the session's token (400)."""
    if request.method in SAFE or sessions.is_by_token() or not is_on():
        return
    check()


def check() -> None:
    """The token of this session, or :class:`BadRequest`."""
    if not is_on():
        return
    try:
        csrf.protect()
    except CSRFError as error:
        raise BadRequest(EXPIRED) from error


def is_on() -> bool:
    """Tests of other things may switch it off; the self-check at start refuses that (C111)."""
    return bool(current_app.config.get("WTF_CSRF_ENABLED", True))
