"""``python run.py``: everything from an empty folder to a served site (architecture §7).

Makes what is missing — instance folder, keys, tables, front-end files, the first super admin — and
serves. A second start finds everything in place and serves at once.
"""

import argparse
import os
import sys
import threading
import webbrowser

from flask import Flask
from waitress.server import create_server

from app import create_app
from app.admin import assets
from app.admin.security import trace
from app.admin.security.first_admin import NAME, create_first_admin, has_super_admin
from app.admin.security.readiness import AnotherKeyError, refuse_foreign_key
from app.admin.theme import sentences
from app.secrets import WeakKeyError
from app.spec.errors import Refusal
from app.store.context import system_scope
from app.store.upgrade import upgrade
from config import LOOPBACK, ConfigError, settings

THREADS = 8


def main(arguments: list[str] | None = None) -> int:
    """Start and serve until stopped; 1 with a sentence when a setting can't work."""
    wanted = _arguments(arguments)
    try:
        app = create_app(_settings(wanted.host))
        with app.app_context():
            first_start()
            if wanted.demo:
                fill_with_demo(app)
    except (ConfigError, WeakKeyError, AnotherKeyError, Refusal, assets.AssetsError) as error:
        _say(str(error), error=True)
        return 1
    serve(app, wanted.host, wanted.port, is_opening=not wanted.no_browser)
    return 0


def first_start() -> None:
    """Bring tables, roles, front-end files and words up to date; make sure somebody can log in.

    The first super admin's password is printed here and nowhere else, and only when it was made.
    """
    upgrade()
    refuse_foreign_key()
    assets.build()
    sentences.build()
    with system_scope("is there anybody to log in"):
        is_ready = has_super_admin()
    if is_ready:
        return
    made = create_first_admin(settings()["CRM_ADMIN_PASSWORD"])
    if made is not None:
        _say(f"Log in as {NAME} with the password {made} and change it. It is shown only now.")


def fill_with_demo(app: Flask) -> None:
    """The demo company of contract §8 into an empty database; a filled one is left alone."""
    password = app.config.get("CRM_ADMIN_PASSWORD")
    words = ["crm", "demo", *(["--password", password] if password else [])]
    answer = app.test_cli_runner().invoke(args=words)
    _say(answer.output.strip(), error=answer.exit_code != 0)


def serve(app: Flask, host: str, port: int, *, is_opening: bool) -> None:
    """Serve until stopped, with the clock and the job threads inside."""
    trace.log_to_stderr()
    server = create_server(app, host=host, port=port, threads=THREADS)
    address = f"http://{'localhost' if host in {'0.0.0.0', '::'} else host}:{port}/"  # noqa: S104
    _say(f"Haina CRM: {address}")
    if is_opening:
        threading.Timer(1, webbrowser.open, [address]).start()
    try:
        server.run()
    except KeyboardInterrupt:
        _say("Stopped.")
    finally:
        server.close()


def _settings(host: str) -> dict[str, object]:
    """The environment's settings; a named host we listen on is one we answer to."""
    found = settings()
    if host not in {*LOOPBACK, "0.0.0.0", "::"}:  # noqa: S104 - wild cards are no names
        found["TRUSTED_HOSTS"] = [*found["TRUSTED_HOSTS"], host]
    return found


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Haina CRM")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--demo", action="store_true", help="fill in a demo company")
    parser.add_argument("--no-browser", action="store_true", help="don't open a browser")
    return parser.parse_args(arguments)


def _say(text: str, *, error: bool = False) -> None:
    stream = sys.stderr if error else sys.stdout
    stream.write(text + os.linesep)
    stream.flush()


if __name__ == "__main__":
    sys.exit(main())
