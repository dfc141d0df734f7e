"""The bell: one's own messages, read one by one or all at once, and one's own switches (NOTE)."""

from typing import Any

import pytest
from sqlalchemy import Engine, select

from app.spec.notices import NOTICES, Channel
from app.store.outbox import Outbox
from tests.contract.calls import Api, pool_ids, user_ids, write
from tests.contract.test_bulk import rows_in
from tests.contract.test_imports import reader, send
from tests.support.company import LONG_AGO
from tests.support.web import hidden_inputs
from tests.support.worlds import World


def test_messages_are_read_one_by_one(world: World, engine: Engine) -> None:
    """Nobody marks somebody else's, and looking alone marks none."""
    api = Api(world, "manager")
    for record in (1, 3):
        api.bulk("customers", "transfer", [record], {"new_owner": "sales2a", "old_owner": "remove"})
    client, other = world.client("sales2a"), world.client("sales1b")
    with engine.connect() as connection:
        first, second = connection.scalars(select(Outbox.id).order_by(Outbox.id))
    form = hidden_inputs(client.get("/notifications/").text)
    foreign = hidden_inputs(other.get("/").text)
    assert other.post("/notifications/", data={**foreign, "id": first}).status_code == 404
    for number in ("0", "-1", "x", 2**31):
        assert client.post("/notifications/", data={**form, "id": number}).status_code in (400, 404)
    assert client.get("/notifications/unread").text == "2"
    for _ in "12":
        assert client.post("/notifications/", data={**form, "id": first}).status_code == 302
    assert client.get("/notifications/unread").text == "1"
    older = client.get(f"/notifications/?before={second}").text
    assert f'data-id="{first}"' in older
    assert f'data-id="{second}"' not in older
    assert client.post("/notifications/", data=form).status_code == 302
    assert client.get("/notifications/unread").text == ""


def test_switches_are_one_s_own(world: World) -> None:
    """Every kind has a switch per way; what there isn't is refused; another person keeps his."""
    path, client = "/notifications/settings", world.client("sales2a")
    page = client.get(path).text
    boxes = [f'name="{kind}" value="{way}"' for kind in NOTICES for way in Channel]
    assert all(box in page for box in boxes)
    form = hidden_inputs(page)
    for wrong in ({"nonsense": "mail"}, {"transfer": "pigeon"}, {"digest_at": "08:31"}):
        assert client.post(path, data={**form, **wrong}).status_code == 400
    chosen = {"transfer": "digest", "digest_at": "19:00", "quiet_from": "20:00"}
    assert client.post(path, data={**form, **chosen}).status_code == 302
    after = client.get(path).text
    assert after.count(" checked") == 1
    assert "<option selected>19:00</option>" in after
    assert world.client("sales1a").get(path).text.count(" checked") > 1


def test_owners_hear_of_imports_unless_told_not_to(world: World, engine: Engine) -> None:
    """IMP: once per file and owner, about what is new; whoever imports needs no message."""
    api = reader(world, "manager", "en")
    for notify, names in ((False, "Quiet 1"), (True, "Loud 1\nLoud 2"), (True, "Customer 01")):
        options = {"mode": "create", "owner": "sales2a", "notify": notify}
        file = f"Name\n{names}\n".encode()
        answer = send(api, "customers", file, options=options)
        assert answer.status_code == 200, answer.text
    told = rows_in(engine, "outbox", kind="import")
    person = user_ids(engine)["sales2a"]
    assert [(m["user_id"], m["data"]["count"]) for m in told] == [(person, 2)]
    assert "2" in world.client("sales2a").get("/notifications/").text
    own = send(api, "customers", b"Name\nMine 1\n", options={"mode": "create"})
    assert own.json["created"] == 1
    assert len(rows_in(engine, "outbox", kind="import")) == 1


def heard(engine: Engine, kind: str) -> dict[str, int]:
    """Who was told of that, and of how many records."""
    names = {number: name for name, number in user_ids(engine).items()}
    return {names[m["user_id"]]: m["data"]["count"] for m in rows_in(engine, "outbox", kind=kind)}


def expected(dry: Any) -> dict[str, int]:
    """Who a dry run says will hear of it."""
    return {one["user"]["username"]: one["count"] for one in dry.json["notified"]}


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Max Manager removed you from the team of 2 records (Customers)"),
        ("zh", "马经理 将您移出了 2 条记录的团队（客户）"),
    ],
)
def test_whoever_is_taken_out_of_a_team_hears_of_it(
    world: World, engine: Engine, language: str, sentence: str
) -> None:
    """NOTE: team removed; once for all records, not of a seat that had ended, nor by oneself."""
    write(engine, "user", user_ids(engine)["manager"], name="马经理", name_en="Max Manager")
    api, team = Api(world, "manager"), ["sales2a", "legal", "manager"]
    seats = {"users": team, "level": "read"}
    assert api.bulk("customers", "add_team", [1, 3], seats).json["done"] == 2
    seat, person = Outbox.metadata.tables["team_seat"], user_ids(engine)["legal"]
    with engine.begin() as connection:
        connection.execute(seat.update().where(seat.c.user_id == person).values(until=LONG_AGO))
    gone = {"users": team}
    dry = api.bulk("customers", "remove_team", [1, 3], gone, dry_run=True)
    assert expected(dry) == {"sales2a": 2}
    assert heard(engine, "remove_team") == {}
    assert api.bulk("customers", "remove_team", [1, 3], gone).json["done"] == 2
    assert heard(engine, "remove_team") == {"sales2a": 2}
    page = reader(world, "sales2a", language).client.get("/notifications/").text
    assert sentence in page


@pytest.mark.parametrize("doer", ["sales1b", "sales1a"], ids=["somebody else", "himself"])
def test_whoever_owned_a_record_hears_who_claimed_it(
    world: World, engine: Engine, doer: str
) -> None:
    """NOTE: claimed by other, told to the owner before (POOL-4); he himself knows.

    A dry run names him to whoever the pool shows that column, and to nobody else (POOL-1).
    """
    owner = Api(world, "sales1a")
    pool = pool_ids(engine)["Open customers"]
    assert owner.bulk("customers", "release", [1, 2], {"pool": pool}).json["done"] == 2
    wanted = {} if doer == "sales1a" else {"sales1a": 2}
    api = Api(world, doer)
    assert expected(api.bulk("customers", "claim", [1, 2], dry_run=True)) == {}
    write(engine, "pool", pool, visible_columns=["previous_owner"])
    with engine.begin() as connection:
        version = Outbox.metadata.tables["rights_version"]
        connection.execute(version.update().values(number=version.c.number + 1))
    assert expected(api.bulk("customers", "claim", [1, 2], dry_run=True)) == wanted
    assert api.bulk("customers", "claim", [1, 2, 11]).json["done"] == 3
    assert heard(engine, "claim") == wanted
    page = reader(world, "sales1a", "en").client.get("/notifications/").text
    assert ("claimed 2 former records of yours from a pool" in page) is bool(wanted)
