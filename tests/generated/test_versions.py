"""Two at once and twice the same: versions, nonces, idempotency keys (contract §1, §2, BULK-8)."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.spec.catalogue import catalogue
from tests.generated.browser import Page, Person
from tests.generated.samples import record
from tests.generated.stage import Stage, check_refused
from tests.generated.surfaces import titled

WRITER = "admin"
ENTITIES = [e.key for e in catalogue if {"create", "edit"} <= set(e.operations)]
BULK = [(e.key, v.slug) for e in catalogue for v in e.bulk_verbs if v.slug == "add_team"]


def rows(stage: Stage, entity: str) -> int:
    table = catalogue.get(entity).model.__table__
    with stage.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def own(stage: Stage, entity: str) -> tuple[str, int]:
    """A record that may be edited, as the path of its entity and its id."""
    return f"/{catalogue.get(entity).plural}", stage.spare.get(entity, 1)


def put(
    person: Person, path: str, body: Any, headers: Mapping[str, str] | None = None
) -> TestResponse:
    return person.rest("PUT", path, body, headers)


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_stale_form_is_409_with_both_values(stage: Stage, entity: str) -> None:
    """R4: the second to save sees his value and the other's, and can save after all."""
    person, (plural, number) = stage.person(WRITER), own(stage, entity)
    path = f"{plural}/edit/{number}"
    slow = Page(person.get(path).text).form("edit")
    assert person.fill(path, "edit", titled(entity, "Faster hands")).status_code == 302
    stage.settle()
    slow[catalogue.get(entity).title] = "Slower hands"
    with stage.watch() as seen:
        answer = person.client.post(path, data=slow)
    check_refused(stage, path, answer, seen, 409)
    assert "Faster hands" in answer.text
    again = Page(answer.text).form("edit")
    assert again[catalogue.get(entity).title] == "Slower hands", "what was typed is lost"
    assert person.client.post(path, data=again).status_code == 302
    saved = json.loads(person.rest("GET", f"{plural}/{number}").text)["result"]
    assert saved[catalogue.get(entity).title] == "Slower hands"
    assert saved["version"] == 3


@pytest.mark.parametrize("entity", ENTITIES)
def test_rest_asks_for_the_version(stage: Stage, entity: str) -> None:
    """428 without If-Match, 412 when it is stale or no version, 200 with the next ETag."""
    person, (plural, number) = stage.person(WRITER), own(stage, entity)
    path = f"{plural}/{number}"
    person.csrf()
    for header, status in (({}, 428), ({"If-Match": ""}, 428), ({"If-Match": '"99"'}, 412),
                           ({"If-Match": "x"}, 412), ({"If-Match": '"0"'}, 412),
                           ({"If-Match": "*"}, 412)):  # fmt: skip
        with stage.watch() as seen:
            answer = put(person, path, titled(entity, "Changed"), header)
        check_refused(stage, f"PUT {path} {header}", answer, seen, status)
        if "delete" in catalogue.get(entity).operations:
            answer = person.rest("DELETE", path, headers=header)
            assert answer.status_code == status, f"DELETE {path} {header}"
    got = person.rest("GET", path)
    answer = put(person, path, titled(entity, "Changed"), {"If-Match": got.headers["ETag"]})
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"2"'
    assert json.loads(answer.text)["result"]["version"] == 2
    same = put(person, path, titled(entity, "Changed"), {"If-Match": '"2"'})
    assert same.headers["ETag"] == '"2"', "a save without change raised the version"


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_form_sent_twice_makes_one_record(stage: Stage, entity: str) -> None:
    """BULK-8: double click and re-send lead to the same record; another content is refused."""
    declared, person = catalogue.get(entity), stage.person(WRITER)
    before = rows(stage, entity)
    values = record(stage, declared, WRITER, **titled(entity, "Only once"))
    path = f"/{declared.plural}/add"
    page = Page(person.get(path).text).form("add")
    for key, value in values.items():
        page.setlist(key, value if isinstance(value, list) else [value])
    first, second = (person.client.post(path, data=page) for _ in range(2))
    assert first.status_code == second.status_code == 302
    assert first.location == second.location
    assert rows(stage, entity) == before + 1
    page[catalogue.get(entity).title] = "Something else"
    assert person.client.post(path, data=page).status_code == 422
    assert rows(stage, entity) == before + 1


@pytest.mark.parametrize("entity", ENTITIES)
def test_an_idempotency_key_replays_the_first_answer(stage: Stage, entity: str) -> None:
    """R5: the same key and body give the same answer and header; another body is 422."""
    declared, person = catalogue.get(entity), stage.person(WRITER)
    path, before = f"/{declared.plural}/", rows(stage, entity)
    values, key = (
        record(stage, declared, WRITER, **titled(entity, "Keyed")),
        {"Idempotency-Key": "a key"},
    )
    first, second = (person.rest("POST", path, values, key) for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert json.loads(first.text) == json.loads(second.text)
    assert first.headers["ETag"] == second.headers["ETag"]
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert rows(stage, entity) == before + 1
    other = person.rest("POST", path, {**values, **titled(entity, "Another")}, key)
    assert other.status_code == 422
    for wrong in ("", "x" * 256, "a\tb"):
        answer = person.rest("POST", path, values, {"Idempotency-Key": wrong})
        assert answer.status_code in (400, 409) or wrong == "", f"key {wrong[:5]!r}"
    colleague = stage.person("system" if entity in ("user", "role") else "manager")
    if stage.oracle.may(colleague.name, entity, "create"):
        theirs = colleague.rest("POST", path, {**values, **titled(entity, "Theirs")}, key)
        assert theirs.status_code != 422, "somebody else's key counted"


@pytest.mark.parametrize(("entity", "slug"), BULK)
def test_a_bulk_run_sent_twice_runs_once(stage: Stage, entity: str, slug: str) -> None:
    """BULK-8: the same run is answered with the same operation, on page and REST."""
    person, plural = stage.person(WRITER), catalogue.get(entity).plural
    body = {"ids": [1, 2], "params": {"users": [stage.people["finance"]], "level": "read"}}
    key, path = {"Idempotency-Key": "once"}, f"/{plural}/bulk/{slug}"
    first, second = (person.rest("POST", path, body, key) for _ in range(2))
    assert json.loads(first.text) == json.loads(second.text)
    assert second.headers["Idempotent-Replayed"] == "true"
    form = {"ids": ["1"], "users": str(stage.people["legal"]), "level": "read", "step": "preview"}
    page = Page(person.post(path, form).text)
    data = page.form("bulk-preview")
    runs = [person.client.post(path, data=data) for _ in range(2)]
    assert runs[0].status_code == runs[1].status_code == 302
    assert runs[0].location == runs[1].location


@pytest.mark.parametrize("entity", [e.key for e in catalogue if e.is_binned])
def test_a_deletion_sent_twice_deletes_once(stage: Stage, entity: str) -> None:
    """The second click on "Delete" is led to the list, as the first one was."""
    person, (plural, number) = stage.person(WRITER), own(stage, entity)
    path = f"{plural}/delete/{number}"
    data = Page(person.get(path).text).form("confirm")
    first = person.client.post(path, data=data)
    assert first.status_code == 302
    assert person.get(f"{plural}/show/{number}").status_code == 404
    second = person.client.post(path, data=data)
    assert second.status_code in (302, 404)
    assert person.rest("GET", f"{plural}/{number}").status_code == 404
