"""Conditions mean what they say: refused when that is nothing, never answered by half of it."""

from typing import Any

import pytest
from sqlalchemy import Engine

from app.store.pools import pool_members
from tests.contract.calls import Api, condition, filters_of, user_ids
from tests.support.worlds import World


@pytest.mark.parametrize(
    ("column", "operator", "value"),
    [
        ("annual_revenue", "gt", ["1", "2"]),
        ("annual_revenue", "le", ["1"]),
        ("annual_revenue", "eq", ["1", "2"]),
        ("annual_revenue", "between", ["1", "2", "3"]),
        ("annual_revenue", "between", "1"),
        ("name_en", "ct", ["a", "b"]),
        ("name_en", "nsw", ["a", "b"]),
        ("owner", "neq", ["sales1a", "sales1b"]),
        ("next_contact_at", "lt", ["@today", "2026-11-21 08:00"]),
    ],
)
def test_a_list_where_one_value_is_asked_for(
    world: World, column: str, operator: str, value: Any
) -> None:
    """Contract §1: 400, by the API and by the page; ``gt [1, 2]`` is not ``gt 1``."""
    api, asked = Api(world, "admin"), condition(column, operator, value)
    assert api.get("/customers/", filters=[asked]).status_code == 400
    page = api.client.get("/customers/list/", query_string={"filters": filters_of(asked)})
    assert page.status_code == 400


def test_several_people_are_named_by_username_too(world: World, engine: Engine) -> None:
    """Contract §5: users by id or username, also where a record is linked with many."""
    api = Api(world, "sales1a")
    me = user_ids(engine)["sales1a"]
    with engine.begin() as connection:
        connection.execute(pool_members.insert().values(pool_id=1, user_id=me))
    for named in (me, "sales1a", "@me"):
        assert api.ids("pools", condition("members", "any", [named])) == {1}, named
        assert 1 not in api.ids("pools", condition("members", "none", [named])), named
    assert api.ids("pools", condition("members", "any", ["nobody"])) == set()
