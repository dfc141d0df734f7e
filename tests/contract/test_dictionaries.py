"""Lists of choices that admins edit: nothing in use is lost, nobody's change is lost (CUS, C37)."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from tests.support.elsewhere import run_elsewhere
from tests.support.web import hidden_inputs, submit

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from tests.support.worlds import World

PAGE = "/dictionaries/source"
SCRIPT = "<script>alert(1)</script>"
RENAME = """
from app.spec.options import Option
from app.spec.words import Label
from app.store import dictionaries
words = dictionaries.get("source")
now = dictionaries.load()["source"]
dictionaries.save(words, now, [Option(o.code, Label(given["en"], o.label.zh)) for o in now[:1]]
                  + list(now[1:]))
"""


def rows(client: "FlaskClient") -> dict[str, str]:
    """The whole form of the dictionary as a browser posts it back unchanged."""
    from app.store import dictionaries

    page = client.get(PAGE)
    assert page.status_code == 200
    form = hidden_inputs(page.text)
    with client.application.app_context():
        stored = dictionaries.load()["source"]
    for place, option in enumerate(stored, start=1):
        row = {"zh": option.label.zh, "en": option.label.en, "colour": option.colour}
        row |= {"position": str(place)} | ({"active": "1"} if option.is_active else {})
        form |= {f"{part}:{option.code}": value for part, value in row.items()}
    return form


def save(client: "FlaskClient", form: dict[str, str], **changes: str) -> "TestResponse":
    edited = {**form, **{key.replace("__", ":"): value for key, value in changes.items()}}
    return client.post(PAGE, data={key: value for key, value in edited.items() if value != "off"})


def codes(client: "FlaskClient") -> list[str]:
    from app.store import dictionaries

    with client.application.app_context():
        return [option.code for option in dictionaries.load()["source"]]


def test_values_are_added_renamed_and_put_in_order(world: "World") -> None:
    """And the code of a new one is made of its English name."""
    admin = world.client("system")
    form = rows(admin)
    answer = save(
        admin, form, new_zh="展会", new_en="Trade fair", zh__referral="老客户介绍",
        colour__referral="green", position__referral="0",
    )  # fmt: skip
    assert answer.status_code == 302, answer.text
    assert codes(admin)[0] == "referral"
    assert codes(admin)[-1] == "trade_fair"
    browser = world.client("sales1a")
    browser.get("/lang/zh")
    assert "老客户介绍" in browser.get("/customers/add").text
    assert '<option value="trade_fair"' in browser.get("/customers/add").text


def test_what_another_process_renames_is_read_on_the_next_request(world: "World") -> None:
    """MATRIX-9 for dictionaries, and C51: a label is text wherever it stands."""
    browser = world.client("sales1a")
    browser.get("/lang/en")
    assert "Promotion" in browser.get("/customers/add").text
    run_elsewhere(world, RENAME, en=SCRIPT)
    for path in ("/customers/add", "/customers/list/", "/leads/add"):
        text = browser.get(path).text
        assert SCRIPT not in text, path
        assert "alert(1)" in text, path
        assert ">Promotion<" not in text, path


def test_a_retired_value_stays_readable_and_filterable_and_is_not_choosable(
    world: "World",
) -> None:
    admin, person = world.client("system"), world.client("admin")
    form = rows(admin)
    assert submit(person, "/customers/edit/1", source="referral").status_code == 302
    assert save(admin, form, active__referral="off").status_code == 302
    person.get("/lang/en")
    assert "Referral" in person.get("/customers/show/1").text
    assert '<option value="referral"' not in person.get("/customers/add").text
    assert '<option value="referral" selected>Referral' in person.get("/customers/edit/1").text
    assert submit(person, "/customers/edit/1", remark="kept").status_code == 302
    assert submit(person, "/customers/edit/2", source="referral").status_code == 422
    found = '/customers/list/?filters=[{"col":"source","opr":"eq","value":"referral"}]'
    assert 'data-total="1"' in person.get(found).text
    assert "Referral (retired)" in person.get("/customers/list/").text


def test_nothing_in_use_and_nothing_built_in_is_deleted(world: "World") -> None:
    admin, person = world.client("system"), world.client("admin")
    assert save(admin, rows(admin), new_zh="展会", new_en="Fair").status_code == 302
    assert submit(person, "/customers/edit/1", source="fair").status_code == 302
    for code in ("fair", "referral"):
        assert save(admin, rows(admin), **{f"delete__{code}": "1"}).status_code == 409, code
    assert {"fair", "referral"} <= set(codes(admin))
    assert submit(person, "/customers/edit/1", source="").status_code == 302
    assert save(admin, rows(admin), delete__fair="1").status_code == 302
    assert "fair" not in codes(admin)


def test_two_admins_at_one_dictionary(world: "World") -> None:
    """C37: different values merge, the same one is a conflict that shows both."""
    one, other = world.client("system"), world.client("admin")
    opened = rows(one)
    theirs = save(other, opened | hidden_inputs(other.get(PAGE).text), zh__referral="他们的名称")
    assert theirs.status_code == 302
    stale = save(one, opened, zh__referral="我的名称", zh__promotion="大促销")
    assert stale.status_code == 409
    assert "他们的名称" in stale.text
    assert stale.text.count("我的名称") >= 2  # compared, and kept in the form
    assert save(one, opened, zh__promotion="大促销").status_code == 302
    page = one.get(PAGE).text
    assert "大促销" in page
    assert "他们的名称" in page


def test_what_can_be_no_choice_is_refused(world: "World") -> None:
    admin = world.client("system")
    form = rows(admin)
    wrong: list[dict[str, Any]] = [
        {"zh__referral": ""},
        {"zh__referral": "促销"},
        {"en__referral": "x" * 81},
        {"zh__referral": "a\x00b"},
        {"new_zh": "\x00", "new_en": "Control"},
        {"new_zh": "只有中文"},
        {"new_zh": "重复", "new_en": "Twice", "new_code": "referral"},
        {"new_zh": "坏编码", "new_en": "Bad", "new_code": "a b"},
        {f"active__{code}": "off" for code in codes(admin)},
    ]
    for changes in wrong:
        assert save(admin, form, **changes).status_code == 422, changes
    assert save(admin, form, junk="1").status_code == 400
    for original in ("[1]", '[["x",{"a":1},"B","red",1]]', '[["x","A","B","plaid",1]]'):
        assert save(admin, form, original=original).status_code == 400, original
    assert admin.get("/dictionaries/level").status_code == 404  # not for editing


def test_every_change_is_in_the_audit_log(world: "World") -> None:
    from app.extensions import db
    from app.store.context import system_scope
    from app.store.history import History

    admin = world.client("system")
    assert save(admin, rows(admin), zh__referral="老客户介绍").status_code == 302
    with world.app.app_context(), system_scope("a test reads the log"):
        found = db.session.execute(
            select(History.subject, History.changes).where(
                History.operation == "dictionary_changed"
            )
        ).one()
    assert found.subject == "source"
    old, new = found.changes["referral"]
    assert (old["zh"], new["zh"]) == ("转介绍", "老客户介绍")
