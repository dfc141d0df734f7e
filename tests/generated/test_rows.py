"""Working in the rows, for every entity: stars, cells, sums, neighbours (LIST-5, LIST-6)."""

import json
from decimal import Decimal
from itertools import pairwise

import pytest
from sqlalchemy import update

from app.spec.catalogue import catalogue
from app.store import listing, sizes
from tests.generated.browser import Page, Person
from tests.generated.stage import UNKNOWN, Stage, check_refused, pool_id
from tests.generated.variety import fill
from tests.support.company import PEOPLE
from tests.support.statements import count_statements

ENTITIES = [entity.key for entity in catalogue]
OWNED = [entity.key for entity in catalogue if entity.responsible]
STARRED = [{"col": "starred", "opr": "eq", "value": True}]


def starred(person: Person, plural: str) -> list[int]:
    """The reader's stars as the built-in view and as REST shows them: they agree."""
    page = Page(person.get(f"/{plural}/list/", view="starred").text)
    shown = [number for _table, number in page.rows]
    assert sorted(shown) == sorted(json.loads(person.ask(plural, filters=STARRED).text)["ids"])
    return shown


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_star_is_set_and_taken_by_its_owner_only(stage: Stage, entity: str) -> None:
    """Said twice it stays; a deleted record doesn't count; others have their own."""
    plural, person = catalogue.get(entity).plural, stage.person("admin")
    other = stage.person("audit")
    assert starred(person, plural) == []
    for _turn in range(2):
        assert person.post(f"/{plural}/star/1", {"on": "1", "next": f"/{plural}/list/"}).location
    assert starred(person, plural) == [1]
    assert "true" in Page(person.get(f"/{plural}/show/1").text).hooks("aria-pressed")
    others = [{"col": "starred", "opr": "neq", "value": True}]
    assert 1 not in json.loads(person.ask(plural, filters=others).text)["ids"]
    if other.ask(plural).status_code == 200:
        assert starred(other, plural) == []
    for _turn in range(2):
        assert person.post(f"/{plural}/star/1", {"on": "0"}).status_code == 302
    assert starred(person, plural) == []


@pytest.mark.parametrize("entity", OWNED)
def test_stars_follow_the_scope(stage: Stage, entity: str) -> None:
    """C18: set on what one may read, 404 elsewhere; what is handed over or deleted is gone."""
    plural, person = catalogue.get(entity).plural, stage.person("sales1a")
    seen = stage.oracle.visible("sales1a", entity, "read")
    person.csrf()
    for row in stage.oracle.company.rows[entity]:
        if row.id in seen:
            assert person.post(f"/{plural}/star/{row.id}", {"on": "1"}).status_code == 302
        elif row.pool is None:
            with stage.watch() as watched:
                answer = person.post(f"/{plural}/star/{row.id}", {"on": "1"})
            check_refused(stage, f"star {plural} {row.id}", answer, watched, 404)
    assert set(starred(person, plural)) == stage.oracle.visible("sales1a", entity, "list")
    gone = stage.person("admin").post(f"/{plural}/delete/1", {})
    assert gone.status_code == 302
    assert 1 not in starred(person, plural)


def test_what_a_star_does_not_understand_is_refused(stage: Stage) -> None:
    """Contract §1: 403, 404, 400, 422 in this order."""
    person = stage.person("manager")
    for values, number, status in (
        ({"on": "1"}, UNKNOWN, 404),
        ({"on": "1", "nonsense": "1"}, 1, 400),
        ({"on": "perhaps"}, 1, 422),
        ({}, 1, 422),
    ):
        values = {"csrf_token": person.csrf(), **values}
        assert person.client.post(f"/customers/star/{number}", data=values).status_code == status
    assert stage.person("people").post("/customers/star/1", {"on": "1"}).status_code == 403
    away = {"csrf_token": person.csrf(), "on": "1", "next": "https://evil.example/"}
    assert person.client.post("/customers/star/1", data=away).location == "/customers/show/1"


def test_sums_are_those_of_the_rows(stage: Stage) -> None:
    """LIST-6: for everybody, with filter and search, in his scope; none of a hidden amount."""
    spread(stage, "sales1a", "sales2a", "manager")
    mine = [{"col": "level", "opr": "in", "value": ["A", "B"]}]
    tried = 0
    for actor in (person.name for person in PEOPLE):
        person = stage.person(actor)
        if not stage.oracle.may(actor, "customer", "list"):
            assert person.get("/customers/sums").status_code == 403
            continue
        for filters in ([], mine):
            person.get("/notifications/")
            with count_statements() as asked:
                answer = person.get("/customers/sums", filters=json.dumps(filters))
            rows = json.loads(person.ask("customers", filters=filters, page_size=100).text)
            if actor in ("marketing", "legal"):
                expected = None if actor == "marketing" else total_of(rows)
            else:
                expected = total_of(rows)
            found = answer.json.get("annual_revenue")
            assert (found and Decimal(found["exact"])) == expected, f"{actor} {filters}"
            assert len([one for one in asked if "sum(" in one]) == (expected is not None)
            tried += bool(expected)
    assert tried > 8
    for wrong in ("nonsense=1", "order=nonsense&filters=[{}]"):
        assert stage.person("manager").get(f"/customers/sums?{wrong}").status_code == 400


@pytest.mark.parametrize("entity", ENTITIES)
def test_counts_are_those_of_the_rows(
    stage: Stage, entity: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LIST-1: a page counts a little way; the request that counts on does so in one's scope."""
    monkeypatch.setattr(listing, "FIRST_CAP", 1)
    monkeypatch.setattr(sizes, "LARGE", 1)
    monkeypatch.delitem(stage.world.app.extensions, "crm.sizes", raising=False)  # found earlier
    plural, told = catalogue.get(entity).plural, 0
    path = f"/{plural}/count"
    for actor in (person.name for person in PEOPLE):
        person = stage.person(actor)
        if not stage.oracle.may(actor, entity, "list"):
            assert person.get(path).status_code == 403
            continue
        rows = json.loads(person.ask(plural, exact_count=True).text)["count"]
        page = person.get(f"/{plural}/list/", view="all").text
        assert (f'data-counting="{path}?view=all"' in page) is (rows > 1)
        assert ('data-total="1+"' in page) is (rows > 1)
        person.get("/notifications/")
        with count_statements() as asked:
            answer = person.get(path, view="all").text
        assert f'data-total="{rows}"' in answer
        assert f'name="expected_count" value="{rows}"' in answer
        assert len(asked) <= 4
        told += 1
    assert told
    assert stage.person("admin").get(f"{path}?nonsense=1").status_code == 400


def spread(stage: Stage, *owners: str) -> None:
    """Varied customers, in turn one of each of these people."""
    entity = catalogue.get("customer")
    numbers, table = fill(stage, entity, 24), entity.model.__table__
    with stage.engine.begin() as connection:
        for place, number in enumerate(numbers):
            owner = stage.people[owners[place % len(owners)]]
            connection.execute(update(table).where(table.c.id == number).values(owner_id=owner))


def total_of(rows: dict[str, list[dict[str, str]]]) -> Decimal:
    return sum((Decimal(row["annual_revenue"] or 0) for row in rows["result"]), Decimal(0))


ORDERS = ("", "id", "-id", "name", "-name", "next_contact_at", "-next_contact_at")


@pytest.mark.parametrize("actor", ["manager", "leader1", "sales1a"])
def test_neighbours_are_those_of_the_list(stage: Stage, actor: str) -> None:
    """LIST-5: forth and back along every order, with blanks and equal values, in the own scope."""
    spread(stage, "sales1a", "sales1a", "sales2a", "leader1")
    person = stage.person(actor)
    for arguments in (
        *({"order": order} for order in ORDERS),
        {"search": "of 24", "order": "-next_contact_at"},
        {"view": "mine", "page": "1", "size": "20"},
    ):
        text = person.get("/customers/list/", **arguments).text
        links = [has["href"] for tag, has in Page(text).attributes
                 if tag == "a" and has.get("href", "").startswith("/customers/show/")]  # fmt: skip
        assert len(links) == len(set(links)) == len(Page(text).ids("customer"))
        leads = {here: walk(person, here) for here in links}
        for here, onward in pairwise(links):
            assert leads[here].get("next") == onward, f"{arguments} after {here}"
            assert leads[onward].get("prev") == here, f"{arguments} before {onward}"
        if links:
            assert "prev" not in leads[links[0]]
            assert "next" not in leads[links[-1]]


def walk(person: Person, address: str) -> dict[str, str]:
    """Where a record's page leads on, by ``rel``."""
    answer = person.get(address)
    assert answer.status_code == 200, address
    return {has["rel"]: has["href"] for tag, has in Page(answer.text).attributes
            if tag == "a" and has.get("rel") in ("prev", "next")}  # fmt: skip


def test_walking_costs_three_statements_and_understands_no_nonsense(stage: Stage) -> None:
    person = stage.person("manager")
    plain, along = "/customers/show/1", "/customers/show/1?from=order%3D-name"
    counts = []
    for address in (plain, along):
        person.get(address)
        with count_statements() as asked:
            person.get(address)
        counts.append(len(asked))
    assert counts[1] == counts[0] + 3, "what he keeps of the list, the place, the neighbours"
    for wrong in (
        "nonsense%3D1",
        "order%3Dnonsense",
        "filters%3D%5B1%5D",
        "page%3D0",
    ):
        assert person.get(f"/customers/show/1?from={wrong}").status_code == 400, wrong
        assert person.get(f"/customers/edit/1?from={wrong}").status_code == 400, wrong
    page = Page(person.get(along + "&tab=history").text)
    back = "/customers/list/?order=-name"
    assert back in page.hooks("href")
    assert person.get("/customers/show/1").text.count('rel="next"') == 0


def test_what_is_done_on_a_record_leads_on_along_the_list(stage: Stage) -> None:
    """LIST-5: a save, a note, a look back in time return to the same place of the same list."""
    person, came = stage.person("manager"), "from=order%3D-name"
    here = f"/customers/show/1?{came}"
    page = Page(person.get(f"/customers/show/1?tab=details&{came}").text)
    ways = set(page.hooks("href")) | set(page.hooks("action"))
    for path in ("edit/1", "edit/1?section=basic", "delete/1", "note/1", "mark/1", "layers/1"):
        way = f"/customers/{path}{'&' if '?' in path else '?'}{came}"
        assert way in ways, way
    form = Page(person.get(f"/customers/edit/1?{came}").text)
    assert here in form.hooks("href"), "cancelling"
    assert f"/customers/edit/1?{came}" in form.hooks("action")
    for path, values in (
        ("edit/1", {"row_version": "1", "remark": "seen"}),
        ("note/1", {"text": "seen"}),
        ("mark/1", {"tags": "seen"}),
    ):
        assert person.post(f"/customers/{path}?{came}", values).location == here, path
    turned = person.post(f"/customers/layers/1?{came}", {"step": "turn:basic"}).location
    assert turned == f"/customers/show/1?tab=details&{came}"
    past = Page(person.get(f"{here}&tab=history").text)
    assert any("as_of=" in way and came in way for way in past.hooks("href"))
    assert ("input", {"type": "hidden", "name": "from", "value": "order=-name"}) in past.attributes
    deleted = person.post(f"/customers/delete/1?{came}", {})
    assert deleted.location == "/customers/list/?order=-name"


def test_a_list_tells_why_it_is_empty(stage: Stage) -> None:
    """LIST-7: another sentence and another way on for each situation."""
    person = stage.person("sales2a")
    pools = json.dumps([{"col": "pool", "opr": "eq", "value": 1}])
    none = json.dumps([{"col": "name", "opr": "eq", "value": "nobody"}])
    told = set()
    for who, arguments, leads in (
        (person, {"search": "nobody is called so"}, "/leads/list/"),
        (person, {"filters": none, "view": "mine"}, "/leads/list/?view=mine"),
        (person, {"view": "starred"}, "/leads/list/?view=all"),
        (person, {"page": "9"}, "/leads/list/"),
        (person, {"filters": pools}, "/leads/list/?view=all"),
    ):
        page = Page(who.get("/leads/list/", **arguments).text)
        assert page.ids("lead") == [], arguments
        [link] = [
            has["href"]
            for tag, has in page.attributes
            if tag == "a" and "btn-primary" in has.get("class", "") and "data-create" not in has
        ]
        assert link == leads, arguments
        told.add(next(word for word in page.words if word.endswith((".", "。"))))
    assert len(told) == 4, told  # two of them are a filter without hits


def test_a_link_tells_how_many_its_sender_saw(stage: Stage) -> None:
    """UI-15: "you see 12 of 40"; said when both differ, and not carried on."""
    sender, reader = stage.person("manager"), stage.person("sales1a")
    page = Page(sender.get("/customers/list/").text)
    [link] = page.hooks("data-copy-link")
    seen = int(min(page.hooks("data-total")))
    assert link == f"/customers/list/?seen={seen}"
    text = reader.get(link).text
    mine = int(min(Page(text).hooks("data-total")))
    assert mine < seen
    assert any(str(mine) in word and str(seen) in word for word in Page(text).words)
    assert "alert" not in Page(sender.get(link).text).hooks("role")
    assert not [href for href in Page(text).hooks("href") if "seen=" in href]
    assert reader.get("/customers/list/?seen=abc").status_code == 400


def test_the_trail_is_ones_own_scoped_and_short(stage: Stage) -> None:
    """UI-15: newest first, fifty at most, nothing deleted, nobody else's steps."""
    person, other = stage.person("manager"), stage.person("admin")
    numbers = fill(stage, catalogue.get("lead"), 55, owner=stage.people["manager"])
    for number in (*numbers, numbers[3]):
        assert person.post(f"/leads/viewed/{number}", {}).status_code == 204
    assert person.post("/customers/viewed/1", {}).status_code == 204
    assert person.post(f"/customers/viewed/{UNKNOWN}", {}).status_code == 404
    steps = trail(person, "/recent/")
    assert len(steps) == 50
    assert steps[:3] == [
        "/customers/show/1",
        f"/leads/show/{numbers[3]}",
        f"/leads/show/{numbers[-1]}",
    ]
    assert trail(other, "/recent/") == []
    other.post("/customers/delete/1", {})
    assert trail(person, "/recent/menu") == steps[1:10]
    offered = json.loads(person.get("/contacts/options/customer").text)
    assert person.post("/customers/viewed/5", {}).status_code == 204
    again = json.loads(person.get("/contacts/options/customer").text)
    assert again[0]["value"] == 5 != offered[0]["value"]
    assert sorted(one["value"] for one in again) == sorted(one["value"] for one in offered)


def test_what_one_has_chosen_is_offered_first(stage: Stage) -> None:
    """LIST-8: in that picker, typed or not, for whoever chose; only what he may choose (C22)."""
    person, other = stage.person("manager"), stage.person("leader1")
    path = "/contacts/options/customer"
    for number in (3, 6):
        assert person.post(path, {"chosen": str(number)}).status_code == 204
    for words in ("", "customer"):
        assert [one["value"] for one in json.loads(person.get(path, q=words).text)[:2]] == [6, 3]
        assert json.loads(other.get(path, q=words).text)[0]["value"] != 6
    assert trail(person, "/recent/") == []
    for wrong, status in ((UNKNOWN, 404), ("x", 404), ("", 404)):
        assert person.post(path, {"chosen": wrong}).status_code == status, wrong
    assert other.post(path, {"chosen": "6"}).status_code == 404, "out of his scope"
    assert stage.person("people").post(path, {"chosen": "3"}).status_code == 403
    assert person.post(f"{path}?q=1", {"chosen": "3"}).status_code == 400


def test_the_trail_leads_into_ones_own_pools(stage: Stage) -> None:
    """A member's record in a pool by its name there; taken out of his pools it leaves the trail."""
    person, members = stage.person("sales2a"), stage.oracle.visible("sales2a", "customer", "read")
    for number in (11, 12):
        assert person.post(f"/customers/viewed/{number}", {}).status_code == 204
    assert trail(person, "/recent/") == ["/customers/show/12", "/customers/show/11"]
    with stage.world.app.app_context():
        closed = pool_id("Closed customers")
    with stage.engine.begin() as connection:
        table = catalogue.get("customer").model.__table__
        connection.execute(update(table).where(table.c.id == 11).values(name_en="Told to nobody"))
        connection.execute(update(table).where(table.c.id == 12).values(pool_id=closed))
    assert "Told to nobody" not in person.get("/recent/").text
    assert trail(person, "/recent/") == ["/customers/show/11"]
    assert members.isdisjoint({11, 12}), "rows in a pool are nobody's own"


def trail(person: Person, path: str) -> list[str]:
    page = Page(person.get(path).text)
    return [has["href"] for tag, has in page.attributes if tag == "a" and "/show/" in has["href"]]
