"""A dry run's verdict on each row is the run's, for every operation (BULK-2, C79).

Rows of all kinds in all hands, selections by chance, one state after the other: what was said of a
row before is what becomes of it, and what was shown of new values is what is written.
"""

import json
import random
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.field import Field
from app.spec.operations import Operation
from tests.contract.calls import Api, set_role
from tests.contract.test_imports import csv_of, reasons, send
from tests.generated.samples import bad, good
from tests.generated.seed import dice
from tests.generated.stage import Stage, pool_id, written_tables
from tests.generated.surfaces import POOL_FOR, Doing, params
from tests.generated.variety import fill
from tests.support.company import NOW

ROWS, CHOSEN, ROUNDS = 120, 6, 64
HANDS = ("sales1a", "sales1b", "sales2a", "manager")
TWO_HATS = "sales1a"
"""Reads everything and may do everything to what is his: the rows of others are refused him."""
ADMINS = ("admin", "people", "system", "manager")
"""Who does it to records that nobody owns."""
NEVER_REFUSED = {
    ("announcement", "delete"): "nothing points at an announcement, and all of them are alike",
    ("cap", "delete"): "nothing points at a rule, and all of them are alike",
    ("tag", "delete"): "who may delete tags may delete each; those in use leave their records",
}
"""Operations that take every row, by kind of record; each with its reason."""
BULK = [entity.key for entity in catalogue if entity.bulk_verbs]
SENT = [entity.key for entity in catalogue if "import" in entity.operations]
LINES = 30
NEVER_THE_SAME = ("_at", "previous_owner")


def shuffle(stage: Stage, entity: Entity, ids: Sequence[int], chance: random.Random) -> None:
    """Put rows into all hands, some into a pool, some into the bin, those that were there too."""
    table = entity.model.__table__
    with stage.world.app.app_context():
        pool = pool_id(POOL_FOR.get(entity.key, ""))
    with stage.engine.begin() as connection:
        for number in ids:
            where: dict[str, Any] = {}
            if entity.responsible:
                where[f"{entity.responsible}_id"] = stage.people[chance.choice(HANDS)]
            if entity.is_pooled:
                where |= {"pool_id": None, "pooled_at": None}
            if entity.is_pooled and chance.random() < 0.2:
                where |= {"owner_id": None, "pool_id": pool, "pooled_at": NOW}
            if entity.is_binned:
                is_gone = chance.random() < 0.3
                batch = f"batch {number % 3}" if is_gone else None
                where |= {"deleted_at": NOW if is_gone else None, "delete_batch": batch}
            # not back from the bin where another one has its unique value by now
            with suppress(IntegrityError), connection.begin_nested():
                changed = update(table).where(table.c.id == number)
                connection.execute(changed.values(id=number, **where))


def chosen(
    stage: Stage, verb: Operation, doing: Doing, chance: random.Random, *, is_mixed: bool
) -> tuple[int, ...]:
    """Rows of the kind that the operation is about, as they are now; maybe one of another kind.

    When it ``is_mixed`` there is such a one in any case, unless all are of that kind.
    """
    table = catalogue.get(doing.entity).model.__table__
    with stage.engine.connect() as connection:
        # As plain dictionaries: a row of the table pool answers to "pool_id" with its own id.
        found = connection.execute(select(table).where(table.c.id.in_(doing.ids)))
        rows = [dict(row) for row in found.mappings()]
    kinds = {"live": (False, False), "pool": (False, True), "binned": (True, False)}
    wanted = (kinds["live"], kinds["pool"]) if verb.rows == "both" else (kinds[verb.rows],)
    found: dict[bool, list[int]] = {True: [], False: []}
    for row in rows:
        kind = (row.get("deleted_at") is not None, row.get("pool_id") is not None)
        if kind in wanted or not kind[0]:
            found[kind in wanted].append(row["id"])
    mine = chance.sample(found[True], min(chance.randint(1, CHOSEN), len(found[True])))
    others = found[False][:1] if is_mixed or chance.random() < 0.3 else []
    return (*mine, *others)


def plain(value: Any, names: dict[int, str]) -> Any:
    """A value as the history keeps it, and as the sample shows it: people and records by number."""
    if isinstance(value, dict):
        return value.get("id", value)
    if isinstance(value, list):
        return sorted((names.get(one, one) for one in (plain(v, {}) for v in value)), key=str)
    return value


def compare(stage: Stage, doing: Doing, verb: Operation) -> set[str]:
    """Dry run, then run; answers whether rows were changed, and whether some were refused."""
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
        return set()
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
    return {what for what, n in (("done", did["done"]), ("refused", len(left))) if n}


def given(doing: Doing) -> dict[str, Any]:
    """Parameters for rows that are not of the small company."""
    found = params(doing)
    if doing.operation == "merge":
        return {"survivor": doing.ids[0]}
    if doing.operation == "remove_team":
        return {"users": [doing.stage.people[who] for who in ("finance", "sales1b")]}
    return {"set": found} if doing.operation == "bulk_edit" else found


@pytest.mark.parametrize("key", BULK)
def test_dry_run_and_run_say_the_same_of_every_row(stage: Stage, seed: int, key: str) -> None:
    """Each operation is seen to take rows and to refuse rows, unless it is told why it can't."""
    entity, chance = catalogue.get(key), dice(seed, "dry run", key)
    stage.world.is_dirty = True
    put_on_two_hats(stage, entity)
    never = {slug for of, slug in NEVER_REFUSED if of == key}
    seen: dict[str, set[str]] = {verb.slug: set() for verb in entity.bulk_verbs}
    ids = fill(stage, entity, ROWS)
    if key == "pool":  # those that hold something
        ids += list(range(1, min(ids)))
    for number in range(ROUNDS):
        left = [v for v in entity.bulk_verbs if seen[v.slug] != expected(v.slug, never)]
        if number and not left:
            break
        shuffle(stage, entity, ids, chance)
        for verb in chance.sample([*entity.bulk_verbs, *left], len(entity.bulk_verbs) + len(left)):
            hands = (TWO_HATS, *HANDS) if entity.responsible else ADMINS
            who = chance.choice(hands) if chance.random() < 0.6 else "admin"
            whole = Doing(stage, who, key, verb.slug, tuple(ids))
            lacks = expected(verb.slug, never) - seen[verb.slug]
            some = chosen(stage, verb, whole, chance, is_mixed=lacks == {"refused"})
            if some:
                seen[verb.slug] |= compare(stage, Doing(stage, who, key, verb.slug, some), verb)
    assert seen == {slug: expected(slug, never) for slug in seen}


def expected(slug: str, never: set[str]) -> set[str]:
    return {"done"} if slug in never else {"done", "refused"}


def put_on_two_hats(stage: Stage, entity: Entity) -> None:
    """One reads everybody's records, and may do to his own whatever can be done to them."""
    grant, role = db.metadata.tables["role_grant"], db.metadata.tables["role"]
    code = select(role.c.id).where(role.c.code == "salesperson").scalar_subquery()
    mine = (grant.c.entity == entity.key, grant.c.role_id == code)
    with stage.engine.begin() as connection:
        everything = list(entity.operations)
        connection.execute(update(grant).where(*mine).values(operations=everything))
    set_role(stage.engine, TWO_HATS, "salesperson", "auditor")


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
    lines = [[cell(f, n, chance) for f in fields] for n in range(LINES)]
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
