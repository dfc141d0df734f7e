"""Ways round the front door of daily work: views, cells, marks, trails, what forms carry along.

Each attack is made by somebody with rights of his own, on rows and fields that aren't his.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Engine, String, cast, func, insert, select, update
from werkzeug.test import TestResponse

from app.admin.security.requests import OPEN
from app.extensions import db
from app.spec.catalogue import catalogue
from app.store.recent import RecentView
from app.store.views import SavedView
from tests.contract.calls import (
    Api,
    condition,
    filters_of,
    grant_fields,
    pool_ids,
    role_ids,
    set_role,
    stored,
    user_ids,
    write,
)
from tests.contract.test_views import Reader
from tests.generated.browser import Page, Person
from tests.generated.test_routes import address, rules
from tests.support.snapshot import changed, snapshot
from tests.support.web import csrf_token
from tests.support.worlds import World

SECRET = "13955667788"
"""Of which the one who sees a mask knows all but four digits: few enough to try them all."""
MASK = "139****7788"


def sent(person: Person, path: str, **form: Any) -> TestResponse:
    """A form of one's own making with nothing in it but this and the token."""
    return person.client.post(path, data={"csrf_token": person.csrf(), **form})


def untouched(engine: Engine, before: dict[str, str]) -> bool:
    return set(changed(before, snapshot(engine, db.metadata))) <= {"history"}


RECORD = {
    "/customers/cell/{}/remark": {"remark": "x", "row_version": "1"},
    "/customers/star/{}": {"on": "1"},
    "/customers/viewed/{}": {},
    "/customers/note/{}": {"text": "x"},
    "/customers/mark/{}": {"tags": "x"},
    "/customers/layers/{}": {"step": "up:social"},
    "/customers/leave/{}": {},
    "/customers/primary/{}": {"chosen": "1"},
    "/customers/edit/{}": {"remark": "x", "row_version": "1"},
    "/customers/delete/{}": {},
}
"""What is posted about one customer."""
LOOKS = (
    "/customers/cell/{}/remark",
    "/customers/show/{}?tab=history&as_of=2026-11-22",
    "/customers/show/{}?from=view%3Dmine",
    "/customers/add?copy={}",
    "/contacts/add?customer={}",
)
MOST = 999_999_999
"""Of a number in an address; a longer one is no number there (contract §1: 400)."""
OUT_OF_REACH = {
    "somebody else's": 3,
    "of a team one was in": 7,
    "deleted": 9,
    "in a pool of others": 12,
    "in a pool that is closed": 13,
    "never there": 987_654,
    "beyond every table": 2**31,
    "beyond every number": 10**20,
}


@pytest.mark.parametrize("why", OUT_OF_REACH)
def test_what_is_out_of_reach_is_not_there(world: World, engine: Engine, why: str) -> None:
    """C19: the same 404 by every small way to a record, and nothing is written (C39)."""
    person, number = Person("sales1a", world.client("sales1a")), OUT_OF_REACH[why]
    person.csrf()
    before = snapshot(engine, db.metadata)
    for path in LOOKS:
        status = person.get(path.format(number)).status_code
        assert status == 404 or (status == 400 and "copy" in path and number > MOST), path
    for path, form in RECORD.items():
        status = person.post(path.format(number), form).status_code
        assert status == (403 if "delete" in path else 404), path
    assert untouched(engine, before)


@pytest.mark.parametrize("number", [0, 987_654, 2**31, 10**20])
def test_runs_that_cannot_be_are_not_found(world: World, number: int) -> None:
    """Numbers beyond the column's are no fault of the database's (C61)."""
    client = world.client("manager")
    for path in ("", "/report", "/file"):
        assert client.get(f"/api/v1/operations/{number}{path}").status_code == 404
    assert client.get(f"/customers/bulk/transfer/report/{number}").status_code == 404


@pytest.fixture
def masked(world: World, engine: Engine) -> Person:
    """sales1a, for whom his customer's number is masked though he may write it."""
    grant_fields(engine, "salesperson", "customer", mobile={"mask": 2})
    write(engine, "customer", 1, mobile=SECRET)
    return Person("sales1a", world.client("sales1a"))


GUESSES = {
    "form that saw nothing": ("/customers/edit/1", {}),
    "form that saw another field": ("/customers/edit/1", {"original": '{"level":"A"}'}),
    "form of a layer": ("/customers/edit/1?section=basic", {"original": '{"level":"A"}'}),
    "cell of another field": ("/customers/cell/1/remark", {"original": '{"level":"A"}'}),
}  # fmt: skip


@pytest.mark.parametrize("way", GUESSES)
def test_a_masked_number_cannot_be_guessed_at_by_saving_late(
    engine: Engine, masked: Person, way: str
) -> None:
    """C43, C44: over a newer version the right guess is answered as the wrong one, word for word.

    Nothing is written either way, so one could have tried all ten thousand.
    """
    path, carried = GUESSES[way]
    answers = set()
    for guess in (SECRET, "13900017788"):
        form = {**carried, "row_version": "0", "mobile": guess}
        answer = masked.post(path, form)
        answers.add(answer.status_code)
        assert answer.status_code in (400, 409)
        assert (
            masked.rest("PUT", "/customers/1", {"mobile": guess}, {"If-Match": '"0"'}).status_code
            == 412
        )
    assert len(answers) == 1
    assert stored(engine, "customer", 1)["mobile"] == SECRET
    assert stored(engine, "customer", 1)["version"] == 1


def test_a_cell_writes_its_own_field_only(engine: Engine, masked: Person) -> None:
    """LIST-5: what no cell offers, a masked number, doesn't come along with another one."""
    form = {"remark": "mine", "mobile": "13900001111", "row_version": "1"}
    assert masked.post("/customers/cell/1/remark", form).status_code == 400
    assert (stored(engine, "customer", 1)["mobile"], stored(engine, "customer", 1)["remark"]) == (
        SECRET,
        None,
    )


def test_shared_views_tell_nobody_which_tags_are_mine(world: World, engine: Engine) -> None:
    """CUS-8: neither shared at once, nor later, nor by what a shared one shows from now on."""
    reader = Reader(world, "manager")
    tagged = condition("my_tags", "any", ["hush"])
    noted = condition("my_notes", "ct", "hush")
    hidden = {"or": [condition("level", "eq", "A"), {"and": [tagged]}]}
    plain = reader.kept(condition("starred", "eq", value=True), audience="all", name="starred")
    own = reader.kept(hidden, name="own")
    for one in (tagged, noted, hidden):
        assert reader.keep(one, audience="all").status_code == 422
        late = f"/views/customers/update/{plain}?view={plain}&filters={quote(filters_of(one))}"
        assert reader.post(late, {"row_version": "1"}).status_code == 422
    shared = {"row_version": "1", "name": "own", "audience": "all"}
    assert reader.post(f"/views/customers/edit/{own}", shared).status_code == 422
    with engine.connect() as connection:
        told = connection.execute(
            select(func.count()).where(
                SavedView.audience != "nobody",
                cast(SavedView.definition, String).contains("hush"),
            )
        ).scalar()
    assert told == 0
    assert "hush" not in Reader(world, "sales1a").open(plain).text


def test_a_hidden_english_name_shows_nowhere(world: World, engine: Engine) -> None:
    """C42, UI-8: nor where a record is merely called something; its name stays what it is."""
    write(engine, "customer", 1, name_en="Farhill Trading")
    person = Person("clerk1", world.client("clerk1"))
    person.get("/lang/en")
    pages = (
        "/customers/list/?size=100", "/customers/show/1", "/customers/show/1?tab=history",
        "/customers/edit/1", "/customers/add?copy=1", "/contacts/list/", "/contacts/show/1",
        "/contacts/edit/1", "/contacts/options/customer?q=", "/contacts/options/customer?q=Farh",
        "/customers/bulk/add_tags?id=1", "/data-quality/customers", "/recent/", "/recent/menu",
        "/search/?q=Customer", "/recycle-bin/", "/api/v1/customers/", "/api/v1/customers/1",
        "/api/v1/contacts/", "/api/v1/contacts/1", "/api/v1/search/?q=Customer",
        "/customers/list/?search=Farhill",
    )  # fmt: skip
    set_role(engine, "clerk1", "clerk", "salesperson")
    person.post("/customers/viewed/1", {})
    with engine.begin() as connection:
        table = catalogue.get("customer").model.__table__
        values = {"name_en": "Farhill Deleted"}
        connection.execute(update(table).where(table.c.id == 9).values(**values))
    seen = [path for path in pages if "Farhill" in person.get(path).text]
    assert len(seen) > 12, "who may read it finds it in most places"
    for role in ("clerk", "salesperson"):
        grant_fields(engine, role, "customer", name_en={"level": 0})
    for path in pages:
        text = person.get(path).text.replace("search=Farhill", "").replace('value="Farhill"', "")
        assert "Farhill" not in text, path
    assert "Customer 01" in person.get("/customers/list/?size=100").text


@pytest.mark.parametrize("part", ["level", "mask"])
def test_what_a_record_is_called_by_can_not_be_hidden(world: World, part: str) -> None:
    """A confirmation made by hand offers no cell that the page doesn't (MATRIX-1)."""
    person = Person("admin", world.client("admin"))
    old, new = {"level": (2, 0), "mask": (0, 2)}[part]
    proposal = json.dumps([[[2, 1]], [[2, "customer", part, "name", old, new]], []])
    assert sent(person, "/matrix/save", proposal=proposal).status_code == 400
    drawer = {"row:customer": "none|", "drawer:customer": "{}", "row_version": "1"}
    cells = {"level": ("field:customer:{}", "hidden"), "mask": ("mask:customer:{}", "all")}
    for key, status in (("name", 400), ("mobile", 200)):
        cell, value = cells[part]
        answer = sent(person, "/matrix/2", **drawer, **{cell.format(key): value})
        assert answer.status_code == status, key


def test_the_trail_ends_with_the_right_to_read(world: World, engine: Engine) -> None:
    """UI-15: also for kinds of records whose rows belong to nobody."""
    person = Person("system", world.client("system"))
    for path in ("/roles/viewed/2", "/announcements/viewed/1", "/users/viewed/1"):
        person.post(path, {})
    assert "/roles/show/2" in person.get("/recent/").text
    set_role(engine, "system", "legal")
    for path in ("/recent/", "/recent/menu"):
        assert "/show/" not in person.get(path).text, path
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(RecentView.__table__)), "kept"


SMUGGLED = ("Infinity", "-Infinity", "NaN", "1e999", '"\\ud800"', "[[1]]", '{"a":1}', "9" * 5_000)
FORMS = {
    "what a form saw": ("/customers/edit/1", '{{"short_name":{0},"annual_revenue":{0}}}', {
        "original": "", "name": "", "short_name": "x", "annual_revenue": "1"}),
    "what a cell saw": ("/customers/cell/1/level", '{{"level":{0}}}', {
        "original": "", "level": "no such", "row_version": "0"}),
    "what was disputed": ("/customers/edit/1", '{{"annual_revenue":{0}}}', {
        "disputed": "", "keep-annual_revenue": "original", "annual_revenue": "1", "name": ""}),
    "the settings as they were": ("/settings/", '{{"stale_days":{0}}}', {
        "original": "", "stale_days": "x", "seen": ""}),
    "a dictionary as it was": ("/dictionaries/source", '[["A",{0},"A","",1]]', {"original": ""}),
    "versions of a proposal": ("/matrix/save", "[[[2,{0}]],[],[]]", {"proposal": ""}),
    "roles of a proposal": ("/matrix/2", "[[[{0},1]],[],[]]", {"proposal": "", "step": "edit"}),
    "a cell of a proposal": ("/matrix/save", '[[[2,1]],[[2,"lead","scope","",{0},"all"]],[]]', {
        "proposal": ""}),
    "an open drawer": ("/matrix/2", '{{"mobile":{{"level":{0}}}}}', {
        "row:customer": "none|", "drawer:customer": "", "row_version": "1"}),
    "widths of columns": ("/columns/customers/widths", '{{"name":{0}}}', {"widths": ""}),
}  # fmt: skip
"""Where a form carries JSON along: the address, the text, and the inputs, the empty one for it."""


@pytest.mark.parametrize("form", FORMS)
def test_what_forms_carry_along_is_looked_at(world: World, engine: Engine, form: str) -> None:
    """C57, C60: numbers without end, half characters and odd shapes are refused, never a fault."""
    path, text, inputs = FORMS[form]
    person = Person("admin", world.client("admin"))
    person.csrf()
    before = snapshot(engine, db.metadata)
    for one in SMUGGLED:
        carried = {key: value or text.format(one) for key, value in inputs.items() if key != "name"}
        answer = sent(person, path, **carried, **({"name": ""} if "name" in inputs else {}))
        assert answer.status_code in (400, 409, 422), (one[:20], answer.status)
    assert untouched(engine, before)


EMPTY = ("csrf_token", "X-CSRFToken")


def unsafe(world: World) -> Iterator[tuple[str, str]]:
    """Every address with a verb that may change something."""
    for rule in rules(world):
        for verb in sorted({"POST", "PUT", "DELETE", "PATCH"} & set(rule.methods or ())):
            if not rule.rule.startswith(("/login/", "/api/v1/security/", "/static/")):
                yield verb, address(rule)


def test_other_sites_do_nothing_by_any_address(world: World, engine: Engine) -> None:
    """C49: without a token, or with one of somebody else's session, every one of them is 400."""
    mine, tried = world.client("admin"), 0
    stolen = csrf_token(world.client("clerk1"), "/notifications/")
    mine.get("/readyz")
    before = snapshot(engine, db.metadata)
    for verb, path in unsafe(world):
        for token in ("", stolen):
            sent: dict[str, Any] = {"headers": {"X-CSRFToken": token}} if token else {}
            body = {"json": {"ids": [1]}} if path.startswith("/api/") else {"data": {"on": "1"}}
            answer = mine.open(path, method=verb, **sent, **body)
            assert answer.status_code == 400, f"{verb} {path}: {answer.status}"
            tried += 1
    assert tried > 150
    assert untouched(engine, before)


def test_a_session_of_somebody_disabled_opens_nothing(world: World, engine: Engine) -> None:
    """C10: every page leads to the login, every call is 401, whatever was open a moment ago."""
    client = world.client("admin")
    token = csrf_token(client, "/notifications/")
    write(engine, "user", user_ids(engine)["admin"], is_active=False)
    for rule in rules(world):
        if rule.endpoint in OPEN:
            continue
        for verb in sorted({"GET", "POST", "PUT", "DELETE"} & set(rule.methods or ())):
            path = address(rule)
            answer = client.open(path, method=verb, headers={"X-CSRFToken": token})
            if path.startswith("/api/"):
                assert answer.status_code == 401, f"{verb} {path}: {answer.status}"
            else:
                assert answer.status_code == 302, f"{verb} {path}: {answer.status}"
                assert answer.location.startswith("/login/"), f"{verb} {path}"


HOSTILE = "\"'><img src=x onerror=alert(1)>{{7*7}}</script>"


def test_no_name_is_ever_markup(world: World, engine: Engine) -> None:
    """C50, C51: in every text of everything, on every page and its parts."""
    manager = user_ids(engine)["manager"]
    with engine.begin() as connection:
        for entity in (one for one in catalogue if one.key != "audit"):
            table, fields = entity.model.__table__, entity.fields
            for key, field in fields.items():
                if field.kind not in ("text", "long_text") or key == "username":
                    continue
                text: Any = HOSTILE
                if key == entity.title or field.is_unique:
                    text = cast(table.c.id, String) + HOSTILE
                length = getattr(field, "max_length", None) or 200
                marked = func.substr(text, 1, length)
                connection.execute(update(table).values({key: marked}))
        connection.execute(
            insert(SavedView.__table__).values(
                entity="customer", owner_id=manager, name=HOSTILE,
                name_en=HOSTILE, audience="all", circle={"roles": [], "departments": []},
                definition={"filters": [], "search": HOSTILE, "order": "", "columns": [],
                            "display": "table"}, version=1,
            )
        )  # fmt: skip
    person, seen = Person("admin", world.client("admin")), 0
    person.post("/customers/mark/1", {"tags": "<img src=x>"})
    person.post("/customers/viewed/1", {})
    paths = {address(rule) for rule in rules(world) if "GET" in (rule.methods or ())}
    paths |= {f"/customers/show/1?tab={tab}" for tab in ("contacts", "team", "history")}
    paths |= {"/customers/list/?view=1", f"/search/?q={quote('<img src')}"}
    paths.add("/customers/list/?filters=" + quote(filters_of(condition("owner", "eq", 1))))
    for path in sorted(paths):
        answer = person.get(path)
        assert answer.status_code < 500, path
        if answer.mimetype == "text/html":
            assert "<img src=x" not in answer.text, path
            assert "&gt;49&lt;" not in answer.text, path
            seen += "&lt;img src=x" in answer.text
            for _tag, has in Page(answer.text).attributes:
                assert "onerror" not in has, path
    assert seen > 30, "the names do stand on most pages"


@pytest.mark.parametrize("mask", [1, 2])
def test_a_rehearsal_tells_nothing_of_a_masked_value(
    world: World, engine: Engine, mask: int
) -> None:
    """C43: a dry run of the right guess looks as one of a wrong guess, on the page and by REST."""
    grant_fields(engine, "sales_manager", "customer", mobile={"mask": mask})
    write(engine, "customer", 1, mobile=SECRET)
    person, seen = Person("manager", world.client("manager")), set()
    for guess in (SECRET, "13900017788"):
        form = {"ids": "1", "step": "preview", "mobile": guess}
        page = person.post("/customers/bulk/bulk_edit", form)
        body = {"ids": [1], "params": {"set": {"mobile": guess}}, "dry_run": True}
        told = person.rest("POST", "/customers/bulk/bulk_edit", body)
        assert (page.status_code, told.status_code) == (200, 200)
        for answer in (page, told):
            assert SECRET not in answer.text.replace(guess, "")
        words = " ".join(Page(page.text).words).replace("139****7788", "").replace(guess, "")
        seen.add((words, told.text))
    assert len(seen) == 1, seen


STATES = {
    "set_deal_status": ("deal_status won_at", [{"status": "won"}, {"status": "not_won"}]),
    "add_tags": ("tags", [{"tags": ["VIP"]}, {"tags": ["Gold"]}]),
    "remove_tags": ("tags", [{"tags": ["VIP"]}, {"tags": ["Gold"]}]),
    "lock": ("lock_reason", [{"reason": "tender"}, {"reason": "fair"}]),
}
"""Operations on a state that may be hidden, with what is so and what isn't of customer 1."""


@pytest.mark.parametrize("slug", STATES)
def test_a_rehearsal_tells_nothing_of_a_hidden_state(
    world: World, engine: Engine, slug: str
) -> None:
    """C43: "nothing would change" is said only of what the doer may read."""
    boss, (keys, guesses) = Api(world, "admin"), STATES[slug]
    boss.bulk("customers", "set_deal_status", [1], {"status": "won"})
    boss.bulk("customers", "lock", [1], {"reason": "tender"})
    for number, tag in ((1, "VIP"), (2, "Gold")):
        boss.bulk("customers", "add_tags", [number], {"tags": [tag]})
    for level, answers in ((1, 2), (0, 1)):
        levels = {key: {"level": level} for key in keys.split()}
        grant_fields(engine, "sales_manager", "customer", **levels)
        api = Api(world, "manager")
        told = [api.bulk("customers", slug, [1], one, dry_run=True) for one in guesses]
        assert [one.status_code for one in told] == [200, 200], told[0].text
        assert len({one.text for one in told}) == answers, keys
    before = stored(engine, "customer", 1)
    assert api.bulk("customers", slug, [1], guesses[slug == "remove_tags"]).json["done"] == 1
    assert stored(engine, "customer", 1) == before, "what is so already is not written again"


def test_a_pool_tells_its_members_nothing_of_the_past(world: World, engine: Engine) -> None:
    """POOL-1, contract §6: who owned and wrote it stands in no visible column; a claim opens it."""
    api = Api(world, "sales1b")
    assert api.put("/customers/3", {"level": "B"}).status_code == 200
    pool = pool_ids(engine)["Open customers"]
    assert api.bulk("customers", "release", [3], {"pool": pool}).json["done"] == 1
    member, admin = (Person(name, world.client(name)) for name in ("sales1a", "leader1"))
    paths = ("/customers/show/3?tab=history", "/customers/show/3?tab=team")
    past = "/customers/show/3?tab=history&as_of=2999-01-01"
    for path in ("/customers/show/3", *paths, past):
        page = member.get(path)
        assert page.status_code == 200
        assert not {"history", "team"} & Page(page.text).hooks("data-tab")
        assert "sales1b" not in page.text.lower(), path
    assert "sales1b" in admin.get(paths[0]).text.lower(), "the pool's admin sees all of it"
    assert Api(world, "sales1a").bulk("customers", "claim", [3]).json["done"] == 1
    assert "sales1b" in member.get(paths[0]).text.lower()


def test_two_hats_read_wide_and_write_narrow(world: World, engine: Engine) -> None:
    """PERM-2: a scope belongs to its operation, on the small ways too."""
    set_role(engine, "sales1a", "salesperson", "auditor")
    person = Person("sales1a", world.client("sales1a"))
    person.csrf()
    before = snapshot(engine, db.metadata)
    for path in ("/customers/show/3", "/customers/add?copy=3", "/customers/show/3?tab=history"):
        assert person.get(path).status_code == 200, path
    for path in ("/customers/cell/3/remark", "/customers/edit/3"):
        assert person.get(path).status_code == 404, path
        assert person.post(path, {"remark": "x"}).status_code == 404, path
    for slug, params in (
        ("lock", {"reason": "x"}),
        ("add_tags", {"tags": ["Spare"]}),
        ("add_team", {"users": ["clerk1"], "level": "read"}),
    ):
        told = Api(world, "sales1a").bulk("customers", slug, [3], params, dry_run=True)
        assert (told.status_code, told.json.get("will_change")) in ((200, 0), (422, None)), slug
    assert person.get("/recycle-bin/").status_code == 403
    assert untouched(engine, before)


def test_a_proposal_moves_no_version_of_a_wider_role(world: World, engine: Engine) -> None:
    """MATRIX-8: naming a role without changing it does nothing to it."""
    person, wide = Person("system", world.client("system")), role_ids(engine)["sales_manager"]
    person.csrf()
    before = snapshot(engine, db.metadata)
    answer = sent(person, "/matrix/save", proposal=json.dumps([[[wide, 1]], [], []]))
    assert answer.status_code in (302, 403)
    assert untouched(engine, before)
