"""The bell: one's own messages, read one by one or all at once, and one's own switches (NOTE)."""

from sqlalchemy import Engine, select

from app.spec.notices import NOTICES, Channel
from app.store.outbox import Outbox
from tests.contract.calls import Api, user_ids
from tests.contract.test_bulk import rows_in
from tests.contract.test_imports import reader, send
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
