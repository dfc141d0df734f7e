"""Filters as people set them: quick ones, groups, relative days, quiet records (LIST-2)."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import Engine

from app.spec import clock
from app.spec.catalogue import catalogue
from tests.contract.calls import Api, condition, filters_of, grant_fields, user_ids, write
from tests.contract.test_views import LIST, Reader
from tests.support.statements import count_statements
from tests.support.worlds import World


def quick(reader: Reader, column: str, *values: str, op: str = "in", **more: Any) -> str:
    """Where a quick filter leads: the filters of the address."""
    asked = {"f_col": column, "f_op": op, "f_quick": "1", "f_value": values, **more}
    answer = reader.client.get(LIST, query_string=asked)
    assert answer.status_code == 302
    assert reader.client.get(answer.location).status_code == 200
    return parse_qs(urlsplit(answer.location).query).get("filters", [""])[0]


def test_a_quick_filter_replaces_itself(world: World) -> None:
    """Several values; choosing again replaces, choosing nothing removes, others stay."""
    manager = Reader(world, "manager")
    both = condition("level", "in", ["A", "B"])
    assert quick(manager, "level", "A", "B") == filters_of(both).replace(", ", ",").replace(
        ": ", ":"
    )
    other = condition("name", "ct", "Customer")
    kept = quick(manager, "level", "A", filters=filters_of(other, both))
    assert kept.count("level") == 1
    assert "Customer" in kept
    assert "level" not in quick(manager, "level", filters=filters_of(other, both))
    page = manager.client.get(LIST, query_string={"filters": filters_of(both)}).text
    assert page.count(" checked") >= 2
    assert 'class="quick-count">2<' in page


@pytest.mark.parametrize("entity", [one.key for one in catalogue if one.is_owned])
def test_three_to_five_fields_are_filtered_at_a_click(world: World, entity: str) -> None:
    """LIST-3; the declaration marks them, and the four to six key facts of a record (UI-5)."""
    assert 4 <= sum(f.fact for f in catalogue.get(entity).fields.values()) <= 6
    page = world.client("admin").get(f"/{catalogue.get(entity).plural}/list/?view=all").text
    assert 3 <= page.count("data-quick>") <= 5


def test_chips_say_groups_and_periods_with_few_statements(world: World, engine: Engine) -> None:
    """A group is one chip, inner groups stand in brackets; names are looked up at once."""
    manager, people = Reader(world, "manager"), user_ids(engine)
    manager.client.get("/lang/en")
    inner = {"and": [condition("level", "eq", "A"), condition("source", "empty")]}
    owners = [condition("owner", "eq", str(people[who])) for who in ("sales1a", "sales1b")]
    spans = [condition("created_at", "within", f"{name}_ago" if name[0] == "o" else name)
             for name in ("last_14_days", "over_30_days")]  # fmt: skip
    manager.client.get(LIST)
    with count_statements() as few:
        manager.client.get(LIST, query_string={"filters": filters_of(owners[0])})
    with count_statements() as many:
        page = manager.client.get(
            LIST, query_string={"filters": filters_of({"or": [*owners, inner]}, *owners, *spans)}
        )
    assert len(many) <= len(few)
    assert " or (" in page.text
    assert "the last 14 days" in page.text
    assert "more than 30 days ago" in page.text
    assert page.text.count('class="chip"') == 5


@pytest.mark.parametrize("days", [7, 30])
def test_quiet_records(world: World, engine: Engine, days: int) -> None:
    """Not followed up for so long: the last time counts, else when it was obtained or made."""
    seller = Reader(world, "manager")
    rows = sorted(seller.ids("all"))[:4]
    now = clock.now()
    long_ago, lately = now - timedelta(days=days + 2), now - timedelta(days=days - 2)
    times = ("last_follow_up_at", "obtained_at", "created_at")
    for row, values in zip(
        rows,
        ((lately, long_ago, long_ago), (long_ago, lately, lately), (None, long_ago, lately),
         (None, None, lately)),
        strict=True,
    ):  # fmt: skip
        write(engine, "customer", row, **dict(zip(times, values, strict=True)))
    assert seller.ids(f"quiet_{days}") & set(rows) == {rows[1], rows[2]}
    grant_fields(engine, "sales_manager", "customer", obtained_at={"level": 0})
    blind = Reader(world, "manager")
    assert f"view=quiet_{days}" not in blind.tabs()
    assert blind.open(f"quiet_{days}").status_code == 400


def test_the_disabled_are_chosen_in_filters_only(world: World, engine: Engine) -> None:
    """ORG-1: who left is offered for no new record, but found by what he has made and owned."""
    left = user_ids(engine)["sales1b"]
    write(engine, "user", left, is_active=False)
    api = Api(world, "leader1")
    path = "/customers/options/owner?q=sales1b"
    assert api.client.get(path).json == []
    [found] = api.client.get(f"{path}&retired=1").json
    assert (found["value"], found["text"]) == (left, "Sales1B (disabled)")
    assert api.client.get(f"{path}&retired=x").status_code == 400
    assert "/customers/options/owner?retired=1" in api.client.get("/customers/list/").text
    assert "retired=1" not in api.client.get("/customers/bulk/transfer?id=1").text
    assert 3 in api.ids("customers", condition("owner", "in", [left]))
