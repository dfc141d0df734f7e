"""``python run.py``: everything from an empty folder to a served site (architecture §7).

Makes what is missing — instance folder, keys, tables, front-end files, the first super admin — and
serves. A second start finds everything in place and serves at once.
"""

import argparse
import os
import signal
import sys
import threading
import webbrowser

from flask import Flask
from sqlalchemy.exc import OperationalError
from waitress.server import create_server

from app import create_app
from app.admin import assets
from app.admin.security import trace
from app.admin.security.first_admin import NAME, create_first_admin, has_super_admin
from app.admin.security.readiness import AnotherKeyError, refuse_foreign_key
from app.admin.theme import sentences
from app.cli import sentence
from app.commands.demo import fill_in
from app.demo.loader import Size
from app.jobs.clock import clock_of
from app.jobs.queue import EXTENSION, Engine
from app.secrets import WeakKeyError
from app.spec import clock, words
from app.spec.errors import Conflict, Refusal
from app.store.context import system_scope
from app.store.upgrade import upgrade
from config import LOOPBACK, ConfigError, settings

THREADS = 8
ANYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, not listened on
STOPPERS = (ConfigError, WeakKeyError, AnotherKeyError, assets.AssetsError, OSError)
"""What ends a start with one sentence: a setting, a key, npm, a port in use."""


def main(arguments: list[str] | None = None) -> int:
    """Start and serve until stopped; 1 with a sentence when that can't work."""
    wanted = _arguments(arguments)
    words.language.set("en")
    try:
        app = create_app(_settings(wanted.host))
        with app.app_context():
            prepare(app.config["CRM_ADMIN_PASSWORD"], is_demo=wanted.demo)
        serve(app, wanted.host, wanted.port, is_opening=not wanted.no_browser)
    except Refusal as refusal:
        return _fail(sentence(refusal))
    except OperationalError:
        return _fail("The database can't be reached: check DATABASE_URL and that it is running.")
    except STOPPERS as error:
        return _fail(str(error))
    return 0


def prepare(password: str | None, *, is_demo: bool) -> None:
    """Bring tables, roles, front-end files and words up to date; make sure somebody can log in.

    A password that had to be made is printed here and nowhere else, once.
    """
    upgrade()
    refuse_foreign_key()
    assets.build()
    sentences.build()
    with system_scope("is there anybody to log in"):
        is_new = not has_super_admin()
    made = create_first_admin(password) if is_new else None
    shown = fill_with_demo(password or made) if is_demo else made
    if shown is not None and shown != password:
        ask = "" if is_demo else " and change it"
        _say(f"Log in as {NAME} with the password {shown}{ask}. It is shown only now.")


def fill_with_demo(password: str | None) -> str | None:
    """The demo company of contract §8 into an empty database; a filled one is left alone.

    Everybody gets ``password``, or one that is made; answers which, None when nothing was filled.
    """
    try:
        return fill_in(Size(today=clock.today()), password) or password
    except Conflict as refusal:
        _say(f"No demo data: {refusal}", error=True)
        return None


def serve(app: Flask, host: str, port: int, *, is_opening: bool) -> None:
    """Serve until stopped, with the clock and the job threads inside."""
    trace.log_to_stderr()
    believed = {"clear_untrusted_proxy_headers": app.config["CRM_PROXIES"] == 0}
    size = app.config["MAX_CONTENT_LENGTH"] + 1024 * 1024
    server = create_server(
        app,
        host=host,
        port=port,
        threads=THREADS,
        ident=None,
        max_request_body_size=size,
        **believed,
    )
    # Requests under way are ended; started in the background, SIGINT may be ignored: not SIGTERM.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    address = f"http://{'localhost' if host in ANYWHERE else host}:{port}/"
    _say(f"Haina CRM: {address}")
    if is_opening:
        threading.Timer(1, webbrowser.open, [address]).start()
    jobs: Engine = app.extensions[EXTENSION]
    jobs.start()
    clock_of(app).start()
    try:
        server.run()
    except KeyboardInterrupt:
        _say("Stopped.")
    finally:
        server.close()
        clock_of(app).stop()
        jobs.stop()


def _settings(host: str) -> dict[str, object]:
    """The environment's settings; a named host we listen on is one we answer to."""
    found = settings()
    if host not in {*LOOPBACK, *ANYWHERE}:
        found["TRUSTED_HOSTS"] = [*found["TRUSTED_HOSTS"], host]
    return found


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Haina CRM")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--demo", action="store_true", help="fill in a demo company")
    parser.add_argument("--no-browser", action="store_true", help="don't open a browser")
    return parser.parse_args(arguments)


def _fail(text: str) -> int:
    _say(text, error=True)
    return 1


def _say(text: str, *, error: bool = False) -> None:
    stream = sys.stderr if error else sys.stdout
    stream.write(text + os.linesep)
    stream.flush()


if __name__ == "__main__":
    sys.exit(main())
