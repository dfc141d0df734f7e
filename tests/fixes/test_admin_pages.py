"""What derived pages lead to and are described as: one declaration, said once."""

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any
from urllib.parse import parse_qs, quote_plus, unquote_plus, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale
from sqlalchemy import Engine, update

from app.admin import cells
from app.admin.lists import builder
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.entity import PageRight
from app.spec.roles import SYSTEM_ADMIN, grant
from app.spec.scopes import Scope
from app.spec.words import Label, language
from app.store import runs
from tests.contract.calls import Api, pool_ids, user_ids
from tests.contract.test_bulk import rows_in
from tests.support.statements import count_statements
from tests.support.web import hidden_inputs, submit
from tests.support.worlds import World

LINK = re.compile(r'<a href="([^"]*)" class="nav-item[^>]*title="([^"]*)"')


def _links(client: FlaskClient) -> dict[str, str]:
    """Address to label of the navigation's entries."""
    return dict(LINK.findall(client.get("/notifications/").text))


def test_declared_pages_are_in_the_navigation(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the label they declare, and for those who may list them only."""
    report = PageRight(
        key="tide_table",
        label=Label("Tide table", "潮汐表"),
        operations=("list",),
        grants={SYSTEM_ADMIN: grant(Scope.ALL, "list")},
        url="/tides/",
        icon="point",
        menu="reports",
    )
    monkeypatch.setitem(catalogue.pages, report.key, report)
    admin, seller = _links(world.client("admin")), _links(world.client("sales1a"))
    for page in (one for one in catalogue.pages.values() if "list" in one.operations):
        assert admin[page.url] in (page.label.en, page.label.zh)
        assert page.url not in seller


def test_only_creating_answers_201(world: World) -> None:
    """The description tells each answer by what the operation does, not by how it is called."""
    paths = Api(world, "admin").get("/_openapi").json["paths"]
    made = {path: verbs["post"]["responses"] for path, verbs in paths.items() if "post" in verbs}
    assert made
    for path, responses in made.items():
        creates = path.endswith(("/", "/files", "/comments", "/checklist"))
        assert ("201" in responses, "200" in responses) == (creates, not creates), path


@pytest.mark.parametrize(
    ("plural", "slug", "record", "conditions"),
    [
        (
            "users",
            "disable",
            "sales1a",
            dict.fromkeys(("leads", "customers", "contacts", "tasks", "events"), ("owner", "eq")),
        ),
        ("pools", "delete", "Open customers", {"customers": ("pool", "eq")}),
        (
            "departments",
            "delete",
            "Sales",
            {"users": ("department", "eq"), "departments": ("parent", "eq")},
        ),
    ],
)
def test_what_stands_in_the_way_has_addresses(
    world: World, engine: Engine, plural: str, slug: str, record: str, conditions: dict[str, Any]
) -> None:
    """One for each kind, that leads to the list with exactly what is meant (ORG-1, POOL)."""
    coming = datetime(2999, 1, 1, tzinfo=UTC)  # what is over stands in nobody's way
    with engine.begin() as connection:
        events = catalogue.get("event").model.__table__
        connection.execute(update(events).values(starts_at=coming, ends_at=coming))
    client = world.client("admin")
    departments = {row["name"]: row["id"] for row in rows_in(engine, "department")}
    number = {**departments, **user_ids(engine), **pool_ids(engine)}[record]
    page = client.get(f"/{plural}/bulk/{slug}?id={number}").text
    if 'name="step" value="preview"' in page:
        page = submit(client, f"/{plural}/bulk/{slug}?id={number}").text
    addresses = {unescape(one) for one in re.findall(r'href="([^"]*filters=[^"]*)"', page)}
    assert {one.split("/")[1] for one in addresses} == set(conditions)
    for address in addresses:
        column, operator = conditions[address.split("/")[1]]
        query = urlsplit(address).query
        assert quote_plus(unquote_plus(query), safe="=") == query
        meant = {"col": column, "opr": operator, "value": number}
        assert json.loads(parse_qs(query)["filters"][0]) == [meant]
        assert client.get(address).status_code == 200


@pytest.mark.parametrize("person", ["sales1a", "sales1b", "leader1", "manager", "admin"])
def test_no_button_leads_to_nothing(world: World, person: str) -> None:
    """A seat opens a record, not what is done to it: buttons obey their own operation's scope."""
    client, followed = world.client(person), 0
    for number in range(1, 13):
        page = client.get(f"/customers/show/{number}?tab=team")
        if page.status_code == 404:
            continue
        for address in {
            unescape(one) for one in re.findall(r'href="(/customers/[^"]+)"', page.text)
        }:
            if re.match(r"/customers/(edit|bulk|delete)/", address):
                assert client.get(address).status_code == 200, address
                followed += 1
    assert followed


def test_a_seat_holder_sees_the_buttons_of_his_seat(world: World) -> None:
    """Customer 6 lends sales1b its read-write seat: he edits it and can't give it away."""
    page = world.client("sales1b").get("/customers/show/6").text
    assert re.findall(r'data-operation="(\w+)"', page) == ["edit"]


@pytest.mark.parametrize(
    ("tongue", "value", "text"),
    [
        ("en", "999.99", "¥999.99"),
        ("en", "12500", "¥12.5K"),
        ("en", "-2500000", "-¥2.5M"),
        ("zh", "9999", "¥9,999.00"),
        ("zh", "12500", "¥1.25万"),
        ("zh", "250000000", "¥2.5亿"),
    ],
)
def test_large_amounts_are_short(tongue: str, value: str, text: str) -> None:
    token = language.set(tongue)
    try:
        shown = cells.money(Decimal(value))
    finally:
        language.reset(token)
    assert re.sub(r"<[^>]*>", "", shown) == text
    if shown != text:
        exact = f"¥{abs(Decimal(value)):,.2f}"
        assert f'title="{"-" if "-" in value else ""}{exact}"' in shown


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "刚刚"), (0, "刚刚"), (3, "刚刚"), (-120, "2分钟前"), (3600, "1小时后")],
)
def test_a_moment_ago_is_just_now(app: Flask, seconds: int, text: str) -> None:
    """What was saved this second is never told to lie ahead."""
    token = language.set("zh")
    try:
        with app.test_request_context("/"), force_locale("zh"):
            assert cells.distance(clock.now() + timedelta(seconds=seconds)) == text
    finally:
        language.reset(token)


def test_the_builder_speaks_the_language_it_is_asked_for(app: Flask) -> None:
    """Its words are kept per language: one reader's must not become the other's."""
    for made in (builder.spoken, builder.periods):
        made.cache_clear()
    try:
        with app.test_request_context("/"), force_locale("en"):
            assert builder.spoken("zh")["ct"] == "包含"
            assert "今天" in json.loads(builder.periods("zh"))[0]
            assert builder.spoken("en")["ct"] == "contains"
    finally:
        for made in (builder.spoken, builder.periods):
            made.cache_clear()


def test_a_report_has_every_row(app: Flask) -> None:
    """A long run's report and file aren't cut off without a word (BULK-4)."""
    with app.app_context():
        for limit, is_limited in ((None, False), (5, True)):
            with count_statements() as asked:
                runs.items(1, limit=limit)
            assert ("LIMIT" in asked[0]) is is_limited


def test_redirects_stay_where_the_site_is_mounted(world: World) -> None:
    client = world.client("sales1a")
    form = {"csrf_token": hidden_inputs(client.get("/notifications/").text)["csrf_token"]}
    mounted = {"SCRIPT_NAME": "/crm"}
    answer = client.post("/notifications/", data=form, environ_overrides=mounted)
    assert (answer.status_code, answer.location) == (302, "/crm/notifications/")


def test_a_part_of_a_page_takes_no_message_away(world: World) -> None:
    """What a save says waits for the next whole page, whatever scripts ask for before that."""
    client = world.client("manager")
    assert submit(client, "/customers/edit/1", remark="said").status_code == 302
    token = hidden_inputs(client.get("/customers/cell/1/remark").json["html"])["csrf_token"]
    client.post("/customers/duplicates", data={"csrf_token": token, "name": "x"})
    assert 'class="notice notice-success"' in client.get("/customers/show/1").text
    assert 'class="notice notice-success"' not in client.get("/customers/show/1").text


def test_back_leads_back(world: World) -> None:
    """From a refusal to the page one came from; without one there is home only."""
    client, came = world.client("manager"), "http://localhost/customers/list/?search=x"
    pages = [client.get("/customers/show/0", headers=from_) for from_ in ({}, {"Referer": came})]
    ways = [re.findall(r'<a href="([^"]*)" class="btn btn-primary">', p.text) for p in pages]
    assert ways == [["/"], ["/customers/list/?search=x"]]
