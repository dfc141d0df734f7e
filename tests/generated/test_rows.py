"""Working in the rows, for every entity: stars, cells, sums, neighbours (LIST-5, LIST-6)."""

import json

import pytest

from app.spec.catalogue import catalogue
from tests.generated.browser import Page, Person
from tests.generated.stage import UNKNOWN, Stage, check_refused

ENTITIES = [entity.key for entity in catalogue]
OWNED = [entity.key for entity in catalogue if entity.is_owned]
STARRED = [{"col": "starred", "opr": "eq", "value": True}]


def starred(person: Person, plural: str) -> list[int]:
    """The reader's stars as the built-in view and as REST shows them: they agree."""
    page = Page(person.get(f"/{plural}/list/", view="starred").text)
    shown = [number for _table, number in page.rows]
    assert sorted(shown) == sorted(json.loads(person.ask(plural, filters=STARRED).text)["ids"])
    return shown


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_star_is_set_and_taken_by_its_owner_only(stage: Stage, entity: str) -> None:
    """Said twice it stays; a deleted record doesn't count; others have their own."""
    plural, person = catalogue.get(entity).plural, stage.person("admin")
    other = stage.person("audit")
    assert starred(person, plural) == []
    for _turn in range(2):
        assert person.post(f"/{plural}/star/1", {"on": "1", "next": f"/{plural}/list/"}).location
    assert starred(person, plural) == [1]
    assert "true" in Page(person.get(f"/{plural}/show/1").text).hooks("aria-pressed")
    others = [{"col": "starred", "opr": "neq", "value": True}]
    assert 1 not in json.loads(person.ask(plural, filters=others).text)["ids"]
    if other.ask(plural).status_code == 200:
        assert starred(other, plural) == []
    for _turn in range(2):
        assert person.post(f"/{plural}/star/1", {"on": "0"}).status_code == 302
    assert starred(person, plural) == []


@pytest.mark.parametrize("entity", OWNED)
def test_stars_follow_the_scope(stage: Stage, entity: str) -> None:
    """C18: set on what one may read, 404 elsewhere; what is handed over or deleted is gone."""
    plural, person = catalogue.get(entity).plural, stage.person("sales1a")
    seen = stage.oracle.visible("sales1a", entity, "read")
    person.csrf()
    for row in stage.oracle.company.rows[entity]:
        if row.id in seen:
            assert person.post(f"/{plural}/star/{row.id}", {"on": "1"}).status_code == 302
        elif row.pool is None:
            with stage.watch() as watched:
                answer = person.post(f"/{plural}/star/{row.id}", {"on": "1"})
            check_refused(stage, f"star {plural} {row.id}", answer, watched, 404)
    assert set(starred(person, plural)) == stage.oracle.visible("sales1a", entity, "list")
    gone = stage.person("admin").post(f"/{plural}/delete/1", {})
    assert gone.status_code == 302
    assert 1 not in starred(person, plural)


def test_what_a_star_does_not_understand_is_refused(stage: Stage) -> None:
    """Contract §1: 403, 404, 400, 422 in this order."""
    person = stage.person("manager")
    for values, number, status in (
        ({"on": "1"}, UNKNOWN, 404),
        ({"on": "1", "nonsense": "1"}, 1, 400),
        ({"on": "perhaps"}, 1, 422),
        ({}, 1, 422),
    ):
        values = {"csrf_token": person.csrf(), **values}
        assert person.client.post(f"/customers/star/{number}", data=values).status_code == status
    assert stage.person("people").post("/customers/star/1", {"on": "1"}).status_code == 403
    away = {"csrf_token": person.csrf(), "on": "1", "next": "https://evil.example/"}
    assert person.client.post("/customers/star/1", data=away).location == "/customers/show/1"
