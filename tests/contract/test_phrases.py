"""Canned phrases (ACT): each person's own list, the company's below it."""

import pytest
from sqlalchemy import Engine

from tests.contract.calls import Api
from tests.contract.test_bulk import rows_in
from tests.contract.test_settings import SET
from tests.support.elsewhere import run_elsewhere
from tests.support.web import hidden_inputs
from tests.support.worlds import World

MENU, XSS = "/phrases/menu", '"><img src=x onerror=alert(1)>'


def keep(api: Api, *phrases: str, **more: str) -> int:
    form = {**hidden_inputs(api.client.get("/phrases/").text), "phrase": [*phrases], **more}
    return api.client.post("/phrases/", data=form).status_code


def offered(api: Api) -> list[str]:
    answer: list[str] = api.client.get(MENU).json["own"]
    return answer


def test_everybody_keeps_his_own(world: World, engine: Engine) -> None:
    """In the order sent; empty lines and repetitions fall out; nobody sees another's."""
    mine, other = Api(world, "sales1a"), Api(world, "sales1b")
    assert keep(mine, "No budget", XSS, "", "No budget", " two\r\nlines ") == 302
    assert offered(mine) == ["No budget", XSS, "two\nlines"]
    assert offered(other) == []
    assert XSS not in mine.client.get("/phrases/").text
    assert keep(mine, *offered(mine), up="1") == 302
    assert offered(mine) == [XSS, "No budget", "two\nlines"]
    assert keep(mine, *offered(mine), down="0") == 302
    assert keep(mine, *offered(mine), down="2") == 302
    assert offered(mine) == ["No budget", XSS, "two\nlines"]
    assert keep(other, "Mine") == 302
    assert keep(mine, "") == 302
    assert [row["text"] for row in rows_in(engine, "canned_phrase")] == ["Mine"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_products_own_until_the_company_has_some(world: World, language: str) -> None:
    """Four in either language; what somebody has himself isn't offered twice."""
    api = Api(world, "sales1a")
    api.client.post(f"/lang/{language}", data={"csrf_token": api.headers["X-CSRFToken"]})
    given = api.client.get(MENU).json["company"]
    assert len(given) == 4
    assert given[0] == {"en": "No answer.", "zh": "无人接听。"}[language]
    assert keep(api, given[0]) == 302
    assert api.client.get(MENU).json["company"] == given[1:]
    run_elsewhere(world, SET, canned_phrases="Out of office\n\n  Busy  ")
    assert api.client.get(MENU).json["company"] == ["Out of office", "Busy"]


@pytest.mark.parametrize("wrong", [["x" * 501], [str(n) for n in range(51)], ["a\0b"]])
def test_too_much_is_said_and_kept_on_the_page(world: World, wrong: list[str]) -> None:
    api = Api(world, "sales1a")
    assert keep(api, "Stays") == 302
    form = {**hidden_inputs(api.client.get("/phrases/").text), "phrase": wrong}
    page = api.client.post("/phrases/", data=form)
    assert page.status_code == 422
    assert len(wrong) > 1 or wrong[0].strip("\0")[:1] in page.text
    assert offered(api) == ["Stays"]


def test_odd_requests(world: World) -> None:
    api = Api(world, "sales1a")
    assert keep(api, "One", "Two", up="x") in (302, 400)
    assert api.client.get("/phrases/?x=1").status_code == 400
    assert api.client.get(f"{MENU}?x=1").status_code == 400
    form = {**hidden_inputs(api.client.get("/phrases/").text), "more": "1"}
    assert api.client.post("/phrases/", data=form).status_code == 400
