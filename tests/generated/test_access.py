"""Every entity, role, operation and way: granted means it works, else 403 and nothing happens.

What is granted is read from the reviewed table by the oracle; what there is to try comes from the
catalogue. Each test is one person and one entity; a failing case is named in the message.
"""

import json
import re

import pytest
from sqlalchemy import text

from app.spec.catalogue import catalogue
from tests.generated.browser import Page
from tests.generated.seed import dice, rota
from tests.generated.stage import UNKNOWN, Stage, check_refused
from tests.generated.surfaces import REST_RUN, SUCCESS, WRITING, Doing, skipped, ways_of
from tests.oracle import Oracle
from tests.support.company import PEOPLE

ACTORS = [person.name for person in PEOPLE]
ENTITIES = [entity.key for entity in catalogue]
OWNED = [entity.key for entity in catalogue if entity.responsible]
SHARE = {True: 0.1, False: 0.2}
"""How many of those whose turn it needn't be try a case all the same, granted and not."""


def some_row(stage: Stage, actor: str, entity: str, operation: str) -> tuple[int, ...]:
    """A row that the operation may touch; operations on no row have none."""
    if operation in ("list", "create", "import"):
        return ()
    if catalogue.get(entity).responsible:
        return (min(stage.oracle.visible(actor, entity, operation), default=UNKNOWN),)
    rows = stage.binned if operation in ("restore", "purge") else stage.spare
    return (rows.get(entity, 1),)


def any_row(entity: str) -> tuple[int, ...]:
    """A row that exists, whoever may see it."""
    return (1,) if entity not in ("user",) else (2,)


def turn(
    oracle: Oracle, seed: int, entity: str, operation: str, way: str, *, may: bool
) -> set[str]:
    """Whose turn it is among those who may do this, or among those who may not."""
    people = [actor for actor in ACTORS if oracle.may(actor, entity, operation) == may]
    return rota(seed, people, entity, operation, way, may, share=SHARE[may])


def check_refusals(stage: Stage, seed: int, actor: str, entity: str) -> int:
    """Everything that isn't granted: 403, before any row is looked at, one audit line each."""
    chance, tried = dice(seed, actor, entity), 0
    table = catalogue.get(entity).model.__tablename__
    looked = re.compile(rf"\b(?:FROM|UPDATE) \"?{table}\b", re.IGNORECASE)
    for operation in catalogue.get(entity).operations:
        if stage.oracle.may(actor, entity, operation):
            continue
        for way in ways_of(entity, operation):
            if actor not in turn(stage.oracle, seed, entity, operation, way, may=False):
                continue
            ids = (UNKNOWN,) if chance.random() < 0.4 else any_row(entity)
            doing = Doing(stage, actor, entity, operation, ids)
            stage.person(actor).csrf()
            with stage.watch() as seen:
                answer = doing.on(way)
            check_refused(stage, doing.label(way), answer, seen, 403)
            if catalogue.get(entity).responsible:
                rows = [one for one in seen if looked.search(one)]
                assert not rows, f"{doing.label(way)} looked at rows: {rows[0]}"
            tried += 1
    return tried


def check_grants(stage: Stage, seed: int, actor: str, entity: str) -> int:
    """Everything that is granted works, and what was done is in the history."""
    tried = 0
    for operation in catalogue.get(entity).operations:
        if not stage.oracle.may(actor, entity, operation):
            continue
        ids = some_row(stage, actor, entity, operation)
        if operation == "move_pool" and ids == (UNKNOWN,):
            continue  # his roles would let him, but he is no admin of any pool (POOL-1)
        for way in ways_of(entity, operation):
            if actor not in turn(stage.oracle, seed, entity, operation, way, may=True):
                continue
            doing = Doing(stage, actor, entity, operation, ids)
            answer = doing.on(way)
            wanted = SUCCESS.get(way, 200)
            said = answer.text if answer.is_json else Page(answer.text).words[-40:]
            assert answer.status_code == wanted, f"{doing.label(way)}: {answer.status} {said}"
            if way == REST_RUN:
                check_run(doing, json.loads(answer.text), skipped(answer))
            if way in WRITING:
                check_written(doing, way)
                stage.reset()
            tried += 1
    return tried


@pytest.mark.parametrize("actor", ACTORS)
def test_what_is_not_granted_is_refused(stage: Stage, seed: int, actor: str) -> None:
    """PERM-2, PERM-4, contract §1: 403 for known and unknown ids alike (C39)."""
    tried = sum(check_refusals(stage, seed, actor, entity) for entity in ENTITIES)
    assert tried or actor == "admin"
    assert stage.differing() == []


@pytest.mark.parametrize("actor", ACTORS)
def test_what_is_granted_works(stage: Stage, seed: int, actor: str) -> None:
    """The other half: a gate that refuses everything would pass every other test."""
    for entity in ENTITIES:
        check_grants(stage, seed, actor, entity)


NOTHING_TO_SEE = (
    *("export", "enable", "restore", "purge"),
    *("remove_team", "remove_tags", "unlock"),
    *("merge", "reopen", "resume"),
)
"""Operations that only read, or may have found nothing to do: the company has one tag."""


def check_run(doing: Doing, body: dict[str, int], left: dict[int, str]) -> None:
    """The row was done, or left out for a reason that has nothing to do with rights."""
    if doing.operation == "purge":
        allowed = {"blocked"}  # the company's deleted customers have contacts of their own
    elif doing.operation == "restore" and doing.entity == "contact":
        allowed = {"parent_deleted"}  # the company's deleted contacts hang on deleted customers
    else:
        allowed = {"not_member", "unchanged"}  # removing nobody, enabling what is enabled
    assert body["total"] == 1, doing.label(REST_RUN)
    assert body["done"] + len(left) == 1, doing.label(REST_RUN)
    assert set(left.values()) <= allowed, f"{doing.label(REST_RUN)}: {left}"


def check_written(doing: Doing, way: str) -> None:
    """What was done is in the history, under the operation's own name (AUDIT-1)."""
    if doing.operation in NOTHING_TO_SEE:
        return
    verb = {"reset_password": "password_reset"}.get(doing.operation, doing.operation)
    with doing.stage.engine.connect() as connection:
        found = connection.scalar(
            text("SELECT count(*) FROM history WHERE operation = :verb AND actor_id = :me"),
            {"verb": verb, "me": doing.stage.people[doing.actor]},
        )
    assert found, f"{doing.label(way)} left no history"


def test_lists_show_what_the_oracle_says(stage: Stage) -> None:
    """C18: page and REST show exactly the same rows as the oracle, and count them."""
    for actor in ACTORS:
        check_lists(stage, stage.oracle, actor)


def check_lists(stage: Stage, oracle: Oracle, actor: str) -> None:
    for entity in OWNED:
        if not oracle.may(actor, entity, "list"):
            continue
        expected = oracle.visible(actor, entity, "list")
        for way in ways_of(entity, "list"):
            answer = Doing(stage, actor, entity, "list").on(way)
            label = f"{actor} {way} of {entity}"
            if way.startswith("REST"):
                body = json.loads(answer.text)
                found, count = body["ids"], body["count"]
                assert [one["id"] for one in body["result"]] == found, label
            else:
                page = Page(answer.text)
                found = page.ids(entity)
                count = int(min(page.hooks("data-total")))
            assert sorted(found) == sorted(expected), label
            assert count == len(expected), label


def test_pools_show_their_members_what_the_oracle_says(stage: Stage) -> None:
    """Contract §6: rows in a pool show in its own list and on their own page, to members only."""
    for actor in ACTORS:
        check_pools(stage, stage.oracle, actor)


def check_pools(stage: Stage, oracle: Oracle, actor: str) -> None:
    with stage.engine.connect() as connection:
        ids = dict(connection.execute(text("SELECT name, id FROM pool")).all())
    for pool in oracle.company.pools.values():
        if not oracle.may(actor, pool.entity, "list"):
            continue
        expected = oracle.visible(actor, pool.entity, "list", pool.name)
        inside = [{"col": "pool", "opr": "eq", "value": ids[pool.name]}]
        plural = catalogue.get(pool.entity).plural
        person = stage.person(actor)
        page = Page(person.get(f"/{plural}/list/", filters=json.dumps(inside)).text)
        label = f"{actor} in {pool.name}"
        assert set(page.ids(pool.entity)) == expected, label
        assert set(json.loads(person.ask(plural, filters=inside).text)["ids"]) == expected, label
        for row in oracle.company.rows[pool.entity]:
            if row.pool != pool.name or not oracle.may(actor, pool.entity, "read"):
                continue
            wanted = 200 if row.id in expected else 404
            for answer in (
                person.get(f"/{plural}/show/{row.id}"),
                person.rest("GET", f"/{plural}/{row.id}"),
            ):
                assert answer.status_code == wanted, f"{label}: {row.id}"


def test_the_generator_generates(oracle: Oracle, seed: int) -> None:
    """Every operation is tried on every way, and there are enough cases (architecture §7)."""
    cases = {True: 0, False: 0}
    for entity in catalogue:
        for operation in entity.operations:
            for way in ways_of(entity.key, operation):
                for may in cases:
                    people = turn(oracle, seed, entity.key, operation, way, may=may)
                    somebody = any(oracle.may(a, entity.key, operation) == may for a in ACTORS)
                    assert bool(people) == somebody
                    cases[may] += len(people)
    assert cases[True] > 300
    assert sum(cases.values()) > 1_250, "fewer than 2,500 on both databases"
