"""Lists: every column that sorts, every operator of every field, on page and REST (LIST-1, LIST-2).

The rows that a filter must show are computed in plain Python over what is stored.
"""

import json
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select

from app.spec.catalogue import catalogue
from app.spec.days import DaysLeftField
from app.spec.entity import Entity
from tests.generated import plain
from tests.generated.browser import Page, Person
from tests.generated.seed import dice
from tests.generated.stage import Stage
from tests.generated.variety import ENTITIES, fill, stored_rows

READER = "admin"
PICKED = frozenset(
    {"option", "boolean", "relation", "relations", "tags", "integer", "money", "date"}
)


def all_ids(person: Person, plural: str, **arguments: Any) -> list[int]:
    """The ids of all pages of a REST list, which must agree with its count."""
    found: list[int] = []
    for number in range(10):
        answer = person.ask(plural, page_size=100, page=number, **arguments)
        assert answer.status_code == 200, f"{plural} {arguments}: {answer.text}"
        body = json.loads(answer.text)
        found += body["ids"]
        if len(body["ids"]) < 100:
            break
    assert body["count"] == len(found), f"{plural} {arguments}"
    assert len(set(found)) == len(found), f"{plural} {arguments}: a row stands twice"
    return found


@pytest.mark.parametrize("entity", ENTITIES)
def test_every_operator_finds_what_plain_python_finds(stage: Stage, seed: int, entity: str) -> None:
    declared, chance, tried = catalogue.get(entity), dice(seed, "filters", entity), 0
    wrong: list[str] = []
    if entity != "audit":
        fill(stage, declared)
    person = stage.person(READER)
    person.get("/")
    rows = stored_rows(stage, declared)
    for key, f in declared.fields.items():
        if key == "pool" or not f.filterable or isinstance(f, DaysLeftField):
            continue  # how many days are left is found when it is read: contract/test_recycling.py
        values = [one for row in rows.values() for one in listed(row[key])]
        for operator in f.operators:
            wanted, asked = plain.operand(operator, values, chance, is_pick=f.kind in PICKED)
            if asked is None and operator not in ("empty", "not_empty"):
                continue
            condition = {"col": key, "opr": operator, "value": asked}
            if asked is None:
                del condition["value"]
            tried += 1
            test = plain.OPERATORS[operator]
            expected = {i for i, row in rows.items() if test(row[key], wanted)}
            try:
                found = all_ids(person, declared.plural, filters=[condition])
                assert set(found) == expected, f"{condition}: {sorted(expected ^ set(found))}"
            except AssertionError as difference:
                wrong.append(str(difference).splitlines()[0])
                continue
            if chance.random() < 0.3:
                check_page(person, declared, condition, expected)
    assert not wrong, "\n".join(wrong)
    assert tried >= 4 * len(declared.fields), f"only {tried} operators tried"


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def check_page(
    person: Person, entity: Entity, condition: dict[str, Any], expected: set[int]
) -> None:
    """The page shows the same rows under the same condition, with a chip to remove it."""
    path = f"/{entity.plural}/list/"
    answer = person.get(path, filters=json.dumps([condition]), size=100)
    assert answer.status_code == 200, f"{path} {condition}"
    page = Page(answer.text)
    shown = set(page.ids(entity.key))
    assert shown <= expected, f"{path} {condition}"
    assert len(shown) == min(len(expected), 100), f"{path} {condition}"
    assert "chip" in page.hooks("class"), f"{path} {condition} has no chip"


@pytest.mark.parametrize("entity", ENTITIES)
def test_groups_and_the_filter_builder(stage: Stage, seed: int, entity: str) -> None:
    """AND and OR, nested; the builder's plain inputs lead to the same filter in the address."""
    declared, chance = catalogue.get(entity), dice(seed, "groups", entity)
    if entity != "audit":
        fill(stage, declared, 10)
    person = stage.person(READER)
    rows = stored_rows(stage, declared)
    keys = [k for k, f in declared.fields.items() if "not_empty" in f.operators and k != "pool"]
    one, other, third = (chance.choice(keys) for _ in range(3))
    given = [
        {
            "or": [
                {"col": one, "opr": "empty"},
                {"and": [{"col": other, "opr": "not_empty"}, {"col": third, "opr": "empty"}]},
            ]
        }
    ]
    expected = {
        i
        for i, row in rows.items()
        if plain.is_blank(row[one])
        or (not plain.is_blank(row[other]) and plain.is_blank(row[third]))
    }
    assert set(all_ids(person, declared.plural, filters=given)) == expected, given
    answer = person.get(f"/{declared.plural}/list/", f_col=one, f_op="empty", f_value="")
    assert answer.status_code == 302
    page = Page(person.get(answer.location).text)
    wanted = {i for i, row in rows.items() if plain.is_blank(row[one])}
    assert set(page.ids(entity)) <= wanted
    assert len(page.ids(entity)) == min(len(wanted), 50)


@pytest.mark.parametrize("entity", ENTITIES)
def test_every_sortable_column_sorts_both_ways(stage: Stage, entity: str) -> None:
    """LIST-1: in the order of the stored sort key, ties by id, page and REST alike."""
    declared = catalogue.get(entity)
    if entity != "audit":
        fill(stage, declared)
    person, plural = stage.person(READER), declared.plural
    sortable = [f for f in declared.fields.values() if f.sortable]
    for f in sortable:
        keys = stored_keys(stage, declared, f.sort_column)
        up = all_ids(person, plural, order_column=f.key)
        down = all_ids(person, plural, order_column=f.key, order_direction="desc")
        assert up == down[::-1], f"{plural} by {f.key} is not stable"
        known = [i for i in up if keys[i] is not None]
        for before, after in pairwise(known):
            pair = (keys[before], before), (keys[after], after)
            assert pair[0] < pair[1], f"{plural} by {f.key}: {pair}"
        for order, expected in ((f.key, up), (f"-{f.key}", down)):
            page = Page(person.get(f"/{plural}/list/", order=order, size=100).text)
            assert page.ids(entity) == expected[:100], f"{plural} order={order}"
            sorts = "ascending" if order == f.key else "descending"
            assert sorts in page.hooks("aria-sort") or not f.listed, f"{plural} {order}"
    assert sortable or entity == "role"


def stored_keys(stage: Stage, entity: Entity, column: str) -> dict[int, Any]:
    table = entity.model.__table__
    with stage.engine.connect() as connection:
        return dict(connection.execute(select(table.c.id, table.c[column])).all())


@pytest.mark.parametrize("entity", ENTITIES)
def test_pages_of_a_list_show_every_row_once(stage: Stage, entity: str) -> None:
    """Walking the pages of 20 gives the whole list in order, and nothing beyond it."""
    declared = catalogue.get(entity)
    if entity != "audit":
        fill(stage, declared, 50)
    person, plural = stage.person(READER), declared.plural
    whole = all_ids(person, plural)
    assert len(whole) > 40
    walked: list[int] = []
    for number in range(1, -(-len(whole) // 20) + 1):
        page = Page(person.get(f"/{plural}/list/", size=20, page=number).text)
        walked += page.ids(entity)
    assert len(walked) >= len(whole)
    assert walked[: len(whole)] == whole or entity == "audit"
    beyond = Page(person.get(f"/{plural}/list/", size=20, page=99).text)
    assert beyond.ids(entity) == []
