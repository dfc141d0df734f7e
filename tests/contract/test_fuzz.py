"""C60: whatever is sent, the answer is one of the contract's, never a fault of ours."""

import json
import random
from typing import Any

import pytest
from sqlalchemy import Engine

from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from tests.contract.calls import Api
from tests.support.worlds import World

ENTITIES = ("customer", "lead", "contact", "pool", "department", "user", "role", "audit")
NASTY: tuple[Any, ...] = (
    None,
    "",
    " ",
    "x",
    "%",
    "\\",
    "'; DROP TABLE customer; --",
    "\u202e",
    "\ud800",
    "\x00",
    "x" * 5_000,
    "@me",
    "@today",
    "@nobody",
    "today",
    0,
    -1,
    1,
    2**31,
    2**63,
    10**30,
    1.5,
    1e308,
    True,
    False,
    [],
    [[]],
    [None],
    [1, 2],
    ["a", 1],
    [1] * 1_001,
    {},
    {"id": 1},
    "9" * 400,
    "NaN",
    "-Infinity",
    "1e400",
    "2026-02-30",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    "2026-11-21T08:00:00.123456789Z",
    "2026-W47-6",
    "１２",
    "是",
    ["2026-01-01", "2026-12-31"],
    ["a", "b"],
    ["1", "9" * 40],
)
OPERATORS = [
    "sw",
    "nsw",
    "ew",
    "new",
    "ct",
    "nct",
    "eq",
    "neq",
    "gt",
    "lt",
    "in",
    "not_in",
    "rel_o_m",
    "nrel_o_m",
    "rel_m_m",
    "ge",
    "le",
    "between",
    "empty",
    "not_empty",
    "within",
    "any",
    "all",
    "none",
    "nope",
    "__class__",
]
FINE = {200, 201, 400, 403, 404, 405, 409, 412, 413, 415, 422, 428}


def dice_for(*seeds: str) -> random.Random:
    return random.Random("/".join(seeds))  # noqa: S311 - no secret


def conditions(entity: Entity, dice: random.Random) -> list[Any]:
    """A filter of one to three conditions, some of them in groups."""
    keys = [*entity.fields, "id", "deleted_at", "password", "nope"]
    found: list[Any] = [
        {"col": dice.choice(keys), "opr": dice.choice(OPERATORS), "value": dice.choice(NASTY)}
        for _ in range(dice.randint(1, 3))
    ]
    return [{dice.choice(["and", "or"]): found}] if dice.random() < 0.2 else found


@pytest.mark.parametrize("key", ENTITIES)
def test_filters(world: World, key: str) -> None:
    """Any field, operator and value through the API, the page and a bulk selection."""
    entity, dice, api = catalogue.get(key), dice_for("filters", key), Api(world, "admin")
    slug = entity.bulk_verbs[0].slug if entity.bulk_verbs else "delete"
    for _ in range(30):
        text = json.dumps(conditions(entity, dice))
        query = {"q": f'{{"filters":{text}}}'}
        found = api.client.get(f"/api/v1/{entity.plural}/", query_string=query)
        assert found.status_code in FINE, text[:300]
        if dice.random() < 0.2:
            page = api.client.get(f"/{entity.plural}/list/", query_string={"filters": text})
            assert page.status_code in FINE, text[:300]
            body = f'{{"filters":{text},"params":{{}},"dry_run":true}}'
            path = f"/api/v1/{entity.plural}/bulk/{slug}"
            kind = "application/json"
            bulk = api.client.post(path, data=body, headers=api.headers, content_type=kind)
            assert bulk.status_code in FINE, text[:300]


@pytest.mark.parametrize("key", ENTITIES)
def test_operators_one_by_one(world: World, key: str) -> None:
    """Every operator that a field declares, with a few values of each kind."""
    entity, dice, api = catalogue.get(key), dice_for("operators", key), Api(world, "admin")
    for field in entity.fields.values():
        for operator in field.operators:
            for value in dice.sample(NASTY, 1):
                one = [{"col": field.key, "opr": operator, "value": value}]
                query = {"q": json.dumps({"filters": one, "page_size": 1})}
                answer = api.client.get(f"/api/v1/{entity.plural}/", query_string=query)
                assert answer.status_code in FINE, one


@pytest.mark.parametrize("key", ENTITIES)
def test_values(world: World, engine: Engine, key: str) -> None:
    """Any value in any field: API create and edit, form."""
    entity, dice, api = catalogue.get(key), dice_for("values", key), Api(world, "admin")
    for _ in range(25):
        chosen = dice.sample([*entity.fields, "nope"], dice.randint(1, 4))
        body = {name: dice.choice(NASTY) for name in chosen}
        verb, path = dice.choice([("POST", ""), ("PUT", "1"), ("PUT", "3")])
        headers = {"If-Match": f'"{dice.randint(1, 3)}"'}
        answer = api.send(verb, f"/{entity.plural}/{path}", body, headers)
        assert answer.status_code in FINE, (verb, body)


@pytest.mark.parametrize("key", ENTITIES)
def test_operations(world: World, engine: Engine, key: str) -> None:
    """Any parameters and selections in any bulk operation."""
    entity, dice, api = catalogue.get(key), dice_for("operations", key), Api(world, "admin")
    names = [
        "new_owner",
        "old_owner",
        "until",
        "message",
        "cascade",
        "cascade_of",
        "to",
        "how",
        "pool",
        "reason",
        "users",
        "level",
        "set",
        "format",
        "columns",
        "nope",
    ]
    for verb in entity.bulk_verbs:
        for _ in range(6):
            params = {name: dice.choice(NASTY) for name in dice.sample(names, dice.randint(0, 4))}
            body: dict[str, Any] = {"params": params, "dry_run": dice.choice([True, True, False])}
            if dice.random() < 0.7:
                body["ids"] = dice.choice([[1], [1, 2, 3], [], [0], [10**30], dice.choice(NASTY)])
            else:
                body["filters"] = conditions(entity, dice)
                body["expected_count"] = dice.choice([0, 1, dice.choice(NASTY)])
                body["except"] = dice.choice([[], [1], dice.choice(NASTY)])
            answer = api.post(f"/{entity.plural}/bulk/{verb.slug}", body)
            assert answer.status_code in FINE, (verb.slug, body)


RISON = "()!',:*@$-0123456789abcdefilters\"{}[]%\\ \u4e2d"


def test_arguments(world: World) -> None:
    """Any text as ``q``, as filter, as order, as page, as search."""
    dice, api = dice_for("arguments"), Api(world, "admin")
    for _ in range(60):
        text = "".join(dice.choices(RISON, k=dice.randint(1, 40)))
        name = dice.choice(["filters", "order", "page", "size", "view", "search", "exact", text])
        assert api.client.get("/customers/list/", query_string={name: text}).status_code in FINE
        found = api.client.get("/api/v1/customers/", query_string={"q": text})
        assert found.status_code in FINE, text
        words = api.client.get("/contacts/options/customer", query_string={"q": text})
        assert words.status_code in FINE, text
