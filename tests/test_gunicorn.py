"""Several gunicorn processes serve one database: what one writes, the others obey (MATRIX-9)."""

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException, HTTPResponse
from http.cookiejar import CookieJar
from pathlib import Path
from threading import Event
from urllib.error import HTTPError
from urllib.parse import urlencode

import pytest
from sqlalchemy import Engine

from tests.contract.test_bulk import rows_in
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
def served(world: World, tmp_path: Path) -> Iterator[tuple[str, int]]:
    """Two real worker processes on the world's database, ended by their master's own id.

    Their address, and that id.
    """
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
        yield wait_for(f"http://127.0.0.1:{port}"), master.pid
    finally:
        master.send_signal(signal.SIGTERM)
        master.wait(timeout=PATIENCE)


@pytest.fixture
def address(served: tuple[str, int]) -> str:
    return served[0]


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


class Saver:
    """Somebody who saves customers by a key each, and asks again until he is told so."""

    def __init__(self, base: str, name: str) -> None:
        self.base, self.name = base, name
        self.browser = Browser(base, "manager")
        self.token = hidden_inputs(self.browser.text("/customers/add"))["csrf_token"]
        self.told: dict[str, int] = {}
        self.broken = 0

    def save_until(self, stop: Event) -> None:
        while not stop.is_set():
            name = f"{self.name} {len(self.told)}"
            self.told[name] = self._saved(name)

    def _saved(self, name: str) -> int:
        headers = {
            "Content-Type": "application/json",
            "X-CSRFToken": self.token,
            "Idempotency-Key": name,
        }
        until = time.monotonic() + PATIENCE
        while True:
            assert time.monotonic() < until, "nobody serves"
            body = json.dumps({"name": name}).encode()
            request = urllib.request.Request(f"{self.base}/api/v1/customers/", body, headers)  # noqa: S310 - loopback
            try:
                number: int = json.load(self.browser.opener.open(request, timeout=30))["id"]
            except (HTTPError, OSError, HTTPException) as fault:
                if not isinstance(fault, HTTPError):
                    self.broken += 1
                elif fault.code != 503:
                    raise
                time.sleep(0.05)
            else:
                return number


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


def workers_of(master: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{master}/task/{master}/children").read_text().split()]


def test_killed_workers_lose_and_double_nothing(served: tuple[str, int], engine: Engine) -> None:
    """C92: whoever asks again by his key is served once; only what was under way breaks."""
    base, master = served
    dice, stop = random.Random(92), Event()  # noqa: S311 - no secret
    savers = [Saver(base, f"Saver {number}") for number in range(4)]
    kills = 6
    with ThreadPoolExecutor(len(savers)) as pool:
        under_way = [pool.submit(saver.save_until, stop) for saver in savers]
        try:
            for _kill in range(kills):
                wanted, until = (
                    sum(len(one.told) for one in savers) + 8,
                    time.monotonic() + PATIENCE,
                )
                while sum(len(one.told) for one in savers) < wanted or not workers_of(master):
                    assert time.monotonic() < until, "nothing is saved"
                    time.sleep(0.01)
                os.kill(dice.choice(workers_of(master)), signal.SIGKILL)
        finally:
            stop.set()
        for one in under_way:
            one.result(PATIENCE)
    told = {name: number for saver in savers for name, number in saver.told.items()}
    stored = {r["name"]: r["id"] for r in rows_in(engine, "customer") if r["id"] in told.values()}
    assert stored == told, "acknowledged, but lost"
    names = [r["name"] for r in rows_in(engine, "customer") if r["name"].startswith("Saver ")]
    assert sorted(names) == sorted(told), "doubled, or nobody was told"
    assert 0 < sum(saver.broken for saver in savers) <= kills * len(savers)
