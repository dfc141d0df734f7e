"""The verdicts of contract §1: each with its code and body, in both languages, in their order."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.exc import DataError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.test import TestResponse

from app.extensions import db
from app.operations import editing
from app.spec.errors import REFUSALS, Throttled
from app.store import listing
from tests.contract.calls import Api, write
from tests.support.snapshot import changed, snapshot
from tests.support.web import hidden_inputs, submit
from tests.support.worlds import World, make_app

CODES = {kind.code for kind in REFUSALS}
HAN = re.compile("[\u4e00-\u9fff]")
Call = Callable[[Api], TestResponse]


def put(path: str, body: Any, **headers: str) -> Call:
    return lambda api: api.send("PUT", path, body, headers)


def raw(verb: str, path: str, data: bytes, kind: str, **headers: str) -> Call:
    """A body as it is, of some content type."""
    return lambda api: api.client.open(
        f"/api/v1{path}",
        method=verb,
        data=data,
        content_type=kind,
        headers={**api.headers, **headers},
    )


V1 = {"If-Match": '"1"'}
VERDICTS: dict[str, tuple[str, int, str, Call]] = {
    # name: who, status, code, what
    "403 operation": ("clerk1", 403, "not_permitted", lambda api: api.delete("/customers/1")),
    "403 bulk": ("clerk1", 403, "not_permitted", lambda api: api.bulk("customers", "delete", [1])),
    "403 list": ("finance", 403, "not_permitted", lambda api: api.get("/leads/")),
    "403 create": ("audit", 403, "not_permitted", lambda api: api.post("/leads/", {"name": "x"})),
    "403 outside": (
        "sales1a",
        403,
        "not_permitted",
        lambda api: api.post("/customers/", {"name": "x", "owner": "sales1b"}),
    ),
    "404 foreign": ("sales1a", 404, "not_found", lambda api: api.get("/customers/3")),
    "404 deleted": ("sales1a", 404, "not_found", lambda api: api.get("/customers/9")),
    "404 never": ("sales1a", 404, "not_found", lambda api: api.get("/customers/987654")),
    "404 huge": ("sales1a", 404, "not_found", lambda api: api.get(f"/customers/{10**20}")),
    "404 zero": ("sales1a", 404, "not_found", lambda api: api.get("/customers/0")),
    "404 entity": ("admin", 404, "not_found", lambda api: api.get("/nonsense/")),
    "404 operation": ("admin", 404, "not_found", lambda api: api.bulk("customers", "fly", [1])),
    "404 run": ("admin", 404, "not_found", lambda api: api.get("/operations/987654")),
    "405 verb": ("admin", 405, "method_not_allowed", lambda api: api.delete("/users/1")),
    "405 route": (
        "admin",
        405,
        "method_not_allowed",
        lambda api: api.get("/customers/bulk/delete"),
    ),
    "405 read only": ("admin", 405, "method_not_allowed", lambda api: api.post("/audit/", {})),
    "400 argument": ("admin", 400, "bad_request", lambda api: api.get("/customers/", nope=1)),
    "400 column": (
        "admin",
        400,
        "bad_request",
        lambda api: api.get("/customers/", filters=[{"col": "nope", "opr": "eq", "value": 1}]),
    ),
    "400 operator": (
        "admin",
        400,
        "bad_request",
        lambda api: api.get("/customers/", filters=[{"col": "name", "opr": "gt", "value": "x"}]),
    ),
    "400 hidden": (
        "marketing",
        400,
        "bad_request",
        lambda api: api.get("/customers/", columns=["annual_revenue"]),
    ),
    "400 json": ("admin", 400, "bad_request", raw("POST", "/leads/", b"{", "application/json")),
    "400 no object": ("admin", 400, "bad_request", lambda api: api.post("/leads/", [1])),
    "400 no token": (
        "admin",
        400,
        "bad_request",
        lambda api: api.client.post("/api/v1/leads/", json={"name": "x"}),
    ),
    "400 selection": ("admin", 400, "bad_request", lambda api: api.post("/leads/bulk/delete", {})),
    "400 both": (
        "admin",
        400,
        "bad_request",
        lambda api: api.bulk("leads", "delete", [1], filters=[]),
    ),
    "415 text": ("admin", 415, "unsupported_type", raw("POST", "/leads/", b"{}", "text/plain")),
    "415 form": (
        "admin",
        415,
        "unsupported_type",
        raw("POST", "/leads/", b"a=1", "application/x-www-form-urlencoded"),
    ),
    "422 value": (
        "admin",
        422,
        "invalid",
        lambda api: api.post("/leads/", {"name": "x", "email": "no"}),
    ),
    "422 required": ("admin", 422, "invalid", lambda api: api.post("/leads/", {})),
    "422 unknown key": (
        "admin",
        422,
        "invalid",
        lambda api: api.post("/leads/", {"name": "x", "nope": 1}),
    ),
    "422 parameter": (
        "admin",
        422,
        "invalid",
        lambda api: api.bulk("leads", "transfer", [1], {"new_owner": "nobody"}),
    ),
    "428 put": ("admin", 428, "version_required", put("/leads/1", {"name": "x"})),
    "428 delete": (
        "admin",
        428,
        "version_required",
        lambda api: api.send("DELETE", "/leads/1"),
    ),
    "412 put": ("admin", 412, "stale_version", lambda api: api.put("/leads/1", {"name": "x"}, 7)),
    "412 nonsense": (
        "admin",
        412,
        "stale_version",
        put("/leads/1", {"name": "x"}, **{"If-Match": "abc"}),
    ),
    "412 delete": ("admin", 412, "stale_version", lambda api: api.delete("/leads/1", 7)),
    "409 count": (
        "admin",
        409,
        "stale_count",
        lambda api: api.bulk("leads", "delete", filters=[], expected_count=3),
    ),
}
ORDER: dict[str, tuple[str, int, Call]] = {
    "403 before 404": ("clerk1", 403, lambda api: api.delete("/customers/987654")),
    "403 before 400": ("finance", 403, lambda api: api.get("/leads/", nope=1)),
    "403 before 415": ("audit", 403, raw("POST", "/leads/", b"x", "text/plain")),
    "403 before 422": ("audit", 403, lambda api: api.post("/leads/", {"nope": 1})),
    "403 before 428": ("clerk1", 403, lambda api: api.send("DELETE", "/customers/1")),
    "403 before 415, duplicates": ("audit", 403, raw("POST", "/leads/duplicates", b"x", "text/x")),
    "403 bulk before 404": ("clerk1", 403, lambda api: api.bulk("customers", "delete", [3, 987])),
    "403 bulk before 400": ("clerk1", 403, lambda api: api.post("/customers/bulk/delete", [])),
    "404 before 400": ("sales1a", 404, lambda api: api.get("/customers/3", nope=1)),
    "404 before 400, unsafe": (
        "sales1a",
        404,
        lambda api: api.send("PUT", "/customers/3?nope=1", {}),
    ),
    "404 before 400, job": ("sales1a", 404, lambda api: api.get("/jobs/987654", nope=1)),
    "404 before 400, import": ("sales1a", 404, lambda api: api.get("/imports/987654", nope=1)),
    "404 before 415": ("sales1a", 404, raw("PUT", "/customers/3", b"x", "text/plain")),
    "404 before 422": ("sales1a", 404, put("/customers/3", {"nope": 1}, **V1)),
    "404 before 428": ("sales1a", 404, put("/customers/3", {"name": "x"})),
    "404 before 412": ("sales1a", 404, put("/customers/3", {"name": "x"}, **{"If-Match": '"9"'})),
    "404 before 428, delete": ("sales1a", 404, lambda api: api.send("DELETE", "/contacts/3")),
    "404 bulk before 422": (
        "manager",
        404,
        lambda api: api.bulk("customers", "transfer", [987654], {"new_owner": "nobody"}),
    ),
    "400 bulk before 422": (
        "manager",
        400,
        lambda api: api.bulk(
            "customers",
            "transfer",
            params={"new_owner": "nobody"},
            filters=[{"col": "nope", "opr": "eq", "value": 1}],
        ),
    ),
    "415 before 422": ("manager", 415, raw("PUT", "/customers/1", b"{}", "text/plain", **V1)),
    "415 before 428": ("manager", 415, raw("PUT", "/customers/1", b"{}", "text/plain")),
    "422 before 428": ("manager", 422, put("/customers/1", {"nope": 1})),
    "422 before 412": ("manager", 422, put("/customers/1", {"nope": 1}, **{"If-Match": '"9"'})),
    "422 choice before 412": (
        "manager",
        422,
        put("/contacts/1", {"customer": 987654}, **{"If-Match": '"9"'}),
    ),
}


@pytest.mark.parametrize("name", VERDICTS)
def test_verdict(world: World, engine: Engine, name: str) -> None:
    """Status, code from the closed list, sentence in the reader's language; nothing written."""
    who, status, code, call = VERDICTS[name]
    messages = {}
    before = snapshot(engine, db.metadata)
    for language in ("en", "zh"):
        api = Api(world, who)
        assert api.client.get(f"/lang/{language}").status_code == 302
        answer = call(api)
        assert answer.status_code == status, answer.text
        body = answer.json
        assert {"code", "message", "fields", "request_id"} <= set(body)
        assert body["code"] == code
        assert code in CODES
        assert body["request_id"] == answer.headers["X-Request-ID"]
        assert isinstance(body["fields"], dict)
        assert bool(body["fields"]) is (status == 422), body["fields"]
        said = [sentence for some in body["fields"].values() for sentence in some]
        messages[language] = [body["message"], *said]
    assert not HAN.search(str(messages["en"])), messages
    assert all(HAN.search(sentence) for sentence in messages["zh"]), messages
    assert set(changed(before, snapshot(engine, db.metadata))) <= {"history"}


@pytest.mark.parametrize("name", ORDER)
def test_order(world: World, engine: Engine, name: str) -> None:
    """What is wrong in two ways is told in the way that comes first (contract §1)."""
    who, status, call = ORDER[name]
    before = snapshot(engine, db.metadata)
    answer = call(Api(world, who))
    assert answer.status_code == status, answer.text
    assert set(changed(before, snapshot(engine, db.metadata))) <= {"history"}


def test_a_denial_leaves_one_line(world: World, engine: Engine) -> None:
    """C39: the database is as it was but for one line of who was denied what."""
    api = Api(world, "clerk1")
    history = db.metadata.tables["history"]
    with engine.connect() as connection:
        before = len(connection.execute(history.select()).all())
    api.delete("/customers/1")
    with engine.connect() as connection:
        rows = connection.execute(history.select().order_by(history.c.id)).mappings().all()
    assert len(rows) == before + 1
    assert rows[-1]["operation"] == "denied"
    assert rows[-1]["subject"] == "DELETE /api/v1/customers/1"


PAGES = {
    "/customers/list/": 302,
    "/customers/show/1": 302,
    "/customers/list/?nope=1": 302,
    "/customers/nonsense": 302,
    "/nonsense/": 302,
    "/matrix/": 302,
    "/api/v1/customers/": 401,
    "/api/v1/customers/987654": 401,
    "/api/v1/nonsense/": 401,
    "/api/v1/_openapi": 401,
    "/api/v1/operations/1": 401,
}


@pytest.mark.parametrize("path", PAGES)
def test_nobody_gets_an_answer_before_logging_in(client: FlaskClient, path: str) -> None:
    """A page leads to the login and back, the API answers 401; nothing else is told."""
    for verb in ("GET", "POST"):
        answer = client.open(path, method=verb)
        assert answer.status_code == PAGES[path], (verb, answer.text)
        if PAGES[path] == 302:
            assert answer.location.startswith("/login/")
        else:
            assert answer.json["code"] == "not_logged_in"
    if PAGES[path] == 302:
        assert client.get(path).location.startswith("/login/?next=/")


PAGE_VERDICTS = {
    ("clerk1", "/customers/delete/1"): 403,
    ("clerk1", "/customers/delete/987654"): 403,
    ("clerk1", "/customers/bulk/delete?id=1"): 403,
    ("clerk1", "/users/list/"): 403,
    ("clerk1", "/users/show/1?junk=1"): 403,
    ("sales1a", "/customers/show/3"): 404,
    ("sales1a", "/customers/show/3?junk=1"): 404,
    ("sales1a", "/customers/show/9"): 404,
    ("sales1a", "/customers/show/987654"): 404,
    ("sales1a", "/customers/edit/3"): 404,
    ("sales1a", "/customers/edit/3?junk=1"): 404,
    ("sales1a", "/nonsense/"): 404,
    ("admin", "/users/delete/1"): 405,
    ("admin", "/audit/edit/1"): 405,
    ("admin", "/audit/add"): 405,
    ("admin", "/customers/list/?junk=1"): 400,
}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_pages_answer_alike_and_look_like_pages(world: World, language: str) -> None:
    """The same verdicts for people: a page with heading, message and the request's number."""
    for (who, path), status in PAGE_VERDICTS.items():
        client = world.client(who)
        client.get(f"/lang/{language}")
        answer = client.get(path)
        assert answer.status_code == status, path
        assert f'lang="{language}' in answer.text
        assert answer.text.count("<h1") == 1
        assert 'role="alert"' in answer.text
        assert answer.headers["X-Request-ID"] in answer.text
        as_json = client.get(path, headers={"Accept": "application/json"})
        assert as_json.json["code"] in CODES


def test_unknown_foreign_and_deleted_are_the_same(world: World) -> None:
    """C19: three identical answers but for the request's number."""
    texts = set()
    for record in (3, 9, 987654):
        answer = world.client("sales1a").get(f"/api/v1/customers/{record}")
        texts.add(answer.text.replace(answer.headers["X-Request-ID"], ""))
    assert len(texts) == 1


def test_a_form_over_a_newer_version_shows_both_values(world: World, engine: Engine) -> None:
    """409 with what I typed and what stands there; nothing is lost, nothing is written."""
    mine = world.client("manager")
    page = hidden_inputs(mine.get("/customers/edit/1").text)
    assert Api(world, "sales1a").put("/customers/1", {"short_name": "Theirs"}).status_code == 200
    before = snapshot(engine, db.metadata)
    form = {**page, "name": "Customer 01", "short_name": "Mine"}
    answer = mine.post("/customers/edit/1", data=form)
    assert answer.status_code == 409
    assert "Mine" in answer.text
    assert "Theirs" in answer.text
    assert changed(before, snapshot(engine, db.metadata)) == []
    again = {**hidden_inputs(answer.text), "name": "Customer 01", "short_name": "Mine"}
    assert mine.post("/customers/edit/1", data=again).status_code == 302


def test_a_form_with_wrong_values_comes_back_with_them(world: World, engine: Engine) -> None:
    before = snapshot(engine, db.metadata)
    answer = submit(world.client("manager"), "/customers/add", name="Kept 名称", email="wrong")
    assert answer.status_code == 422
    assert "Kept 名称" in answer.text
    assert 'value="wrong"' in answer.text
    assert changed(before, snapshot(engine, db.metadata)) == []


def test_an_api_save_over_a_newer_version_is_412_with_the_version(world: World) -> None:
    api = Api(world, "manager")
    assert api.put("/customers/1", {"short_name": "a"}).status_code == 200
    answer = api.put("/customers/1", {"short_name": "b"})
    assert answer.status_code == 412
    assert answer.json["version"] == 2


def test_a_duplicate_is_409(world: World, engine: Engine) -> None:
    write(engine, "customer", 3, name="Unique Ltd", name_key="unique")
    api = Api(world, "manager")
    answer = api.post("/customers/", {"name": "UNIQUE"})
    assert (answer.status_code, answer.json["code"]) == (409, "duplicate")
    assert list(answer.json["fields"]) == ["name"]


def test_too_large_a_body_is_413(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON and forms alike; the limit is the configuration's."""
    api = Api(world, "manager")
    page = hidden_inputs(api.client.get("/customers/add").text)
    monkeypatch.setitem(world.app.config, "MAX_CONTENT_LENGTH", 2_000)
    answer = api.post("/customers/", {"name": "x", "remark": "y" * 3_000})
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")
    form = {**page, "name": "x", "remark": "y" * 3_000}
    assert api.client.post("/customers/add", data=form).status_code == 413


def test_too_many_tries_are_429(
    world: World, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the time to wait, in JSON and on the page."""
    monkeypatch.setitem(world.app.config, "LOGIN_PER_ACCOUNT", 2)
    login = {"username": "sales1a", "password": "wrong", "provider": "db"}
    for _ in range(2):
        assert client.post("/api/v1/security/login", json=login).status_code == 401
    answer = client.post("/api/v1/security/login", json=login)
    assert (answer.status_code, answer.json["code"]) == (429, "throttled")
    assert 0 < int(answer.headers["Retry-After"]) <= 900


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://nobody@127.0.0.1:1/nothing", "sqlite:////nonexistent/nothing.db"]
)
def test_a_database_gone_is_503(world: World, tmp_path: Path, url: str) -> None:
    """C93: Retry-After, "nothing was saved", never a 500, within seconds; the process lives."""
    gone = make_app(Path(world.app.config["CRM_INSTANCE"]), url)
    client = gone.test_client()
    client.set_cookie("session", world.cookies["manager"])
    for verb, path in (
        ("GET", "/customers/list/"),
        ("GET", "/api/v1/customers/"),
        ("POST", "/api/v1/customers/"),
        ("POST", "/customers/delete/1"),
        ("GET", "/readyz"),
    ):
        answer = client.open(path, method=verb)
        assert answer.status_code == 503, (path, answer.text)
        if path != "/readyz":
            assert int(answer.headers["Retry-After"]) > 0
        assert "127.0.0.1" not in answer.text
        assert "nonexistent" not in answer.text
    assert client.get("/api/v1/customers/").json["code"] == "unavailable"
    assert client.get("/healthz").status_code == 200
    assert world.client("manager").get("/customers/list/").status_code == 200


@pytest.mark.parametrize("words", ["database or disk is full", "could not extend: No space left"])
def test_a_full_disk_is_507(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    """C94, at the mapper: whatever write meets it, nothing is saved and the service lives on."""
    api = Api(world, "manager")
    create = editing.create

    def full(entity: Any, values: Any, **more: Any) -> int:
        create(entity, values, **more)
        raise OperationalError("INSERT INTO secret", {"p": 1}, Exception(words))

    before = snapshot(engine, db.metadata)
    monkeypatch.setattr(editing, "create", full)
    answer = api.post("/customers/", {"name": "x"})
    assert (answer.status_code, answer.json["code"]) == (507, "storage_full")
    assert "INSERT" not in answer.text
    assert submit(api.client, "/customers/add", name="x").status_code == 507
    monkeypatch.undo()
    assert changed(before, snapshot(engine, db.metadata)) == []
    assert api.post("/customers/", {"name": "x"}).status_code == 201


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_refusal_is_a_page_and_a_body_of_ours(
    world: World, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    """UI-11, contract §1: all of the closed list, whatever raises it, in the reader's language."""
    client = world.client("manager")
    client.get(f"/lang/{language}")
    for kind in REFUSALS:

        def refuse(*_: Any, kind: Any = kind, **__: Any) -> None:
            raise kind(60) if kind is Throttled else kind()

        monkeypatch.setattr(listing, "page", refuse)
        page = client.get("/customers/list/")
        body = client.get("/api/v1/customers/")
        assert page.status_code == body.status_code == kind.status, kind
        [heading] = re.findall(r"<h1[^>]*>(.*?)</h1>", page.text)
        for said in (heading, body.json["message"]):
            assert bool(HAN.search(said)) is (language == "zh"), said
        assert 'role="alert"' in page.text
        assert page.headers["X-Request-ID"] in page.text
        assert f'lang="{language}"' in page.text
        assert body.json["code"] == kind.code
        waits = {"Retry-After"} if kind.status in (429, 503) else set()
        assert {"Retry-After"} & set(page.headers.keys()) == waits, kind


FAULTS: dict[str, tuple[Callable[[], Exception], int]] = {
    "locked": (lambda: OperationalError("x", {}, Exception("database is locked")), 503),
    "bug": (lambda: ZeroDivisionError("secret /path/of/ours"), 500),
    "key": (lambda: KeyError("secret"), 500),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_shows_nothing_of_itself(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch, app: Flask, name: str
) -> None:
    """C63: the page and the JSON carry the number; the details are in the log only."""
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    make, status = FAULTS[name]

    def break_down(*_: Any, **__: Any) -> None:
        raise make()

    api = Api(world, "manager")
    before = snapshot(engine, db.metadata)
    monkeypatch.setattr(editing, "create", break_down)
    answer = api.post("/customers/", {"name": "x"})
    assert answer.status_code == status
    assert "secret" not in answer.text
    assert answer.json["request_id"] == answer.headers["X-Request-ID"]
    page = submit(api.client, "/customers/add", name="x")
    assert page.status_code == status
    assert "secret" not in page.text
    assert "Traceback" not in page.text
    assert changed(before, snapshot(engine, db.metadata)) == []


WORDS = "INSERT INTO secret", {"p": "secret"}
DATABASE: dict[str, tuple[Exception, int, str]] = {
    "unique": (IntegrityError(*WORDS, Exception("UNIQUE failed: secret.x")), 409, "duplicate"),
    "link": (IntegrityError(*WORDS, Exception("FOREIGN KEY failed: secret")), 409, "conflict"),
    "value": (DataError(*WORDS, Exception("out of range: secret")), 422, "invalid"),
    "stale": (StaleDataError("UPDATE on table 'secret'"), 409, "stale_version"),
    "bug": (ProgrammingError(*WORDS, Exception("no such column: secret")), 500, "server_error"),
}


@pytest.mark.parametrize("name", DATABASE)
def test_what_the_database_says_is_for_the_log(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """R14: mapped once for everything, and not a word of SQL to people or programs."""
    monkeypatch.setitem(world.app.config, "PROPAGATE_EXCEPTIONS", False)
    error, status, code = DATABASE[name]

    def fail(*_: Any, **__: Any) -> None:
        raise error

    client = world.client("manager")
    monkeypatch.setattr(listing, "page", fail)
    for path in ("/customers/list/", "/api/v1/customers/"):
        answer = client.get(path)
        assert answer.status_code == status
        assert "secret" not in answer.text
        assert "failed" not in answer.text
    assert answer.json["code"] == code


@pytest.mark.parametrize(("goes_on", "status"), [(True, 503), (False, 500)])
def test_a_connection_killed_midway_is_answered(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch, goes_on: bool, status: int
) -> None:
    """C93: whether the work notices itself or breaks otherwise; the next request is served."""
    if world.server.kind == "sqlite":
        return  # a file has no connection to lose
    monkeypatch.setitem(world.app.config, "PROPAGATE_EXCEPTIONS", False)
    api = Api(world, "manager")

    def cut_off(*_: Any, **_more: Any) -> int:
        number = db.session.scalar(text("SELECT pg_backend_pid()"))
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:number)"), {"number": number})
        if goes_on:
            db.session.execute(text("SELECT 1"))
        raise ValueError

    before = snapshot(engine, db.metadata)
    monkeypatch.setattr(editing, "create", cut_off)
    assert api.post("/customers/", {"name": "x"}).status_code == status
    assert submit(api.client, "/customers/add", name="x").status_code == status
    monkeypatch.undo()
    assert changed(before, snapshot(engine, db.metadata)) == []
    assert api.post("/customers/", {"name": "x"}).status_code == 201
