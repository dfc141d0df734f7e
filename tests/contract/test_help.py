"""Help stands beside every page, and every key leads somewhere (UI-14)."""

import re

import pytest
from flask.testing import FlaskClient

from app.admin.manual import SHORTCUTS, texts_at
from app.admin.navigation import letters
from app.spec.catalogue import catalogue
from app.spec.words import language
from tests.support.worlds import World

HAN = re.compile("[\u4e00-\u9fff]")
NO_PAGE_OF_ITS_OWN = {
    "LogoView.show": "a picture",
    "HandOverView.rows": "a file",
    "EventFileView.ics": "a file",
    "FeedView.feed": "a file",
    "favicon": "a picture",
    "DataQualityView.counts": "a piece of a page",
    "ToDosView.counts": "a piece of a page",
    "CalendarView.entries": "data of a page",
    "ToDosView.waiting": "a piece of a page",
    "SearchView.panel": "a piece of a page",
    "JobsView.progress": "a piece of a page",
    "JobsView.tray": "a piece of a page",
    "NotificationsView.unread": "a piece of a page",
    "PhrasesView.menu": "what a menu offers, as data",
    "MatrixView.first": "leads on to a role",
    "DashboardView.file": "a file",
    "RecentView.menu": "a piece of a page",
    "LoginView.login": "for guests, who have no help panel",
    "LogoutView.logout": "one button",
    "LanguageView.switch": "leads back",
    "HealthView.healthz": "for programs",
    "HealthView.readyz": "for programs",
}
"""Endpoints of views that show no page with a help button, each with the reason."""


def pages(world: World) -> dict[str, str]:
    """Endpoint to address of everything that somebody looks at as a page."""
    return {
        rule.endpoint: re.sub(r"<int:[^>]+>", "1", rule.rule).replace("<slug>", "delete")
        for rule in world.app.url_map.iter_rules()
        if "GET" in (rule.methods or ())
        and not rule.rule.startswith(("/api/", "/static"))
        and not rule.endpoint.endswith((".options", ".static", "Rows.cell", "Rows.sums"))
        and rule.endpoint != "static"
    }


def test_every_page_is_explained_in_both_languages(world: World) -> None:
    for code in ("zh", "en"):
        with world.app.test_request_context():
            language.set(code)
            for endpoint, path in pages(world).items():
                texts = texts_at(path)
                where = f"nothing explains {endpoint}: decorate it with explained()"
                assert texts or endpoint in NO_PAGE_OF_ITS_OWN, where
                assert all(bool(HAN.search(text)) == (code == "zh") for text in texts), texts
    assert set(NO_PAGE_OF_ITS_OWN) <= {r.endpoint for r in world.app.url_map.iter_rules()}
    assert all(entity.help for entity in catalogue), "an entity says nothing of its records"


@pytest.mark.parametrize("at", ["", "/nowhere", "//evil.example/", "\x00", "/customers/show/x"])
def test_a_strange_address_has_only_the_keys(world: World, at: str) -> None:
    answer = world.client("sales1a").get("/help/", query_string={"at": at})
    assert answer.status_code == 200
    assert "data-help-text" not in answer.text
    assert world.client("sales1a").get("/help/?other=1").status_code == 400


def test_letters_are_one_page_each_and_only_what_one_may_open(world: World) -> None:
    assert len(set(letters().values())) == len(letters())
    client: FlaskClient = world.client("sales1a")
    shown = set(re.findall(r'data-go="(\w)"', client.get("/").text))
    listed = set(re.findall(r"<kbd>g (\w)</kbd>", client.get("/help/").text))
    assert shown == listed > {letters()["/customers/list/"], letters()["/"]}
    assert letters()["/users/list/"] not in shown
    assert len({shortcut.key for shortcut in SHORTCUTS}) == len(SHORTCUTS)
