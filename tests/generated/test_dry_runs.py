"""A dry run's verdict on each row is the run's, for every operation (BULK-2, C79).

Rows of all kinds in all hands, selections by chance, one state after the other: what was said of a
row before is what becomes of it, and what was shown of new values is what is written.
"""

import json
import random
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select, update

from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.field import Field
from app.spec.operations import Operation
from tests.contract.calls import Api
from tests.contract.test_imports import csv_of, reasons, send
from tests.generated.samples import bad, good
from tests.generated.seed import dice
from tests.generated.stage import Stage, pool_id, written_tables
from tests.generated.surfaces import POOL_FOR, Doing, params
from tests.generated.variety import fill
from tests.support.company import NOW

ROWS, CHOSEN, TURNS = 30, 6, 2
HANDS = ("sales1a", "sales1b", "sales2a", "manager")
BULK = [entity.key for entity in catalogue if entity.bulk_verbs]
SENT = [entity.key for entity in catalogue if "import" in entity.operations]
NEVER_THE_SAME = ("_at", "previous_owner")


def shuffled(stage: Stage, entity: Entity, chance: random.Random) -> list[int]:
    """Rows with all kinds of values, in all hands, some in a pool, some in the bin."""
    ids, table = fill(stage, entity, ROWS), entity.model.__table__
    with stage.world.app.app_context():
        pool = pool_id(POOL_FOR.get(entity.key, ""))
    with stage.engine.begin() as connection:
        for number in ids:
            where: dict[str, Any] = {}
            if entity.is_owned:
                where["owner_id"] = stage.people[chance.choice(HANDS)]
            if entity.is_pooled and chance.random() < 0.2:
                where |= {"owner_id": None, "pool_id": pool, "pooled_at": NOW}
            if entity.is_binned and chance.random() < 0.2:
                where |= {"deleted_at": NOW, "delete_batch": f"batch {number % 3}"}
            if where:
                connection.execute(update(table).where(table.c.id == number).values(**where))
    return ids


def chosen(stage: Stage, verb: Operation, doing: Doing, chance: random.Random) -> tuple[int, ...]:
    """Rows of the kind that the operation is about, as they are now."""
    table = catalogue.get(doing.entity).model.__table__
    with stage.engine.connect() as connection:
        rows = connection.execute(select(table).where(table.c.id.in_(doing.ids))).mappings().all()
    kinds = {"live": (False, False), "pool": (False, True), "binned": (True, False)}
    wanted = (kinds["live"], kinds["pool"]) if verb.rows == "both" else (kinds[verb.rows],)
    found = [
        row["id"]
        for row in rows
        if (row.get("deleted_at") is not None, row.get("pool_id") is not None) in wanted
    ]
    return tuple(chance.sample(found, min(CHOSEN, len(found))))


def plain(value: Any, names: dict[int, str]) -> Any:
    """A value as the history keeps it, and as the sample shows it: people and records by number."""
    if isinstance(value, dict):
        return value.get("id", value)
    if isinstance(value, list):
        return sorted((names.get(one, one) for one in (plain(v, {}) for v in value)), key=str)
    return value


def compare(stage: Stage, doing: Doing, verb: Operation) -> int:
    """Dry run, then run; answers how many rows were changed."""
    body = {"ids": list(doing.ids), "params": given(doing)}
    path, person = f"/{doing.plural}/bulk/{verb.slug}", stage.person(doing.actor)
    person.csrf()
    label = f"{doing.actor} {verb.slug} {doing.entity}{body}"
    with stage.watch() as seen:
        dry = person.rest("POST", path, {**body, "dry_run": True})
    if dry.status_code == 200:
        assert written_tables(seen.lasting) == [], label
    run = person.rest("POST", path, body)
    assert run.status_code == dry.status_code, (label, dry.text, run.text)
    said, did = json.loads(dry.text), json.loads(run.text)
    if dry.status_code != 200:
        assert (said["code"], said.get("fields")) == (did["code"], did.get("fields")), label
        return 0
    assert (said["total"], said["will_change"]) == (did["total"], did["done"]), label
    assert said["skipped"] == did["skipped"], label
    with stage.engine.connect() as connection:
        entry = db.metadata.tables["history"]
        found = select(entry.c.record_id, entry.c.changes).where(
            entry.c.operation_id == did["operation_id"], entry.c.entity == doing.entity
        )
        written = dict(connection.execute(found).all())
        tag = db.metadata.tables["tag"]
        names = dict(connection.execute(select(tag.c.id, tag.c.name)).all())
    left = {skip["id"]: skip["reason"] for skip in said["skipped"]}
    report = json.loads(person.rest("GET", f"/operations/{did['operation_id']}/report", None).text)
    told_left = {row["id"]: row["reason"] for row in report["rows"] if row["outcome"] != "done"}
    assert told_left == left, label
    for one in said["sample"]:
        if not one["field"].endswith(NEVER_THE_SAME):
            kept = written[one["id"]][one["field"]]
            by_name = names if one["field"] == "tags" else {}
            shown = [plain(one["old"], by_name), plain(one["new"], by_name)]
            assert [plain(value, by_name) for value in kept] == shown, (label, one)
    done: int = did["done"]
    return done


def given(doing: Doing) -> dict[str, Any]:
    """Parameters for rows that are not of the small company."""
    found = params(doing)
    if doing.operation == "merge":
        return {"survivor": doing.ids[0]}
    return {"set": found} if doing.operation == "bulk_edit" else found


@pytest.mark.parametrize("key", BULK)
def test_dry_run_and_run_say_the_same_of_every_row(stage: Stage, seed: int, key: str) -> None:
    entity, chance = catalogue.get(key), dice(seed, "dry run", key)
    ids, lively = shuffled(stage, entity, chance), set()
    verbs = [verb for verb in entity.bulk_verbs for _turn in range(TURNS)]
    for turn, verb in enumerate(chance.sample(verbs, len(verbs))):
        who = "admin" if turn % 2 else chance.choice(HANDS)
        whole = Doing(stage, who, key, verb.slug, tuple(ids))
        some = chosen(stage, verb, whole, chance)
        if some and compare(stage, Doing(stage, who, key, verb.slug, some), verb):
            lively.add(verb.slug)
    stage.world.is_dirty = True
    assert len(lively) * 2 >= len(entity.bulk_verbs) - 1, f"hardly anything could be done: {lively}"


def cell(field: Field, number: int, chance: random.Random) -> Any:
    """What stands in a cell: right, wrong or nothing."""
    what, wrong = chance.random(), bad(field)
    if what < 0.08 and wrong:
        return chance.choice(wrong)
    if field.required and field.kind == "text":
        return f"Row {chance.randrange(number + 3)}"
    return good(field) if what < 0.7 else None


@pytest.mark.parametrize("key", SENT)
def test_an_import_says_before_what_becomes_of_every_line(
    stage: Stage, seed: int, key: str
) -> None:
    entity, chance = catalogue.get(key), dice(seed, "import", key)
    api = Api(stage.world, "admin")
    named: Sequence[Field] = [
        f for f in entity.fields.values() if f.required or (f.kind in ("phone", "email", "text"))
    ]
    fields = [f for f in named if not f.system and f.kind != "relation"]
    lines = [[cell(f, n, chance) for f in fields] for n in range(ROWS)]
    data = csv_of([[str(f.label.en) for f in fields], *lines])
    for mode in ("create", "both", "update"):
        options = {"mode": mode}
        with stage.watch() as seen:
            dry = send(api, entity.plural, data, options=options, dry_run=True)
        assert entity.model.__tablename__ not in written_tables(seen.lasting)
        run = send(api, entity.plural, data, options=options)
        assert (dry.status_code, run.status_code) == (200, 200), (dry.text, run.text)
        for outcome in ("created", "updated"):
            assert dry.json[outcome] == run.json[outcome], (mode, dry.text, run.text)
        assert reasons(dry) == reasons(run), mode
