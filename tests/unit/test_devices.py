"""Sessions are recognised by browser and system, not by a header that names four browsers."""

import pytest

from app.admin.security.devices import device

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/140 Safari/537 Edg/140",
            "Edge · Windows",
        ),
        (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Chrome/140.0 Safari/537.36", "Chrome · Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1",
            "Safari · iPhone",
        ),
        (
            f"Mozilla/5.0 (Linux; Android 16) {WEBKIT} Chrome/140 MicroMessenger/8.0",
            "WeChat · Android",
        ),
        ("python-requests/2.32", "python-requests/2.32"),
        ("", ""),
    ],
)
def test_a_device_is_named_by_browser_and_system(agent: str, words: str) -> None:
    assert device(agent) == words
