"""The engine of one machine: threads of the process that serves, which take up what is due."""

import atexit
import logging
import signal
import sys
import time
from threading import Event, Lock, Thread
from typing import Any

from flask import Flask
from sqlalchemy import event

from app.extensions import db
from app.jobs.collector import pass_over_the_program
from app.jobs.runner import Runner

TICK = 5.0
"""Seconds after which a thread looks whether another process left something behind."""
SHARE = 0.001
"""Seconds after which a busy thread lets another one go on. A page asks the database dozens of
times and queues each time: with Python's own five milliseconds it would mostly wait."""
LAST_CHUNK = 10.0
"""Seconds that the chunk under way has to end when the process stops."""

log = logging.getLogger("crm.jobs")


class Threads:
    """So many threads, started with the first request or by hand; none with 0."""

    def __init__(self, app: Flask, number: int) -> None:
        self._app, self._number = app, number
        self._stop, self._wake = Event(), Event()
        self._lock = Lock()
        self._threads: list[Thread] = []

    def defer(self, number: int) -> None:
        """Wake a thread when the transaction has committed; other processes look in time."""
        event.listen(db.session(), "after_commit", self._awake, once=True)

    def start(self) -> None:
        """Start the threads of this process; where they run already, nothing happens."""
        if self._threads or not self._number or self._stop.is_set():
            return
        with self._lock:
            if not self._threads:
                sys.setswitchinterval(SHARE)
                pass_over_the_program()
                self._threads = [
                    Thread(target=self._work, name=f"job-{i}", daemon=True)
                    for i in range(self._number)
                ]
                for thread in self._threads:
                    thread.start()
                atexit.register(self.stop)

    def stop(self) -> None:
        """End after the chunk under way; its job goes on elsewhere or after the next start."""
        self._stop.set()
        self._wake.set()
        until = time.monotonic() + LAST_CHUNK
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def work(self, concurrency: int) -> None:
        """Do nothing else, with so many threads, until a signal ends it."""
        self._number, ended = concurrency, Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
        self.start()
        ended.wait()
        self.stop()

    def _awake(self, _session: Any) -> None:
        self._wake.set()

    def _work(self) -> None:
        runner = Runner(self._app, self._stop)
        while not self._stop.is_set():
            try:
                taken = runner.run_due()
            except Exception:  # a database that is away, or a defect, must not end the thread
                log.warning("jobs have to wait", exc_info=True)
                taken = 0
            if not taken:
                self._wake.wait(TICK)
                self._wake.clear()
