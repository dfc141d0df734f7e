"""Windows in a real browser: whose they are, how wide, and what their console says.

Every window is watched: a script error, a refused resource or a breach of the content security
policy fails the test at its end, unless the test has said that it expects that answer.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.web import COOKIE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

    from tests.support.worlds import World

WIDE = {"width": 1280, "height": 800}
Open = Callable[..., "Page"]


class Console:
    """What the windows of a test complained about."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.expected: tuple[int, ...] = ()

    def expect(self, *statuses: int) -> None:
        """Answers that this test provokes; the browser logs each of them."""
        self.expected = statuses

    def watch(self, page: "Page") -> None:
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))

    def _heard(self, message: "ConsoleMessage") -> None:
        provoked = any(f"status of {status}" in message.text for status in self.expected)
        if message.type in ("error", "warning") and not provoked:
            self.complaints.append(f"{message.location.get('url')}: {message.text}")


@pytest.fixture
def console() -> Iterator[Console]:
    console = Console()
    yield console
    assert console.complaints == []


@pytest.fixture
def open_as(browser: "Browser", world: "World", live_url: str, console: Console) -> Iterator[Open]:
    """``open_as("manager")``: a window of that person's own; ``None`` is nobody, logged out.

    Further arguments are those of a browser context, as ``java_script_enabled=False``.
    """
    contexts: list[BrowserContext] = []

    def open_window(username: str | None, **options: Any) -> "Page":
        context = browser.new_context(
            base_url=live_url,
            timezone_id="Asia/Shanghai",
            **{"locale": "zh-CN", "viewport": WIDE, "reduced_motion": "reduce", **options},
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        if username is not None:
            value = world.cookies[username]
            context.add_cookies([{"name": COOKIE, "value": value, "url": live_url}])
        page = context.new_page()
        console.watch(page)
        return page

    yield open_window
    for context in contexts:
        context.close()
