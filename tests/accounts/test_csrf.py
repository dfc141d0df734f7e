"""Other sites act in nobody's name (C49), on pages and on the API alike."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.accounts.conftest import Tokens, bearer
from tests.support.web import hidden_inputs, log_in

PAGES = ("/logout/", "/lang/en", "/account/password/", "/account/sessions/")


def token_of(client: FlaskClient) -> str:
    return hidden_inputs(client.get("/logout/").text)["csrf_token"]


@pytest.mark.parametrize("page", PAGES)
def test_a_form_needs_the_token_of_its_own_session(app: Flask, page: str) -> None:
    client, other = (log_in(app.test_client(), name) for name in ("sales1a", "clerk1"))
    foreign = token_of(other)
    own = token_of(client)
    for data in ({}, {"csrf_token": ""}, {"csrf_token": foreign}, {"csrf_token": own[:-2]}):
        assert client.post(page, data=data).status_code == 400
    assert client.get("/account/sessions/").status_code == 200


def test_the_token_dies_with_the_session(app: Flask) -> None:
    client = log_in(app.test_client(), "sales1a")
    token = token_of(client)
    client.post("/logout/", data={"csrf_token": token})
    log_in(client, "sales1a")
    assert client.post("/logout/", data={"csrf_token": token}).status_code == 400


def test_the_api_needs_it_when_the_cookie_logs_in(log_in_as: Callable[[str], FlaskClient]) -> None:
    client = log_in_as("sales1a")
    token = token_of(client)
    address = "/api/v1/security/logout"
    for headers in ({}, {"X-CSRFToken": "x"}, {"Content-Type": "text/plain"}):
        answer = client.post(address, headers=headers)
        assert answer.status_code == 400
        assert answer.json["code"] == "bad_request"
    assert client.post(address, headers={"X-CSRFToken": token}).status_code == 200


def test_a_token_in_the_header_counts_alone(
    log_in_as: Callable[[str], FlaskClient], tokens_of: Callable[[str], Tokens]
) -> None:
    """With it no CSRF token is needed, and the cookie is not looked at — even if it fails."""
    client = log_in_as("sales1a")
    good = tokens_of("clerk1")["access_token"]
    answer = client.post("/api/v1/security/logout", headers=bearer("not.a.token"))
    assert answer.status_code == 401, "the cookie does not help"
    assert client.get("/api/v1/nowhere", headers=bearer("")).status_code == 401
    assert client.post("/api/v1/security/logout", headers=bearer(good)).status_code == 200
    assert client.get("/account/sessions/").status_code == 200, "the cookie's session lives"


def test_a_header_does_not_excuse_a_page(
    log_in_as: Callable[[str], FlaskClient], tokens_of: Callable[[str], Tokens]
) -> None:
    client = log_in_as("sales1a")
    headers = bearer(tokens_of("sales1a")["access_token"])
    assert client.post("/logout/", headers=headers).status_code == 400


def test_asking_changes_nothing_without_login(client: FlaskClient) -> None:
    """Who is not logged in hears that first (contract §1)."""
    assert client.post("/api/v1/security/logout").status_code == 401
    assert client.post("/account/sessions/").status_code == 302
