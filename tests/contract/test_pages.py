"""Pages: safe headers, nothing inline, everything escaped, and the hooks of contract §9."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from app.admin import cells
from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.kinds import TextField
from tests.contract.calls import Api, condition, filters_of, pool_ids, user_ids, write
from tests.support.snapshot import changed, snapshot
from tests.support.web import hidden_inputs
from tests.support.worlds import World

PATHS = (
    "/",
    "/customers/list/",
    "/customers/list/?view=deleted",
    "/customers/list/?search=nothing+at+all",
    "/customers/show/1",
    "/customers/show/1?tab=contacts",
    "/customers/show/1?tab=team",
    "/customers/show/1?tab=history",
    "/customers/add",
    "/customers/edit/1",
    "/customers/delete/1",
    "/customers/bulk/transfer?id=1",
    "/customers/bulk/claim?id=11",
    "/customers/bulk/bulk_edit?id=1",
    "/leads/list/",
    "/leads/show/1",
    "/leads/add",
    "/contacts/list/",
    "/contacts/show/1",
    "/contacts/add",
    "/pools/list/",
    "/pools/show/1",
    "/pools/add",
    "/departments/list/",
    "/departments/show/1",
    "/users/list/",
    "/users/show/1",
    "/users/edit/1",
    "/users/reset-password/2",
    "/roles/list/",
    "/roles/show/2",
    "/audit/list/",
    "/audit/show/1",
    "/matrix/2",
    "/notifications/",
    "/account/password/",
    "/account/sessions/",
    "/logout/",
    "/nonsense/",
    "/customers/list/?junk=1",
    "/users/delete/1",
)
LISTS = ("customers", "leads", "contacts", "pools", "departments", "users", "roles", "audit")
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


ADDRESSES = frozenset({"href", "src", "action", "formaction", "hx-get", "hx-post", "xlink:href"})


class Page(HTMLParser):
    """What a page could run: scripts, styles, handlers, addresses; and its elements."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.inline: list[str] = []
        self._open: tuple[str, dict[str, str]] | None = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.elements.append((tag, found))
        self._open = (tag, found)
        for name, value in found.items():
            if name.startswith("on") or name == "style":
                self.inline.append(f"<{tag} {name}={value!r}>")
            leads = name in ADDRESSES and re.match(r"\s*(javascript|vbscript|data:text)", value)
            if name.startswith("hx-on") or leads:
                self.inline.append(f"<{tag} {name}={value!r}>")

    def handle_data(self, data: str) -> None:
        if self._open is None or not data.strip():
            return
        tag, attributes = self._open
        if tag == "style" or (tag == "script" and "src" not in attributes):
            self.inline.append(f"<{tag}>{data[:60]}")

    def handle_endtag(self, tag: str) -> None:
        self._open = None

    def having(self, tag: str, *names: str) -> list[dict[str, str]]:
        """The elements of that tag with all these attributes."""
        return [a for t, a in self.elements if t == tag and all(n in a for n in names)]


def policy_of(headers: Any) -> dict[str, list[str]]:
    parts = headers["Content-Security-Policy"].split(";")
    return {words[0]: words[1:] for words in (part.split() for part in parts) if words}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_is_safe(world: World, language: str) -> None:
    """R19, C53: strict policy, a new nonce per answer, every script from us and with it."""
    client, stranger = world.client("admin"), world.app.test_client()
    for visitor in (client, stranger):
        visitor.get(f"/lang/{language}")
    nonces = set()
    for path in (*PATHS, "/login/"):
        answer = (stranger if path == "/login/" else client).get(path)
        assert answer.status_code in (200, 400, 404, 405), (path, answer.status_code)
        for name, value in FIXED.items():
            assert answer.headers[name] == value, (path, name)
        policy = policy_of(answer.headers)
        for name in ("object-src", "frame-ancestors", "default-src"):
            assert policy[name] == ["'none'"], (path, name)
        for name in ("base-uri", "form-action"):
            assert policy[name] == ["'self'"], (path, name)
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        [nonce] = [word[7:-1] for word in policy["script-src"] if word.startswith("'nonce-")]
        page = Page(answer.text)
        assert page.inline == [], path
        for script in page.having("script"):
            assert script.get("nonce") == nonce, path
            assert script["src"].startswith("/static/"), path
        for link in page.having("link", "href"):
            assert link["href"].startswith("/static/"), path
        assert nonce not in nonces
        nonces.add(nonce)
        assert len(page.having("h1")) == 1, path
        [html] = page.having("html")
        assert html["lang"].startswith(language), path


def test_static_files_and_api_are_safe_too(world: World) -> None:
    client = world.client("admin")
    for path in ("/api/v1/customers/", "/api/v1/customers/987", "/healthz", "/readyz"):
        answer = client.get(path)
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        assert answer.headers["Cache-Control"] == "no-store", path
    for path in ("/static/../config.py", "/static/build/../../../config.py", "/static/%2e%2e/x"):
        assert client.get(path).status_code in (400, 404), path


def test_cookies_are_for_us_alone(world: World, client: FlaskClient) -> None:
    """C11: HttpOnly, SameSite=Lax, small; with https also Secure and bound to the host."""
    cookie = client.get("/login/").headers["Set-Cookie"]
    assert cookie.startswith("session=")
    for word in ("HttpOnly", "SameSite=Lax", "Path=/"):
        assert word in cookie
    assert len(cookie) < 1_000


def test_hooks_for_tests_and_tools(world: World, engine: Engine) -> None:
    """Contract §9."""
    client = world.client("manager")
    page = Page(client.get("/customers/list/").text)
    [table] = page.having("table", "data-entity")
    assert table["data-entity"] in ("customer", "customers")
    rows = page.having("tr", "data-id")
    assert {row["data-id"] for row in rows} == {"1", "2", "3", "4", "5", "6", "7"}
    assert [a for _t, a in page.elements if "data-total" in a]
    assert len(page.having("td", "data-field")) >= 7
    slugs = {a["data-operation"] for _t, a in page.elements if "data-operation" in a}
    assert {"transfer", "assign", "release", "delete", "export", "bulk_edit"} <= slugs
    form = Page(client.get("/customers/edit/1").text)
    [edit] = [a for a in form.having("form", "data-form") if a["data-form"] == "edit"]
    assert edit["method"].lower() == "post"
    assert any(a.get("data-field") == "mobile" for _t, a in form.elements)
    shown = Page(client.get("/customers/show/1").text)
    assert any(a.get("data-field") == "mobile" for _t, a in shown.elements)
    token = hidden_inputs(client.get("/customers/add").text)
    wrong = client.post("/customers/add", data={**token, "name": ""})
    assert [a for _t, a in Page(wrong.text).elements if a.get("role") == "alert"]


@pytest.mark.parametrize("plural", LISTS)
def test_derived_pages_are_there(world: World, plural: str) -> None:
    """Architecture §7: list, show, add, edit, delete of every entity, as it declares."""
    client = world.client("admin")
    entity = next(e for e in catalogue if e.plural == plural)
    first = Api(world, "admin").get(f"/{plural}/", page_size=1).json["ids"][0]
    assert client.get(f"/{plural}/list/").status_code == 200
    assert client.get(f"/{plural}/show/{first}").status_code == 200
    for verb, path, operation in (
        ("GET", f"/{plural}/add", "create"),
        ("GET", f"/{plural}/edit/{first}", "edit"),
        ("GET", f"/{plural}/delete/{first}", "delete"),
    ):
        expected = 200 if operation in entity.operations else 405
        assert client.open(path, method=verb).status_code == expected, path
    assert client.get(f"/api/v1/{plural}/_info").status_code == 200
    assert f"/api/v1/{plural}/" in client.get("/api/v1/_openapi").text


def test_reading_changes_nothing(world: World, engine: Engine) -> None:
    """C49b: every page twice, as the admin; state changes on POST only."""
    client = world.client("admin")
    client.get("/")
    before = snapshot(engine, db.metadata)
    for path in PATHS:
        client.get(path)
    assert set(changed(before, snapshot(engine, db.metadata))) <= {"history"}


PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</textarea><svg onload=alert(1)>",
    "</script><b>x</b>",
    "{{7*7}}{% raw %}",
    "javascript:alert(1)",
    "＜script＞alert(1)＜/script＞",
    "+ADw-script+AD4-alert(1)",
    "%(name)s %s {0}",
)


DECLARED = ("customers", "leads", "contacts")


def pages_about(plural: str) -> Iterator[str]:
    """Where the first record of an entity is shown."""
    yield f"/{plural}/list/"
    yield f"/{plural}/show/1"
    yield f"/{plural}/show/1?tab=history"
    yield f"/{plural}/edit/1"
    yield f"/{plural}/delete/1"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_stored_text_is_only_ever_text(world: World, engine: Engine, payload: str) -> None:
    """C50: in every text field, on list, detail, form, history, bulk preview, messages, errors."""
    api = Api(world, "manager")
    for key in ("customer", "lead", "contact"):
        texts = {
            name: payload[: field.max_length]
            for name, field in catalogue.get(key).fields.items()
            if isinstance(field, TextField) and field.kind in ("text", "long_text")
            if not field.system and name not in ("credit_code", "name_key")
        }
        answer = api.put(f"/{key}s/1", texts)
        assert answer.status_code == 200, answer.text
        # as if an importer had let it through where forms check
        write(engine, key, 1, email=payload, mobile=payload[:32])
    write(engine, "customer", 1, website=payload)
    for person in ("sales1b", "manager"):
        write(engine, "user", user_ids(engine)[person], name=payload[:80], name_en=payload[:80])
    write(engine, "pool", pool_ids(engine)["Open customers"], name=payload[:80])
    add = api.bulk("customers", "add_team", [1], {"users": ["sales1b"], "level": "read"})
    moved = {"new_owner": "sales1b", "old_owner": "read", "message": payload}
    assert add.json["done"] == api.bulk("customers", "transfer", [1], moved).json["done"] == 1
    client = world.client("admin")
    wanted = filters_of(condition("name", "eq", payload))
    search = {"search": payload[:50]}
    paths: list[tuple[str, dict[str, str]]] = [
        *((path, {}) for plural in DECLARED for path in pages_about(plural)),
        ("/customers/list/", {"filters": wanted}),
        ("/customers/list/", search),
        ("/customers/show/1", {"tab": "contacts"}),
        ("/customers/show/1", {"tab": "team"}),
        ("/customers/bulk/transfer", {"id": "1"}),
        ("/customers/bulk/delete", {"id": "1"}),
        ("/audit/list/", {"size": "100"}),
        ("/users/list/", {}),
        ("/pools/list/", {}),
        ("/pools/show/2", {}),
    ]
    for path, arguments in paths:
        answer = client.get(path, query_string=arguments or None)
        assert answer.status_code in (200, 400), path
        check_harmless(answer.text, path)
    check_harmless(world.client("sales1b").get("/notifications/").text, "/notifications/")
    check_harmless(client.get("/customers/list/", query_string={payload: "1"}).text, "argument")
    check_harmless(client.get(f"/customers/{payload}").text, "path")
    for path in ("/customers/options/owner", "/contacts/options/customer"):
        assert client.get(path).mimetype == "application/json"


def check_harmless(html: str, where: str) -> None:
    """No payload became an element, an attribute that runs, or evaluated template code."""
    page = Page(html)
    assert page.inline == [], where
    for script in page.having("script"):
        assert script.get("src", "").startswith("/static/"), where
    for tag, attributes in page.elements:
        assert attributes.get("src") != "x", where
        assert not (tag == "svg" and "onload" in attributes), where
        assert not attributes.get("href", "").startswith("javascript:"), where
    assert "<b>x</b>" not in html, where
    assert ">49<" not in html, where


def test_bulk_previews_are_harmless(world: World, engine: Engine) -> None:
    """The sample old → new of a preview, and names of those who are told."""
    payload = '"><img src=x onerror=alert(1)>'
    write(engine, "customer", 1, name=payload, remark=payload)
    person = user_ids(engine)["sales1b"]
    write(engine, "user", person, name=payload, name_en=payload)
    client = world.client("admin")
    first = client.get("/customers/bulk/transfer?id=1")
    form = {**hidden_inputs(first.text), "new_owner": str(person), "old_owner": "remove"}
    second = client.post("/customers/bulk/transfer", data=form)
    assert second.status_code == 200
    assert "&gt;" in second.text
    check_harmless(second.text, "preview")
    third = client.post("/customers/bulk/transfer", data=hidden_inputs(second.text))
    check_harmless(client.get(third.location).text, "report")


@pytest.mark.parametrize("path", ["/customers/list/", "/customers/show/1"])
def test_people_come_with_an_avatar(world: World, path: str) -> None:
    """UI-4: a drawing of their initials that no reading aloud repeats."""
    page = world.client("sales1a").get(path).text
    assert '<span class="person" data-initials="SA">Sales1A</span>' in page
    assert [cells.initials(name) for name in ("王小明", "Anna Schmidt", "")] == ["小明", "AS", ""]


@pytest.mark.parametrize("number", [3, 99_999])
def test_a_dialog_opens_only_on_what_its_reader_may_read(world: World, number: int) -> None:
    """Contract §1: 404 at the first step, not only at the one that looks at rows."""
    assert Api(world, "sales1a").get(f"/customers/{number}").status_code == 404
    page = world.client("sales1a").get(f"/customers/bulk/lock?id={number}")
    assert page.status_code == 404


def test_one_tab_is_the_present_one(world: World) -> None:
    """What lies in pools is no part of "All"."""
    for query in ("", f"?filters={filters_of(condition('pool', 'not_empty'))}", "?view=mine"):
        text = world.client("admin").get(f"/customers/list/{query}").text
        tabs = text[text.index('<nav class="tabs"') :].partition("</nav>")[0]
        assert tabs.count('aria-current="page"') == 1, query
