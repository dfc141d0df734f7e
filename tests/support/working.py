"""Doing the jobs that wait, as a worker would: in a context of its own, one after the other."""

from collections.abc import Callable
from contextvars import copy_context
from threading import Event

from app.jobs.runner import Runner
from tests.support.worlds import World


class AfterChunks(Event):
    """A stop that is pulled when so many chunks are over."""

    def __init__(self, chunks: int) -> None:
        super().__init__()
        self._left = chunks

    def is_set(self) -> bool:
        """The runner asks before each chunk, and once before it takes a job up."""
        self._left -= 1
        return self._left < -1


class Meanwhile(Event):
    """A stop that nobody pulls: something happens when so many chunks are over."""

    def __init__(self, chunks: int, happens: Callable[[], object]) -> None:
        super().__init__()
        self._left, self._happens = chunks, happens

    def is_set(self) -> bool:
        """Asked as of ``AfterChunks``."""
        self._left -= 1
        if self._left == -2:
            self._happens()
        return False


def work_on(world: World, chunks: int, happens: Callable[[], object]) -> None:
    """One worker does the jobs that wait; after so many chunks of his something happens."""
    world.is_dirty = True
    copy_context().run(Runner(world.app, Meanwhile(chunks, happens)).run_due)


def work_off(world: World, chunks: int | None = None) -> int:
    """Do the jobs that wait, or only so many chunks; answers how many jobs were taken up."""
    world.is_dirty = True
    runner = Runner(world.app, None if chunks is None else AfterChunks(chunks))
    return copy_context().run(runner.run_due)
