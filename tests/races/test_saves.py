"""R4, R5, C82, C83: two people save, one person sends twice; nothing is lost, nothing doubled."""

import uuid
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from app.extensions import db
from app.spec.catalogue import catalogue
from tests.contract.calls import stored
from tests.races import naive
from tests.races.crowd import Elsewhere, Place, at_once, persist
from tests.support.web import hidden_inputs
from tests.support.worlds import World

EDITORS = ("manager", "leader1", "admin", "manager")
RECORDS = (1, 2, 3)


def save_on(here: Elsewhere, who: str, number: int, turns: int, is_naive: bool) -> Any:
    """Add a word of one's own to what stands there, by API and by form in turn."""
    if is_naive:
        naive.load_and_save()
    api = here.api(who)
    accepted: list[tuple[int, str]] = []
    codes: Counter[str] = Counter()
    for turn in range(turns):
        record = RECORDS[turn % len(RECORDS)]
        word = f"w{number}x{turn}"
        save = _by_form if turn % 2 else _by_api
        status = save(api, record, word)
        codes[str(status)] += 1
        if status in (200, 302):
            accepted.append((record, word))
    return accepted, dict(codes)


def _by_api(api: Any, record: int, word: str) -> int:
    seen = persist(lambda: api.get(f"/customers/{record}")).json["result"]
    body = {"remark": f"{seen['remark'] or ''} {word}"}
    status: int = persist(
        lambda: api.put(f"/customers/{record}", body, seen["version"])
    ).status_code
    return status


def _by_form(api: Any, record: int, word: str) -> int:
    """What a browser sends: the form's hidden inputs and the text with a word more."""
    page = persist(lambda: api.client.get(f"/customers/edit/{record}")).text
    seen = page.partition('name="remark"')[2].partition(">")[2].partition("</textarea>")[0]
    form = {**hidden_inputs(page), "name": f"Customer {record:02}", "remark": f"{seen} {word}"}
    path = f"/customers/edit/{record}"
    status: int = persist(lambda: api.client.post(path, data=form)).status_code
    return status


def save_race(world: World, turns: int, *, is_naive: bool) -> list[Any]:
    crowd = [(who, i, turns, is_naive) for i, who in enumerate(EDITORS)]
    return at_once(Place.of(world), save_on, crowd)


def lost(engine: Engine, answers: list[Any]) -> list[str]:
    """The words that were accepted and are not there."""
    texts = {record: stored(engine, "customer", record)["remark"] or "" for record in RECORDS}
    return [
        word
        for accepted, _codes in answers
        for record, word in accepted
        if word not in texts[record].split()
    ]


def check_saves(engine: Engine, answers: list[Any]) -> None:
    history = db.metadata.tables["history"]
    assert lost(engine, answers) == []
    for _accepted, codes in answers:
        assert set(codes) <= {"200", "302", "409", "412"}, codes
        assert sum(codes.values()) > 0
    assert sum(len(accepted) for accepted, _codes in answers) > 0
    for record in RECORDS:
        done = sum(one == record for accepted, _ in answers for one, _word in accepted)
        assert stored(engine, "customer", record)["version"] == 1 + done
        where = (history.c.entity == "customer", history.c.record_id == record)
        with engine.connect() as connection:
            entries = connection.scalar(
                select(func.count()).where(*where, history.c.operation == "edit")
            )
        assert entries == done


def test_nobody_overwrites_what_he_has_not_seen(world: World, engine: Engine) -> None:
    """Forms 409, API 412; accepted saves are exactly the versions."""
    check_saves(engine, save_race(world, 12, is_naive=False))


def test_without_the_seen_version_words_would_be_lost(world: World, engine: Engine) -> None:
    """C89b: loading and saving in one POST never conflicts — and loses."""
    assert lost(engine, save_race(world, 12, is_naive=True))


@pytest.mark.prove
def test_nobody_overwrites_in_a_thousand_saves(world: World, engine: Engine) -> None:
    """The whole of C82."""
    check_saves(engine, save_race(world, 250, is_naive=False))


def send(here: Elsewhere, form: dict[str, str], cookie: str, is_naive: bool) -> Any:
    """Post a form that was filled in elsewhere: the same browser, the same click."""
    if is_naive:
        naive.forget_keys()
    client = here.app.test_client()
    client.set_cookie("session", cookie)
    answer = persist(lambda: client.post("/leads/add", data=form))
    return answer.status_code, answer.location


def send_at_once(world: World, *, is_naive: bool) -> tuple[list[Any], str]:
    """One form of one browser, sent by four processes; answers and the lead's name."""
    client = world.client("manager")
    name = f"Lead {uuid.uuid4()}"
    form = {**hidden_inputs(client.get("/leads/add").text), "name": name}
    cookie = client.get_cookie("session")
    assert cookie is not None
    crowd = [(form, cookie.value, is_naive)] * 4
    return at_once(Place.of(world), send, crowd), name


def leads_called(engine: Engine, name: str) -> int:
    table = catalogue.get("lead").model.__table__
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).where(table.c.name == name)) or 0


def test_one_nonce_is_one_lead(world: World, engine: Engine) -> None:
    """BULK-8: double click, four times over; everybody is led to the one record."""
    answers, name = send_at_once(world, is_naive=False)
    assert leads_called(engine, name) == 1
    assert {status for status, _ in answers} == {302}
    assert len({location for _, location in answers}) == 1


def test_without_keys_there_would_be_several(world: World, engine: Engine) -> None:
    """C89b."""
    _answers, name = send_at_once(world, is_naive=True)
    assert leads_called(engine, name) > 1
