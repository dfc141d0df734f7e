"""Processes to be killed, cheaply: they come of one that has made the application already.

A kill is a kill -9 of a process of its own; only that each starts with a fork instead of with all
imports. The mother has no connection and no thread that it could hand down.
"""

import os
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tests.races.crowd import CONTEXT, Elsewhere, Place

Life = Callable[..., Any]
"""What such a process does until it is killed: called with its :class:`Elsewhere` and arguments."""


class Brood:
    """The children of one mother."""

    def __init__(self, place: Place, life: Life, *given: Any) -> None:
        self._pipe, theirs = CONTEXT.Pipe()
        self._mother = CONTEXT.Process(target=_bear, args=(place, theirs, life, given))
        self._mother.start()
        theirs.close()

    def begin(self) -> int:
        """Let one more live; its process id."""
        self._pipe.send(0)
        pid: int = self._pipe.recv()
        return pid

    def kill(self, pid: int) -> None:
        """Kill one at once; AssertionError when it had ended by itself."""
        os.kill(pid, signal.SIGKILL)
        self._pipe.send(pid)
        assert self._pipe.recv() == -signal.SIGKILL, "it ended by itself"

    @contextmanager
    def one(self) -> Iterator[None]:
        """One that lives as long as this is open, and is killed then."""
        pid = self.begin()
        try:
            yield
        finally:
            self.kill(pid)

    def end(self) -> None:
        """Kill whoever still lives, and their mother ends."""
        self._pipe.close()
        self._mother.join(10)


@contextmanager
def brood(place: Place, life: Life, *given: Any) -> Iterator[Brood]:
    """A brood that ends when this is closed."""
    found = Brood(place, life, *given)
    try:
        yield found
    finally:
        found.end()


def _bear(place: Place, pipe: Any, life: Life, given: tuple[Any, ...]) -> None:
    """The mother: one child whenever she is asked with 0, the end of that child with its number."""
    here, alive = Elsewhere(place), set[int]()
    with suppress(EOFError):
        while True:
            if asked := pipe.recv():
                pipe.send(os.waitstatus_to_exitcode(os.waitpid(asked, 0)[1]))
                alive.discard(asked)
            elif child := os.fork():
                alive.add(child)
                pipe.send(child)
            else:
                pipe.close()
                _live(life, here, given)
    for child in alive:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _live(life: Life, here: Elsewhere, given: tuple[Any, ...]) -> None:
    """A child never returns to what its mother was doing."""
    try:
        life(here, *given)
    except BaseException:  # noqa: BLE001 - said, so that the test's failure has a reason
        traceback.print_exc()
    finally:
        os._exit(1)
