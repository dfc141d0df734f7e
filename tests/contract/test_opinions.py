"""Departmental opinions (CUS-5): each department for itself, all are kept, the newest counts."""

from typing import Any

import pytest
from sqlalchemy import Engine

from tests.contract.calls import Api, condition, grant_fields, set_role, stored, user_ids, write
from tests.contract.test_bulk import rows_in
from tests.support.web import hidden_inputs
from tests.support.worlds import World

DISPUTED = condition("is_disputed", "eq", True)
XSS = '"><img src=x onerror=alert(1)>'


def judged(api: Api, number: int = 1, plural: str = "customers", **params: Any) -> int:
    """Somebody judges one record; the number of the run."""
    answer = api.bulk(plural, "judge", [number], params)
    assert answer.json["done"] == 1, answer.text
    return int(answer.json["operation_id"])


def told(api: Api, number: int = 1, plural: str = "customers") -> list[tuple[str, ...]]:
    """Aspect, value, department and whether it counts, of all opinions, the newest first."""
    rows = api.get(f"/{plural}/{number}/opinions").json["result"]
    return [
        (one["aspect"], one["value"], one["department"]["label"], one["is_current"]) for one in rows
    ]


def home(engine: Engine, who: str) -> int:
    return int(stored(engine, "user", user_ids(engine)[who])["department_id"])


def test_two_departments_differ_and_everybody_sees_it(world: World, engine: Engine) -> None:
    """Panel, badge, tab, filter and API read one definition; agreeing again ends it."""
    sales, service = Api(world, "sales1a"), Api(world, "service")
    judged(sales, level="A", willingness="high", note="Buys every year")
    assert sales.ids("customers", DISPUTED) == set()
    assert "Opinions conflict" not in sales.client.get("/customers/show/1").text
    judged(service, level="C", willingness="high", note=XSS)
    page = sales.client.get("/customers/show/1").text
    assert "Opinions conflict" in page
    assert "The departments don&#39;t agree about: Customer" in page
    assert XSS not in page
    assert "Buys every year" in page
    for reader in (sales, service):
        assert reader.ids("customers", DISPUTED) == {1}
        assert 1 not in reader.ids("customers", condition("is_disputed", "eq", False))
    rows = service.get("/customers/1/opinions").json["result"]
    assert [(o["aspect"], o["is_disputed"]) for o in rows if o["aspect"] == "level"] == [
        ("level", True)
    ] * 2
    assert not any(o["is_disputed"] for o in rows if o["aspect"] == "willingness")
    assert rows[0]["author"]["id"] == user_ids(engine)["service"]
    assert rows[0]["note"] == XSS
    judged(service, level="A")
    assert sales.ids("customers", DISPUTED) == set()
    assert [one[1] for one in told(sales) if one[0] == "level"] == ["A", "C", "A"]
    tab = sales.client.get("/customers/show/1?tab=opinions").text
    assert tab.count('<li class="past">') == 1
    assert XSS not in tab
    assert stored(engine, "customer", 1)["version"] == 4, "each judgement is a write (AUDIT-1)"


def test_the_newest_of_a_department_counts_whoever_gave_it(world: World, engine: Engine) -> None:
    """Sales and its clerk are one department: no conflict within it."""
    judged(Api(world, "sales1a"), level="A")
    judged(Api(world, "clerk1"), level="B")
    assert [(value, is_current) for _a, value, _d, is_current in told(Api(world, "sales1a"))] == [
        ("B", True), ("A", False),
    ]  # fmt: skip
    assert Api(world, "admin").ids("customers", DISPUTED) == set()


def test_in_whose_name_somebody_judges(world: World, engine: Engine) -> None:
    """One's own department, those that one heads with those below; super admins for all."""
    sales = home(engine, "sales1a")
    people = user_ids(engine)
    above = stored(engine, "department", sales)["parent_id"]
    write(engine, "department", above, head_id=people["manager"])
    service = {"department": home(engine, "service"), "level": "B"}
    for who, params, status in (
        ("sales1a", service, 422),
        ("manager", service, 422),
        ("manager", {"department": sales, "level": "A"}, 200),
        ("admin", service, 200),
        ("sales1a", {"department": above, "level": "A"}, 422),
        ("sales1a", {"note": "nothing"}, 422),
        ("sales1a", {"level": "Z"}, 422),
        ("sales1a", {"level": "A", "note": "x" * 501}, 422),
        ("finance", {"level": "A"}, 403),
        ("sales2a", {"level": "A"}, 404),
    ):
        answer = Api(world, who).bulk("customers", "judge", [1], params)
        assert answer.status_code == status, (who, params, answer.text)
    assert [one[1] for one in told(Api(world, "admin"))] == ["B", "A"]
    offered = Api(world, "sales1a").client.get("/customers/options/department?q=").json
    assert [one["value"] for one in offered] == [sales]
    form = Api(world, "sales1a").client.get("/customers/bulk/judge?id=1").text
    assert f'<option value="{sales}" selected' in form or f'value="{sales}"' in form


def test_opinions_go_back_with_the_undo_and_stay_told(world: World, engine: Engine) -> None:
    """BULK-5: what stood before counts again; the one taken back is kept, and says so."""
    api = Api(world, "sales1a")
    judged(api, level="A")
    run = judged(api, level="C", note="Lost interest")
    undone = api.post(f"/operations/{run}/undo", {}).json
    assert undone["done"] == 1, undone
    assert told(api) == [
        ("level", "C", told(api)[0][2], False),
        ("level", "A", told(api)[0][2], True),
    ]
    page = api.client.get("/customers/show/1?tab=opinions").text
    assert "Taken back" in page
    assert "Lost interest" in page
    history = api.client.get("/customers/show/1?tab=history").text
    assert history.count("Judge") >= 2
    assert "Lost interest" in history


def test_opinions_come_along_with_a_merger_and_leave_with_it(world: World, engine: Engine) -> None:
    """CUS-7: the survivor has what was thought of both; un-merged, each its own."""
    admin, sales = Api(world, "admin"), Api(world, "sales1a")
    write(engine, "customer", 2, owner_id=user_ids(engine)["sales1a"])
    judged(sales, 2, level="A")
    judged(Api(world, "service"), 1, level="C")
    run = admin.bulk("customers", "merge", [1, 2], {"survivor": 1}).json
    assert {one[1] for one in told(admin) if one[3]} == {"A", "C"}
    assert admin.ids("customers", DISPUTED) == {1}
    answer = admin.post(f"/operations/{run['operation_id']}/undo", {}).json
    assert answer["done"] == run["done"], answer
    assert [one[1] for one in told(admin)] == ["C"]
    assert [one[1] for one in told(admin, 2)] == ["A"]
    assert admin.ids("customers", DISPUTED) == set()


def test_what_was_thought_of_a_lead_is_thought_of_its_customer(
    world: World, engine: Engine
) -> None:
    """LEAD-1: also of one that exists already; the undo takes it off again."""
    api = Api(world, "manager")
    judged(Api(world, "sales1a"), 1, "leads", level="A", willingness="low")
    write(engine, "lead", 1, company="Nobody knows them yet GmbH")
    run = api.bulk("leads", "convert", [1], {"customer": 3}).json
    assert run["done"] == 1, run
    assert {one[:2] for one in told(Api(world, "admin"), 3)} == {
        ("level", "A"), ("willingness", "low"),
    }  # fmt: skip
    undone = api.post(f"/operations/{run['operation_id']}/undo", {}).json
    assert undone["done"] == 1, undone
    assert not any(one[3] for one in told(Api(world, "admin"), 3))
    assert all(one[3] for one in told(Api(world, "sales1a"), 1, "leads"))
    again = api.bulk("leads", "convert", [1]).json
    made = stored(engine, "lead", 1)["customer_id"]
    assert again["done"] == 1
    assert all(one[3] for one in told(Api(world, "admin"), made))


def test_a_hidden_level_hides_what_was_thought_of_it(world: World, engine: Engine) -> None:
    """PERM-6: in panel, tab, history, API, dialog and filter."""
    judged(Api(world, "sales1a"), level="A", willingness="high", note="first words")
    judged(Api(world, "service"), level="C", note="second words")
    grant_fields(engine, "service", "customer", level={"level": 0})
    api = Api(world, "service")
    assert {one[0] for one in told(api)} == {"willingness"}
    for tab in ("", "?tab=opinions", "?tab=history"):
        page = api.client.get(f"/customers/show/1{tab}").text
        assert "second words" not in page, tab
        assert "Opinions conflict" not in page, tab
    assert api.ids("customers", DISPUTED) == set()
    assert api.bulk("customers", "judge", [1], {"level": "A"}).status_code == 422


def test_a_department_that_is_no_more_differs_from_nobody(world: World, engine: Engine) -> None:
    """Its opinions are kept and count no more."""
    admin = Api(world, "admin")
    new = admin.post("/departments/", {"name": "Pop-up office", "parent": 1}).json["id"]
    judged(admin, level="A", department=new)
    judged(Api(world, "service"), level="C")
    assert admin.ids("customers", DISPUTED) == {1}
    assert admin.delete(f"/departments/{new}").status_code == 200
    assert admin.ids("customers", DISPUTED) == set()
    assert [(one[1], one[3]) for one in told(admin)] == [("C", True), ("A", False)]


def test_opinions_of_what_one_may_not_read(world: World, engine: Engine) -> None:
    assert Api(world, "sales2a").get("/customers/1/opinions").status_code == 404
    assert Api(world, "people").get("/customers/1/opinions").status_code == 403
    assert Api(world, "audit").get("/customers/1/opinions").json == {"count": 0, "result": []}
    audit = Api(world, "audit").client
    assert audit.get("/api/v1/customers/1/opinions?more=1").status_code == 400
    pooled = rows_in(engine, "customer", owner_id=None, deleted_at=None)[0]["id"]
    assert Api(world, "sales1a").get(f"/customers/{pooled}/opinions").status_code == 404


def test_purging_takes_opinions_along(world: World, engine: Engine) -> None:
    """CUS-3: the bin keeps them, as long as the record can come back."""
    admin = Api(world, "admin")
    judged(admin, 5, level="A")
    assert admin.bulk("customers", "delete", [5]).json["done"] == 1
    assert len(rows_in(engine, "opinion", record_id=5)) == 1
    assert admin.bulk("customers", "purge", [5]).json["done"] == 1
    assert rows_in(engine, "opinion", record_id=5) == []


@pytest.mark.parametrize("who", ["sales1a", "service"])
def test_the_dialog_judges(world: World, engine: Engine, who: str) -> None:
    """Settings, dry run, result, as any bulk operation; back to the record."""
    client = Api(world, who).client
    page = client.get("/customers/bulk/judge?id=1").text
    form = {**hidden_inputs(page), "level": "B", "department": home(engine, who)}
    preview = client.post("/customers/bulk/judge", data=form)
    assert preview.status_code == 200, preview.text
    done = client.post("/customers/bulk/judge", data=hidden_inputs(preview.text))
    assert done.status_code == 302
    assert [one[1] for one in told(Api(world, who))] == ["B"]
    set_role(engine, who, "auditor")
    assert client.get("/customers/bulk/judge?id=1").status_code == 403
