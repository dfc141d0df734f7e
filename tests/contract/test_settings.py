"""What admins set is obeyed by every process on its next request, and never lost (SET-1)."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app.spec import clock
from app.spec import settings as declared
from app.spec.errors import StaleVersion
from tests.support.web import submit

if TYPE_CHECKING:
    from tests.support.worlds import World

ELSEWHERE = """
import json
import sys
from app import create_app
from config import settings
from app.extensions import db
from app.spec.settings import find
from app.store.context import system_scope
from app.store.settings import Wish, save

instance, url, changes = sys.argv[1:]
application = create_app({**settings({"CRM_INSTANCE": instance, "DATABASE_URL": url})})
with application.app_context(), system_scope("another process sets something"):
    save([Wish(find(key), value, 0) for key, value in json.loads(changes).items()])
    db.session.commit()
"""


def set_elsewhere(world: "World", **changes: str) -> None:
    """Set that in a process of its own on the same database."""
    world.is_dirty = True
    place = [world.app.config["CRM_INSTANCE"], world.server.url(world.name)]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ELSEWHERE, *place, json.dumps(changes)],
        cwd=Path(__file__).parents[2],
        env={**os.environ},
        timeout=120,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-500:]


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
    set_elsewhere(world, page_size="20", company_name="<b>Acme</b>")
    for answer in (browser.get("/customers/list/"), guest.get("/login/")):
        assert "&lt;b&gt;Acme&lt;/b&gt;" in answer.text
        assert "<b>Acme" not in answer.text
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
    set_elsewhere(world, currency="EUR", country="DE")
    browser = world.client("admin")
    form = browser.get("/customers/add").text
    assert "€" in form
    assert "¥" not in form
    made = submit(browser, "/customers/add", name="Müller GmbH", mobile="0151 23456789")
    assert made.status_code == 302, made.text
    assert "+4915123456789" in browser.get(made.location).text
