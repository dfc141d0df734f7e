"""The number of statements of each page: recorded, small, and the same however many rows there are.

``tests/golden/queries.json`` is changed by hand, with a line in the changelog when a number rises
(performance.md). Transaction control isn't counted. No option of any command rewrites the file.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from tests.generated.browser import Page, Person
from tests.generated.stage import Stage
from tests.generated.variety import fill
from tests.support.statements import Statements, count_statements

GOLDEN = Path(__file__).parents[1] / "golden" / "queries.json"
LIMITS = {
    "list": 8, "detail": 14, "add form": 6, "edit form": 6, "save": 10,
    "REST list": 6, "REST get": 14,
}  # fmt: skip
OVER: dict[tuple[str, str], tuple[int, str]] = {}
"""What may go over its limit: how far, and why."""

ENTITIES = [entity.key for entity in catalogue]


def counted(entity: Entity) -> str:
    """Whose requests are counted: somebody with seats, pools and a scope where there is one."""
    return "leader1" if entity.is_owned else "admin"


def requests(person: Person, entity: Entity, number: int) -> dict[str, Callable[[], TestResponse]]:
    """What is counted, by name; the form that is saved is opened before, after a first save."""
    plural = entity.plural
    ways: dict[str, Callable[[], TestResponse]] = {
        "list": lambda: person.get(f"/{plural}/list/", size=100),
        "detail": lambda: person.get(f"/{plural}/show/{number}"),
        "REST list": lambda: person.ask(plural, page_size=100),
        "REST get": lambda: person.rest("GET", f"/{plural}/{number}"),
    }
    if "edit" in entity.operations:
        path = f"/{plural}/edit/{number}"
        person.fill(path, "edit", {entity.title: "Saved once"})
        data = Page(person.get(path).text).form("edit")
        data[entity.title] = f"Saved {data[entity.title][:20]}"
        ways |= {
            "add form": lambda: person.get(f"/{plural}/add"),
            "edit form": lambda: person.get(path),
            "save": lambda: person.client.post(path, data=data),
        }
    return ways


def measure(stage: Stage, entity: Entity, number: int) -> dict[str, Statements]:
    """The statements of each request, the process being warm."""
    person, found = stage.person(counted(entity)), {}
    for name, send in requests(person, entity, number).items():
        if name != "save":
            send()
        with count_statements() as asked:
            answer = send()
        assert answer.status_code in (200, 302), f"{name} of {entity.key}: {answer.status}"
        found[name] = asked
    return found


def filled(stage: Stage, entity: Entity, count: int) -> int:
    """That many rows, and the id of one of them."""
    if entity.key == "audit":
        return 1
    ids = fill(stage, entity, count, owner=stage.people["leader1"])
    if "is_converted" in entity.fields:  # one that has been is not saved again
        table = entity.model.__table__
        with stage.engine.begin() as connection:
            connection.execute(
                table.update().where(table.c.id == ids[0]).values(is_converted=False)
            )
    return ids[0]


@pytest.mark.parametrize("key", ENTITIES)
def test_statements_are_as_recorded(stage: Stage, key: str) -> None:
    """The recorded number, within the limits, with 5 rows and with 60."""
    entity = catalogue.get(key)
    few = measure(stage, entity, filled(stage, entity, 5))
    stage.reset()
    many = measure(stage, entity, filled(stage, entity, 60))
    for name, asked in many.items():
        assert len(asked) == len(few[name]), f"{name} of {key} asks more for more rows:\n{asked}"
        limit = OVER.get((key, name), (LIMITS[name], ""))[0]
        assert len(asked) <= limit, f"{name} of {key}:\n{asked}"
    recorded = json.loads(GOLDEN.read_text(encoding="utf-8"))[stage.world.server.kind]
    found = {name: len(asked) for name, asked in many.items()}
    assert found == recorded.get(key), f"{key}: {json.dumps(found)}, not as recorded"


def test_the_record_names_every_entity_and_nothing_else() -> None:
    recorded = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert sorted(recorded) == ["postgresql", "sqlite"]
    assert all(sorted(numbers) == sorted(ENTITIES) for numbers in recorded.values())
    for key, name in OVER:
        assert any(numbers[key][name] > LIMITS[name] for numbers in recorded.values()), "stale"
