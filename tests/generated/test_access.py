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
from tests.generated.seed import dice
from tests.generated.stage import UNKNOWN, Stage, check_refused
from tests.generated.surfaces import REST_RUN, SUCCESS, WRITING, Doing, skipped, ways_of
from tests.oracle import Oracle
from tests.support.company import PEOPLE

ACTORS = [person.name for person in PEOPLE]
ENTITIES = [entity.key for entity in catalogue]
OWNED = [entity.key for entity in catalogue if entity.is_owned]


def some_row(stage: Stage, actor: str, entity: str, operation: str) -> tuple[int, ...]:
    """A row that the operation may touch; operations on no row have none."""
    if operation in ("list", "create"):
        return ()
    if catalogue.get(entity).is_owned:
        return (min(stage.oracle.visible(actor, entity, operation), default=UNKNOWN),)
    return (stage.spare.get(entity, 1),)


def any_row(entity: str) -> tuple[int, ...]:
    """A row that exists, whoever may see it."""
    return (1,) if entity not in ("user",) else (2,)


@pytest.mark.parametrize("entity", ENTITIES)
@pytest.mark.parametrize("actor", ACTORS)
def test_what_is_not_granted_is_refused(
    stage: Stage, oracle: Oracle, seed: int, actor: str, entity: str
) -> None:
    """PERM-2, PERM-4, contract §1: 403 for known and unknown ids alike, before any row (C39)."""
    chance = dice(seed, actor, entity)
    table = catalogue.get(entity).model.__tablename__
    looked = re.compile(rf"\b(?:FROM|UPDATE) \"?{table}\b", re.IGNORECASE)
    refused = [op for op in catalogue.get(entity).operations if not oracle.may(actor, entity, op)]
    for operation in refused:
        for way in ways_of(entity, operation):
            unknown = Doing(stage, actor, entity, operation, (UNKNOWN,))
            known = Doing(stage, actor, entity, operation, any_row(entity))
            for doing in [known, unknown] if chance.random() < 0.4 else [known]:
                stage.person(actor).csrf()
                with stage.watch() as seen:
                    answer = doing.on(way)
                check_refused(stage, doing.label(way), answer, seen, 403)
                if catalogue.get(entity).is_owned:
                    rows = [one for one in seen if looked.search(one)]
                    assert not rows, f"{doing.label(way)} looked at rows: {rows[0]}"
                stage.cases += 1
    assert stage.differing() == []


@pytest.mark.parametrize("entity", ENTITIES)
@pytest.mark.parametrize("actor", ACTORS)
def test_what_is_granted_works(stage: Stage, oracle: Oracle, actor: str, entity: str) -> None:
    """The other half: a gate that refuses everything would pass every other test."""
    granted = [op for op in catalogue.get(entity).operations if oracle.may(actor, entity, op)]
    for operation in granted:
        for way in ways_of(entity, operation):
            doing = Doing(
                stage, actor, entity, operation, some_row(stage, actor, entity, operation)
            )
            answer = doing.on(way)
            wanted = SUCCESS.get(way, 200)
            said = Page(answer.text).words[-40:] if answer.is_json is False else answer.text
            assert answer.status_code == wanted, f"{doing.label(way)}: {answer.status} {said}"
            if way == REST_RUN:
                check_run(doing, json.loads(answer.text), skipped(answer))
            if way in WRITING:
                check_written(doing, way)
                stage.reset()
            stage.cases += 1


def check_run(doing: Doing, body: dict[str, int], left: dict[int, str]) -> None:
    """The row was done, or left out for a reason that has nothing to do with rights."""
    if doing.operation == "restore" and doing.entity == "contact":
        allowed = {"parent_deleted"}  # the company's deleted contacts hang on deleted customers
    else:
        allowed = {"not_member", "unchanged"}  # removing nobody, enabling what is enabled
    assert body["total"] == 1, doing.label(REST_RUN)
    assert body["done"] + len(left) == 1, doing.label(REST_RUN)
    assert set(left.values()) <= allowed, f"{doing.label(REST_RUN)}: {left}"


def check_written(doing: Doing, way: str) -> None:
    """What was done is in the history, under the operation's own name (AUDIT-1)."""
    if doing.operation in ("export", "remove_team", "enable", "restore"):
        return  # reads, or may have found nothing to do
    verb = {"reset_password": "password_reset"}.get(doing.operation, doing.operation)
    with doing.stage.engine.connect() as connection:
        found = connection.scalar(
            text("SELECT count(*) FROM history WHERE operation = :verb AND actor_id = :me"),
            {"verb": verb, "me": doing.stage.people[doing.actor]},
        )
    assert found, f"{doing.label(way)} left no history"


@pytest.mark.parametrize("actor", ACTORS)
def test_lists_show_what_the_oracle_says(stage: Stage, oracle: Oracle, actor: str) -> None:
    """C18: page and REST show exactly the same rows as the oracle, and count them."""
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


@pytest.mark.parametrize("actor", ACTORS)
def test_pools_show_their_members_what_the_oracle_says(
    stage: Stage, oracle: Oracle, actor: str
) -> None:
    """Contract §6: rows in a pool show in its own list and on their own page, to members only."""
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


def test_the_generator_generates(oracle: Oracle) -> None:
    """Enough of both kinds, counted without running them (architecture §7: 2,500 in a run)."""
    cases = {True: 0, False: 0}
    for entity in catalogue:
        for operation in entity.operations:
            for actor in ACTORS:
                cases[oracle.may(actor, entity.key, operation)] += len(
                    ways_of(entity.key, operation)
                )
    assert cases[True] > 400
    assert cases[False] > 1_500
