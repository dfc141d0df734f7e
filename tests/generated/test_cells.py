"""Cells edited in place, for every entity and every person: as the form, field by field (LIST-5).

Granted means it works, everything else is refused as the contract says and writes nothing; who was
slower sees both values (R4).
"""

import json
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.field import Field
from tests.generated.browser import Page, Person
from tests.generated.samples import bad, good
from tests.generated.stage import UNKNOWN, Stage, check_refused
from tests.generated.test_fields import HIDDEN, MASKED, READ_ONLY, WORKER, level
from tests.support.company import PEOPLE

ENTITIES = [entity.key for entity in catalogue if "edit" in entity.operations]
WITHOUT = [entity for entity in catalogue if "edit" not in entity.operations]
ACTORS = [person.name for person in PEOPLE]
SCRIPT = {"Accept": "application/json"}


def path_of(entity: Entity, number: int, key: str) -> str:
    return f"/{entity.plural}/cell/{number}/{key}"


def opened(person: Person, path: str) -> MultiDict[str, str]:
    """The inputs of the control as a browser would post them."""
    answer = person.client.get(path, headers=SCRIPT)
    assert answer.status_code == 200, f"{path}: {answer.text}"
    return Page(answer.json["html"]).form("cell")


def save(person: Person, path: str, form: MultiDict[str, str], value: Any) -> TestResponse:
    data, key = form.copy(), path.rpartition("/")[2]
    data.setlist(key, [] if value in (None, False) else [value])
    return person.client.post(path, data=data, headers=SCRIPT)


SEVERAL = ("relations", "repeat", "options")


def in_place(entity: Entity) -> dict[str, Field]:
    """What an administrator may edit in a cell: of the form what has one value and may change."""
    return {
        key: field
        for key, field in entity.fields.items()
        if not field.system and field.editable and field.kind not in SEVERAL
    }


def other_value(field: Field, number: int) -> Any:
    if field.kind == "relation":
        return None  # which record would fit, the other tests of relations know
    if field.key == "timezone":
        return "Europe/Paris"
    value = good(field)
    return f"Cell {number}" if value == "Some text" else value


OTHERWISE = {("pool", "kind"), ("pool", "unwon_days"), ("user", "is_active")}
"""What can't be edited at will: the spare pool is one for leads, which are never won."""


@pytest.mark.parametrize("key", ENTITIES)
def test_each_field_is_edited_as_in_the_form(stage: Stage, key: str) -> None:
    """The value is stored, shown, in the history; wrong ones come back at the input (422)."""
    entity, person, tried = catalogue.get(key), stage.person("admin"), 0
    number = stage.spare.get(key, 1)
    for name, field in in_place(entity).items():
        value = other_value(field, len(name))
        if value is None or (key, name) in OTHERWISE:
            continue
        path = path_of(entity, number, name)
        for wrong in bad(field)[:2] if field.kind != "boolean" else ():
            if isinstance(wrong, str) and wrong:
                kept = save(person, path, opened(person, path), wrong)
                assert kept.status_code == 422, f"{path} {wrong!r}: {kept.text}"
                assert field.kind == "option" or wrong.strip() in Page(kept.json["html"]).form(
                    "cell"
                ).get(name, ""), f"{path}: {wrong!r} is lost"
                assert "cell-error" in kept.json["html"]
        answer = save(person, path, opened(person, path), value)
        assert answer.status_code == 200, f"{path}: {answer.text}"
        stored = json.loads(person.rest("GET", f"/{entity.plural}/{number}").text)["result"]
        assert str(stored[name]) == str(value), f"{path}: {stored[name]}"
        again = opened(person, path)
        assert again["row_version"] == str(stored["version"])
        tried += 1
    assert tried
    history = Page(person.get(f"/{entity.plural}/show/{number}?tab=history").text)
    assert entity.key == "role" or any("Cell" in word for word in history.words)


@pytest.mark.parametrize("actor", ACTORS)
def test_cells_are_for_those_who_may_edit(stage: Stage, actor: str) -> None:
    """403 before any look, 404 out of scope, 400 and 422 for no cell; GET and POST alike."""
    person = stage.person(actor)
    person.csrf()
    for key in ENTITIES:
        entity, may = catalogue.get(key), stage.oracle.may(actor, key, "edit")
        numbers = [1, UNKNOWN]
        if entity.responsible:
            numbers += [6, 9]
        for number in numbers:
            is_known = number != UNKNOWN
            if entity.responsible:
                is_known = number in stage.oracle.visible(actor, key, "edit")
            for name, wrong in ((entity.title, 0), ("nonsense", 400), ("created_at", 422)):
                expected = 403 if not may else 404 if not is_known else wrong
                if not expected:
                    continue
                for method in ("GET", "POST"):
                    form = {"csrf_token": person.csrf(), "row_version": "1", name: "x"}
                    with stage.watch() as seen:
                        answer = person.client.open(
                            path_of(entity, number, name),
                            method=method,
                            data=form if method == "POST" else None,
                        )
                    case = f"{actor} {method} {key} {number} {name}"
                    check_refused(stage, case, answer, seen, expected)
    assert stage.differing() == []


def test_what_has_no_edit_has_no_cells(stage: Stage) -> None:
    assert WITHOUT
    for entity in WITHOUT:
        person = stage.person("admin")
        assert person.get(path_of(entity, 1, entity.title)).status_code == 405
        assert "data-editable" not in person.get(f"/{entity.plural}/list/").text


@pytest.mark.parametrize(
    ("how", "status"), [("hidden", 400), ("read-only", 422), ("masked", 422), ("in lists", 422)]
)
def test_field_rights_hold_in_cells(stage: Stage, how: str, status: int) -> None:
    """PERM-6: a hidden, read-only or masked field is no cell, on the page and behind it."""
    what = {"hidden": HIDDEN, "read-only": READ_ONLY, "masked": MASKED, "in lists": {"mask": 1}}
    for key in ("lead", "customer", "contact"):
        level(stage, key, {"mobile": dict(what[how])})
        entity, person = catalogue.get(key), stage.person(WORKER)
        page = Page(person.get(f"/{entity.plural}/list/").text)
        [shown] = page.hooks("data-editable")
        assert "mobile" not in shown.split()
        assert "name" in shown.split()
        form = opened(person, path_of(entity, 1, "name"))
        path = path_of(entity, 1, "mobile")
        assert person.get(path).status_code == status
        with stage.watch() as seen:
            answer = save(person, path, form, "13700137000")
        check_refused(stage, f"{how} {path}", answer, seen, status)
        posted = save(person, path_of(entity, 1, "name"), form, "Of mine")
        assert posted.status_code == 200, "what is wrong with one field is wrong with that alone"


def test_two_editors_of_one_cell(stage: Stage) -> None:
    """R4: the same field is a conflict with both values, another merges, a re-send does nothing."""
    entity, late, early = (
        catalogue.get("customer"),
        stage.person("manager"),
        stage.person("sales1a"),
    )
    path, other = path_of(entity, 1, "city"), path_of(entity, 1, "district")
    form, beside = opened(late, path), opened(late, other)
    first = opened(early, path)
    assert save(early, path, first, "Hangzhou").status_code == 200
    assert save(early, path, first, "Hangzhou").status_code == 200, "sent twice"
    assert version(stage) == 2
    with stage.watch() as seen:
        clash = save(late, path, form, "Ningbo")
    check_refused(stage, "stale cell", clash, seen, 409)
    assert clash.json["code"] == "stale_version"
    assert {"Hangzhou", "Ningbo"} <= set(Page(clash.json["html"]).words)
    assert clash.json["cell"] == "Hangzhou"
    assert Page(clash.json["html"]).form("cell")["city"] == "Ningbo"
    assert save(late, other, beside, "Xihu").status_code == 200, "another field merges"
    kept = Page(clash.json["html"]).form("cell")
    decided = late.client.post(path, data=kept, headers=SCRIPT)
    assert decided.json == {"cell": "Ningbo"}
    assert version(stage) == 4


def version(stage: Stage) -> int:
    table = catalogue.get("customer").model.__table__
    with stage.engine.connect() as connection:
        number = connection.scalar(select(table.c.version).where(table.c.id == 1))
    assert number is not None
    return number


def test_a_taken_value_is_said_at_the_cell(stage: Stage) -> None:
    """C47: 409 with the field's own sentence, and nothing of the other record."""
    entity, person = catalogue.get("customer"), stage.person("manager")
    path = path_of(entity, 1, "name")
    answer = save(person, path, opened(person, path), "Customer 02")
    assert answer.status_code == 409
    assert answer.json["code"] == "duplicate"
    assert Page(answer.json["html"]).form("cell")["name"] == "Customer 02"


def test_rows_that_may_not_be_edited_are_marked(stage: Stage) -> None:
    """The mark agrees with the scope of edit for everybody; the pool's rows are not editable."""
    for actor in ("manager", "leader1", "sales1a", "sales2a", "clerk1", "admin"):
        for key in ("lead", "customer", "contact"):
            text = stage.person(actor).get(f"/{catalogue.get(key).plural}/list/").text
            rows = {int(has["data-id"]): "data-fixed" in has for tag, has in Page(text).attributes
                    if tag == "tr" and "data-id" in has}  # fmt: skip
            may = stage.oracle.visible(actor, key, "edit")
            assert {i for i, is_fixed in rows.items() if not is_fixed} == may & set(rows), actor
            assert rows
