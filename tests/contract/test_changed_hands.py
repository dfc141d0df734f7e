"""What changed hands: of one's people, as far as one may read it where it is now (XFER, C41)."""

import re
from typing import Any

import pytest
from sqlalchemy import Engine

from app.pages import changed_hands
from app.spec import clock
from tests.contract.calls import Api, pool_ids, stored, user_ids, write
from tests.support.statements import count_statements
from tests.support.worlds import World

PAGE = "/changed-hands/"
MARKUP = re.compile(r"<time.*?</time>|<svg.*?</svg>|<[^>]+>", re.DOTALL)
ITEM = re.compile(r'<li data-run="(\d+)">(.*?)</li>', re.DOTALL)


def told(world: World, who: str, part: str = "moves", query: str = "") -> list[str]:
    """What stands in a part of somebody's page, without its markup and times."""
    page = world.client(who).get(f"{PAGE}{query}").text
    found = re.search(rf'<ul class="card lines runs" data-{part}>(.*?)</ul>', page, re.DOTALL)
    lines = [text for _run, text in ITEM.findall(found[1])] if found else []
    return [" ".join(MARKUP.sub(" ", line).split()) for line in lines]


@pytest.fixture
def mine(world: World, engine: Engine) -> list[int]:
    """Three customers of sales1a's."""
    numbers = [1, 2, 3]
    for number in numbers:
        write(engine, "customer", number, owner_id=user_ids(engine)["sales1a"], is_locked=False)
    return numbers


def transfer(world: World, ids: list[int], to: str, entity: str = "customers") -> int:
    answer = Api(world, "manager").bulk(entity, "transfer", ids, {"new_owner": to})
    assert answer.json["done"] == len(ids), answer.text
    return int(answer.json["operation_id"])


def test_who_got_whose(world: World, mine: list[int]) -> None:
    """XFER: run by run, a record by its name when it is one; who sees both sides sees it."""
    transfer(world, mine[:2], "sales1b")
    transfer(world, mine[2:], "sales1b")
    assert (
        told(world, "leader1")
        == told(world, "manager")
        == [
            "Transfer · Customer 03 Sales1A → Sales1B · by Manager",
            "Transfer · 2 × Customers Sales1A → Sales1B · by Manager",
        ]
    )
    assert told(world, "leader1", query="?period=last_month") == []


def test_what_went_along_is_told_as_what_moved_it(world: World, engine: Engine) -> None:
    """A contact gets its customer's owner by the claim: contacts know no such operation."""
    pool, person = pool_ids(engine)["Open customers"], user_ids(engine)["sales1a"]
    write(engine, "customer", 1, owner_id=None, pool_id=pool, pooled_at=clock.now())
    write(engine, "contact", 1, customer_id=1, owner_id=None)
    assert Api(world, "sales1a").bulk("customers", "claim", [1]).json["done"] == 1
    assert stored(engine, "contact", 1)["owner_id"] == person
    lines = told(world, "leader1")
    assert len(lines) == 2, lines
    for line in lines:
        assert line.startswith("Claim · "), lines


def test_nothing_of_what_left_ones_reach(world: World, engine: Engine, mine: list[int]) -> None:
    """C41: neither a name nor a number of what somebody else has now, or what lies in a pool."""
    transfer(world, mine[:2], "sales2a")
    pool = Api(world, "manager").ids("pools").pop()
    Api(world, "manager").bulk("customers", "release", mine[2:], {"pool": pool, "reason": "no"})
    assert told(world, "leader1") == []
    assert told(world, "manager") == ["Transfer · 2 × Customers Sales1A → Sales2A · by Manager"]
    transfer(world, [mine[0]], "sales1b")
    assert told(world, "leader1") == [
        "Transfer · Customer 01 Sales2A → Sales1B · by Manager",
        "Transfer · Customer 01 Sales1A → Sales2A · by Manager",
    ]


def test_it_is_for_those_who_lead_people(world: World) -> None:
    for who in ("sales1a", "marketing", "audit"):
        assert world.client(who).get(PAGE).status_code == 403, who
        assert PAGE not in world.client(who).get("/recent/").text
    assert f'href="{PAGE}"' in world.client("leader1").get("/recent/").text
    for wrong in ("?period=ever", "?before=x", "?other=1"):
        assert world.client("leader1").get(PAGE + wrong).status_code == 400, wrong


def test_what_ones_people_could_still_undo(world: World, mine: list[int]) -> None:
    """BULK-5: without what was undone, one's own, and other people's."""
    api = Api(world, "sales1a")
    run = api.bulk("customers", "lock", mine[:2], {"reason": "busy"}).json["operation_id"]
    transfer(world, mine[2:], "sales1b")
    [line] = told(world, "leader1", "pending")
    assert line.startswith("Lock · Customers Sales1A · 2 records · until ")
    assert told(world, "manager", "pending") == [line]
    assert line in told(world, "admin", "pending")
    assert api.post(f"/operations/{run}/undo", {}).json["done"] == 2
    assert told(world, "leader1", "pending") == []


def test_page_by_page(world: World, mine: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """A run stands on one page with all its parts."""
    monkeypatch.setattr(changed_hands, "SHOWN", 2)
    for to in ("sales1b", "sales1a", "leader1"):
        run = transfer(world, mine, to)
    assert [line.split("Customers ")[1] for line in told(world, "manager")] == [
        "Sales1A → Leader1 · by Manager",
        "Sales1B → Sales1A · by Manager",
    ]
    older = told(world, "manager", query=f"?period=this_week&before={run - 1}")
    assert [line.split("Customers ")[1] for line in older] == ["Sales1A → Sales1B · by Manager"]


def test_many_moves_cost_no_more_statements(world: World, mine: list[int]) -> None:
    asked: list[Any] = []
    for some in (["sales1b"], ["sales1a", "sales1b", "sales1a"]):
        for to in some:
            transfer(world, mine, to)
        client = world.client("manager")
        client.get(PAGE)
        with count_statements() as statements:
            client.get(PAGE)
        asked.append(len(statements))
    assert asked[0] == asked[1] <= 10
