"""Rows that are reached through others: pickers, tabs, filters by a parent, links, files.

None of these ways may show or take a row that its own scope doesn't give (C21 to C26).
"""

import json
from collections.abc import Iterator

import pytest

from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.field import Field
from app.spec.relations import LinksField, RelationField
from tests.generated.browser import Page
from tests.generated.stage import UNKNOWN, Stage, check_refused
from tests.generated.surfaces import REST_RUN, VERSION, Doing, params
from tests.oracle import Oracle
from tests.support.company import PEOPLE
from tests.support.grants import declared_operations

ACTORS = [person.name for person in PEOPLE]


def relations(entity: Entity) -> Iterator[Field]:
    return (f for f in entity.fields.values() if isinstance(f, RelationField | LinksField))


def pickers() -> Iterator[tuple[str, str, str]]:
    """Entity, field and target of every relation there is."""
    for entity in catalogue:
        for f in relations(entity):
            yield entity.key, f.key, f.to  # type: ignore[attr-defined]


def test_pickers_offer_only_what_one_may_read(stage: Stage) -> None:
    """C22 and LIST-8: scoped rows, twenty at most; who has nothing to do there gets 403."""
    for actor in ACTORS:
        check_pickers_offer_only_what_one_may_read(stage, stage.oracle, actor)


def check_pickers_offer_only_what_one_may_read(stage: Stage, oracle: Oracle, actor: str) -> None:
    person = stage.person(actor)
    for entity, key, to in pickers():
        path = f"/{catalogue.get(entity).plural}/options/{key}"
        with stage.watch() as seen:
            answer = person.get(path)
        label = f"{actor} {path}"
        if not any(oracle.may(actor, entity, op) for op in catalogue.get(entity).operations):
            check_refused(stage, label, answer, seen, 403)
            continue
        if answer.status_code != 200:
            assert answer.status_code in (403, 404), label
            continue
        offered = [one["value"] for one in json.loads(answer.text)]
        assert len(offered) <= 20, label
        if to in oracle.company.rows:
            assert {int(one) for one in offered} == oracle.visible(actor, to, "read"), label


def test_pickers_search_only_what_one_may_read(stage: Stage) -> None:
    """Searching finds no more than browsing, and refuses what no picker needs."""
    for actor in ACTORS:
        check_pickers_search_only_what_one_may_read(stage, stage.oracle, actor)


def check_pickers_search_only_what_one_may_read(stage: Stage, oracle: Oracle, actor: str) -> None:
    person = stage.person(actor)
    if not oracle.may(actor, "contact", "create"):
        return
    path = "/contacts/options/customer"
    mine = oracle.visible(actor, "customer", "read")
    for row in oracle.company.rows["customer"]:
        found = json.loads(person.get(path, q=f"Customer {row.id:02}").text)
        assert {int(one["value"]) for one in found} == {row.id} & mine, f"{actor} {row.id}"
    for words in ("x" * 51, "a\x00b"):
        assert person.get(path, q=words).status_code == 400
    assert person.get("/contacts/options/nonsense").status_code == 404
    assert person.get("/contacts/options/mobile").status_code == 404


def test_tabs_show_children_in_their_own_scope(stage: Stage) -> None:
    """PERM-3 and C21: reading the parent gives no right to the child."""
    for actor in ACTORS:
        check_tabs_show_children_in_their_own_scope(stage, stage.oracle, actor)


def check_tabs_show_children_in_their_own_scope(stage: Stage, oracle: Oracle, actor: str) -> None:
    person = stage.person(actor)
    mine = oracle.visible(actor, "contact", "list")
    for number in sorted(oracle.visible(actor, "customer", "read")):
        page = Page(person.get(f"/customers/show/{number}", tab="contacts").text)
        label = f"{actor} customer {number}"
        if oracle.may(actor, "contact", "list"):
            # The contact of each number belongs to the customer of that number.
            assert page.ids("contact") == sorted({number} & mine), label
        else:
            assert "contacts" not in page.hooks("data-tab"), label
            assert page.ids("contact") == [], label


def test_filters_by_a_foreign_parent_show_nothing_new(stage: Stage) -> None:
    """C21: naming a parent in a filter opens no row of the child."""
    for actor in ACTORS:
        check_filters_by_a_foreign_parent_show_nothing_new(stage, stage.oracle, actor)


def check_filters_by_a_foreign_parent_show_nothing_new(
    stage: Stage, oracle: Oracle, actor: str
) -> None:
    if not oracle.may(actor, "contact", "list"):
        return
    mine = oracle.visible(actor, "contact", "list")
    for row in oracle.company.rows["customer"]:
        condition = [{"col": "customer", "opr": "eq", "value": row.id}]
        found = json.loads(stage.person(actor).ask("contacts", filters=condition).text)
        assert set(found["ids"]) == {row.id} & mine, f"{actor} {row.id}"
        assert found["count"] == len(found["ids"])
        for one in found["result"]:
            readable = row.id in oracle.visible(actor, "customer", "read")
            assert (one["customer"] is not None) == readable, f"{actor} sees {one['customer']}"


@pytest.mark.parametrize("actor", ACTORS)
def test_links_to_foreign_rows_are_refused(stage: Stage, oracle: Oracle, actor: str) -> None:
    """C23: an id in a foreign-key field must exist for the writer, on every way in."""
    person = stage.person(actor)
    if not oracle.may(actor, "contact", "create"):
        return
    mine = oracle.visible(actor, "customer", "read")
    foreign = [r.id for r in oracle.company.rows["customer"] if r.id not in mine and not r.pool]
    own = min(oracle.visible(actor, "contact", "edit"))
    person.csrf()
    for number in (*foreign[:2], UNKNOWN):
        values = {"name": "Linked", "customer": number}
        many = {"ids": [own], "params": {"set": {"customer": number}}}
        tries = {
            "new form": (422, lambda v=values: person.post("/contacts/add", v)),
            "create": (422, lambda v=values: person.rest("POST", "/contacts/", v)),
            "edit": (422, lambda n=number: person.rest(
                "PUT", f"/contacts/{own}", {"customer": n}, VERSION)),
            "prefill": (404, lambda n=number: person.get("/contacts/add", customer=n)),
        }  # fmt: skip
        if oracle.may(actor, "contact", "bulk_edit"):
            tries["bulk edit"] = (
                422, lambda m=many: person.rest("POST", "/contacts/bulk/bulk_edit", m)
            )  # fmt: skip
        for name, (status, send) in tries.items():
            with stage.watch() as seen:
                answer = send()
            check_refused(stage, f"{actor} {name} with {number}", answer, seen, status)
    assert stage.differing() == []


@pytest.mark.parametrize("entity", [e.key for e in catalogue if e.is_owned])
def test_everything_that_matches_is_in_the_operations_scope(stage: Stage, entity: str) -> None:
    """BULK-1: "all" counts in the operation's own scope, minus exceptions; a moved count is 409."""
    for actor in ACTORS:
        check_matching(stage, stage.oracle, actor, entity)


def check_matching(stage: Stage, oracle: Oracle, actor: str, entity: str) -> None:
    person, plural = stage.person(actor), catalogue.get(entity).plural
    for operation in {"transfer", "export", "add_team", "delete"} & declared_operations(entity):
        if not oracle.may(actor, entity, operation):
            continue
        expected = oracle.visible(actor, entity, operation)
        doing = Doing(stage, actor, entity, operation, tuple(sorted(expected)[:1]))
        path, given = f"/{plural}/bulk/{operation}", {"params": params(doing), "filters": []}
        dry = person.rest("POST", path, {**given, "dry_run": True})
        label = f"{actor} {operation} all {plural}"
        assert json.loads(dry.text)["total"] == len(expected), label
        if not expected:
            continue
        body = {**given, "dry_run": True, "except": [min(expected)]}
        less = json.loads(person.rest("POST", path, body).text)
        assert less["total"] == len(expected) - 1, label
        with stage.watch() as seen:
            answer = person.rest("POST", path, {**given, "expected_count": len(expected) + 1})
        check_refused(stage, label, answer, seen, 409)
        assert json.loads(answer.text)["count"] == len(expected), label


@pytest.mark.parametrize("actor", [p.name for p in PEOPLE if p.name in ("manager", "marketing")])
def test_runs_and_files_belong_to_their_doer(stage: Stage, oracle: Oracle, actor: str) -> None:
    """C25, contract §5: nobody else finds the run, but super admins; its file not even they."""
    ids = tuple(sorted(oracle.visible(actor, "lead", "export")))
    answer = json.loads(Doing(stage, actor, "lead", "export", ids).on(REST_RUN).text)
    number = answer["operation_id"]
    paths = [f"/operations/{number}{end}" for end in ("", "/report")]
    page = f"/leads/bulk/export/report/{number}"
    for other in ACTORS:
        wanted = 200 if other in (actor, "admin") else 404
        for path in paths:
            assert stage.person(other).rest("GET", path).status_code == wanted, f"{other} {path}"
        file = stage.person(other).rest("GET", f"/operations/{number}/file")
        assert file.status_code == (200 if other == actor else 404), f"{other} file"
        assert stage.person(other).get(page).status_code == wanted, f"{other} {page}"
        unknown = stage.person(other).rest("GET", f"/operations/{UNKNOWN}")
        assert unknown.status_code == 404
