"""Many processes at once on one database, each with the real application and its own connections.

They come from a server process that has imported the product and done nothing else: no connection,
no thread, no cache is inherited, and sixteen of them start in seconds.
"""

import importlib
import multiprocessing
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from tests.contract.calls import Api
from tests.support.web import COOKIE
from tests.support.worlds import World, make_app

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.races.crowd"])
PATIENCE = 240
RETRIES = 20

Task = Callable[..., Any]
"""What one process does: called with its :class:`Elsewhere` and its own arguments."""


@dataclass(frozen=True)
class Place:
    """Where the database is and who is logged in: enough to work on it from anywhere."""

    instance: str
    url: str
    cookies: Mapping[str, str]

    @classmethod
    def of(cls, world: World) -> "Place":
        world.is_dirty = True
        return cls(
            world.app.config["CRM_INSTANCE"], world.server.url(world.name), dict(world.cookies)
        )


class Elsewhere:
    """The application in a process of its own; as good as a ``World`` to an :class:`Api`."""

    def __init__(self, place: Place) -> None:
        self.app: Flask = make_app(Path(place.instance), place.url)
        self.cookies = place.cookies

    def client(self, username: str) -> FlaskClient:
        client = self.app.test_client()
        client.set_cookie(COOKIE, self.cookies[username])
        return client

    def api(self, username: str) -> Api:
        return Api(self, username)  # type: ignore[arg-type]


def _work(place: Place, task: Task, arguments: tuple[Any, ...], start: Any, answers: Any) -> None:
    """The life of one process: get ready, wait for the others, work, tell."""
    try:
        elsewhere = Elsewhere(place)
        start.wait(PATIENCE)
        answers.put((True, task(elsewhere, *arguments)))
    except BaseException as error:  # noqa: BLE001 - whatever it is, the test has to hear of it
        answers.put((False, repr(error)))


def at_once(place: Place, task: Task, people: Iterable[tuple[Any, ...]]) -> list[Any]:
    """Run ``task`` in one process per tuple of arguments, all starting together."""
    crowd = list(people)
    start, answers = CONTEXT.Barrier(len(crowd)), CONTEXT.Queue()
    processes = [
        CONTEXT.Process(target=_work, args=(place, task, one, start, answers)) for one in crowd
    ]
    for process in processes:
        process.start()
    try:
        told = _collect(answers, len(crowd))
    finally:
        for process in processes:
            process.join(5)
            if process.is_alive():
                process.terminate()
    failures = [answer for is_fine, answer in told if not is_fine]
    assert failures == []
    return [answer for _is_fine, answer in told]


def _collect(answers: Any, expected: int) -> list[tuple[bool, Any]]:
    told: list[tuple[bool, Any]] = []
    deadline = time.monotonic() + PATIENCE
    while len(told) < expected and time.monotonic() < deadline:
        try:
            told.append(answers.get(timeout=1))
        except Empty:
            continue
    assert len(told) == expected, f"{expected - len(told)} processes gave no answer"
    return told


class Rendezvous:
    """Where so many careless processes wait for each other once: after looking, before writing."""

    def __init__(self, parties: int) -> None:
        self._barrier, self.has_met = CONTEXT.Barrier(parties), False

    def meet(self) -> None:
        """Return when all are there, each time after the first at once."""
        if not self.has_met:
            self.has_met = True
            self._barrier.wait(PATIENCE)


class Meeting:
    """Where a careless one lets his opponent come between his looking and his writing."""

    def __init__(self) -> None:
        self.looked, self.acted = CONTEXT.Event(), CONTEXT.Event()

    def pause(self) -> None:
        self.looked.set()
        self.acted.wait(PATIENCE)


def persist(call: Callable[[], Any]) -> Any:
    """Ask again as long as the answer is 503: what a careful client does (C87, C92)."""
    for _ in range(RETRIES):
        answer = call()
        if answer.status_code != 503:
            return answer
        time.sleep(0.1)
    return answer


def replace(module: str, name: str, value: Any) -> Any:
    """Put something else in the product's place, in this process only; answers what was there."""
    home = importlib.import_module(module)
    before = getattr(home, name)
    setattr(home, name, value)
    return before
