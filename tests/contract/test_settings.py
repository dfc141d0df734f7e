"""What admins set is obeyed by every process on its next request, and never lost (SET-1)."""

import io
import re
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app.spec import clock, company
from app.spec import settings as declared
from app.spec.errors import StaleVersion
from tests.support.elsewhere import run_elsewhere
from tests.support.web import hidden_inputs, submit

if TYPE_CHECKING:
    from tests.support.worlds import World

SET = """
from app.spec.settings import find
from app.store.settings import Wish, save
save([Wish(find(key), value, 0) for key, value in given.items()])
"""
TICKED = {"address_book_mobiles": "1", "daily_logs_due": "1"}
"""The boxes that are ticked when the page is opened: a browser sends them along."""
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c494441"
    "5478da63e04e690000016d00f0e2db8b410000000049454e44ae426082"
)
SCRIPT = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


@pytest.fixture
def work(world: "World") -> "Iterator[World]":
    """The system at work, for calling the store directly."""
    from app.extensions import db
    from app.store.context import system_scope

    with world.app.app_context(), system_scope("a test sets something"):
        yield world
        db.session.rollback()
    declared.live.set({})


def wish(key: str, value: Any, version: int = 0) -> Any:
    from app.store.settings import Wish

    setting = declared.find(key)
    assert setting is not None
    return Wish(setting, value, version)


def test_what_another_process_sets_holds_on_the_next_request(world: "World") -> None:
    """MATRIX-9 for settings, for people and for guests, and C51: a name is text, never markup."""
    browser, guest = world.client("sales1a"), world.app.test_client()
    assert "size=50" not in browser.get("/customers/list/").text  # 50 is the default
    run_elsewhere(world, SET, page_size="20", company_name="<b>Acme</b>")
    for answer in (browser.get("/customers/list/"), guest.get("/login/")):
        assert "&lt;b&gt;Acme&lt;/b&gt;" in answer.text
        assert "<b>Acme" not in answer.text
    admin, begins = world.client("admin"), '<option value="en" selected>'
    assert begins not in admin.get("/users/add").text
    run_elsewhere(world, SET, language="en")
    assert begins in admin.get("/users/add").text
    listed = browser.get("/customers/list/").text
    assert "size=50" in listed
    assert "size=20" not in listed


def test_two_admins_who_set_the_same_thing_are_told(work: "World") -> None:
    """C37: both values come back; what nobody else touched, or set alike, is no clash."""
    from app.store import settings

    assert settings.save([wish("page_size", "20"), wish("seat_days", 30)]) == [
        "page_size",
        "seat_days",
    ]
    assert settings.save([wish("page_size", "20"), wish("country", "DE")]) == ["country"]
    with pytest.raises(StaleVersion) as refusal:
        settings.save([wish("page_size", "100"), wish("currency", "EUR")])
    (clash,) = refusal.value.conflicts
    assert (clash.setting.key, clash.mine, clash.theirs, clash.version) == (
        "page_size",
        "100",
        "20",
        1,
    )
    assert settings.save([wish("page_size", "100", clash.version)]) == ["page_size"]
    assert settings.save([wish("page_size", None, 2)]) == ["page_size"]
    assert settings.load() == {"seat_days": 30, "country": "DE"}
    with pytest.raises(StaleVersion):  # gone back to the default is a change too
        settings.save([wish("page_size", "100", 2)])


def test_every_change_is_in_the_audit_log(work: "World") -> None:
    """AUDIT-2: old and new, null for the default."""
    from app.extensions import db
    from app.store import settings
    from app.store.history import History

    settings.save([wish("seat_days", 7)])
    settings.save([wish("seat_days", None, 1)])
    found = db.session.scalars(
        select(History.changes)
        .where(History.operation == "setting_changed", History.subject == "seat_days")
        .order_by(History.id)
    )
    assert list(found) == [{"seat_days": [None, 7]}, {"seat_days": [7, None]}]


def test_what_is_no_longer_understood_gives_way_to_the_default(work: "World") -> None:
    """A module that went away, a kind that changed: the program goes on."""
    from app.extensions import db
    from app.store import settings

    rows = [{"key": "gone_with_its_module", "value": 1}, {"key": "currency", "value": "EUR"}]
    table = settings.StoredSetting.__table__
    marks = {"version": 1, "updated_at": clock.now()}
    db.session.execute(table.insert(), [{**row, **marks} for row in rows])
    assert settings.load() == {"currency": "EUR"}


def test_what_is_set_is_obeyed(world: "World") -> None:
    """Each setting changes what it says: amounts, telephone numbers, seats."""
    run_elsewhere(world, SET, currency="EUR", country="DE")
    browser = world.client("admin")
    form = browser.get("/customers/add").text
    assert "€" in form
    assert "¥" not in form
    made = submit(browser, "/customers/add", name="Müller GmbH", mobile="0151 23456789")
    assert made.status_code == 302, made.text
    assert "+4915123456789" in browser.get(made.location).text


def test_the_page_saves_what_was_changed_and_shows_what_is_wrong(world: "World") -> None:
    """UI-6: beside the field, with the input kept; nothing else of the form is saved then."""
    admin = world.client("system")
    wrong = submit(admin, "/settings/", page_size="33", seat_days="7", **TICKED)
    assert wrong.status_code == 422
    assert 'value="7"' in wrong.text
    assert wrong.text.count('class="field-error"') == 1
    assert submit(admin, "/settings/", page_size="20", seat_days="", **TICKED).status_code == 302
    listed = admin.get("/settings/?search=page").text
    assert 'name="reset" value="page_size"' in listed
    assert "seat_days" not in listed
    past = admin.get("/settings/history").text
    assert "<del>50</del>" in past
    assert "<ins>20</ins>" in past
    assert submit(admin, "/settings/?search=rows", reset="page_size").status_code == 302
    assert 'name="reset"' not in admin.get("/settings/").text
    assert submit(admin, "/settings/", junk="1").status_code == 400


def test_two_admins_on_the_page(world: "World") -> None:
    """C37: 409 with both values and the input kept; what the other one changed alone stays."""
    one, other = world.client("system"), world.client("admin")
    one.get("/lang/zh")
    opened = hidden_inputs(one.get("/settings/").text)
    theirs = {"seat_days": "30", "company_name": "Acme", "working_days": ["tue"]}
    assert submit(other, "/settings/", **theirs).status_code == 302
    mine = {"seat_days": "7", "company_name": "", "working_days": ["sun", "mon"]}
    stale = one.post("/settings/", data={**opened, **mine})
    assert stale.status_code == 409
    for side in (">周一、周日<", "<mark>周二</mark>", ">周一、周二、周三、周四、周五</td>"):
        assert side in stale.text
    assert ">7<" in stale.text
    assert "<mark>30</mark>" in stale.text
    again = {**hidden_inputs(stale.text), **mine, "company_name": "Acme"}
    assert one.post("/settings/", data=again).status_code == 302
    page = one.get("/settings/").text
    assert 'value="7"' in page
    assert 'value="Acme"' in page


def test_the_working_calendar_is_typed_and_shown(
    world: "World", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused with the line and the reason, and kept as typed; what it comes to is on the page."""
    monkeypatch.setattr(company, "today", lambda: date(2026, 12, 29))  # a Tuesday
    admin = world.client("system")
    admin.get("/lang/en")
    assert "the next working day is Wed, Dec 30" in admin.get("/settings/").text
    wrong = {"holidays": "2027-01-01 ~ 3 New Year\n2027-02-30", "working_days": ["mon"]}
    refused = submit(admin, "/settings/", **wrong)
    assert refused.status_code == 422
    assert "Line 2: There is no day 2027-02-30." in refused.text
    assert f">{wrong['holidays']}</textarea>" in refused.text
    given = {
        "holidays": "2026-12-30 - 1/3 New Year",
        "make_up_days": "2027年1月2日",
        "working_days": ["sun", "mon", "tue", "wed", "thu", "fri"],
    }
    assert submit(admin, "/settings/", **given).status_code == 302
    page = admin.get("/settings/?search=holidays").text
    assert ">2026-12-30 ~ 2027-01-03 New Year</textarea>" in page
    assert "the next working day is Sat, Jan 2" in page
    off = re.findall(r'title="New Year"><time datetime="([\d-]+)"', page)
    assert off == ["2026-12-30", "2026-12-31", "2027-01-01", "2027-01-03"]
    assert "<dt>Jan 2027</dt><dd>25</dd>" in page
    admin.get("/lang/zh")
    assert "<del>周一、周二、周三、周四、周五</del>" in admin.get("/settings/history").text


def test_a_logo_is_what_its_bytes_are(world: "World") -> None:
    """C64, C65: PNG and JPEG only, as themselves, for guests too, and no other picture."""
    admin, guest = world.client("system"), world.app.test_client()
    for content in (SCRIPT, b"", b"GIF89a", PIXEL[:-4], PIXEL + SCRIPT, PIXEL + bytes(300_000)):
        answer = submit(admin, "/settings/", logo=(io.BytesIO(content), "logo.png"))
        assert answer.status_code == 422, content[:20]
    assert "/static/logo/" not in guest.get("/login/").text
    saved = submit(admin, "/settings/", logo=(io.BytesIO(PIXEL), "x.svg"))
    assert saved.status_code == 302
    address = guest.get("/login/").text.partition('src="/static/logo/')[2].partition('"')[0]
    picture = guest.get(f"/static/logo/{address}")
    assert picture.data == PIXEL
    assert picture.content_type == "image/png"
    assert "sandbox" in picture.headers["Content-Security-Policy"]
    assert guest.get(f"/static/logo/{'0' * 64}.png").status_code == 404
