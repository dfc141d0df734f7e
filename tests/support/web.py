"""Talking to the product as a browser does: hidden inputs are posted back, cookies are kept."""

import re
from html import unescape

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.company import PASSWORD, PEOPLE

COOKIE = "session"
INPUT = re.compile(r"<input\b[^>]*>", re.IGNORECASE)
ATTRIBUTE = re.compile(r"([\w-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
EVERYBODY = tuple(person.name for person in PEOPLE)


def hidden_inputs(html: str) -> dict[str, str]:
    """Names and values of a page's hidden inputs; posting them back is enough (contract §2)."""
    found = {}
    for tag in INPUT.findall(html):
        attributes = {name.lower(): unescape(a or b) for name, a, b in ATTRIBUTE.findall(tag)}
        if attributes.get("type") == "hidden" and "name" in attributes:
            found[attributes["name"]] = attributes.get("value", "")
    return found


def submit(client: FlaskClient, url: str, **values: object) -> TestResponse:
    """Open a form, fill in some fields, and post it with its hidden inputs."""
    page = client.get(url)
    assert page.status_code == 200, f"{url} answers {page.status_code}"
    return client.post(url, data={**hidden_inputs(page.text), **values})


def log_in(client: FlaskClient, username: str, password: str = PASSWORD) -> FlaskClient:
    """Log in through the form; AssertionError when the product refuses."""
    answer = submit(client, "/login/", username=username, password=password)
    assert answer.status_code == 302, f"{username} may not log in: {answer.status_code}"
    assert "/login" not in answer.location, answer.location
    return client


def cookie_of(client: FlaskClient) -> str:
    """The session cookie's value."""
    cookie = client.get_cookie(COOKIE)
    assert cookie is not None, "no session cookie"
    return cookie.value


def csrf_token(client: FlaskClient, url: str = "/") -> str:
    """A token for API writes by cookie, taken from a page."""
    return hidden_inputs(client.get(url, follow_redirects=True).text)["csrf_token"]
