"""Logging in over the API: the framework's addresses and bodies, our checks (C2, R11).

``POST /api/v1/security/login`` with ``{"username", "password", "provider": "db", "refresh": true}``
answers ``{"access_token", "refresh_token"}``; ``/refresh`` takes the refresh token as bearer and
answers a new access token; ``/logout`` ends the session of the token it is called with.
"""

from typing import Any

from flask import jsonify
from flask_appbuilder.api import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from app.admin import bodies
from app.admin.openapi.own import OwnApi
from app.admin.openapi.parts import FLAG, TEXT, operation, record, sent
from app.admin.security import login, sessions
from app.admin.security.requests import CHANGE_FIRST
from app.spec.errors import Invalid, NotLoggedIn, NotPermitted

ACCEPTED = {"username": str, "password": str, "provider": str, "refresh": bool}
REQUIRED_KEYS = ("username", "password")
REQUIRED = _l("This field is required.")


TOKENS = record(("access_token",), access_token=TEXT, refresh_token=TEXT)
LOGIN = record(
    REQUIRED_KEYS,
    username=TEXT,
    password=TEXT,
    provider=TEXT | {"enum": ["db"]},
    refresh=FLAG,
)


class TokenApi(OwnApi):
    """Tokens for programs: each is a session that its owner sees and can end."""

    resource_name = "security"
    allow_browser_login = False

    @classmethod
    def paths(cls) -> dict[str, Any]:
        base = f"/api/v1/{cls.resource_name}"
        begin = operation("log in with username and password", TOKENS, body=sent(LOGIN))
        renew = operation("a new access token, with the refresh token as bearer", TOKENS)
        return {
            f"{base}/login": {"post": begin | {"security": []}},
            f"{base}/refresh": {"post": renew},
            f"{base}/logout": {"post": operation("end the session of this token", record())},
        }

    @expose("/login", methods=["POST"])
    def login(self) -> Response:
        """Tokens for a username and a password."""
        wanted = _body()
        person = login.check(wanted["username"], wanted["password"])
        if person is None:
            raise NotLoggedIn(_("Username or password is wrong."))
        if person.must_change_password:
            raise NotPermitted(CHANGE_FIRST)
        tokens = sessions.begin_token(person, with_refresh=wanted.get("refresh", False))
        return jsonify(tokens)

    @expose("/refresh", methods=["POST"])
    def refresh(self) -> Response:
        """A new access token for a refresh token."""
        token = sessions.renew_token(sessions.bearer() or "")
        if token is None:
            raise NotLoggedIn
        return jsonify({"access_token": token})

    @expose("/logout", methods=["POST"])
    def logout(self) -> Response:
        """End the session of this token."""
        sessions.end_current()
        return jsonify({})


def _body() -> dict[str, Any]:
    """The four keys the framework defines; anything else is refused, never ignored."""
    body = bodies.json_object()
    wrong = {key: [_("Unknown field.")] for key in body if key not in ACCEPTED}
    for key, kind in ACCEPTED.items():
        if key in body and not isinstance(body[key], kind):
            wrong[key] = [_("This value has the wrong type.")]
    wrong |= {key: [REQUIRED] for key in REQUIRED_KEYS if not body.get(key)}
    if body.get("provider", "db") != "db":
        wrong["provider"] = [_("Unknown provider.")]
    if wrong:
        raise Invalid(fields=wrong)
    return body
