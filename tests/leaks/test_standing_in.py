"""What deputies, leaders and receivers don't get by being that (MATRIX-8, PERM-4)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, update

from app.extensions import db
from app.store.deputies import Deputy
from tests.contract.calls import Api, grant_fields, stored, user_ids, write
from tests.support.web import csrf_token
from tests.support.worlds import World

HANDS = "/changed-hands/"


def stand_in(engine: Engine, deputy: str, absent: str) -> None:
    """Somebody stands in for somebody else from now on."""
    people, now = user_ids(engine), datetime.now(UTC)
    row = {"user_id": people[absent], "deputy_id": people[deputy]}
    hour = timedelta(hours=1)
    with engine.begin() as connection:
        span = {"starts_at": now - hour, "ends_at": now + hour}
        connection.execute(insert(Deputy.__table__).values(**row, **span))
        version = db.metadata.tables["rights_version"]
        connection.execute(update(version).values(number=version.c.number + 1))


def put_below(world: World, engine: Engine, person: str, superior: str) -> None:
    """A people admin makes somebody the superior of somebody else."""
    number = user_ids(engine)[person]
    version = stored(engine, "user", number)["version"]
    answer = Api(world, "people").put(f"/users/{number}", {"superior": superior}, version)
    assert answer.status_code == 200, answer.text


def arrange(world: World, engine: Engine, who: str, absent: str, deputy: str) -> int:
    """What somebody is answered who names a deputy for somebody else."""
    client, people = world.client(who), user_ids(engine)
    form: Mapping[str, Any] = {
        "csrf_token": csrf_token(client, "/deputies/"),
        "user": people[absent],
        "deputy": people[deputy],
        "from": (datetime.now(UTC).date() + timedelta(days=2)).isoformat(),
        "until": (datetime.now(UTC).date() + timedelta(days=3)).isoformat(),
    }
    return client.post("/deputies/", data=form).status_code


@pytest.mark.parametrize(
    ("superior", "absent", "deputy"),
    [("people", "manager", "clerk1"), ("sales1b", "sales2a", "sales1b")],
)
def test_nobody_is_named_by_whom_he_does_not_show_his_records(
    world: World, engine: Engine, superior: str, absent: str, deputy: str
) -> None:
    """0041: a line in the organisation alone hands out nothing; who reads them may."""
    put_below(world, engine, absent, superior)
    assert arrange(world, engine, superior, absent, deputy) == 404
    assert arrange(world, engine, "leader1", "sales1a", "sales1b") == 302


def test_a_deputy_takes_nothing_away(world: World, engine: Engine) -> None:
    """0041: what belongs to the other's records he reads and writes; export and bin are not his."""
    write(engine, "customer", 1, owner_id=user_ids(engine)["sales2a"])
    given = {"customer": 1, "text": "Not for export"}
    number = Api(world, "sales2a").post("/follow-ups/", given).json["id"]
    stand_in(engine, "leader1", "sales2a")
    api = Api(world, "leader1")
    assert api.get(f"/follow-ups/{number}").status_code == 200
    assert api.post("/follow-ups/", given).status_code == 201
    for verb, params in (("export", {"format": "csv"}), ("delete", {}), ("restore", {})):
        answer = api.bulk("follow-ups", verb, [number], params)
        assert answer.json.get("done", 0) == 0, (verb, answer.text)


def test_the_timeline_tells_of_children_that_one_reads(world: World, engine: Engine) -> None:
    """PERM-2: who lists contacts and doesn't read them hears nothing of their past."""
    write(engine, "contact", 8, customer_id=1)
    changed = Api(world, "admin").put("/contacts/8", {"remark": "Told to nobody"})
    assert changed.status_code == 200, changed.text
    assert Api(world, "sales1a").get("/contacts/8").status_code == 404
    me = user_ids(engine)["sales1a"]
    with engine.begin() as connection:
        grants, roles = (db.metadata.tables[name] for name in ("role_grant", "role"))
        role = connection.execute(
            insert(roles).values(
                code="lister", name="Lister", name_en="Lister", is_active=True, version=1,
                created_at=datetime.now(UTC), updated_at=datetime.now(UTC),
            ).returning(roles.c.id)
        ).scalar_one()  # fmt: skip
        line = {"role_id": role, "entity": "contact", "scope": "all", "operations": ["list"]}
        connection.execute(insert(grants).values(**line, fields={}))
        held = {"user_id": me, "role_id": role}
        connection.execute(insert(db.metadata.tables["user_role"]).values(**held))
        version = db.metadata.tables["rights_version"]
        connection.execute(update(version).values(number=version.c.number + 1))
    api = Api(world, "sales1a")
    assert 8 in api.ids("contacts")
    assert api.get("/contacts/8").status_code == 404
    assert "Told to nobody" not in api.client.get("/customers/show/1").text


def test_a_receiver_without_the_right_hears_no_name(world: World, engine: Engine) -> None:
    """PERM-4: that he got something, not what; by transfer and by birth."""
    number = user_ids(engine)["people"]
    leader = Api(world, "leader1")
    task = leader.post("/tasks/", {"title": "Known to few"}).json["id"]
    assert leader.bulk("tasks", "transfer", [task], {"new_owner": "people"}).json["done"] == 1
    assert leader.client.get("/notifications/").status_code == 200
    Api(world, "admin").post("/tasks/", {"title": "Known to few too", "owner": number})
    page = world.client("people").get("/notifications/").text
    assert world.client("people").get(f"/tasks/show/{task}").status_code == 403
    assert "Known to few" not in page
    assert "gave you" in page


def test_a_leader_counts_what_he_lists(world: World, engine: Engine) -> None:
    """Nobody counts a row outside of his scope, not even by what his people did to it."""
    put_below(world, engine, "sales2a", "leader1")
    run = Api(world, "sales2a").bulk("customers", "lock", [6, 7], {"reason": "busy"})
    assert run.json["done"] == 2
    assert "data-pending" not in world.client("leader1").get(HANDS).text
    write(engine, "customer", 6, owner_id=user_ids(engine)["sales1b"])
    page = world.client("leader1").get(HANDS).text
    assert "Sales2A · 1 record ·" in page


def test_whose_they_are_is_told_to_who_reads_it(world: World, engine: Engine) -> None:
    """PERM-6: the field is hidden on every page, on that of changed hands too."""
    Api(world, "manager").bulk("customers", "transfer", [1], {"new_owner": "sales1b"})
    assert "Sales1A → Sales1B" in world.client("leader1").get(HANDS).text
    grant_fields(engine, "sales_manager", "customer", owner={"level": 0})
    assert "Sales1A → Sales1B" not in world.client("leader1").get(HANDS).text


def test_a_file_for_calendars_needs_the_time(world: World, engine: Engine) -> None:
    """C42: without the right to when it is there is no such file."""
    api = Api(world, "sales1a")
    given = {"title": "Meeting", "starts_at": "2026-12-01T06:00:00Z"}
    number = api.post("/events/", given).json["id"]
    assert api.client.get(f"/events/ics/{number}").status_code == 200
    grant_fields(engine, "salesperson", "event", starts_at={"level": 0})
    assert api.client.get(f"/events/ics/{number}").status_code == 404
