"""What every answer carries: safety headers, a request id, a line in the log (R19, C53, C57)."""

import json
import logging
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.admin.security.requests import OPEN

WANTED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
PAGES = ("/login/", "/nowhere", "/healthz", "/api/v1/leads/", "/logout/")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.mark.parametrize("page", PAGES)
def test_every_answer_has_them(
    client: FlaskClient, log_in_as: Callable[[str], FlaskClient], page: str
) -> None:
    for browser in (client, log_in_as("sales1a")):
        answer = browser.get(page)
        for name, value in WANTED.items():
            assert answer.headers[name] == value
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self' 'nonce-")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "camera=()" in answer.headers["Permissions-Policy"]
        assert UUID.fullmatch(answer.headers["X-Request-ID"])
        assert "Strict-Transport-Security" not in answer.headers, "over plain http"


def test_the_nonce_is_the_pages_own_and_new_each_time(client: FlaskClient) -> None:
    nonces = set()
    for _ in range(3):
        answer = client.get("/login/")
        [nonce] = set(re.findall(r'nonce="([^"]+)"', answer.text))
        assert f"'nonce-{nonce}'" in answer.headers["Content-Security-Policy"]
        nonces.add(nonce)
    assert len(nonces) == 3


def test_nothing_runs_inline(client: FlaskClient) -> None:
    """C53: no script without address or nonce, no style attribute, no handler."""
    page = client.get("/login/").text
    assert re.findall(r"<script(?![^>]*\b(?:src|nonce)=)", page) == []
    assert re.findall(r"\s(?:style|on[a-z]+)\s*=", page) == []


def test_a_request_id_is_ours(client: FlaskClient) -> None:
    """What a caller sends is not believed, so nobody writes into our log."""
    sent = "0\r\nX-Evil: 1".replace("\r\n", "")
    answer = client.get("/healthz", headers={"X-Request-ID": sent})
    assert answer.headers["X-Request-ID"] != sent


def test_one_line_of_json_per_request(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    """C57: control characters can't split it; no query string, which holds names."""
    with caplog.at_level(logging.INFO, logger="crm.request"):
        answer = client.get("/a%0d%0ab%1b[31m%E2%80%A8?search=%E6%9D%8E%E4%BC%9F")
    [record] = [r for r in caplog.records if r.name == "crm.request"]
    line = record.getMessage()
    assert line.isascii()
    assert not re.search(r"[\x00-\x1f]", line)
    found = json.loads(line)
    assert found["request_id"] == answer.headers["X-Request-ID"]
    assert found["status"] == answer.status_code
    assert "李伟" not in json.dumps(found, ensure_ascii=False)


def test_machines_are_told_whether_it_works(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok"}
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"status": "ready"})


def test_only_the_listed_routes_are_open(app: Flask) -> None:
    """C17: whoever is not logged in gets nowhere else — every route of the map is asked."""
    client = app.test_client()
    walked, opened = set(), set()
    for rule in app.url_map.iter_rules():
        values = dict.fromkeys(rule.arguments, "1")
        with app.test_request_context():
            address = rule.build(values)
        if address is None or rule.endpoint in walked:
            continue
        walked.add(rule.endpoint)
        answer = client.open(address[1], method="GET" if "GET" in rule.methods else "POST")
        is_turned_away = answer.status_code == 401 or (
            answer.status_code == 302 and answer.location.startswith("/login/")
        )
        if not is_turned_away:
            opened.add(rule.endpoint)
    assert len(walked) > 10
    assert opened - set(OPEN) == set()


def test_the_list_of_open_routes_is_not_stale(app: Flask) -> None:
    missing = {name for name in OPEN if name not in app.view_functions}
    assert missing <= {"static"}, "served only where there is a static folder"


def test_nothing_of_the_framework_is_reachable(app: Flask) -> None:
    """C16: no stock account pages, no set-up page, no documentation browser."""
    addresses = [rule.rule for rule in app.url_map.iter_rules()]
    for word in ("swagger", "resetmypassword", "userinfo", "register", "/back", "permission"):
        assert not any(word in address.lower() for address in addresses), word
    assert app.debug is False


def test_the_document_of_the_api_is_for_people_with_an_account(
    client: FlaskClient, log_in_as: Callable[[str], FlaskClient]
) -> None:
    address = "/api/v1/_openapi"
    assert client.get(address).status_code == 401
    assert log_in_as("sales1a").get(address).status_code == 200
