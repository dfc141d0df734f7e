"""Rows out of reach: as if they did not exist, on every way, and mixed selections do nothing.

For each person, entity and operation that is granted: a row he can't read, one he may read but not
do this to, a deleted one, one that never was, and one in a pool (C19, C20, BULK-1, PERM-2).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from app.spec.catalogue import catalogue
from tests.generated.browser import same_but_for
from tests.generated.seed import dice
from tests.generated.stage import UNKNOWN, Stage, check_refused
from tests.generated.surfaces import BULK, REST_RUN, SINGLE, Doing, skipped
from tests.oracle import BIN, Oracle
from tests.support.company import PEOPLE

ACTORS = [person.name for person in PEOPLE]
ENTITIES = [entity.key for entity in catalogue if entity.key != "audit"]
OWNED = [entity.key for entity in catalogue if entity.responsible]
ROWLESS = frozenset({"list", "create"})
BULK_POSTS = [way for way in BULK if way != "bulk page"]
SINGLE_OF_ROW = {"read", "edit", "delete", "reset_password", "hand_over"}


@dataclass(frozen=True)
class Reach:
    """The rows of an entity as one person stands to them when he does one operation."""

    allowed: list[int]
    readable: list[int]
    """He may read these, but not do this to them."""
    foreign: list[int]
    deleted: list[int]

    @property
    def hidden(self) -> Iterator[tuple[str, int]]:
        """One row of each kind that must look as if it did not exist."""
        for kind, rows in (("foreign", self.foreign), ("deleted", self.deleted)):
            if rows:
                yield kind, rows[0]
        yield "unknown", UNKNOWN


def reach_of(oracle: Oracle, actor: str, entity: str, operation: str) -> Reach:
    """Owned rows sorted by the oracle; those in pools are looked at by tests of their own."""
    rows = [row for row in oracle.company.rows[entity] if row.pool is None]
    allowed = oracle.visible(actor, entity, operation)
    readable = oracle.visible(actor, entity, "read") | oracle.visible(actor, entity, "list")
    binned = operation in BIN
    return Reach(
        allowed=[row.id for row in rows if row.id in allowed],
        readable=[row.id for row in rows if row.id in readable - allowed],
        foreign=[r.id for r in rows if r.id not in allowed | readable and r.is_deleted == binned],
        deleted=[row.id for row in rows if row.is_deleted and not binned],
    )


def reach(stage: Stage, actor: str, entity: str, operation: str) -> Reach:
    if entity in stage.oracle.company.rows:
        return reach_of(stage.oracle, actor, entity, operation)
    binned = [stage.binned[entity]] if entity in stage.binned else []
    if operation in BIN:
        return Reach(binned, [stage.spare[entity]], [], [])
    return Reach([stage.spare[entity]], [], [], binned)


def row_operations(oracle: Oracle, actor: str, entity: str) -> list[str]:
    """The granted operations that are done to rows."""
    declared = catalogue.get(entity).operations
    return [o for o in declared if o not in ROWLESS and oracle.may(actor, entity, o)]


def ways_to_one(entity: str, operation: str) -> list[str]:
    verb = catalogue.get(entity).verb(operation)
    single = SINGLE[operation] if operation in SINGLE_OF_ROW else []
    return [*single, *(BULK_POSTS if verb is not None and verb.is_bulk else [])]


@pytest.mark.parametrize("actor", ACTORS)
def test_rows_out_of_reach_do_not_exist(stage: Stage, actor: str) -> None:
    """Foreign, deleted and unknown ids give three identical 404s, and nothing happens (C19)."""
    for entity in ENTITIES:
        check_out_of_reach(stage, actor, entity)
    assert stage.differing() == []


def check_out_of_reach(stage: Stage, actor: str, entity: str) -> None:
    for operation in row_operations(stage.oracle, actor, entity):
        rows = reach(stage, actor, entity, operation)
        for way in ways_to_one(entity, operation):
            answers = {}
            for kind, number in rows.hidden:
                doing = Doing(stage, actor, entity, operation, (number,))
                stage.person(actor).csrf()
                with stage.watch() as seen:
                    answer = doing.on(way)
                check_refused(stage, f"{kind}: {doing.label(way)}", answer, seen, 404)
                answers[kind] = same_but_for(answer, [number])
            one = answers["unknown"]
            differing = [kind for kind, other in answers.items() if other != one]
            assert not differing, f"{doing.label(way)} tells {differing} from unknown ids"


@pytest.mark.parametrize("actor", ACTORS)
def test_readable_rows_out_of_scope_are_reported(stage: Stage, seed: int, actor: str) -> None:
    """PERM-2 and BULK-1: to one row 404, in a selection "not permitted"; his own rows are done."""
    for entity in OWNED:
        check_readable(stage, seed, actor, entity)


def check_readable(stage: Stage, seed: int, actor: str, entity: str) -> None:
    chance = dice(seed, "readable", actor, entity)
    for operation in row_operations(stage.oracle, actor, entity):
        rows = reach(stage, actor, entity, operation)
        for number in rows.readable[:1]:
            check_single(stage, actor, entity, operation, number)
            check_reported(stage, actor, entity, operation, number, rows.allowed[:1])
            if chance.random() < 0.35:
                check_run_reported(stage, actor, entity, operation, number, rows.allowed[:1])


def check_single(stage: Stage, actor: str, entity: str, operation: str, number: int) -> None:
    for way in SINGLE[operation] if operation in SINGLE_OF_ROW else ():
        doing = Doing(stage, actor, entity, operation, (number,))
        stage.person(actor).csrf()
        with stage.watch() as seen:
            answer = doing.on(way)
        check_refused(stage, f"readable: {doing.label(way)}", answer, seen, 404)


def check_reported(
    stage: Stage, actor: str, entity: str, operation: str, number: int, own: list[int]
) -> None:
    verb = catalogue.get(entity).verb(operation)
    if verb is None or not verb.is_bulk:
        return
    doing = Doing(stage, actor, entity, operation, (*own, number))
    check_left(doing, "REST: bulk dry run", number, own)


def check_left(doing: Doing, way: str, number: int, own: list[int]) -> None:
    """The one row is reported as not permitted, and none of his own is."""
    answer = doing.on(way)
    assert answer.status_code == 200, f"{doing.label(way)}: {answer.text}"
    left = skipped(answer)
    assert left.get(number) == "not_permitted", f"{doing.label(way)}: {left}"
    assert not set(own) & {i for i, code in left.items() if code == "not_permitted"}


def check_run_reported(
    stage: Stage, actor: str, entity: str, operation: str, number: int, own: list[int]
) -> None:
    """The run says the same as the dry run, and doesn't touch the row."""
    verb = catalogue.get(entity).verb(operation)
    if verb is None or not verb.is_bulk:
        return
    doing = Doing(stage, actor, entity, operation, (*own, number))
    check_left(doing, REST_RUN, number, own)
    table = catalogue.get(entity).model.__table__
    version = select(table.c.version).where(table.c.id == number)
    with stage.engine.connect() as connection:
        now = connection.scalar(version)
    assert now == 1, f"{doing.label(REST_RUN)} changed the row all the same"
    stage.reset()


@pytest.mark.parametrize("actor", ACTORS)
def test_mixed_selections_do_nothing(stage: Stage, seed: int, actor: str) -> None:
    """C20: own rows together with one that can't be read: 404, and not even the own are done."""
    for entity in OWNED:
        check_mixed(stage, seed, actor, entity)
    assert stage.differing() == []


def check_mixed(stage: Stage, seed: int, actor: str, entity: str) -> None:
    chance = dice(seed, "mixed", actor, entity)
    for operation in row_operations(stage.oracle, actor, entity):
        verb = catalogue.get(entity).verb(operation)
        rows = reach(stage, actor, entity, operation)
        if verb is None or not verb.is_bulk or not rows.allowed:
            continue
        for kind, number in rows.hidden:
            ids = [*rows.allowed[:2], number]
            chance.shuffle(ids)
            doing = Doing(stage, actor, entity, operation, tuple(ids))
            for way in chance.sample(BULK_POSTS, 2):
                stage.person(actor).csrf()
                with stage.watch() as seen:
                    answer = doing.on(way)
                check_refused(stage, f"mixed with {kind}: {doing.label(way)}", answer, seen, 404)


def test_rows_in_pools_are_apart(stage: Stage) -> None:
    """Contract §6: what isn't about pools doesn't touch rows in them, whoever asks."""
    for actor in ACTORS:
        for entity in ("lead", "customer"):
            check_apart(stage, stage.oracle, actor, entity)


def check_apart(stage: Stage, oracle: Oracle, actor: str, entity: str) -> None:
    if not oracle.may(actor, entity, "edit"):
        return
    readable = {
        number
        for pool in oracle.company.pools.values()
        if pool.entity == entity
        for number in oracle.visible(actor, entity, "read", pool.name)
    }
    pooled = [r for r in oracle.company.rows[entity] if r.pool and not r.is_deleted]
    for operation in ("edit", "transfer", "release", "add_team", "bulk_edit"):
        if not oracle.may(actor, entity, operation) or actor == "admin":
            continue
        for row in pooled:
            doing = Doing(stage, actor, entity, operation, (row.id,))
            if operation == "edit":
                assert doing.on("edit form").status_code == 404, doing.label("edit form")
                continue
            answer = doing.on("REST: bulk dry run")
            label = doing.label("REST: bulk dry run")
            if row.id in readable:
                assert answer.status_code == 200, label
                assert skipped(answer) == {row.id: "not_permitted"}, label
            else:
                assert answer.status_code == 404, label


def test_deleted_pages_and_undeclared_operations(stage: Stage) -> None:
    """Architecture §7: what an entity doesn't have is 405 or 404 for everybody, admins included."""
    for entity in catalogue:
        for actor in ("admin", "sales1a", "audit"):
            person = stage.person(actor)
            for operation, path in (
                ("create", "add"), ("edit", "edit/1"), ("delete", "delete/1")
            ):  # fmt: skip
                if operation not in entity.operations:
                    answer = person.get(f"/{entity.plural}/{path}")
                    assert answer.status_code == 405, f"{actor} {path} of {entity.key}"
            for slug in {"purge", "list", "nonsense", "create"} - set(entity.operations):
                for answer in (
                    person.get(f"/{entity.plural}/bulk/{slug}"),
                    person.rest("POST", f"/{entity.plural}/bulk/{slug}", {"ids": [1]}),
                ):
                    assert answer.status_code == 404, f"{actor} bulk {slug} of {entity.key}"
    assert stage.differing() == []
