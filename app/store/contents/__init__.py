"""Where the content of files lies: a folder that all hosts see, or an S3-compatible store.

Content is named by whoever brings it, at random, and is never changed. It is there whole or not at
all, for every process on every host; nobody who uses the product is told where (C71).
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import IO, Protocol

from flask import current_app

from app.store.contents.folder import Folder
from config import Bucket


class Contents(Protocol):
    """One place of contents. FilesAway when it doesn't answer, StorageFull when it takes no more.

    Ask with no transaction under way: another host may take its time (R10).
    """

    def incoming(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """A file to write and check; whoever leaves it without an error has it kept, for good.

        After an error, and when the process is killed, nothing has that name.
        """

    def opened(self, name: str) -> IO[bytes]:
        """Content to read, from any place in it; FileNotFoundError for a name that has none."""

    def drop(self, name: str) -> None:
        """Forget content; what isn't there is forgotten already."""

    def old(self, seconds: float) -> Iterator[Sequence[str]]:
        """The names of everything that has lain there for longer, some at a time."""

    def told(self) -> str:
        """Where that is, for administrators: without anything that gives access."""


def contents() -> Contents:
    """The place that this installation's settings name."""
    place: Bucket | None = current_app.config["CRM_S3"]
    return Folder(Path(current_app.config["CRM_FILES"])) if place is None else _store(place)


@cache
def _store(place: Bucket) -> Contents:
    """One client per process, made when it is needed first: never before a server forks."""
    from app.store.contents.store import Store  # 37 MiB that only those pay who have a store

    return Store(place)
