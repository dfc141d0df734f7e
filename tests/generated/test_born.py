"""Records are born and stay within what their writer may have (PERM-5, C28, C29)."""

import json
from dataclasses import replace

import pytest

from app.spec.catalogue import catalogue
from tests.generated.samples import record
from tests.generated.stage import Stage, check_refused
from tests.generated.surfaces import titled
from tests.oracle import Oracle, Row
from tests.support.company import PEOPLE

OWNED = [e.key for e in catalogue if e.is_owned]
ACTORS = [person.name for person in PEOPLE]


def may_own(oracle: Oracle, actor: str, entity: str, owner: str) -> bool:
    """Whether a row of that owner would lie in the actor's scope for creating."""
    company = replace(oracle.company, rows={entity: (Row(1, owner),)})
    return bool(Oracle(company, oracle.grants).visible(actor, entity, "create"))


def check_births(stage: Stage, actor: str, entity: str) -> None:
    """For every person as the owner: born within scope it works, outside it is refused."""
    declared, person = catalogue.get(entity), stage.person(actor)
    made = 0
    owners = ("sales1a", "sales1b", "leader1", "manager", "sales2a", "marketing", "admin", actor)
    for owner in dict.fromkeys(owners):
        values = record(stage, declared, actor, **titled(entity, f"For {owner} of {actor}"))
        values["owner"] = stage.people[owner]
        person.csrf()
        with stage.watch() as seen:
            answer = person.rest("POST", f"/{declared.plural}/", values)
        label = f"{actor} creates {entity} for {owner}"
        if may_own(stage.oracle, actor, entity, owner):
            assert answer.status_code == 201, f"{label}: {answer.text}"
            stage.settle()
            made += 1
            continue
        check_refused(stage, label, answer, seen, 403)
        answer = person.post(f"/{declared.plural}/add", {**values, declared.title: f"Form {owner}"})
        assert answer.status_code == 403, f"{label} by form: {answer.status_code}"
    assert made, f"{actor} may create {entity} for nobody"


@pytest.mark.parametrize("entity", OWNED)
def test_records_are_born_in_their_writers_scope(stage: Stage, entity: str) -> None:
    for actor in ACTORS:
        if stage.oracle.may(actor, entity, "create"):
            check_births(stage, actor, entity)


@pytest.mark.parametrize("entity", OWNED)
def test_owners_change_by_operations_only(stage: Stage, entity: str) -> None:
    """C28, C46: neither the form, REST nor bulk edit moves a record to somebody else."""
    declared, person = catalogue.get(entity), stage.person("manager")
    other = stage.people["sales2a"]
    path = f"/{declared.plural}/1"
    tries = (
        person.rest("PUT", path, {"owner": other}, {"If-Match": '"1"'}),
        person.post(f"/{declared.plural}/edit/1", {declared.title: "X", "owner": other}),
        person.rest(
            "POST",
            f"/{declared.plural}/bulk/bulk_edit",
            {"ids": [1], "params": {"set": {"owner": other}}},
        ),
    )
    in_bulk = 422 if "bulk_edit" in declared.operations else 404
    assert [answer.status_code for answer in tries] == [422, 422, in_bulk]
    got = json.loads(person.rest("GET", path).text)["result"]
    assert got["owner"]["username"] == "sales1a"
    assert got["version"] == 1
