"""What a salesperson opens first in the morning: his pools, what lies there, what he may claim."""

import re

import pytest
from sqlalchemy import Engine

from app.spec import clock
from tests.contract.calls import Api, condition, filters_of, pool_ids, stored, user_ids, write
from tests.contract.test_claiming import pooled, rule
from tests.support.web import hidden_inputs
from tests.support.worlds import World

TODAY = re.compile(r"(\d+|any number)(?: of (\d+) until \w+, \w+ \d+)?")


def cells(page: str, pool: int) -> dict[str, str]:
    """The cells of a pool's row of the list, as text."""
    [row] = re.findall(rf'<tr data-id="{pool}".*?(?=<tr|</tbody>)', page, re.DOTALL)
    found = re.findall(r"<td data-field=(\w+)[^>]*>(.*?)(?=<td|\Z)", row, re.DOTALL)
    return {key: re.sub(r"<[^>]*>", "", text).strip() for key, text in found}


def row_form(page: str) -> dict[str, str]:
    """What the button of a row posts besides the row."""
    [form] = re.findall(r'<form id="row-form".*?</form>', page, re.DOTALL)
    return hidden_inputs(form)


def rows_of(pool: int) -> dict[str, str]:
    return {"filters": filters_of(condition("pool", "eq", pool))}


def test_the_list_tells_what_lies_in_ones_pools(world: World, engine: Engine) -> None:
    pooled(engine, 3)
    number, pools = rule(engine, claim_limit=5), pool_ids(engine)
    client = Api(world, "sales1a").client
    page = client.get("/pools/list/").text
    mine = cells(page, number)
    assert mine["records"] == "4"
    assert TODAY.fullmatch(mine["claims_left"]).groups() == ("5", "5")  # type: ignore[union-attr]
    assert cells(page, pools["Open leads"])["claims_left"] == "any number"
    others = cells(page, pools["Customers of Sales 2"])
    assert (others["records"], others["claims_left"]) == ("", ""), "he isn't in that pool"
    assert "/customers/list/?filters=%5B%7B%22col%22%3A%22pool%22" in page
    assert cells(world.client("audit").get("/pools/list/").text, number)["claims_left"] == ""
    everything = world.client("admin").get("/pools/list/").text
    assert cells(everything, pools["Customers of Sales 2"])["records"] == "1"


def test_one_click_claims_and_comes_back(world: World, engine: Engine) -> None:
    """From a row of the list and of the pool's page; a refusal says why, where it was clicked."""
    first, second, third = pooled(engine, 3)
    number = rule(engine, claim_limit=2)
    client, people = Api(world, "sales1a").client, user_ids(engine)
    places = ("/customers/list/", f"/pools/show/{number}?tab=customers")
    for place, row, told in zip(places, (first, second), ("2 of 2", "1 of 2"), strict=True):
        arguments = rows_of(number) if "list" in place else None
        page = client.get(place, query_string=arguments).text
        assert f'name="ids" value="{row}" data-operation="claim"' in page
        assert told in page, place
        form = {**row_form(page), "ids": str(row)}
        answer = client.post("/customers/bulk/claim", data=form)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(place), answer.headers
        assert "Done: Claim" in client.get(answer.headers["Location"]).text
        assert stored(engine, "customer", row)["owner_id"] == people["sales1a"]
    answer = client.post("/customers/bulk/claim", data={**form, "ids": str(third)})
    said = client.get(answer.headers["Location"]).text
    assert "All 2 claims from “Open customers” are used" in said
    assert "0 of 2" in said
    assert stored(engine, "customer", third)["owner_id"] is None


def test_a_refusal_is_told_on_the_records_page(world: World, engine: Engine) -> None:
    """POOL-2: the button of the record's page says which rule, and until when, and stays there."""
    [row], people = pooled(engine, 1, pooled_at=clock.now()), user_ids(engine)
    write(engine, "customer", row, previous_owner_id=people["sales1a"])
    rule(engine, previous_owner_days=5)
    client, shown = Api(world, "sales1a").client, f"/customers/show/{row}"
    [form] = re.findall(
        r'<form[^>]*action="/customers/bulk/claim".*?</form>', client.get(shown).text, re.DOTALL
    )
    answer = client.post("/customers/bulk/claim", data=hidden_inputs(form))
    assert answer.headers["Location"] == shown
    said = client.get(shown).text
    assert "It was yours before; you may claim it again from" in said
    assert stored(engine, "customer", row)["owner_id"] is None


def test_a_report_calls_what_was_left_out_by_name(world: World, engine: Engine) -> None:
    """BULK-4: also what lies in a pool, which its members read."""
    rows = pooled(engine, 2, pooled_at=clock.now())
    rule(engine, protection_days=5)
    api = Api(world, "sales1a")
    number = api.bulk("customers", "claim", rows).json["operation_id"]
    report = api.client.get(f"/customers/bulk/claim/report/{number}").text
    for row in rows:
        assert f">{stored(engine, 'customer', row)['name']}</a>" in report


def test_what_is_made_is_in_force(world: World) -> None:
    """A new pool can be used and a new cap is obeyed, unless whoever makes it says otherwise."""
    for kind in ("pools", "caps"):
        page = world.client("admin").get(f"/{kind}/add").text
        assert re.search(r'<input type="checkbox"[^>]* name="is_enabled"[^>]* checked', page), kind


def test_nobody_is_sent_elsewhere(world: World, engine: Engine) -> None:
    """Where one comes back to is a page of ours, whatever the form says."""
    [row], number = pooled(engine, 1), pool_ids(engine)["Open customers"]
    client = Api(world, "sales1a").client
    page = client.get("/customers/list/", query_string=rows_of(number)).text
    form = row_form(page)
    for elsewhere in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
        answer = client.post(
            "/customers/bulk/claim", data={**form, "ids": str(row), "next": elsewhere}
        )
        assert answer.headers["Location"] == "/customers/list/", elsewhere


@pytest.mark.parametrize("person", ["audit", "clerk1"])
def test_who_may_not_claim_is_offered_nothing(world: World, engine: Engine, person: str) -> None:
    number = rule(engine, claim_limit=2, protection_days=1)
    pooled(engine, 1, pooled_at=clock.now())
    for place in (f"/pools/show/{number}", "/customers/list/"):
        page = world.client(person).get(
            place, query_string=rows_of(number) if "list" in place else None
        )
        if page.status_code == 200:
            assert 'data-operation="claim"' not in page.text, place
            assert "2 of 2 until" not in page.text, place
