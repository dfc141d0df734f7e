"""The 39 probes of the reference's leak matrix, against our pages and our API.

The stock framework leaks at 22 of them. Here sales1a goes for customer 3 and contact 3, which
belong to a colleague: each probe must show nothing of them and change nothing at all (C39).
"""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from app.extensions import db
from tests.contract.calls import Api, condition, filters_of
from tests.support.company import PASSWORD
from tests.support.snapshot import changed, snapshot
from tests.support.statements import count_statements
from tests.support.web import csrf_token, hidden_inputs
from tests.support.worlds import World

ME, FOREIGN, OWN = "sales1a", 3, 1
MARKS = ("Customer 03", "Contact 03", "13880000003", "13870000003")
"""What would tell of the foreign records."""
REFUSED = {400, 404, 405, 409, 415, 422}
Probe = Callable[[World], TestResponse]
PROBES: dict[str, tuple[Probe, set[int]]] = {}


def probe(name: str, *expected: int) -> Callable[[Probe], Probe]:
    """Register a probe with the answers it may get."""

    def keep(function: Probe) -> Probe:
        PROBES[name] = (function, set(expected) or {200})
        return function

    return keep


def page(title: str, path: str, *expected: int) -> None:
    """A probe that only opens a page."""
    PROBES[title] = (lambda world: world.client(ME).get(path), set(expected) or {200})


def posted(title: str, path: str, *expected: int, **values: Any) -> None:
    """A probe that posts a form with a good token."""

    def post(world: World) -> TestResponse:
        client = world.client(ME)
        return client.post(path, data={"csrf_token": csrf_token(client), **values})

    PROBES[title] = (post, set(expected) or REFUSED)


def called(title: str, call: Callable[[Api], TestResponse], *expected: int) -> None:
    """A probe that calls the API by cookie."""
    PROBES[title] = (lambda world: call(Api(world, ME)), set(expected) or REFUSED)


page("01 list", "/customers/list/?size=100")
page("02 show", f"/customers/show/{FOREIGN}", 404)
page("03 edit, opened", f"/customers/edit/{FOREIGN}", 404)
posted("04 edit, saved", f"/customers/edit/{FOREIGN}", 404, name="HACK", row_version="1")
posted("05 action on one, POST", "/customers/bulk/claim", 404, ids=str(FOREIGN), step="run")
page("06 action on one, GET", f"/customers/bulk/release?id={FOREIGN}", 404)
posted(
    "07 action on several",
    "/customers/bulk/add_team",
    404,
    ids=[str(OWN), str(FOREIGN)],
    users="2",
    level="read",
    step="run",
)
page("08 related list of a page", f"/customers/show/{FOREIGN}?tab=contacts", 404)
page("09 related list of a form", f"/customers/edit/{FOREIGN}?tab=contacts", 404)
page("10 children of one's own record", f"/customers/show/{OWN}?tab=contacts")
page("11 master and detail", f"/contacts/show/{FOREIGN}?tab=history", 404)
page("12 several lists on a page", "/")
page("13 edit state that a list remembers", "/contacts/list/")
page("14 sums and charts", "/leads/list/?exact=1")
page("15 choices of a new form", "/contacts/options/customer?q=Customer")
page("16 choices of an edit form", f"/contacts/edit/{OWN}")
page("17 choices of a filter", "/contacts/options/customer?q=03")
posted("18 form with a foreign parent", "/contacts/add", 422, name="ins", customer=str(FOREIGN))
page("19 prefill with a foreign parent", f"/contacts/add?customer={FOREIGN}", 404)
page("20 prefill of an edit form", f"/contacts/edit/{OWN}?customer={FOREIGN}", 400)
page(
    "21 filter by a foreign parent",
    f"/contacts/list/?filters={filters_of(condition('customer', 'eq', FOREIGN))}",
)
posted("22 delete", f"/contacts/delete/{FOREIGN}", 404)
called("23 API list", lambda api: api.get("/customers/", page_size=100), 200)
called("24 API get", lambda api: api.get(f"/customers/{FOREIGN}"), 404)
called("25 API list of related", lambda api: api.get("/contacts/", page_size=100), 200)
called("26 API put", lambda api: api.put(f"/customers/{FOREIGN}", {"name": "HACK"}), 404)
called("27 API delete", lambda api: api.delete(f"/contacts/{FOREIGN}"), 404)
called("28 API info", lambda api: api.get("/contacts/_info"), 200)
called(
    "29 API info with paged choices",
    lambda api: api.get("/contacts/_info", add_columns={"customer": {"page": 0}}),
    400,
)
called(
    "30 API post with a foreign parent",
    lambda api: api.post("/contacts/", {"name": "x", "customer": FOREIGN}),
    422,
)
called(
    "31 API put to a foreign parent",
    lambda api: api.put(f"/contacts/{OWN}", {"customer": FOREIGN}),
    422,
)
called(
    "32 API put steals children",
    lambda api: api.put(f"/customers/{OWN}", {"contacts": [OWN, FOREIGN]}),
    422,
)
called(
    "33 API post makes a related record",
    lambda api: api.post("/contacts/", {"name": "x", "customer": {"id": 99, "name": "EVIL"}}),
    422,
)
EVIL = {"id": 77, "username": "evil", "email": "e@e.example", "active": True, "password": "x"}
called(
    "34 API post makes an account",
    lambda api: api.post("/customers/", {"name": "y", "owner": EVIL}),
    422,
)
page("35 download of any file", "/contacts/download/notes.txt", 404)
page("36 order by a column of a relation", "/customers/list/?order=owner.password", 400)
page("37 page size without end", "/customers/list/?size=1000000", 400)


@probe("38 API list with a token")
def list_with_token(world: World) -> TestResponse:
    return _with_token(world, "/api/v1/customers/")


@probe("39 API get with a token", 404)
def get_with_token(world: World) -> TestResponse:
    return _with_token(world, f"/api/v1/customers/{FOREIGN}")


def _with_token(world: World, path: str) -> TestResponse:
    client = world.app.test_client()
    login = client.post(
        "/api/v1/security/login", json={"username": ME, "password": PASSWORD, "provider": "db"}
    )
    token = login.json["access_token"]
    return world.app.test_client().get(path, headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("name", PROBES)
def test_probe(world: World, engine: Engine, name: str) -> None:
    """Reference §4: neither read nor written, and refused without a word about the record."""
    before = snapshot(engine, db.metadata)
    attempt, expected = PROBES[name]
    answer = attempt(world)
    assert answer.status_code in expected, answer.text[:300]
    assert [mark for mark in MARKS if mark in answer.text] == []
    left = set(changed(before, snapshot(engine, db.metadata)))
    logging_in = {"history", "user_account"} if "token" in name else set()
    assert left <= logging_in, "a refusal writes nothing, a login its line and its time"


def test_there_are_39() -> None:
    assert len(PROBES) == 39


def test_lists_are_not_simply_empty(world: World) -> None:
    """The probes prove something: the person does see his own rows."""
    text = world.client(ME).get("/customers/list/").text
    assert "Customer 01" in text
    assert "Customer 06" in text, "a read seat"
    assert set(Api(world, ME).ids("contacts")) == {1, 2, 6}


def test_ordering_by_hidden_columns_never_reaches_sql(world: World) -> None:
    """Probe 36, seen from the database: no statement orders by anything like a password."""
    client = world.client(ME)
    with count_statements() as asked:
        client.get("/customers/list/?order=owner.password")
        client.get("/api/v1/customers/?q=(order_column:owner.password,order_direction:asc)")
    orders = [statement.partition("ORDER BY")[2] for statement in asked]
    assert "password" not in str(orders).lower()


def test_a_form_gives_back_only_its_own_inputs(world: World) -> None:
    """Probe 18 from the other side: the form's hidden inputs name no record but its own."""
    hidden = hidden_inputs(world.client(ME).get(f"/contacts/edit/{OWN}").text)
    assert set(hidden) >= {"csrf_token", "row_version", "form_nonce"}
