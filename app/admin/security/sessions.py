"""Being logged in: a row in the database that can be ended, and the number that leads to it (R11).

The cookie carries a random number, signed; a token carries another. Both lead to a row of
``user_session``, which every request looks at: ended, outdated by a new password, of a disabled
person, idle for too long, too old — then nobody is logged in (C7–C12).
"""

import hashlib
import secrets
from typing import Any

import jwt
from flask import current_app, g, request, session
from flask_jwt_extended import create_access_token, create_refresh_token, decode_token
from flask_jwt_extended.exceptions import JWTExtendedException

from app.admin.security.login import actor_of
from app.extensions import db
from app.spec import clock
from app.store import accounts
from app.store.accounts import PAGE, TOKEN, Credentials, Login
from app.store.context import acting_as
from app.store.history import record_event

NUMBER = "sid"
"""The one thing about the person in the cookie, and in a token."""
API = "/api/"


def begin_page(person: Credentials) -> None:
    """Log somebody in on this browser: a new number, nothing kept from before (C7). Commits."""
    ending = current()
    session.clear()
    session[NUMBER] = _begin(person, PAGE, ending)


def begin_token(person: Credentials, *, with_refresh: bool) -> dict[str, str]:
    """Log somebody in over the API: an access token and, if wanted, one to renew it. Commits."""
    number = _begin(person, TOKEN, None)
    claims = {NUMBER: number}
    tokens = {"access_token": _access(person.user_id, number, is_fresh=True)}
    if with_refresh:
        renewing = create_refresh_token(identity=str(person.user_id), additional_claims=claims)
        tokens["refresh_token"] = renewing
    return tokens


def renew_token(token: str) -> str | None:
    """A new access token for a refresh token whose session is alive; None otherwise."""
    number = _number_in(token, "refresh")
    login = _accepted(number, TOKEN)
    return _access(login.user_id, number, is_fresh=False) if login and number else None


def end_current() -> None:
    """Log out: this session ends, and with a page's the tokens of the same person (C8). Commits."""
    login = current()
    if login is not None:
        accounts.end_logins(login.user_id, only=login.id)
        if login.kind == PAGE:
            accounts.end_logins(login.user_id, kind=TOKEN)
        record_event("logout", subject=login.username)
        db.session.commit()
    if not is_by_token():
        session.clear()
    g.pop("login", None)


def current() -> Login | None:
    """Who is logged in on this request, read once: one statement (C10).

    On ``/api/`` a token in the Authorization header counts alone, and the cookie is not looked at.
    """
    if "login" not in g:
        g.login = None  # should looking fail, the page that says so must not look again
        g.login = _find()
    found: Login | None = g.login
    return found


def is_over() -> bool:
    """Whether this browser still brings the number of a session that has ended."""
    return NUMBER in session and current() is None


def bearer() -> str | None:
    """The token in the Authorization header; only the API takes tokens."""
    if not request.path.startswith(API):
        return None
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.casefold() == "bearer" else None


def is_by_token() -> bool:
    """Whether the request comes with a token; then no browser adds anything by itself (C49)."""
    return bearer() is not None


def _find() -> Login | None:
    token = bearer()
    if token is not None:
        login = _accepted(_number_in(token, "access"), TOKEN)
    else:
        login = _accepted(session.get(NUMBER), PAGE)
    if login is not None:
        accounts.touch_login(login)
    return login


def _begin(person: Credentials, kind: str, ending: Login | None) -> str:
    number = secrets.token_urlsafe(32)
    with acting_as(actor_of(person)):
        if ending is not None:
            accounts.end_logins(ending.user_id, only=ending.id)
        agent = request.headers.get("User-Agent", "")
        accounts.add_login(person, _hash(number), kind, ip=request.remote_addr or "", agent=agent)
        record_event("login", subject=person.username, detail={"kind": kind})
        db.session.commit()
    g.pop("login", None)
    return number


def _accepted(number: Any, kind: str) -> Login | None:
    """The living session of that number and kind. Tokens live as long as they say, pages also
    end when nobody used them for a while (C12)."""
    if not isinstance(number, str) or not number:
        return None
    login = accounts.find_login(_hash(number))
    if login is None or login.kind != kind or login.is_ended:
        return None
    now = clock.now()
    if now - login.created_at > current_app.config["CRM_SESSION_ABSOLUTE"]:
        return None
    is_idle = now - login.last_seen_at > current_app.config["CRM_SESSION_IDLE"]
    return None if kind == PAGE and is_idle else login


def _number_in(token: str, kind: str) -> str | None:
    """The session number in a token of ours that is still valid."""
    try:
        claims = decode_token(token)
    except (jwt.PyJWTError, JWTExtendedException, ValueError):
        return None
    number = claims.get(NUMBER)
    return number if claims.get("type") == kind and isinstance(number, str) else None


def _access(user_id: int, number: str, *, is_fresh: bool) -> str:
    token: str = create_access_token(
        identity=str(user_id), additional_claims={NUMBER: number}, fresh=is_fresh
    )
    return token


def _hash(number: str) -> str:
    """What is stored: a copy of the database gives nobody's session away."""
    return hashlib.sha256(number.encode("utf-8", "surrogatepass")).hexdigest()
