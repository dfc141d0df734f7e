"""What derived pages lead to and are described as: one declaration, said once."""

import json
import re
from html import unescape
from urllib.parse import parse_qs, quote_plus, unquote_plus, urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from app.spec.catalogue import catalogue
from app.spec.entity import PageRight
from app.spec.roles import SYSTEM_ADMIN, grant
from app.spec.scopes import Scope
from app.spec.words import Label
from tests.contract.calls import Api, pool_ids, user_ids
from tests.support.web import submit
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
    for page in catalogue.pages.values():
        assert admin[page.url] in (page.label.en, page.label.zh)
        assert page.url not in seller


def test_only_creating_answers_201(world: World) -> None:
    """The description tells each answer by what the operation does, not by how it is called."""
    paths = Api(world, "admin").get("/_openapi").json["paths"]
    made = {path: verbs["post"]["responses"] for path, verbs in paths.items() if "post" in verbs}
    assert made
    for path, responses in made.items():
        assert ("201" in responses) == ("/bulk/" not in path), path
        assert ("200" in responses) == ("/bulk/" in path), path


@pytest.mark.parametrize(
    ("plural", "slug", "record", "condition"),
    [
        ("users", "disable", "leader1", {"col": "owner", "opr": "eq"}),
        ("pools", "delete", "Open customers", {"col": "pool", "opr": "eq"}),
    ],
)
def test_what_stands_in_the_way_has_an_address(
    world: World, engine: Engine, plural: str, slug: str, record: str, condition: dict[str, str]
) -> None:
    """An encoded one, that leads to the list with exactly what is meant (ORG-1, POOL)."""
    client = world.client("admin")
    number = {**user_ids(engine), **pool_ids(engine)}[record]
    page = client.get(f"/{plural}/bulk/{slug}?id={number}").text
    if 'name="step" value="preview"' in page:
        page = submit(client, f"/{plural}/bulk/{slug}?id={number}").text
    (address,) = {unescape(one) for one in re.findall(r'href="([^"]*filters=[^"]*)"', page)}
    query = urlsplit(address).query
    assert quote_plus(unquote_plus(query), safe="=") == query
    assert json.loads(parse_qs(query)["filters"][0]) == [{**condition, "value": number}]
    assert client.get(address).status_code == 200
