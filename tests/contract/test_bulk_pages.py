"""What the steps of a bulk operation say in the browser (BULK-2): before, and after."""

import re
from typing import Any

import pytest
from sqlalchemy import Engine

from app.extensions import db
from tests.contract.calls import stored, user_ids, write
from tests.support.snapshot import changed, snapshot
from tests.support.web import hidden_inputs
from tests.support.worlds import World

WORDS = {
    "en": {
        "will": "will change",
        "not": "will not change",
        "why": "It already belongs to that person.",
        "told": "Will be notified",
        "owner": "Owner",
        "done": "done",
        "skipped": "skipped",
    },
    "zh": {
        "will": "将修改",
        "not": "不会修改",
        "why": "负责人已经是此人。",
        "told": "将通知",
        "owner": "负责人",
        "done": "成功",
        "skipped": "跳过",
    },
}


def plain(html: str) -> list[str]:
    """The text of each cell or other short piece of a page."""
    return [piece.strip() for piece in re.split(r"<[^>]*>", html) if piece.strip()]


def figures(page: str) -> dict[str, int]:
    """What the large numbers of a page are, by what they count."""
    found = re.findall(r'class="figure[^"]*"><strong>([\d,]+)</strong><span>([^<]*)<', page)
    return {label: int(number.replace(",", "")) for number, label in found}


@pytest.mark.parametrize("language", WORDS)
def test_a_page_says_what_would_happen_then_what_did(
    world: World, engine: Engine, language: str
) -> None:
    """BULK-2: how many and how many not, why, which, who hears of it, old and new; the report.

    Nothing is written before the last step, however often one looks.
    """
    client, people, words = world.client("manager"), user_ids(engine), WORDS[language]
    client.get(f"/lang/{language}")
    for number in (3, 4):
        write(engine, "customer", number, owner_id=people["sales1b"])
    first = client.post(
        "/customers/bulk/transfer", data={"ids": [1, 2, 3, 4, 5], **token(client)}
    ).text
    settings = {**hidden_inputs(first), "ids": [1, 2, 3, 4, 5], "cascade_of": "old_owner"}
    settings |= {"old_owner": "remove", "new_owner": str(people["sales1b"])}
    before = snapshot(engine, db.metadata)
    for _twice in "12":
        page = client.post("/customers/bulk/transfer", data=settings).text
    assert changed(before, snapshot(engine, db.metadata)) == []
    assert figures(page) == {words["will"]: 3, words["not"]: 2}
    [reason] = re.findall(r'<ul class="reasons">(.*?)</ul>', page, re.S)
    [count, why] = plain(reason)
    assert count == "2"
    assert why == words["why"]
    [left] = re.findall(r'<details class="left-out".*?</details>', page, re.S)
    assert re.findall(r"/customers/show/(\d+)", left) == ["3", "4"]
    assert words["told"] in page
    [told] = re.findall(r'<p class="notified">(.*?)</p>', page, re.S)
    assert [piece for piece in plain(told) if "Sales1B" in piece or "· 3" in piece]
    sample = [plain(row)[1:] for row in re.findall(r"<tr><td>.*?</tr>", page, re.S)]
    names = {stored(engine, "user", people[who])["name"] for who in ("sales1a", "manager")}
    new = stored(engine, "user", people["sales1b"])["name"]
    assert {(old, now) for field, old, now in sample if field == words["owner"]} == {
        (old, new) for old in names
    }
    ran = client.post(
        "/customers/bulk/transfer", data={**hidden_inputs(page), "ids": [1, 2, 3, 4, 5]}
    )
    assert ran.status_code == 302
    report = client.get(ran.location).text
    assert figures(report)[words["done"]] == 3
    assert figures(report)[words["skipped"]] == 2
    assert words["why"] in report


def token(client: Any) -> dict[str, str]:
    return {"csrf_token": hidden_inputs(client.get("/notifications/").text)["csrf_token"]}
