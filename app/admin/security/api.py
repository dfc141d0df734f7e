"""Logging in over the API: the framework's addresses and bodies, our checks (C2, R11).

``POST /api/v1/security/login`` with ``{"username", "password", "provider": "db", "refresh": true}``
answers ``{"access_token", "refresh_token"}``; ``/refresh`` takes the refresh token as bearer and
answers a new access token; ``/logout`` ends the session of the token it is called with.
"""

from typing import Any

from flask import jsonify, request
from flask_appbuilder.api import BaseApi, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from app.admin.security import login, sessions
from app.admin.security.requests import CHANGE_FIRST
from app.spec.errors import BadRequest, Invalid, NotLoggedIn, NotPermitted, UnsupportedType

ACCEPTED = {"username": str, "password": str, "provider": str, "refresh": bool}
REQUIRED = _l("This field is required.")


class TokenApi(BaseApi):
    """Tokens for programs: each is a session that its owner sees and can end."""

    resource_name = "security"
    csrf_exempt = False
    openapi_spec_tag = "Security"

    @expose("/login", methods=["POST"])
    def login(self) -> Response:
        """Log in with username and password
        ---
        post:
          summary: Log in with username and password
          requestBody:
            required: true
            content:
              application/json:
                schema:
                  type: object
                  required: [username, password]
                  properties:
                    username: {type: string}
                    password: {type: string}
                    provider: {type: string, enum: [db]}
                    refresh: {type: boolean}
          responses:
            200:
              description: The tokens
              content:
                application/json:
                  schema:
                    type: object
                    properties:
                      access_token: {type: string}
                      refresh_token: {type: string}
            401: {$ref: '#/components/responses/401'}
        """
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
        """Get a new access token for a refresh token
        ---
        post:
          summary: Get a new access token for a refresh token
          responses:
            200:
              description: The new access token
              content:
                application/json:
                  schema:
                    type: object
                    properties:
                      access_token: {type: string}
            401: {$ref: '#/components/responses/401'}
          security:
            - jwt_refresh: []
        """
        token = sessions.renew_token(sessions.bearer() or "")
        if token is None:
            raise NotLoggedIn
        return jsonify({"access_token": token})

    @expose("/logout", methods=["POST"])
    def logout(self) -> Response:
        """End the session of this token
        ---
        post:
          summary: End the session of this token
          responses:
            200:
              description: Ended
            401: {$ref: '#/components/responses/401'}
          security:
            - jwt: []
        """
        sessions.end_current()
        return jsonify({})


def _body() -> dict[str, Any]:
    """The four keys the framework defines; anything else is refused, never ignored."""
    if not request.is_json:
        raise UnsupportedType
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise BadRequest
    wrong = {key: [_("Unknown field.")] for key in body if key not in ACCEPTED}
    for key, kind in ACCEPTED.items():
        if key in body and not isinstance(body[key], kind):
            wrong[key] = [_("This value has the wrong type.")]
    wrong |= {key: [REQUIRED] for key in ("username", "password") if not body.get(key)}
    if body.get("provider", "db") != "db":
        wrong["provider"] = [_("Unknown provider.")]
    if wrong:
        raise Invalid(fields=wrong)
    return body
