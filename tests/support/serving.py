"""The product as it is deployed: gunicorn on a test's database, and people who visit it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from http.cookiejar import CookieJar
from pathlib import Path
from threading import Event
from typing import IO, Any
from urllib.error import HTTPError
from urllib.parse import urlencode

from sqlalchemy import Engine, select

from app.spec.catalogue import catalogue
from tests.support.company import PASSWORD
from tests.support.web import hidden_inputs
from tests.support.worlds import World

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60
PLACE = "/api/v1/customers/"


@dataclass
class Served:
    """Where it is served, and the process of which all others come."""

    base: str
    master: subprocess.Popen[bytes]

    def workers(self) -> list[int]:
        """The ids of the processes that serve."""
        pid = self.master.pid
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def gunicorn(
    world: World,
    folder: Path,
    *options: str,
    said: IO[bytes] | int = subprocess.DEVNULL,
) -> Iterator[Served]:
    """Two processes, or as the options say; ``folder`` is their instance, ``said`` gets the log."""
    port = _free_port()
    command = ["-m", "gunicorn", "--workers", "2", "--bind", f"127.0.0.1:{port}"]
    command.append("--no-control-socket")  # it would lie in the home of whoever runs the tests
    with _serving(world, folder, [*command, *options, "app:create_app()"], said) as master:
        yield Served(_when_ready(port), master)


@contextmanager
def run_py(world: World, folder: Path) -> Iterator[Served]:
    """The one process of ``python run.py``."""
    port = _free_port()
    command = ["run.py", "--no-browser", "--port", str(port)]
    with _serving(world, folder, command, subprocess.DEVNULL) as master:
        yield Served(_when_ready(port), master)


@contextmanager
def _serving(
    world: World, folder: Path, command: Sequence[str], said: IO[bytes] | int
) -> Iterator[subprocess.Popen[bytes]]:
    """A process with the world's database and keys; ended by its own id."""
    world.is_dirty = True
    environment = {
        **os.environ,
        "DATABASE_URL": str(world.app.config["SQLALCHEMY_DATABASE_URI"]),
        "CRM_INSTANCE": str(folder),
        "SECRET_KEY": str(world.app.config["SECRET_KEY"]),
        "JWT_SECRET_KEY": str(world.app.config["JWT_SECRET_KEY"]),
    }
    master = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, env=environment, stdout=said, stderr=said
    )
    try:
        yield master
    finally:
        master.send_signal(signal.SIGTERM)
        try:
            master.wait(timeout=PATIENCE)
        finally:
            master.kill()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _when_ready(port: int) -> str:
    base = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{base}/healthz", timeout=10)  # noqa: S310 - loopback
        except OSError:
            time.sleep(0.3)
        else:
            return base
    raise AssertionError("it did not start")


def wait(what: Callable[[], object], why: str) -> None:
    """Return when it is so."""
    until = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < until, why
        time.sleep(0.01)


@dataclass(frozen=True)
class Answer:
    """What a server said, whether that is good or not."""

    status: int
    text: str
    headers: Mapping[str, str]
    began: float
    """When it was asked for, by the monotonic clock."""
    ended: float


class Browser:
    """A plain client that keeps its cookies and opens a new connection per request."""

    def __init__(self, base: str, username: str) -> None:
        self.base = base
        jar = urllib.request.HTTPCookieProcessor(CookieJar())
        self.opener = urllib.request.build_opener(jar)
        page = self.text("/login/")
        self.text("/login/", {**hidden_inputs(page), "username": username, "password": PASSWORD})
        self.token = hidden_inputs(self.text("/notifications/"))["csrf_token"]

    def text(self, path: str, data: Mapping[str, str] | None = None) -> str:
        """A page, or what a form leads to; HTTPError for what isn't good."""
        body = urlencode(data).encode() if data is not None else None
        answer: bytes = self.opener.open(f"{self.base}{path}", body, timeout=PATIENCE).read()
        return answer.decode()

    def ask(self, path: str, body: Any = None, *, verb: str = "", **more: str) -> Answer:
        """As a program asks, with ``more`` headers by their names with ``_``.

        OSError or HTTPException when the connection breaks.
        """
        headers = {"Content-Type": "application/json", "X-CSRFToken": self.token}
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self.base}{path}",
            json.dumps(body).encode() if body is not None else None,
            headers | {name.replace("_", "-"): value for name, value in more.items()},
            method=verb or None,
        )
        began = time.monotonic()
        try:
            found = self.opener.open(request, timeout=PATIENCE)
        except HTTPError as fault:
            found = fault
        with found:
            text, headers = found.read().decode(), dict(found.headers)
            return Answer(found.status, text, headers, began, time.monotonic())


@dataclass
class Saver:
    """Somebody who saves customers by a key each, and asks again until he is told so."""

    browser: Browser
    name: str
    told: dict[str, int] = field(default_factory=dict)
    """What was saved, with its number."""
    refused: list[Answer] = field(default_factory=list)
    broken: int = 0

    def save_until(self, stop: Event) -> None:
        """AssertionError when he hears anything but that it is saved, or to come again."""
        while not stop.is_set():
            name = f"{self.name} {len(self.told)}"
            self.told[name] = self._saved(name)

    def _saved(self, name: str) -> int:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                answer = self.browser.ask(PLACE, {"name": name}, Idempotency_Key=name)
            except (OSError, HTTPException):
                self.broken += 1
            else:
                if answer.status in (200, 201):
                    number: int = json.loads(answer.text)["id"]
                    return number
                assert answer.status == 503, answer
                self.refused.append(answer)
            time.sleep(0.05)
        raise AssertionError("nobody serves")


def stored_once(engine: Engine, savers: Sequence[Saver]) -> None:
    """AssertionError unless there is what the savers were told, and nothing else of theirs."""
    told = {name: number for saver in savers for name, number in saver.told.items()}
    table = catalogue.get("customer").model.__table__
    with engine.connect() as connection:
        found = connection.execute(select(table.c.name, table.c.id)).all()
    mine = [tuple(row) for row in found if row.name.startswith(tuple(s.name for s in savers))]
    assert sorted(mine) == sorted(told.items()), "lost, doubled, or nobody was told"
