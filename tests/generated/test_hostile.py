"""What nobody sends by accident: every list answers 4xx and writes nothing (C54 to C61)."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from werkzeug.test import TestResponse

from app.spec.catalogue import catalogue
from tests.generated.browser import Person
from tests.generated.stage import Stage
from tests.generated.surfaces import VERSION
from tests.generated.variety import ENTITIES

DEEP = "[" * 1_000 + "]" * 1_000
MANY = json.dumps([{"col": "name", "opr": "eq", "value": "x"}] * 5_000)
NESTED: Any = {"col": "id", "opr": "eq", "value": 1}
for _step in range(50):
    NESTED = {"and": [NESTED]}

BAD_PAGES = {
    "page": ["-1", "0", "abc", "1000000000", "1e3", "１", "", "1.5", " 1"],
    "size": ["7", "-20", "abc", "100000000", "0"],
    "order": ["nonsense", "-nonsense", "name; DROP TABLE lead", "--name", "password", "1", "-"],
    "view": ["nonsense", "all'--", "deleted2"],
    "filters": [
        "x", "{", "1", '{"col": 1}', "[1]", '["name"]', "[[]]", "[null]", DEEP,
        '[{"col": "nonsense", "opr": "eq", "value": 1}]',
        '[{"col": "password", "opr": "sw", "value": "$"}]',
        '[{"col": "owner_id", "opr": "eq", "value": 1}]',
        '[{"col": "name", "opr": "nonsense", "value": 1}]',
        '[{"col": "name", "opr": "eq"}]',
        '[{"col": "name", "opr": "eq", "value": {"a": 1}}]',
        '[{"col": "name", "opr": "eq", "value": []}]',
        '[{"col": "name", "opr": "eq", "value": "a\\u0000b"}]',
        '[{"col": "name", "opr": "in", "value": "x", "more": 1}]',
        '[{"and": []}]', '[{"or": {}}]', '[{"not": []}]', json.dumps([NESTED]),
        '[{"col": "created_at", "opr": "within", "value": "nonsense"}]',
        '[{"col": "created_at", "opr": "gt", "value": "99999-13-41"}]',
        '[{"col": "created_at", "opr": "within", "value": "last_99999999999_days"}]',
        '[{"col": "created_at", "opr": "gt", "value": "@me"}]',
        '[{"col": "created_at", "opr": "between", "value": ["2026-01-01"]}]',
    ],
    "search": ["x" * 201, "a\x00b", "汉" * 3_000],
    "nonsense": ["1"],
    "page_size": ["20"],
}  # fmt: skip
"""Argument of a list's address to values that are no good."""

LENIENT = frozenset({("page", ""), ("size", "")})
"""An argument that is there and empty is as good as none: plain forms send it."""

BAD_QUERIES: list[Any] = [
    {"page_size": 101}, {"page_size": 0}, {"page_size": -1}, {"page_size": "x"},
    {"page_size": 10**12}, {"page": -1}, {"page": "abc"}, {"page": 10**18}, {"page": 1.5},
    {"page": True}, {"page": None}, {"order_column": "nonsense"}, {"order_column": ["name"]},
    {"order_column": "name", "order_direction": "sideways"}, {"columns": []},
    {"columns": ["nonsense"]}, {"columns": "name"}, {"columns": ["password"]},
    {"columns": [{}]}, {"filters": {}}, {"filters": "x"}, {"filters": [[]]},
    {"filters": json.loads(MANY)}, {"search": 1}, {"search": "x" * 201}, {"search": "\x00"},
    {"nonsense": 1}, [], 1, "x", None,
]  # fmt: skip


def reader(entity: str) -> str:
    return "admin"


def bad_requests(person: Person, plural: str, title: str) -> Iterator[tuple[str, TestResponse]]:
    """Every bad address, with what it answered."""
    for name, values in BAD_PAGES.items():
        for given in values:
            if (name, given) not in LENIENT:
                value = given.replace('"name"', f'"{title}"')
                label = f"/{plural}/list/?{name}={value[:60]}"
                yield label, person.get(f"/{plural}/list/", **{name: value})
    for query in BAD_QUERIES:
        text = quote(json.dumps(query).replace('"name"', f'"{title}"'))
        if len(text) < 100_000:
            yield f"REST {plural} {text[:80]}", person.rest("GET", f"/{plural}/?q={text}")
    for text in ("(", "!(", "!(1,", "(a:", "(a:!", "!", "-", "'", "%00", quote(DEEP)):
        yield f"REST {plural} q={text[:20]}", person.rest("GET", f"/{plural}/?q={text}")
    yield f"REST {plural} nonsense", person.rest("GET", f"/{plural}/?nonsense=1")


@pytest.mark.parametrize("entity", ENTITIES)
def test_bad_arguments_are_400(stage: Stage, entity: str) -> None:
    """C61 and contract §1: unknown or impossible arguments are 400 and write nothing."""
    person, plural, tried = stage.person(reader(entity)), catalogue.get(entity).plural, 0
    stage.base()
    wrong = []
    for label, answer in bad_requests(person, plural, catalogue.get(entity).title):
        tried += 1
        if answer.status_code != 400:
            wrong.append(f"{label}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    assert tried > 70
    assert stage.differing() == []


@pytest.mark.parametrize("entity", ENTITIES)
def test_huge_requests_are_refused(stage: Stage, entity: str) -> None:
    """A megabyte of search, five thousand conditions: 4xx, never a fault."""
    person, plural = stage.person(reader(entity)), catalogue.get(entity).plural
    stage.base()
    for name, value in (("search", "x" * 1_000_000), ("filters", MANY), ("order", "x" * 100_000)):
        answer = person.get(f"/{plural}/list/", **{name: value})
        assert 400 <= answer.status_code < 500, f"{plural} {name}: {answer.status_code}"
    assert stage.differing() == []


@pytest.mark.parametrize("entity", ENTITIES)
def test_bad_ids_are_404(stage: Stage, entity: str) -> None:
    """Numbers beyond every table, signs, words: not found, by page and by REST (C27)."""
    person, plural = stage.person(reader(entity)), catalogue.get(entity).plural
    for number in ("0", "-1", "abc", "2147483648", "9" * 30, "1.5", "１", "1%00", "1'--"):
        for answer in (
            person.get(f"/{plural}/show/{number}"),
            person.rest("GET", f"/{plural}/{number}"),
        ):
            # Some spellings are no address of ours at all; full-width digits are a number.
            wanted = (200, 404) if number == "１" else (404,)
            assert answer.status_code in wanted, f"{plural} {number}: {answer.status_code}"
        tab = person.get(f"/{plural}/show/1", nonsense="1")
        assert tab.status_code == 400, f"{plural} show with an unknown argument"


BAD_BODIES: list[tuple[Any, tuple[int, ...]]] = [
    ([], (400,)), ("x", (400,)), (1, (400,)), ({}, (400,)),
    ({"ids": "1"}, (400,)), ({"ids": [1.5]}, (400,)), ({"ids": ["1"]}, (400,)),
    ({"ids": [True]}, (400,)), ({"ids": [None]}, (400,)), ({"ids": [[1]]}, (400,)),
    ({"ids": [1], "filters": []}, (400,)), ({"ids": [1], "nonsense": 1}, (400,)),
    ({"ids": [1], "params": []}, (400,)), ({"ids": [1], "params": "x"}, (400,)),
    ({"ids": [1], "params": {"nonsense": 1}}, (422,)), ({"ids": [1], "dry_run": "yes"}, (400,)),
    ({"ids": list(range(1, 30_000))}, (400, 413)), ({"filters": "x"}, (400,)),
    ({"filters": [], "expected_count": "x"}, (400,)), ({"filters": [], "search": 1}, (400,)),
    ({"filters": [], "except": "x"}, (400,)), ({"ids": [10**12]}, (404, 422)),
    ({"filters": [{"col": "nonsense", "opr": "eq", "value": 1}]}, (400, 422)),
    ({"ids": [-1]}, (404, 422)),
]  # fmt: skip


@pytest.mark.parametrize("entity", [e.key for e in catalogue if e.bulk_verbs])
def test_bad_selections_do_nothing(stage: Stage, entity: str) -> None:
    """Contract §5: a body that isn't understood is refused as a whole (C20, C61)."""
    person, declared = stage.person(reader(entity)), catalogue.get(entity)
    stage.base()
    wrong = []
    for verb in declared.bulk_verbs:
        path = f"/{declared.plural}/bulk/{verb.slug}"
        for body, statuses in BAD_BODIES:
            answer = person.rest("POST", path, body)
            # Settings are looked at before rows, and most operations need some.
            if answer.status_code not in {*statuses, *((422,) if verb.params else ())}:
                wrong.append(f"{path} {str(body)[:60]}: {answer.status_code}")
        for form in ({}, {"ids": "abc"}, {"ids": "9" * 12}, {"all": "1", "filters": "{"}):
            answer = person.post(f"/{declared.plural}/bulk/{verb.slug}", form)
            if not 400 <= answer.status_code < 500:
                wrong.append(f"{path} form {form}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    assert stage.differing() == []


@pytest.mark.parametrize("entity", [e.key for e in catalogue if "edit" in e.operations])
def test_bodies_of_other_types_are_415_or_400(stage: Stage, entity: str) -> None:
    """C49: no form, text or broken JSON is taken for a record; nothing without a token."""
    person, plural = stage.person(reader(entity)), catalogue.get(entity).plural
    stage.base()
    token = {"X-CSRFToken": person.csrf()}
    for kind, data, statuses in (
        ("text/plain", '{"name": "x"}', (415,)),
        ("application/x-www-form-urlencoded", "name=x", (415,)),
        ("application/json", "{", (400,)),
        ("application/json", "[1]", (400,)),
        ("application/json", DEEP, (400,)),
        ("application/json", '{"name": "a\\u0000b"}', (400, 422)),
        ("application/json", '{"name": "\\ud800"}', (400, 422)),
        ("application/json", b'{"name": "\xff\xfe"}', (400,)),
        ("application/json", '{"name": NaN}', (400, 422)),
        ("application/json", '{"name": 1e999}', (400, 422)),
    ):
        for method, path, more in (
            ("POST", f"/api/v1/{plural}/", {}), ("PUT", f"/api/v1/{plural}/1", VERSION)
        ):  # fmt: skip
            answer = person.client.open(
                path, method=method, data=data, content_type=kind, headers={**token, **more}
            )
            assert answer.status_code in statuses, f"{method} {path} {kind} {str(data)[:20]}"
    for path, data in ((f"/{plural}/add", {"name": "x"}), (f"/{plural}/edit/1", {"name": "x"})):
        assert person.client.post(path, data=data).status_code == 400, f"{path} without token"
    bare = person.client.post(f"/api/v1/{plural}/", json={"name": "x"})
    assert bare.status_code == 400, f"POST {plural} without token"
    assert stage.differing() == []
