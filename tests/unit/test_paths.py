"""Where one may be sent to: places on this site only (C14)."""

import pytest
from flask import Flask

from app.admin.security.paths import after_login, same_site

AWAY = (
    "",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https://evil.example/leads/list/",
    "http://localhost.evil.example/",
    "http://localhost@evil.example/",
    "http://localhost:81/",
    "ftp://localhost/x",
    "javascript:alert(1)",
    "data:text/html,x",
    " //evil.example",
    " /leads/list/",
    "\t//evil.example",
    "/\n/evil.example",
    "/\r\nSet-Cookie: x=1",
    "/\x00",
    "\u2028//evil.example",
    "/\u202eevil",
    "evil.example",
    "http://[bad",
    "?next=1",
    "/" + "x" * 3000,
)


@pytest.mark.parametrize("target", AWAY)
def test_elsewhere_is_refused(target: str) -> None:
    with Flask("test").test_request_context("/"):
        assert same_site(target) is None
        assert after_login(target) is None


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/", "/"),
        ("/leads/list/?search=%E6%9D%8E&page=2", "/leads/list/?search=%E6%9D%8E&page=2"),
        ("/leads/list/?next=//evil.example", "/leads/list/?next=//evil.example"),
        ("http://localhost/leads/list/?page=2", "/leads/list/?page=2"),
        ("/leads/list/#part", "/leads/list/"),
        ("/客户", "/客户"),
    ],
)
def test_here_is_a_path(target: str, path: str) -> None:
    with Flask("test").test_request_context("/"):
        assert same_site(target) == path
        assert after_login(target) == path


@pytest.mark.parametrize("target", ["/login/", "/login/?next=/x", "/logout/", "/lang/en"])
def test_a_login_does_not_lead_to_where_one_leaves_again(target: str) -> None:
    with Flask("test").test_request_context("/"):
        assert same_site(target) == target
        assert after_login(target) is None
