"""How superiors reach the hand-over (XFER-6, docs/decisions/0047): who finds it, and who may."""

import re
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.contract.calls import set_role, user_ids, write
from tests.contract.test_hand_over import Desk, owned
from tests.support.worlds import World

BOOK = "/address-book/"
LINK = re.compile(r'href="/users/hand-over/(\d+)"[^>]*data-hand-over')


def offered(world: World, engine: Engine, who: str) -> set[str]:
    """Whose things the address book offers somebody to hand over."""
    names = {number: name for name, number in user_ids(engine).items()}
    page = world.client(who).get(BOOK)
    assert page.status_code == 200
    return {names[int(number)] for number in LINK.findall(page.text)}


PEOPLE_OF = {
    "manager": {"leader1", "sales1a", "sales1b", "sales2a", "clerk1"},
    "leader1": {"sales1a", "sales1b", "clerk1"},
    "sales1a": set(),
    "clerk1": set(),
    "audit": set(),
}


@pytest.mark.parametrize("who", PEOPLE_OF)
def test_the_address_book_leads_there(world: World, engine: Engine, who: str) -> None:
    """For one's own people: neither oneself, nor one's superior, nor other departments; whatever
    it leads to opens, and nothing else does.
    """
    assert offered(world, engine, who) == PEOPLE_OF[who]
    client = world.client(who)
    opened = {
        name
        for name, number in user_ids(engine).items()
        if client.get(f"/users/hand-over/{number}").status_code == 200
    }
    assert opened == PEOPLE_OF[who]


def test_the_link_says_what_it_does_in_both_languages(world: World, engine: Engine) -> None:
    client, leaver = world.client("leader1"), user_ids(engine)["sales1a"]
    for language, word in (("en", "Hand over"), ("zh", "交接")):
        client.get(f"/lang/{language}")
        row = re.search(rf'<li data-id="{leaver}">.*?</li>', client.get(BOOK).text, re.S)
        assert row is not None
        assert word in re.sub(r"<[^>]+>", "", row[0])
    page = client.get(f"/users/hand-over/{leaver}").text
    assert f'href="{BOOK}"' in page[page.index('data-form="hand-over"') :], "and back again"


def test_who_may_transfer_nothing_finds_no_way(world: World, engine: Engine) -> None:
    """Being somebody's superior is not enough; nor for what a super admin has."""
    set_role(engine, "sales1b", "super_admin")
    assert offered(world, engine, "leader1") == {"sales1a", "clerk1"}
    refused = world.client("leader1").get(f"/users/hand-over/{user_ids(engine)['sales1b']}")
    assert refused.status_code == 403
    set_role(engine, "leader1", "auditor")
    assert offered(world, engine, "leader1") == set()
    for who in ("sales1a", "clerk1"):
        number = user_ids(engine)[who]
        assert world.client("leader1").get(f"/users/hand-over/{number}").status_code == 403


def test_who_reads_people_finds_it_on_their_pages(world: World, engine: Engine) -> None:
    """The menu of a person's page says the same as the address book."""
    ids = user_ids(engine)
    write(engine, "user", ids["sales1a"], superior_id=ids["audit"])
    set_role(engine, "audit", "auditor")
    shown = world.client("audit").get(f"/users/show/{ids['sales1a']}")
    assert shown.status_code == 200
    assert "/users/hand-over/" not in shown.text, "he transfers nothing"
    set_role(engine, "audit", "auditor", "sales_manager")
    shown = world.client("audit").get(f"/users/show/{ids['sales1a']}").text
    assert f"/users/hand-over/{ids['sales1a']}" in shown
    assert offered(world, engine, "audit") == {"sales1a"}


def test_a_manager_hands_over_for_one_of_his_people(world: World, engine: Engine) -> None:
    """From the address book to the report and back by the undo, without reading any account."""
    desk = Desk(world, engine, "leader1")
    mine = {key: owned(engine, key, "sales1a") for key in ("lead", "customer", "contact")}
    assert all(mine.values())
    assert desk.client.get(f"/users/show/{desk.ids['sales1a']}").status_code == 403
    number = desk.run("sales1b", message="Please")
    for key, records in mine.items():
        assert records <= owned(engine, key, "sales1b"), key
        assert not owned(engine, key, "sales1a"), key
    assert "Sales1B" in desk.report(number)
    assert desk.undo(number).status_code == 302
    assert {key: owned(engine, key, "sales1a") for key in mine} == mine


@pytest.mark.parametrize("whose", ["leader1", "manager", "sales2a", "people"])
def test_a_manager_doesn_t_for_anybody_else(world: World, engine: Engine, whose: str) -> None:
    """Himself, his superior, other departments, other people: nothing is looked at or written."""
    ids = user_ids(engine)
    client, path = world.client("leader1"), f"/users/hand-over/{ids[whose]}"
    before = {key: owned(engine, key, whose) for key in ("lead", "customer", "contact")}
    form: dict[str, Any] = {"to": str(ids["sales1b"]), "how|customer:owner": str(ids["sales1b"])}
    page = client.get(BOOK).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token is not None
    assert client.get(path).status_code == 403
    for step in ("preview", "run"):
        answer = client.post(path, data={**form, "csrf_token": token[1], "step": step})
        assert answer.status_code == 403, step
    assert {key: owned(engine, key, whose) for key in before} == before
