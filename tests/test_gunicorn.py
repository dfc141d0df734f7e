"""Several gunicorn processes serve one database: what one writes, the others obey (MATRIX-9)."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.support.company import PASSWORD
from tests.support.matrix import with_changes
from tests.support.web import hidden_inputs
from tests.support.worlds import World

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def address(world: World, tmp_path: Path) -> Iterator[str]:
    """Two real worker processes on the world's database, ended by their master's own id."""
    world.is_dirty = True
    port = free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": str(world.app.config["SQLALCHEMY_DATABASE_URI"]),
        "CRM_INSTANCE": str(tmp_path),
        "SECRET_KEY": str(world.app.config["SECRET_KEY"]),
        "JWT_SECRET_KEY": str(world.app.config["JWT_SECRET_KEY"]),
    }
    command = [sys.executable, "-m", "gunicorn", "--workers", "2", "--bind", f"127.0.0.1:{port}"]
    master = subprocess.Popen(
        [*command, "app:create_app()"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield wait_for(f"http://127.0.0.1:{port}")
    finally:
        master.send_signal(signal.SIGTERM)
        master.wait(timeout=PATIENCE)


def wait_for(base: str) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{base}/healthz", timeout=10)  # noqa: S310 - loopback
        except OSError:
            time.sleep(0.3)
        else:
            return base
    raise AssertionError("gunicorn did not start")


class Browser:
    """A plain client that keeps its cookies and opens a new connection per request."""

    def __init__(self, base: str, username: str) -> None:
        self.base = base
        jar = urllib.request.HTTPCookieProcessor(CookieJar())
        self.opener = urllib.request.build_opener(jar)
        page = self.text("/login/")
        self.text("/login/", {**hidden_inputs(page), "username": username, "password": PASSWORD})

    def open(self, path: str, data: dict[str, str] | None = None) -> HTTPResponse:
        body = urlencode(data).encode() if data is not None else None
        answer: HTTPResponse = self.opener.open(f"{self.base}{path}", body, timeout=30)
        return answer

    def text(self, path: str, data: dict[str, str] | None = None) -> str:
        return self.open(path, data).read().decode()


def total(page: str) -> str:
    found = re.search(r"data-total[^>]*>\s*([\d,]+)", page)
    assert found is not None, "the list shows no total"
    return found[1]


def test_a_change_of_a_role_holds_in_every_process(address: str) -> None:
    manager, admin = Browser(address, "manager"), Browser(address, "admin")
    before = {total(manager.text("/customers/list/")) for _ in range(8)}
    assert len(before) == 1, "the processes disagree"
    role = re.search(r'href="(/matrix/\d+)"[^>]*><span>Sales manager', admin.text("/matrix/"))
    assert role is not None
    page = admin.text(role[1])
    form = {key: str(value) for key, value in with_changes(page, scope__customer="self").items()}
    admin.open("/matrix/save", hidden_inputs(admin.text(role[1], form)))
    after = {total(manager.text("/customers/list/")) for _ in range(8)}
    assert len(after) == 1, "a process did not obey"
    assert int(after.pop()) < int(before.pop())
