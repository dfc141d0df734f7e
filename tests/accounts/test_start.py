"""From nothing to a served site, once and safely: C16, C110."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from app.admin.security import passwords
from app.admin.security.first_admin import create_first_admin
from app.admin.security.readiness import AnotherKeyError, refuse_foreign_key
from app.spec.errors import Conflict, Invalid
from app.store.upgrade import upgrade
from tests.support.templates import dispose
from tests.support.web import COOKIE, log_in, submit
from tests.support.worlds import World, make_app

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 90
PASSWORD = "Gondolas at dawn, slowly"


@pytest.fixture
def fresh_app(empty_database: str, tmp_path: Path) -> Iterator[Flask]:
    """An upgraded installation in which nobody has an account."""
    app = make_app(tmp_path / "instance", empty_database)
    with app.app_context():
        upgrade()
    yield app
    dispose(app)


def test_there_is_no_account_that_nobody_made(fresh_app: Flask) -> None:
    """C16: none by default, and no page makes one."""
    with fresh_app.app_context(), database(fresh_app).connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM user_account")).scalar() == 0
    for username in ("admin", "root", "administrator"):
        for password in ("admin", "general", "password"):
            answer = submit(
                fresh_app.test_client(), "/login/", username=username, password=password
            )
            assert answer.status_code == 401


def test_the_first_admin_is_made_once(fresh_app: Flask) -> None:
    """C16: with a password that was made, he has to change it; a second one is refused."""
    with fresh_app.test_request_context():
        made = create_first_admin(None)
        assert made is not None
        assert passwords.length_objections(made) == []
        for password in (None, PASSWORD):
            with pytest.raises(Conflict):
                create_first_admin(password, "second")
    client = log_in(fresh_app.test_client(), "admin", made)
    assert client.get("/").location == "/account/password/"


def test_a_chosen_password_needs_no_change(fresh_app: Flask) -> None:
    with fresh_app.test_request_context():
        with pytest.raises(Invalid):
            create_first_admin("too short")
        assert create_first_admin(PASSWORD) is None
    client = log_in(fresh_app.test_client(), "admin", PASSWORD)
    assert client.get("/account/sessions/").status_code == 200


def test_another_session_key_is_refused_on_a_shared_database(world: World) -> None:
    """C110: two instances without a common key on PostgreSQL; a rotation says so (C110b)."""
    keys = {"SECRET_KEY": "nE3vX8qLw2TzKc6YbR9mHs4JfGd7PaUo"}
    app = make_app(world.app.config["CRM_INSTANCE"], world.server.url(world.name), keys)
    with world.app.app_context():
        refuse_foreign_key()
    is_shared = world.server.kind == "postgresql"  # one file has one instance: nothing to refuse
    with app.app_context(), pytest.raises(AnotherKeyError) if is_shared else nullcontext():
        refuse_foreign_key()
    assert app.test_client().get("/readyz").status_code == (503 if is_shared else 200)
    client = app.test_client()
    client.set_cookie(COOKIE, world.cookies["sales1a"])
    assert client.get("/account/sessions/").status_code == 302, "signed with the other key"
    app.config["SECRET_KEY_FALLBACKS"] = [world.app.config["SECRET_KEY"]]
    assert app.test_client().get("/readyz").status_code == 200
    client.set_cookie(COOKIE, world.cookies["sales1a"])
    assert client.get("/account/sessions/").status_code == 200, "sessions survive a rotation"
    dispose(app)


def test_one_command_serves_from_an_empty_folder(tmp_path: Path) -> None:
    """Architecture §7: keys, database, first admin; the second start changes nothing."""
    instance = tmp_path / "instance"
    first = Served(instance)
    with first:
        assert first.get("/readyz") == 200
        assert first.get("/login/") == 200
    told = re.search(r"password (\S+)", first.output)
    assert told is not None, first.output
    assert {path.stat().st_mode & 0o777 for path in (instance / "keys").iterdir()} == {0o600}
    key = (instance / "keys" / "session").read_text()
    second = Served(instance)
    with second:
        assert second.get("/healthz") == 200
    assert "password" not in second.output
    assert (instance / "keys" / "session").read_text() == key


def test_a_demo_company_is_one_word_more(tmp_path: Path) -> None:
    """Contract §8: everybody has the one given password, and a second start fills nothing."""
    for _ in range(2):
        served = Served(tmp_path / "instance", "--demo", password=PASSWORD)
        with served:
            for username in ("admin", "sales1a"):
                assert served.log_in(username, PASSWORD) == 200
        assert PASSWORD not in served.output
    assert "No demo data" in served.output


@pytest.mark.parametrize("key", ["", "changeme"])
def test_a_weak_key_does_not_start(tmp_path: Path, key: str) -> None:
    """C110: refused with a sentence, before anything is made."""
    done = subprocess.run(
        [sys.executable, "run.py", "--no-browser", "--port", "0"],
        cwd=ROOT,
        env={**surroundings(tmp_path / "instance"), "SECRET_KEY": key},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("SECRET_KEY")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "instance").exists()


class Served:
    """``python run.py`` on a free port of loopback, stopped at the end of the block."""

    def __init__(self, instance: Path, *words: str, password: str = "") -> None:
        self.words = words
        self.environment = {**surroundings(instance), "CRM_ADMIN_PASSWORD": password}
        self.output = ""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def __enter__(self) -> "Served":
        self.process = subprocess.Popen(
            [sys.executable, "run.py", "--no-browser", "--port", str(self.port), *self.words],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        end = time.monotonic() + SECONDS
        while self.get("/healthz") != 200:
            if self.process.poll() is not None or time.monotonic() > end:
                self.__exit__()
                pytest.fail(self.output)
            time.sleep(0.2)
        return self

    def __exit__(self, *_reason: object) -> None:
        self.process.terminate()
        self.output = self.process.communicate(timeout=30)[0]

    def get(self, path: str) -> int:
        """The status of the answer; 0 when nobody listens yet."""
        return self._ask(path, None)

    def log_in(self, username: str, password: str) -> int:
        """The status of a login over the API."""
        body = {"username": username, "password": password, "provider": "db"}
        return self._ask("/api/v1/security/login", json.dumps(body).encode())

    def _ask(self, path: str, body: bytes | None) -> int:
        address = f"http://127.0.0.1:{self.port}{path}"
        headers = {"Content-Type": "application/json"}
        asked = urllib.request.Request(address, data=body, headers=headers)
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 - our own server
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            return refused.code
        except OSError:
            return 0


def surroundings(instance: Path) -> dict[str, str]:
    """The environment of a stranger's machine: nothing of ours is set but the folder."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    return {**kept, "CRM_INSTANCE": str(instance)}


def database(app: Flask) -> Engine:
    engine: Engine = app.extensions["sqlalchemy"].engine
    return engine
