"""Who gets in, what is said to those who don't, where one is led: C3, C5, C6, C14."""

import re
import time
from collections.abc import Callable
from statistics import median

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, inspect, text
from werkzeug.security import generate_password_hash

from app.admin.security import passwords
from app.spec import clock
from tests.accounts.conftest import bearer
from tests.support.company import PASSWORD
from tests.support.web import hidden_inputs, log_in, submit

NEW = "Lanterns under the bridge"
CHANGING = re.compile(r'nonce="[^"]*"|name="csrf_token" value="[^"]*"|<code>[^<]*</code>')
SAME = ("Content-Type", "Cache-Control", "Content-Length", "Retry-After", "Location")


def attempt(app: Flask, username: str, password: str) -> tuple[int, str, list[str | None]]:
    """What a stranger can tell from a refused login."""
    client = app.test_client()
    answer = submit(client, "/login/", username=username, password=password)
    body = CHANGING.sub("", answer.text).replace(username, "?")
    headers = [answer.headers.get(name) for name in SAME if name != "Content-Length"]
    return answer.status_code, body, headers


def test_refusals_look_the_same(app: Flask, change_user: Callable[..., None]) -> None:
    """C3: unknown name, wrong password and disabled account are not told apart."""
    change_user("sales1b", is_active=False)
    answers = [
        attempt(app, "nobody1", "wrong password"),
        attempt(app, "sales1a", "wrong password"),
        attempt(app, "sales1b", "wrong password"),
        attempt(app, "sales1b", PASSWORD),
    ]
    assert answers[0][0] == 401
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.prove
def test_refusals_take_the_same_time(app: Flask, change_user: Callable[..., None]) -> None:
    """C3: the medians of 60 tries each, taken in turns, are less than 10 % apart."""
    change_user("sales1b", is_active=False)
    people = ("nobody1", "sales1a", "sales1b")
    taken: dict[str, list[float]] = {name: [] for name in people}
    for _ in range(60):
        for name in people:
            start = time.process_time()
            attempt(app, name, "wrong password")
            taken[name].append(time.process_time() - start)
    medians = [median(times) for times in taken.values()]
    assert max(medians) < min(medians) * 1.1, medians


def test_each_refusal_checks_one_hash_of_the_same_cost(
    app: Flask, change_user: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """C3, without a watch: the work behind the three refusals is one verification each."""
    costs: list[str] = []
    honest = passwords._hasher.__class__.verify

    def counting(self: object, stored: str, password: bytes) -> bool:
        costs.append(stored.split("$")[3])
        return honest(self, stored, password)

    monkeypatch.setattr(passwords._hasher.__class__, "verify", counting)
    change_user("sales1b", is_active=False)
    for name in ("nobody1", "sales1a", "sales1b"):
        attempt(app, name, "wrong password")
    assert costs == ["m=47104,t=1,p=1"] * 3


def test_the_name_is_taken_with_any_capitals(app: Flask) -> None:
    log_in(app.test_client(), " Sales1A ")


def test_an_old_hash_is_renewed_at_the_next_login(
    app: Flask, engine: Engine, change_user: Callable[..., None]
) -> None:
    """C5."""
    old = generate_password_hash(PASSWORD, method="scrypt:32768:8:1")
    change_user("sales1a", password=old)
    log_in(app.test_client(), "sales1a")
    stored = stored_password(engine, "sales1a")
    assert stored.startswith("$argon2id$v=19$m=47104,t=1,p=1$")
    log_in(app.test_client(), "sales1a")


def test_no_password_is_kept_readable(
    app: Flask, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    """C5: not in any table, not in the log, not in a page — neither right nor wrong ones."""
    wrong = "Umbrellas in the museum"
    client = log_in(app.test_client(), "sales1a")
    with caplog.at_level("DEBUG"):
        pages = [
            submit(
                client,
                "/account/password/",
                current_password=wrong,
                new_password=NEW,
                new_password_again=NEW,
            ),
            submit(client, "/account/password/", current_password=PASSWORD, new_password="short"),
            submit(
                client,
                "/account/password/",
                current_password=PASSWORD,
                new_password=NEW,
                new_password_again=NEW,
            ),
            submit(app.test_client(), "/login/", username=wrong, password=wrong),
        ]
    assert [page.status_code for page in pages] == [422, 422, 302, 401]
    assert stored_password(engine, "sales1a").startswith("$argon2id$")
    for secret in (PASSWORD, NEW, wrong):
        assert secret not in everything_in(engine)
        assert secret not in caplog.text
        assert not any(secret in page.text for page in pages[:3])


def test_the_own_password_needs_the_present_one(app: Flask) -> None:
    """C6, C4: and the new one keeps the policy, is typed twice, and is another one."""
    client = log_in(app.test_client(), "sales1a")
    page = "/account/password/"
    refused = [
        {"current_password": "wrong password", "new_password": NEW, "new_password_again": NEW},
        {"current_password": "", "new_password": NEW, "new_password_again": NEW},
        {"current_password": PASSWORD, "new_password": NEW, "new_password_again": NEW + "!"},
        {"current_password": PASSWORD, "new_password": PASSWORD, "new_password_again": PASSWORD},
        {
            "current_password": PASSWORD,
            "new_password": "too short",
            "new_password_again": "too short",
        },
        {
            "current_password": PASSWORD,
            "new_password": "password1234",
            "new_password_again": "password1234",
        },
        {
            "current_password": PASSWORD,
            "new_password": "sales1a-sales1a",
            "new_password_again": "sales1a-sales1a",
        },
    ]
    for values in refused:
        answer = submit(client, page, **values)
        assert answer.status_code == 422, values
        assert 'role="alert"' in answer.text
    assert (
        submit(
            client, page, current_password=PASSWORD, new_password=NEW, new_password_again=NEW
        ).status_code
        == 302
    )


def test_a_given_password_must_be_changed_first(
    app: Flask, change_user: Callable[..., None]
) -> None:
    """AUTH, C6: it opens the page to change it and nothing else, and no token."""
    told, stored = passwords.one_time(clock.now())
    change_user("sales1a", password=stored, must_change_password=True)
    body = {"username": "sales1a", "password": told, "provider": "db"}
    assert app.test_client().post("/api/v1/security/login", json=body).status_code == 403
    client = log_in(app.test_client(), "sales1a", told)
    for page in ("/", "/account/sessions/", "/leads/list/", "/nowhere"):
        answer = client.get(page)
        assert (answer.status_code, answer.location) == (302, "/account/password/")
    assert client.get("/api/v1/leads/").status_code == 403
    assert client.get("/lang/en").status_code == 302
    page = submit(
        client,
        "/account/password/",
        current_password=told,
        new_password=NEW,
        new_password_again=NEW,
    )
    assert page.status_code == 302
    assert client.get("/account/sessions/").status_code == 200


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example/x", "/\\evil", "/login/"]
)
def test_one_is_never_led_away(app: Flask, target: str) -> None:
    """C14: the many ways to write another place are in tests/unit/test_paths.py."""
    client = app.test_client()
    page = client.get("/login/", query_string={"next": target})
    data = {**hidden_inputs(page.text), "username": "sales1a", "password": PASSWORD}
    answer = client.post("/login/", data={**data, "next": target})
    assert answer.status_code == 302
    assert answer.location == "/"
    assert client.get("/login/", query_string={"next": target}).location == "/"


@pytest.mark.parametrize(
    ("target", "reached"),
    [
        ("/leads/list/?search=%E6%9D%8E&page=2", "/leads/list/?search=%E6%9D%8E&page=2"),
        ("http://localhost/leads/list/?page=2", "/leads/list/?page=2"),
    ],
)
def test_one_gets_where_one_wanted_to_go(app: Flask, target: str, reached: str) -> None:
    client = app.test_client()
    answer = submit(
        client, f"/login/?next={target.replace('&', '%26')}", username="sales1a", password=PASSWORD
    )
    assert answer.location == reached


def test_the_way_back_is_remembered(client: FlaskClient) -> None:
    answer = client.get("/leads/list/?search=a&page=2")
    assert answer.location == "/login/?next=/leads/list/%3Fsearch%3Da%26page%3D2"
    answer = client.post("/leads/add", headers={"Referer": "http://localhost/leads/add?x=1"})
    assert answer.location == "/login/?next=/leads/add%3Fx%3D1"
    answer = client.post("/leads/add", headers={"Referer": "https://evil.example/leads"})
    assert answer.location == "/login/"


def test_a_part_of_a_page_takes_the_window_to_the_login(client: FlaskClient) -> None:
    answer = client.get("/leads/list/", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == "/login/?next=/leads/list/"


def test_another_host_is_refused(app: Flask) -> None:
    """C14: a forged Host leads nowhere."""
    for host in ("evil.example", "localhost.evil.example", "localhost:80@evil.example"):
        for path in ("/login/", "/", "/api/v1/leads/", "/healthz"):
            answer = app.test_client().get(path, headers={"Host": host})
            assert answer.status_code == 400, (host, path)
            assert "evil" not in answer.text
    assert app.test_client().get("/healthz", headers={"Host": "127.0.0.1:8080"}).status_code == 200


def test_a_login_form_that_was_open_too_long_comes_again(client: FlaskClient) -> None:
    answer = client.post("/login/", data={"username": "sales1a", "password": PASSWORD})
    assert answer.status_code == 400
    assert 'value="sales1a"' in answer.text
    values = {**hidden_inputs(answer.text), "username": "sales1a", "password": PASSWORD}
    assert client.post("/login/", data=values).status_code == 302


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"username": "sales1a", "password": "wrong password"}, 401),
        ({"username": "sales1a"}, 422),
        ({"username": "", "password": ""}, 422),
        ({"username": ["sales1a"], "password": PASSWORD}, 422),
        ({"username": "sales1a", "password": PASSWORD, "provider": "ldap"}, 422),
        ({"username": "sales1a", "password": PASSWORD, "roles": ["super_admin"]}, 422),
        ([], 400),
        ("sales1a", 400),
    ],
)
def test_the_api_refuses_in_the_shape_of_the_contract(
    client: FlaskClient, body: object, status: int
) -> None:
    answer = client.post("/api/v1/security/login", json=body)
    assert answer.status_code == status
    assert {"code", "message", "fields", "request_id"} <= set(answer.json)
    assert answer.headers["X-Request-ID"] == answer.json["request_id"]
    assert "Set-Cookie" not in answer.headers


def test_the_api_takes_json_only(client: FlaskClient) -> None:
    data = {"username": "sales1a", "password": PASSWORD}
    assert client.post("/api/v1/security/login", data=data).status_code == 415
    endless = client.post(
        "/api/v1/security/login", data="[" * 100_000, content_type="application/json"
    )
    assert endless.status_code == 400


def test_language_follows_session_then_person_then_browser(
    app: Flask, log_in_as: Callable[[str], FlaskClient], engine: Engine
) -> None:
    """UI-8: GET changes this session, POST also the person; both lead back."""
    stranger = app.test_client()
    english = {"Accept-Language": "en-GB,en;q=0.8"}
    assert 'lang="zh"' in stranger.get("/login/").text
    assert 'lang="en"' in stranger.get("/login/", headers=english).text
    stranger.get("/lang/zh")
    assert 'lang="zh"' in stranger.get("/login/", headers=english).text
    client = log_in_as("sales1a")
    assert 'lang="en"' in client.get("/logout/").text, "as in the company of the tests"
    answer = client.get("/lang/zh", headers={"Referer": "http://localhost/leads/list/?page=2"})
    assert answer.location == "/leads/list/?page=2"
    assert 'lang="zh"' in client.get("/logout/").text
    assert language_of(engine, "sales1a") == "en"
    token = hidden_inputs(client.get("/logout/").text)["csrf_token"]
    answer = client.post("/lang/zh", data={"csrf_token": token, "next": "/logout/"})
    assert answer.location == "/logout/"
    assert language_of(engine, "sales1a") == "zh"
    assert client.get("/lang/fr").status_code == 404
    assert client.get("/lang/en?next=//evil.example").location == "/"


def test_the_api_answers_in_the_persons_language(
    client: FlaskClient, tokens_of: Callable[[str], dict[str, str]]
) -> None:
    answer = client.get("/api/v1/nowhere", headers=bearer(tokens_of("sales1a")["access_token"]))
    assert answer.json["message"].isascii()


def stored_password(engine: Engine, username: str) -> str:
    return str(_column(engine, username, "password"))


def language_of(engine: Engine, username: str) -> str:
    return str(_column(engine, username, "language"))


def _column(engine: Engine, username: str, column: str) -> object:
    with engine.connect() as connection:
        found = connection.execute(
            text(f"SELECT {column} FROM user_account WHERE username = :name"),  # noqa: S608
            {"name": username},
        )
        return found.scalar()


def everything_in(engine: Engine) -> str:
    """Every value of every table, as one text."""
    tables = inspect(engine).get_table_names()
    with engine.connect() as connection:
        rows = [
            str(tuple(row))
            for table in tables
            for row in connection.execute(text(f'SELECT * FROM "{table}"'))  # noqa: S608
        ]
    assert len(rows) > 50
    return "\n".join(rows)
