"""The server under test: gunicorn with two workers as in production, waitress on Windows."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path

from config import ROOT

FACTORY = "app.commands.bench.site:application"
LONGEST_START = 60.0


class Server:
    """A server process on a loopback port of its own; a context manager."""

    def __init__(self, environ: Mapping[str, str], workers: int = 2) -> None:
        self.port = _free_port()
        self.workers = workers
        self.seconds_to_start = 0.0
        self._environ = {**environ, "PYTHONPATH": str(ROOT)}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Server":
        began = time.monotonic()
        self._process = subprocess.Popen(  # noqa: S603 - our own words only
            self._command(), cwd=ROOT, env=self._environ, stdout=subprocess.DEVNULL
        )
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() - began > LONGEST_START:
                self.__exit__()
                raise RuntimeError("the server didn't start; its reason stands above")
            time.sleep(0.05)
        self.seconds_to_start = time.monotonic() - began
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process is not None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=10)
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()

    @property
    def name(self) -> str:
        return "waitress" if os.name == "nt" else f"gunicorn, {self.workers} workers"

    def pids(self) -> list[int]:
        """The processes that answer requests."""
        if self._process is None:
            return []
        master = self._process.pid
        children = Path(f"/proc/{master}/task/{master}/children")
        found = children.read_text().split() if children.exists() else []
        return [int(pid) for pid in found] or [master]

    def _command(self) -> list[str]:
        address = f"127.0.0.1:{self.port}"
        if os.name == "nt":
            return [sys.executable, "-m", "waitress", "--call", f"--listen={address}", FACTORY]
        return [
            *(sys.executable, "-m", "gunicorn", f"--workers={self.workers}", f"--bind={address}"),
            *("--log-level=warning", "--timeout=120"),
            f"{FACTORY}()",
        ]

    def _answers(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
