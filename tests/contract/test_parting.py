"""Un-merge where several had the same (CUS-7): to each what was its own, the rest stays."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from app.extensions import db
from tests.contract.calls import Api, stored, user_ids
from tests.contract.test_bulk import rows_in, seats_of
from tests.support.worlds import World

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
HELD = {
    "survivor": {
        "star": ["legal"],
        "tag": ["own"],
        "note": ["own"],
        "file": "gh",
        "team": ["clerk1"],
    },
    "first": {
        "star": ["finance"],
        "tag": ["both", "first"],
        "note": ["both", "first"],
        "file": "fg",
        "team": ["finance", "legal"],
    },
    "second": {
        "star": ["finance", "legal"],
        "tag": ["both", "second", "own"],
        "note": ["both", "second"],
        "file": "fs",
        "team": ["finance", "marketing"],
    },
}
"""What hangs on each, in every kind of mark: some of its own, some that others have too."""
KINDS = {"star": "star", "tag": "private_tag", "note": "private_note", "file": "attachment"}


@pytest.fixture
def customers(world: World, engine: Engine) -> dict[str, int]:
    """Three customers with marks, a contact each, and owners of their own."""
    admin, people = Api(world, "admin"), user_ids(engine)
    found = {}
    for number, (name, held) in enumerate(HELD.items()):
        body = {"name": f"Firm {name}", "owner": people[f"sales{number % 2 + 1}a"]}
        found[name] = admin.post("/customers/", body).json["id"]
        admin.bulk("customers", "add_tags", [found[name]], {"tags": held["tag"]})
        team = {"users": [people[who] for who in held["team"]], "level": "read"}
        if number == 1:
            team["level"] = "write"
        assert admin.bulk("customers", "add_team", [found[name]], team).json["done"] == 1
        if number:
            assert admin.post("/contacts/", {"name": name, "customer": found[name]}).json["id"]
        put(engine, found[name], held, people)
    return found


def put(engine: Engine, record: int, held: Any, people: dict[str, int]) -> None:
    """Stars, tags and notes of people's own, and files whose content others may have too."""
    mine = {"entity": "customer", "record_id": record}
    finance = {**mine, "user_id": people["finance"]}
    file = {"size": 1, "sha256": "0", "content_type": "application/pdf", "created_at": MOMENT}
    rows: dict[str, list[dict[str, Any]]] = {
        "star": [{**mine, "user_id": people[who], "at": MOMENT} for who in held["star"]],
        "private_tag": [{**finance, "tag": word} for word in held["tag"]],
        "private_note": [{**finance, "text": word, "written_at": MOMENT} for word in held["note"]],
        "attachment": [{**mine, **file, "name": f"{s}.pdf", "storage": s * 32}
                       for s in held["file"]],
    }  # fmt: skip
    with engine.begin() as connection:
        for table, some in rows.items():
            connection.execute(insert(db.metadata.tables[table]), some)


def seen(engine: Engine, record: int) -> dict[str, list[Any]]:
    """All marks of a record, public tags and team among them."""
    said = {"star": "user_id", "tag": "tag", "note": "text", "file": "storage"}
    found = {
        kind: sorted(row[said[kind]] for row in rows_in(engine, table, record_id=record))
        for kind, table in KINDS.items()
    }
    tags = db.metadata.tables["customer_tags"]
    with engine.connect() as connection:
        mine = connection.execute(tags.select().where(tags.c[0] == record))
        found["public tag"] = sorted(row[1] for row in mine)
    found["team"] = sorted((user, seat[0]) for user, seat in seats_of(engine, record).items())
    return found


def together(before: Sequence[dict[str, list[Any]]]) -> dict[str, list[Any]]:
    """What the first of them has when the others are merged with it; owners come on top."""
    found = {kind: sorted({one for held in before for one in held[kind]}) for kind in before[0]}
    files = [one for held in before for one in held["file"]]
    levels = dict(sorted(found["team"]))  # write comes after read
    return {**found, "file": sorted(files), "team": sorted(levels.items())}


@pytest.mark.parametrize("stays", ["first", "second"])
def test_what_stays_merged_leaves_its_marks(
    world: World, engine: Engine, customers: dict[str, int], stays: str
) -> None:
    """Un-merge gives one back and not the other, whose contact somebody has edited since."""
    admin, people = Api(world, "admin"), user_ids(engine)
    before = {name: seen(engine, number) for name, number in customers.items()}
    run = admin.bulk(
        "customers", "merge", [*customers.values()], {"survivor": customers["survivor"]}
    ).json
    merged = seen(engine, customers["survivor"])
    owner = (people["sales2a"], "read")
    everything = together([*before.values()])
    everything["team"] = sorted([*everything["team"], owner])
    assert merged == everything
    [contact] = [r["id"] for r in rows_in(engine, "contact", name=stays)]
    assert admin.put(f"/contacts/{contact}", {"position": "CEO"}, 2).status_code == 200
    undone = admin.post(f"/operations/{run['operation_id']}/undo", {}).json
    assert [(s["id"], s["code"]) for s in undone["skipped"]] == [(customers[stays], "changed")]
    for name in ("first", "second"):
        assert seen(engine, customers[name]) == before[name], name
    kept = together([before["survivor"], before[stays]])
    if stays == "first":
        kept["team"] = sorted([*kept["team"], owner])
    assert seen(engine, customers["survivor"]) == kept
    assert stored(engine, "customer", customers[stays])["deleted_at"] is not None
    page = admin.client.get(f"/customers/show/{customers[stays]}")
    assert page.headers["Location"] == f"/customers/show/{customers['survivor']}"


def test_marks_leave_what_the_survivor_has_become(
    world: World, engine: Engine, customers: dict[str, int]
) -> None:
    """Merged on by a later run: what is parted from the first takes its marks from the second."""
    admin = Api(world, "admin")
    first, survivor, second = (customers[name] for name in ("first", "survivor", "second"))
    [contact] = [r["id"] for r in rows_in(engine, "contact", name="first")]
    assert admin.bulk("contacts", "delete", [contact]).json["done"] == 1
    assert admin.bulk("contacts", "purge", [contact]).json["done"] == 1
    before = {name: seen(engine, number) for name, number in customers.items()}
    runs = [
        admin.bulk("customers", "merge", [one, to], {"survivor": to}).json["operation_id"]
        for one, to in ((first, survivor), (survivor, second))
    ]
    undone = admin.post(f"/operations/{runs[0]}/undo", {}).json
    assert [s["id"] for s in undone["skipped"]] == [survivor], "it is merged itself"
    private = ("star", "tag", "note", "file")
    assert {kind: seen(engine, first)[kind] for kind in private} == {
        kind: before["first"][kind] for kind in private
    }
    rest = together([before["second"], before["survivor"]])
    assert {kind: seen(engine, second)[kind] for kind in private} == {
        kind: rest[kind] for kind in private
    }
    undone = admin.post(f"/operations/{runs[1]}/undo", {}).json
    assert undone["skipped"] == []
    assert seen(engine, second) == before["second"]
    assert {kind: seen(engine, survivor)[kind] for kind in private} == {
        kind: before["survivor"][kind] for kind in private
    }
