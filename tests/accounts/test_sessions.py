"""Sessions that can be ended: C7 to C12."""

import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, text
from werkzeug.http import parse_cookie

from app.spec import clock
from tests.accounts.conftest import Tokens, bearer
from tests.contract.calls import Api, user_ids
from tests.support.company import PASSWORD
from tests.support.templates import dispose
from tests.support.web import COOKIE, cookie_of, hidden_inputs, log_in, submit
from tests.support.worlds import World, make_app

PAGE = "/account/sessions/"
NOWHERE = "/api/v1/nowhere"
"""404 for whoever is logged in, 401 for everybody else: it needs no right."""
NEW = "Lanterns under the bridge"


def is_in(client: FlaskClient) -> bool:
    answer = client.get(PAGE)
    assert answer.status_code in {200, 302}
    if answer.status_code == 302:
        assert answer.location == f"/login/?next={PAGE}"
    return answer.status_code == 200


def opens(app: Flask, token: str) -> bool:
    answer = app.test_client().get(NOWHERE, headers=bearer(token))
    assert answer.status_code in {401, 404}
    return answer.status_code == 404


def replay(app: Flask, cookie: str) -> FlaskClient:
    client = app.test_client()
    client.set_cookie(COOKIE, cookie)
    return client


def test_logging_in_gives_a_new_cookie_and_keeps_nothing(app: Flask) -> None:
    """C7: what was put into the session before is not carried over the login."""
    client = app.test_client()
    client.get("/lang/en")
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
        session["sid"] = "a number of the attacker's choice"
    before = cookie_of(client)
    log_in(client, "sales1a")
    with client.session_transaction() as session:
        assert "planted" not in session
        assert "language" not in session
        assert session["sid"] != "a number of the attacker's choice"
    assert cookie_of(client) != before
    assert not is_in(replay(app, before))
    assert is_in(client)


def test_logging_in_again_ends_the_session_before(app: Flask) -> None:
    client = log_in(app.test_client(), "sales1a")
    before = cookie_of(client)
    answer = client.get("/login/")
    assert answer.status_code == 302, "somebody logged in is sent on"
    token = hidden_inputs(client.get("/logout/").text)["csrf_token"]
    data = {"csrf_token": token, "username": "clerk1", "password": PASSWORD}
    assert client.post("/login/", data=data).status_code == 302
    assert is_in(client)
    assert not is_in(replay(app, before))


def test_logging_out_ends_cookie_and_tokens(app: Flask, tokens_of: Callable[[str], Tokens]) -> None:
    """C8: neither the old cookie nor the old tokens are good for anything."""
    client = log_in(app.test_client(), "sales1a")
    others = log_in(app.test_client(), "clerk1")
    cookie, tokens = cookie_of(client), tokens_of("sales1a")
    assert opens(app, tokens["access_token"])
    assert submit(client, "/logout/").status_code == 302
    assert not is_in(client)
    assert not is_in(replay(app, cookie))
    assert not opens(app, tokens["access_token"])
    refresh = app.test_client().post(
        "/api/v1/security/refresh", headers=bearer(tokens["refresh_token"])
    )
    assert refresh.status_code == 401
    assert is_in(others), "nobody else is logged out"


def test_the_login_page_says_what_became_of_the_session(app: Flask) -> None:
    """Once after logging out, as long as an ended one is brought, never to a stranger."""
    client = log_in(app.test_client(), "sales1a")
    old = cookie_of(client)
    submit(client, "/logout/")
    said = [client.get("/login/").text for _ in range(2)]
    assert ["您已退出登录。" in page for page in said] == [True, False]
    assert "登录状态已失效" in replay(app, old).get("/login/").text
    assert 'role="status"' not in app.test_client().get("/login/").text


def test_a_link_logs_nobody_out(log_in_as: Callable[[str], FlaskClient]) -> None:
    client = log_in_as("sales1a")
    page = client.get("/logout/")
    assert page.status_code == 200
    assert 'method="post"' in page.text
    assert client.post("/logout/").status_code == 400, "without the token"
    assert is_in(client)


def test_a_token_logs_itself_out(app: Flask, tokens_of: Callable[[str], Tokens]) -> None:
    token = tokens_of("sales1a")["access_token"]
    answer = app.test_client().post("/api/v1/security/logout", headers=bearer(token))
    assert answer.status_code == 200
    assert not opens(app, token)


def test_a_new_password_ends_all_other_devices(
    app: Flask, tokens_of: Callable[[str], Tokens]
) -> None:
    """C9: cookies and tokens of before are dead on the next request; this device goes on."""
    here, there = (log_in(app.test_client(), "sales1a") for _ in range(2))
    before, tokens = cookie_of(here), tokens_of("sales1a")
    answer = submit(
        here,
        "/account/password/",
        current_password=PASSWORD,
        new_password=NEW,
        new_password_again=NEW,
    )
    assert answer.status_code == 302
    assert is_in(here)
    assert not is_in(there)
    assert not is_in(replay(app, before))
    assert not opens(app, tokens["access_token"])
    answer = app.test_client().post(
        "/api/v1/security/refresh", headers=bearer(tokens["refresh_token"])
    )
    assert answer.status_code == 401
    log_in(app.test_client(), "sales1a", NEW)
    wrong = submit(app.test_client(), "/login/", username="sales1a", password=PASSWORD)
    assert wrong.status_code == 401


def test_a_disabled_person_is_out_at_once(
    app: Flask,
    log_in_as: Callable[[str], FlaskClient],
    tokens_of: Callable[[str], Tokens],
    change_user: Callable[..., None],
) -> None:
    """C10: whoever disables somebody in another process, the next request obeys."""
    client, token = log_in_as("sales1a"), tokens_of("sales1a")["access_token"]
    assert is_in(client)
    assert opens(app, token)
    change_user("sales1a", is_active=False)
    assert not is_in(client)
    assert not opens(app, token)


def test_a_lost_role_is_obeyed_on_the_next_request(
    world: World, log_in_as: Callable[[str], FlaskClient], engine: Engine
) -> None:
    """C10, MATRIX-9: pages and API alike, in a process that had the old rights in memory."""
    client = log_in_as("sales1a")
    assert client.get("/leads/list/").status_code == 200
    assert client.get("/api/v1/leads/").status_code == 200
    with engine.begin() as connection:
        connection.execute(
            text(
                "DELETE FROM user_role WHERE user_id = "
                "(SELECT id FROM user_account WHERE username = 'sales1a')"
            )
        )
        connection.execute(text("UPDATE rights_version SET number = number + 1"))
    assert client.get("/leads/list/").status_code == 403
    assert client.get("/api/v1/leads/").status_code == 403
    assert is_in(client), "he is still logged in, with nothing to do"


@pytest.mark.parametrize("is_https", [False, True])
def test_the_cookie_says_what_it_must(world: World, tmp_path: str, is_https: bool) -> None:
    """C11: HttpOnly, SameSite=Lax, Path=/; with https Secure and a host cookie; small."""
    app, scheme = world.app, "http"
    if is_https:
        from config import settings

        found = settings({"CRM_HTTPS": "1", "CRM_INSTANCE": app.config["CRM_INSTANCE"]})
        names = [name for name in found if name.startswith("SESSION_COOKIE")]
        overrides = {name: found[name] for name in (*names, "CRM_HTTPS")}
        url = world.server.url(world.name)
        app, scheme = make_app(app.config["CRM_INSTANCE"], url, overrides), "https"
    client = app.test_client()
    page = client.get("/login/", base_url=f"{scheme}://localhost")
    values = {**hidden_inputs(page.text), "username": "sales1a", "password": PASSWORD}
    headers = {"Referer": f"{scheme}://localhost/login/"}
    answer = client.post("/login/", base_url=f"{scheme}://localhost", data=values, headers=headers)
    assert answer.status_code == 302
    for response in (page, answer):
        for cookie in response.headers.getlist("Set-Cookie"):
            name = "__Host-session" if is_https else "session"
            assert name in parse_cookie(cookie)
            flags = {part.strip() for part in cookie.split(";")[1:]}
            assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= flags
            assert ("Secure" in flags) is is_https
            assert not any(flag.startswith("Domain") for flag in flags)
            assert len(cookie) < 4096
    assert ("Strict-Transport-Security" in answer.headers) is is_https
    if app is not world.app:
        dispose(app)


def test_the_cookie_holds_nothing_about_the_person(app: Flask) -> None:
    client = log_in(app.test_client(), "sales1a")
    with client.session_transaction() as session:
        assert set(session) <= {"sid", "csrf_token", "language", "_flashes"}
        sid = session["sid"]
    assert len(sid) >= 43, "256 random bits"


def test_the_database_does_not_hold_the_number(app: Flask, engine: Engine) -> None:
    client = log_in(app.test_client(), "sales1a")
    with client.session_transaction() as session:
        sid = session["sid"]
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM user_session")).all()
    assert rows
    assert sid not in json.dumps([list(map(str, row)) for row in rows])


def test_idle_for_half_an_hour_is_out(strict_app: Flask) -> None:
    """C12."""
    client = log_in(strict_app.test_client(), "sales1a")
    start = clock.now()
    with time_machine.travel(start + timedelta(minutes=29), tick=False):
        assert is_in(client)
    with time_machine.travel(start + timedelta(minutes=58), tick=False):
        assert is_in(client), "what was used meanwhile stays alive"
    with time_machine.travel(start + timedelta(minutes=58 + 31), tick=False):
        assert not is_in(client)


def test_twelve_hours_are_the_end(strict_app: Flask, tokens_of: Callable[[str], Tokens]) -> None:
    """C12: however busy; and refreshing does not carry a token beyond it."""
    client, tokens = log_in(strict_app.test_client(), "sales1a"), tokens_of("sales1a")
    start = clock.now()
    for minutes in range(25, 12 * 60, 25):
        with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
            assert is_in(client)
    with time_machine.travel(start + timedelta(hours=11, minutes=59), tick=False):
        renewed = strict_app.test_client().post(
            "/api/v1/security/refresh", headers=bearer(tokens["refresh_token"])
        )
        assert renewed.status_code == 200
    with time_machine.travel(start + timedelta(hours=12, seconds=2), tick=False):
        assert not is_in(client)
        assert not opens(strict_app, renewed.json["access_token"])
        answer = strict_app.test_client().post(
            "/api/v1/security/refresh", headers=bearer(tokens["refresh_token"])
        )
        assert answer.status_code == 401


def test_an_access_token_lives_a_quarter_of_an_hour(
    app: Flask, tokens_of: Callable[[str], Tokens]
) -> None:
    token = tokens_of("sales1a")["access_token"]
    with time_machine.travel(clock.now() + timedelta(minutes=14), tick=False):
        assert opens(app, token)
    with time_machine.travel(clock.now() + timedelta(minutes=16), tick=False):
        assert not opens(app, token)


def test_tokens_are_not_interchangeable(app: Flask, tokens_of: Callable[[str], Tokens]) -> None:
    """A refresh token opens nothing, an access token renews nothing, no token is a cookie."""
    tokens = tokens_of("sales1a")
    assert not opens(app, tokens["refresh_token"])
    answer = app.test_client().post(
        "/api/v1/security/refresh", headers=bearer(tokens["access_token"])
    )
    assert answer.status_code == 401
    page = app.test_client().get(PAGE, headers=bearer(tokens["access_token"]))
    assert page.status_code == 302
    for junk in ("", "x", "a.b.c", tokens["access_token"][:-3] + "abc"):
        assert not opens(app, junk)


def test_the_session_costs_one_statement_and_rarely_a_write(
    log_in_as: Callable[[str], FlaskClient], engine: Engine
) -> None:
    """Last-seen is written at most once a minute; a list page's budget counts on it."""
    client = log_in_as("sales1a")
    client.get("/logout/")
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "user_session" in statement:
            seen.append(statement.lstrip().split(None, 1)[0].upper())

    event.listen(engine, "before_cursor_execute", note)
    try:
        client.get("/logout/")
        assert seen == ["SELECT"]
        with time_machine.travel(clock.now() + timedelta(seconds=90), tick=False):
            client.get("/logout/")
            client.get("/logout/")
        assert seen == ["SELECT", "SELECT", "UPDATE", "SELECT"]
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_people_see_and_end_their_own_sessions(app: Flask, engine: Engine) -> None:
    here, there = (log_in(app.test_client(), "sales1a") for _ in range(2))
    stranger = log_in(app.test_client(), "clerk1")
    assert is_in(there)
    with engine.connect() as connection:
        numbers = connection.execute(
            text(
                "SELECT s.id, u.username FROM user_session s JOIN user_account u "
                "ON u.id = s.user_id ORDER BY s.id DESC LIMIT 3"
            )
        ).all()
    others, mine = numbers[0], numbers[1]
    assert (others[1], mine[1]) == ("clerk1", "sales1a")
    assert submit(here, PAGE, id=others[0]).status_code == 404, "not mine"
    assert is_in(stranger)
    assert submit(here, PAGE, id=mine[0]).status_code == 302
    assert not is_in(there)
    assert is_in(here)
    assert submit(here, PAGE, id="1; DROP").status_code == 400
    assert submit(here, PAGE, id="9" * 30).status_code == 400


def test_administrators_end_anyones_sessions(
    world: World, app: Flask, engine: Engine, tokens_of: Callable[[str], Tokens]
) -> None:
    """R11: cookies and tokens at once; he may come back; nobody does it to whoever may do more."""
    here, token = log_in(app.test_client(), "sales1a"), tokens_of("sales1a")["access_token"]
    others, people = log_in(app.test_client(), "clerk1"), user_ids(engine)
    assert Api(world, "manager").bulk("users", "log_out", [people["sales1a"]]).status_code == 403
    api = Api(world, "people")
    run = api.bulk("users", "log_out", [people["sales1a"], people["admin"]]).json
    assert (run["done"], [one["code"] for one in run["skipped"]]) == (1, ["blocked"])
    assert not is_in(here)
    assert not opens(app, token)
    assert is_in(others)
    assert is_in(world.client("admin"))
    assert is_in(log_in(app.test_client(), "sales1a"))
    page = world.client("admin").get(f"/users/show/{people['sales1a']}?tab=history")
    assert re.search("Log out everywhere|强制退出", page.text)
    assert api.post(f"/operations/{run['operation_id']}/undo", {}).status_code in (404, 409, 410)


def test_all_other_devices_can_be_ended_at_once(
    app: Flask, tokens_of: Callable[[str], Tokens]
) -> None:
    here, there = (log_in(app.test_client(), "sales1a") for _ in range(2))
    stranger, token = log_in(app.test_client(), "clerk1"), tokens_of("sales1a")["access_token"]
    page = here.get(PAGE).text
    assert page.count("Access token") == 1
    assert submit(here, PAGE, others="1").status_code == 302
    assert is_in(here)
    assert not is_in(there)
    assert not opens(app, token)
    assert is_in(stranger)
