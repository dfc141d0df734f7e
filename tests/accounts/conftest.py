"""What the tests about accounts share: the real limits, and people's tokens."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from tests.support.company import PASSWORD
from tests.support.worlds import World

Tokens = dict[str, str]


@pytest.fixture
def strict_app(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The application with the limits and times of a real installation."""
    from config import settings  # the defaults, whatever the tests' environment says

    found = settings({})
    for name in (
        "CRM_SESSION_IDLE",
        "LOGIN_PER_ACCOUNT",
        "LOGIN_PER_ADDRESS",
        "LOGIN_PER_NETWORK",
    ):
        monkeypatch.setitem(app.config, name, found[name])
    return app


@pytest.fixture
def tokens_of(app: Flask) -> Callable[[str], Tokens]:
    """``tokens_of("sales1a")``: an access and a refresh token, got over the API."""

    def log_in(username: str) -> Tokens:
        body = {"username": username, "password": PASSWORD, "provider": "db", "refresh": True}
        answer = app.test_client().post("/api/v1/security/login", json=body)
        assert answer.status_code == 200, answer.text
        tokens: Tokens = answer.json
        return tokens

    return log_in


@pytest.fixture
def change_user(world: World, engine: Engine) -> Callable[..., None]:
    """``change_user("sales1a", is_active=False)``: as another process would write it."""

    def change(username: str, **values: object) -> None:
        parts = ", ".join(f"{name} = :{name}" for name in values)
        with engine.begin() as connection:
            connection.execute(
                text(f"UPDATE user_account SET {parts} WHERE username = :username"),  # noqa: S608
                {**values, "username": username},
            )

    return change


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def from_address(address: str) -> dict[str, str]:
    """WSGI's word for who is calling."""
    return {"REMOTE_ADDR": address}
