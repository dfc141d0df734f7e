"""An installation under a path of its own: no address leads out of it."""

import re
from collections import deque
from html import unescape
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Engine

from app.admin import page
from tests.contract.calls import Api
from tests.contract.test_imports import csv_of, steps
from tests.contract.test_jobs import fill
from tests.support.halves import ONCE
from tests.support.web import ATTRIBUTE, hidden_inputs
from tests.support.worlds import World

PREFIX, SITE = "/crm", "http://localhost/crm"
TAG = re.compile(r"<[a-z][^>]*>", re.IGNORECASE)
ADDRESS = re.compile(r"/(?![/>])[^\s\"'<>]*")
INTERNAL = {"value"}
"""Inputs carry addresses as the program knows them: whoever is sent there gets the rest."""
FOLLOWED = {"Location", "href", "src", "hx-get", "data-url", "data-sums", "data-job-url"}
LEFT_ALONE = ("/crm/logout", "/crm/lang", "/crm/static", "/crm/api/")


def addresses(html: str) -> set[tuple[str, str]]:
    """Attributes of a page that hold an address of this site: their names, and what they say."""
    found = (pair for tag in TAG.findall(html) for pair in ATTRIBUTE.findall(tag))
    named = ((name.lower(), unescape(a or b)) for name, a, b in found)
    return {(n, value) for n, value in named if n not in INTERNAL and ADDRESS.fullmatch(value)}


def shape(address: str) -> str:
    """What pages that differ in their numbers only have in common."""
    parts = urlsplit(address)
    keys = sorted(pair.partition("=")[0] for pair in parts.query.split("&"))
    return re.sub(r"\d+", "0", parts.path) + "?" + "&".join(keys)


def strays(world: World, who: str) -> tuple[dict[Any, str], int]:
    """What leads out of the site, with the page where it stands; how many pages were looked at."""
    client, found, seen = world.client(who), dict[Any, str](), {"/crm/?"}
    todo, pages = deque(["/crm/"]), 0
    while todo:
        place = todo.popleft()
        answer = client.get(place.removeprefix(PREFIX), base_url=SITE)
        if answer.status_code == 302:
            told = {("Location", answer.location)}
        elif answer.status_code != 200 or answer.mimetype != "text/html":
            answer.close()
            if answer.status_code == 404:
                found["not found", shape(place)] = place
            continue
        else:
            told, pages = addresses(answer.text), pages + 1
        for name, target in told:
            if not target.startswith("/crm/"):
                found.setdefault((name, shape(target)), place)
            elif name in FOLLOWED and not target.startswith(LEFT_ALONE):
                todo += [target] * (shape(target) not in seen)
                seen.add(shape(target))
    return found, pages


@ONCE
def test_no_address_leads_out(world: World, engine: Engine) -> None:
    """Every page that links lead to, with an import, an export, a job and runs to be undone."""
    api = Api(world, "admin")
    api.bulk("customers", "transfer", [1, 2], {"new_owner": "sales1b"})
    api.bulk("customers", "transfer", fill(engine, 501), {"new_owner": "sales1b"})
    api.bulk("customers", "export", [1], {"format": "xlsx", "columns": "all"})
    api.bulk("customers", "delete", [3])
    steps(world, "admin", csv_of([["Name"], ["Sent"]]))
    found, pages = strays(world, "admin")
    assert found == {}
    assert pages > 100
    assert strays(world, "sales1a")[0] == {}


def test_a_page_without_it_would_be_found(world: World, monkeypatch: Any) -> None:
    """C89b: the test above sees the fault that it is about."""
    environment = world.app.jinja_env
    monkeypatch.setitem(environment.filters, "here", str)
    environment.cache.clear()
    assert strays(world, "sales1a")[0]
    environment.cache.clear()


def test_where_a_write_leads_stays_inside(world: World) -> None:
    """Redirects of forms, the login, and what REST says of a new record."""
    client = world.client("sales1a")
    form = hidden_inputs(client.get("/customers/add", base_url=SITE).text)
    made = client.post("/customers/add", data={**form, "name": "Made"}, base_url=SITE)
    assert (made.status_code, made.location[:20]) == (302, "/crm/customers/show/")
    body, headers = {"name": "By REST"}, {"X-CSRFToken": form["csrf_token"]}
    told = client.post("/api/v1/customers/", json=body, headers=headers, base_url=SITE)
    assert told.status_code == 201, told.text
    assert told.headers["Location"] == f"/crm/api/v1/customers/{told.json['id']}"
    nobody = world.app.test_client().get("/customers/list/", base_url=SITE)
    assert nobody.location == "/crm/login/?next=/customers/list/"
    back = {"Referer": f"{SITE}/customers/list/"}
    language = client.get("/lang/en", base_url=SITE, headers=back)
    assert language.location == "/crm/customers/list/"


def test_what_is_no_page_of_ours_stays(world: World) -> None:
    with world.app.test_request_context("/", base_url=SITE):
        assert page.here("/x/?a=1") == "/crm/x/?a=1"
        for other in ("?page=2", "#top", "//elsewhere/x", "https://elsewhere/", ""):
            assert page.here(other) == other
    assert page.here("/x/") == "/x/"
