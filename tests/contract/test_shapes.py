"""Records in JSON (contract §2), writing them, and saying the same thing twice (R5)."""

import re
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from app.admin import state
from app.extensions import db
from app.spec.catalogue import catalogue
from app.store import listing, sizes
from tests.contract.calls import Api, condition, filters_of, grant_fields, stored, user_ids, write
from tests.generated.browser import Page
from tests.leaks.test_right_now import token_client
from tests.support.snapshot import changed, snapshot
from tests.support.web import hidden_inputs
from tests.support.worlds import World

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
FULL = {
    "name": "杭州海纳科技有限公司",
    "name_en": "Hangzhou Haina",
    "level": "A",
    "source": "search_engine",
    "mobile": "13800138000",
    "email": "info@haina.example",
    "annual_revenue": "1234.50",
    "next_contact_at": "2026-11-22T08:00:00Z",
    "remark": "two\nlines",
}
ROW, TOTAL = re.compile(r'<tr[^>]*data-id="(\d+)"'), re.compile(r'data-total="([^"]*)"')
LATER = "data-counting="


def test_a_record_as_it_is_read_and_written(world: World, engine: Engine) -> None:
    """POST 201, GET and PUT 200, the same shape each time, the version as ETag."""
    api = Api(world, "manager")
    made = api.post("/customers/", FULL)
    assert made.status_code == 201, made.text
    number = made.json["id"]
    assert made.headers["ETag"] == '"1"'
    assert made.headers["Location"] == f"/api/v1/customers/{number}"
    assert set(made.json) == {"id", "result"}
    read = api.get(f"/customers/{number}")
    assert read.headers["ETag"] == '"1"'
    assert read.json == made.json
    record = read.json["result"]
    assert {key: record[key] for key in FULL} == FULL
    assert (record["id"], record["version"]) == (number, 1)
    assert record["owner"] == {"id": user_ids(engine)["manager"], "label": "Manager"} | {
        "username": "manager"
    }
    assert record["is_locked"] is False
    assert INSTANT.fullmatch(record["created_at"])
    assert record["pool"] is None
    saved = api.put(f"/customers/{number}", {"annual_revenue": "7", "remark": None})
    assert saved.status_code == 200
    assert saved.headers["ETag"] == '"2"'
    assert saved.json["result"]["annual_revenue"] == "7.00"
    assert saved.json["result"]["remark"] is None
    assert saved.json["result"]["name"] == FULL["name"], "a PUT is partial"


def test_columns_can_be_chosen(world: World) -> None:
    api = Api(world, "manager")
    record = api.get("/customers/1", columns=["name", "owner"]).json["result"]
    assert set(record) - {"masked"} == {"id", "version", "name", "owner"}
    page = api.get("/customers/", columns=["name"]).json
    assert all(set(row) - {"masked"} == {"id", "version", "name"} for row in page["result"])
    assert api.get("/customers/", columns=["name", "name"]).json == page
    pages = [api.get("/customers/", columns=columns) for columns in (["owner"], ["owner"] * 2)]
    assert [page.status_code for page in pages] == [200, 200]
    assert pages[0].json == pages[1].json


def test_relations_are_written_as_ids_and_people_also_by_name(world: World, engine: Engine) -> None:
    api = Api(world, "manager")
    people = user_ids(engine)
    for value in (people["sales1a"], "sales1a"):
        answer = api.post("/contacts/", {"name": "C", "customer": 1, "owner": value})
        assert answer.status_code == 201, answer.text
        assert answer.json["result"]["owner"]["username"] == "sales1a"
        assert answer.json["result"]["customer"] == {"id": 1, "label": "Customer 01"}
    for value in ({"id": 1}, [1], True, 1.5, "1x", -1, 0, "nobody", 10**12):
        answer = api.post("/contacts/", {"name": "C", "customer": value})
        assert answer.status_code == 422, value
        assert list(answer.json["fields"]) == ["customer"]


def test_hidden_fields_are_absent_and_masked_ones_named(world: World) -> None:
    result = Api(world, "marketing").get("/customers/1").json["result"]
    assert "annual_revenue" not in result
    legal = Api(world, "legal").get("/customers/1").json["result"]
    assert legal["mobile"] == "138****0001"
    assert legal["masked"] == ["mobile"], "of the masked fields only those with a value"
    listed = Api(world, "legal").get("/customers/").json["result"]
    assert all(row["mobile"].count("*") == 4 for row in listed)


def test_a_list_has_count_ids_and_result(world: World) -> None:
    api = Api(world, "manager")
    page = api.get("/customers/", page_size=2, order_column="name").json
    assert set(page) == {"count", "count_exact", "ids", "result"}
    assert page["ids"] == [row["id"] for row in page["result"]] == [1, 2]
    assert (page["count"], page["count_exact"]) == (7, True)
    second = api.get("/customers/", page_size=2, page=1, order_column="name").json
    assert second["ids"] == [3, 4]
    down = api.get("/customers/", order_column="name", order_direction="desc").json
    assert down["ids"] == sorted(down["ids"], reverse=True)
    assert api.get("/customers/", exact_count=True).json["count_exact"] is True
    assert len(api.get("/customers/", page_size=100).json["ids"]) == 7
    assert api.get("/customers/", page=50).json["ids"] == []
    assert api.get("/customers/", page=50).json["count"] == 7


def test_names_sort_by_sound_and_are_told_in_the_readers_language(
    world: World, engine: Engine
) -> None:
    """UI-8: Chinese among Latin ones; who reads English hears the English name where there is one.

    The order of code points would be Beta, Zeta, 北京, 张江, 重庆, 阿里.
    """
    api = Api(world, "manager")
    names = ["张江", "Zeta", "重庆", "beta", "北京", "阿里"]
    ids = [api.post("/customers/", {"name": name}).json["id"] for name in names]
    in_order = [ids[names.index(one)] for one in ("阿里", "北京", "beta", "重庆", "Zeta", "张江")]
    page = api.get("/customers/", order_column="name", page_size=100).json["ids"]
    assert [one for one in page if one in ids] == in_order
    contacts = {"name": "Li", "customer": ids[4]}
    number = api.post("/contacts/", contacts).json["id"]
    for english, language, called in (
        (None, "en", "北京"), ("Peking", "en", "Peking"), ("Peking", "zh", "北京"),
    ):  # fmt: skip
        write(engine, "customer", ids[4], name_en=english)
        api.client.get(f"/lang/{language}")
        label = api.get(f"/contacts/{number}").json["result"]["customer"]["label"]
        assert label == called
        page = api.client.get(f"/customers/show/{ids[4]}").text
        assert f"<span>{called}</span>" in page[page.index("<h1") : page.index("</h1>")]


def test_ten_thousand_are_counted_and_more_on_demand(world: World, engine: Engine) -> None:
    """LIST-1: exactly up to 10,000; beyond that "10,000+" with a link that counts."""
    api, tag = Api(world, "admin"), catalogue.get("tag").model.__table__
    rows = [{"name": f"T{n}", "name_key": f"t{n}", "name_sort": f"t{n}"} for n in range(10_001)]
    with engine.begin() as connection:
        before = connection.scalar(select(func.count()).select_from(tag)) or 0
        connection.execute(tag.insert(), rows[: 10_000 - before])
    assert 'data-total="10,000"' in api.client.get("/tags/list/").text
    with engine.begin() as connection:
        connection.execute(tag.insert(), rows[-1:])
    page = api.client.get("/tags/list/?size=20&page=2").text
    assert 'data-total="10,000+"' in page
    assert "21–40" in page
    links = Page(page).hooks("href")
    assert {"/tags/list/?page=3&size=20", "/tags/list/?size=100"} <= links
    [link] = [one for one in links if "exact=1" in one]
    assert 'data-total="10,001"' in api.client.get(link).text


def test_common_words_are_counted_less_far(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the cap pages are walked in the list's order, and the total is said to be open."""
    monkeypatch.setattr(listing, "WORDS_CAP", 3)
    api = Api(world, "manager")
    asked = {"search": "customer", "page_size": 2, "order_column": "name"}
    pages = [api.get("/customers/", page=page, **asked).json for page in range(5)]
    assert [len(page["ids"]) for page in pages] == [2, 2, 2, 1, 0]
    found = [number for page in pages for number in page["ids"]]
    assert found == api.get("/customers/", order_column="name").json["ids"]
    assert {(page["count"], page["count_exact"]) for page in pages[:4]} == {(3, False)}
    exact = api.get("/customers/", exact_count=True, **asked).json
    assert (exact["count"], exact["count_exact"]) == (7, True)


@pytest.mark.parametrize(
    ("search", "window", "hits", "told"),
    [
        pytest.param("", 4, 9, ["3+", "3+", "3+", "3+"], id="no words: a little way is counted"),
        pytest.param("customer", 0, 99, ["7", "7", "7", "7"], id="rare words: all of them are"),
        pytest.param("customer", 4, 6, ["2+", "4+", "6+", "7"], id="common words: none is"),
    ],
)
def test_a_large_list_shows_its_page_before_it_counts(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    search: str,
    window: int,
    hits: int,
    told: list[str],
) -> None:
    """LIST-1: beyond its cap pages are walked; the request beside it counts the others."""
    monkeypatch.setattr(state, "SIZES", (2, 50))
    monkeypatch.setattr(sizes, "LARGE", 1)
    monkeypatch.setattr(listing, "FIRST_CAP", 3)
    monkeypatch.setattr(listing, "HITS_CAP", hits)
    monkeypatch.setattr(listing, "WINDOW", window)
    api = Api(world, "manager")
    found = api.get("/customers/", search=search, order_column="name").json["ids"]
    asked, shown, totals = f"search={search}&order=name&size=2", [], []
    for page in range(1, 5):
        text = api.client.get(f"/customers/list/?{asked}&page={page}").text
        shown += [int(number) for number in ROW.findall(text)]
        totals += TOTAL.findall(text)
        assert (LATER in text) is ("+" in told[page - 1])
    assert (shown, totals) == (found, told)
    beyond = api.client.get(f"/customers/list/?{asked}&page=9").text
    assert ROW.findall(beyond) == []
    assert TOTAL.findall(beyond) == ["0+" if "2+" in told else told[0]], "never more than there are"
    counted = api.client.get(f"/customers/count?{asked}&page=2").text
    assert TOTAL.findall(counted) == ["7"]
    assert "3–4 of 7" in counted
    assert "page=4" in counted, "the way to the last page"


@pytest.mark.parametrize(
    ("window", "hits", "walk"),
    [
        pytest.param(99, 0, 0, id="very common: the first rows fill the page"),
        pytest.param(3, 99, 0, id="rare: all hits are looked up"),
        pytest.param(3, 0, 99, id="common: the order is walked"),
        pytest.param(3, 0, 3, id="common, but not for him: as the database likes"),
    ],
)
def test_words_in_a_large_list_find_what_they_find_in_a_small_one(
    world: World, monkeypatch: pytest.MonkeyPatch, window: int, hits: int, walk: int
) -> None:
    """For each person, in every order, with a filter besides, page by page."""
    monkeypatch.setattr(state, "SIZES", (2, 50))
    small = {
        (who, order, without, page): listed(world, who, order, without, page)
        for who in ("manager", "sales1a", "audit")
        for order in ("name", "-updated_at", "-id")
        for without in ("", "3")
        for page in (1, 2, 4)
    }
    monkeypatch.setattr(listing, "WINDOW", window)
    monkeypatch.setattr(sizes, "LARGE", 1)
    monkeypatch.setattr(listing, "HITS_CAP", hits)
    monkeypatch.setattr(listing, "WALK", walk)
    assert {asked: listed(world, *asked) for asked in small} == small
    assert len(set(map(str, small.values()))) > 12


def listed(world: World, who: str, order: str, without: str, page: int) -> list[str]:
    """The numbers of the customers on a page for the word that all of them have."""
    filters = filters_of(condition("name", "nct", without)) if without else "[]"
    asked = f"view=all&search=customer&order={order}&filters={filters}&size=2&page={page}"
    text = Api(world, who).client.get(f"/customers/list/?{asked}").text
    return ROW.findall(text)


def test_a_small_list_is_counted_with_its_page(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizes, "LARGE", 1_000)
    monkeypatch.setattr(listing, "FIRST_CAP", 3)
    text = Api(world, "manager").client.get("/customers/list/?search=customer").text
    assert (TOTAL.findall(text), LATER in text) == (["7"], False)


def test_deleting_means_the_bin(world: World, engine: Engine) -> None:
    api = Api(world, "manager")
    assert api.delete("/customers/1").status_code == 200
    assert api.get("/customers/1").status_code == 404
    row = stored(engine, "customer", 1)
    assert row["deleted_at"] is not None
    assert row["deleted_by_id"] == user_ids(engine)["manager"]
    assert stored(engine, "contact", 1)["deleted_at"] is not None, "children go along"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("annual_revenue", 1.5),
        ("annual_revenue", "1.234"),
        ("annual_revenue", "NaN"),
        ("annual_revenue", "1e400"),
        ("annual_revenue", "9" * 5_000),
        ("annual_revenue", True),
        ("name", 7),
        ("name", ["x"]),
        ("name", ""),
        ("name", None),
        ("name", "x" * 121),
        ("name", "nul\x00"),
        ("name", "half \ud800"),
        ("level", "Z"),
        ("level", ["A"]),
        ("level", {"a": 1}),
        ("next_contact_at", "tomorrow"),
        ("next_contact_at", "2026-13-01T00:00:00Z"),
        ("next_contact_at", "0001-01-01T00:00:00+14:00"),
        ("next_contact_at", 10**12),
        ("mobile", "not a phone"),
        ("email", "a@b@c"),
        ("website", "javascript:alert(1)"),
        ("website", "data:text/html,x"),
        ("credit_code", "91330106MA2XXXXX00"),
    ],
)
def test_bad_values_are_422_by_name_never_500(
    world: World, engine: Engine, key: str, value: Any
) -> None:
    """Bad input: the field is named, nothing is written."""
    api = Api(world, "manager")
    before = snapshot(engine, db.metadata)
    answer = api.put("/customers/1", {key: value})
    assert answer.status_code == 422, answer.text
    assert list(answer.json["fields"]) == [key]
    assert changed(before, snapshot(engine, db.metadata)) == []


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": NaN}',
        b'{"name": Infinity}',
        b'{"name": 1e999}',
        b'{"name": "\xff"}',
        b'{"a":' * 2_000 + b"1" + b"}" * 2_000,
        b"[" * 100_000,
        b'{"name": ' + b"9" * 10_000 + b"}",
        b"null",
        b'"x"',
        b"",
    ],
)
def test_broken_bodies_are_refused(world: World, engine: Engine, body: bytes) -> None:
    """C61: 400 or 422, never 500."""
    api = Api(world, "manager")
    before = snapshot(engine, db.metadata)
    for path in ("/api/v1/customers/", "/api/v1/customers/bulk/delete"):
        answer = api.client.post(
            path, data=body, headers=api.headers, content_type="application/json"
        )
        assert answer.status_code in (400, 422), (path, answer.status_code)
    assert changed(before, snapshot(engine, db.metadata)) == []


def rows_called(engine: Engine, name: str) -> int:
    table = catalogue.get("customer").model.__table__
    with engine.connect() as connection:
        found = connection.scalar(select(func.count()).where(table.c.name == name))
    return found or 0


def test_the_same_key_does_it_once(world: World, engine: Engine) -> None:
    """C83: replayed with the first answer; other body or other path 422; keys are per person."""
    api = Api(world, "manager")
    body = {"name": "Once"}
    first = api.post("/customers/", body, Idempotency_Key="k-1")
    again = api.post("/customers/", body, Idempotency_Key="k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json == first.json
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["ETag"] == first.headers["ETag"]
    assert rows_called(engine, "Once") == 1
    other = api.post("/customers/", {"name": "Other"}, Idempotency_Key="k-1")
    assert other.status_code == 422
    elsewhere = api.post("/leads/", body, Idempotency_Key="k-1")
    assert elsewhere.status_code == 422
    for _twice in "12":
        somebody = Api(world, "leader1").post("/leads/", {"name": "L"}, Idempotency_Key="k-1")
        assert (somebody.status_code, somebody.json["result"]["name"]) == (201, "L")
        mine = api.post("/customers/", body, Idempotency_Key="k-1")
        assert (mine.status_code, mine.json) == (201, first.json), "each gets his own answer again"


@pytest.mark.parametrize(("key", "status"), [("x" * 256, 400), ("a\tb", 400), ("x" * 255, 201)])
def test_keys_have_a_length(world: World, key: str, status: int) -> None:
    answer = Api(world, "manager").post("/customers/", {"name": "K"}, Idempotency_Key=key)
    assert answer.status_code == status


def test_a_refused_request_leaves_its_key_free(world: World, engine: Engine) -> None:
    """Nothing is kept of a refusal: the corrected request may use the key."""
    api = Api(world, "manager")
    wrong = api.post("/customers/", {"name": ""}, Idempotency_Key="k-2")
    assert wrong.status_code == 422
    right = api.post("/customers/", {"name": "Fine"}, Idempotency_Key="k-2")
    assert right.status_code == 201


def test_a_bulk_run_with_a_key_runs_once(world: World, engine: Engine) -> None:
    api = Api(world, "manager")
    body = {"ids": [1, 2], "params": {"new_owner": "sales1b"}}
    first = api.post("/customers/bulk/transfer", body, Idempotency_Key="k-3")
    again = api.post("/customers/bulk/transfer", body, Idempotency_Key="k-3")
    assert again.json == first.json
    assert first.json["done"] == 2
    assert stored(engine, "customer", 1)["version"] == 2


def test_a_form_sent_twice_has_one_effect(world: World, engine: Engine) -> None:
    """BULK-8: double click on create, edit, delete and bulk run; the second leads to the same."""
    client = world.client("manager")
    page = hidden_inputs(client.get("/customers/add").text)
    form = {**page, "name": "Twice"}
    answers = [client.post("/customers/add", data=form) for _ in range(2)]
    assert [a.status_code for a in answers] == [302, 302]
    assert answers[0].location == answers[1].location
    assert rows_called(engine, "Twice") == 1
    page = hidden_inputs(client.get("/customers/edit/1").text)
    form = {**page, "name": "Customer 01", "short_name": "x"}
    assert [client.post("/customers/edit/1", data=form).status_code for _ in range(2)] == [302, 302]
    assert stored(engine, "customer", 1)["version"] == 2
    page = hidden_inputs(client.get("/contacts/delete/2").text)
    codes = [client.post("/contacts/delete/2", data=page).status_code for _ in range(2)]
    assert codes[0] == 302
    assert codes[1] in (302, 404)


def test_reading_is_the_same_by_cookie_and_by_token(world: World) -> None:
    """C27: the verdict never depends on how somebody proved who he is."""
    by_token, by_cookie = token_client(world, "sales1a"), world.client("sales1a")
    for path in ("/api/v1/customers/", "/api/v1/customers/1", "/api/v1/customers/3"):
        first, second = by_token.get(path), by_cookie.get(path)
        assert first.status_code == second.status_code
        if first.status_code == 200:
            assert first.json == second.json
    assert by_token.get("/customers/list/").status_code == 302, "tokens open the API only"


def test_head_and_options_tell_nothing_more(world: World) -> None:
    client = world.client("sales1a")
    assert client.head("/api/v1/customers/3").status_code == 404
    assert client.head("/api/v1/customers/1").status_code == 200
    assert client.options("/api/v1/customers/3").status_code in (200, 404)
    assert world.app.test_client().options("/api/v1/customers/").status_code == 401


def test_grants_of_fields_hold_in_writing(world: World, engine: Engine) -> None:
    """C46: read-only by role: form without input, API and bulk edit 422."""
    grant_fields(engine, "sales_manager", "customer", level={"level": 1})
    api = Api(world, "manager")
    write(engine, "customer", 1, level="B")
    assert api.get("/customers/1").json["result"]["level"] == "B"
    assert api.put("/customers/1", {"level": "A"}).status_code == 422
    assert api.bulk("customers", "bulk_edit", [1], {"set": {"level": "A"}}).status_code == 422
    page = api.client.get("/customers/edit/1").text
    form = {**hidden_inputs(page), "name": "Customer 01", "level": "A"}
    assert api.client.post("/customers/edit/1", data=form).status_code == 422
    assert api.get("/customers/", filters=[condition("level", "eq", "B")]).json["ids"] == [1]
