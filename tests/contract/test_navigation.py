"""The left navigation: what belongs together stands together, what is used most comes first."""

import re

import pytest

from app.admin.state import BIN
from tests.support.worlds import World

ENTRIES = {
    "sales1a": (
        *("/", "/to-dos/", "/calendar/", "/tasks/list/", "/tasks/board/", "/tasks/gantt/"),
        *("/events/list/", "/work-logs/list/", "/submitted-logs/", "/announcements/"),
        *("/address-book/", "/data-quality/"),
    ),
    "people": (
        "/",
        "/work-logs/list/",
        "/submitted-logs/",
        "/announcements/",
        "/address-book/",
        BIN,
    ),
}

EVERY = {url for urls in ENTRIES.values() for url in urls}


@pytest.mark.parametrize("who", ENTRIES)
def test_the_workbench_is_in_order(world: World, who: str) -> None:
    """UI-1: records and the pages about them side by side; nothing of what one may not list."""
    page = world.client(who).get("/recent/").text
    sidebar = page[page.index("<nav") :]
    found = re.findall(r'<a [^>]*href="(/[^"?]*)"', sidebar)
    assert tuple(url for url in dict.fromkeys(found) if url in EVERY) == ENTRIES[who]
