"""A few threads for work that may be left alone when the process ends (C96).

Python's own pool is waited for at the end of a process, however long that takes.
"""

import logging
import time
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

log = logging.getLogger("crm.clock")


class Pool:
    """So many threads, started with the first work, each doing one thing after the other."""

    def __init__(self, name: str, number: int) -> None:
        self._name, self._number = name, number
        self._waiting: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._threads: list[Thread] = []
        self._lock, self._is_over = Lock(), False

    def submit(self, does: Callable[..., object], *given: Any) -> None:
        """Have it done as soon as a thread is free; RuntimeError after the pool was shut down."""
        with self._lock:
            if self._is_over:
                raise RuntimeError("the pool is shut down")
            self._waiting.put(partial(does, *given))
            if not self._threads:
                self._threads = [
                    Thread(target=self._work, name=f"{self._name}-{i}", daemon=True)
                    for i in range(self._number)
                ]
                for thread in self._threads:
                    thread.start()

    def shutdown(self, seconds: float) -> None:
        """End after what was given until now; wait for that so long at most."""
        until = time.monotonic() + seconds
        with self._lock:
            self._is_over = True
            for _thread in self._threads:
                self._waiting.put(None)
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _work(self) -> None:
        while (work := self._waiting.get()) is not None:
            try:
                work()
            except Exception:  # nobody would miss a thread that ended
                log.exception("what a thread was given failed")
