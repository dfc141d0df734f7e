"""Several gunicorn processes serve one database: what one writes, the others obey (MATRIX-9)."""

import os
import random
import re
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Engine

from tests.support.matrix import with_changes
from tests.support.serving import PATIENCE, Browser, Saver, Served, gunicorn, stored_once
from tests.support.web import hidden_inputs
from tests.support.worlds import World


@pytest.fixture
def served(world: World, tmp_path: Path) -> Iterator[Served]:
    """Two real worker processes on the world's database."""
    with gunicorn(world, tmp_path) as found:
        yield found


def total(page: str) -> str:
    found = re.search(r"data-total[^>]*>\s*([\d,]+)", page)
    assert found is not None, "the list shows no total"
    return found[1]


def test_a_change_of_a_role_holds_in_every_process(served: Served) -> None:
    manager, admin = Browser(served.base, "manager"), Browser(served.base, "admin")
    before = {total(manager.text("/customers/list/")) for _ in range(8)}
    assert len(before) == 1, "the processes disagree"
    role = re.search(r'href="(/matrix/\d+)"[^>]*><span>Sales manager', admin.text("/matrix/"))
    assert role is not None
    page = admin.text(role[1])
    form = {key: str(value) for key, value in with_changes(page, scope__customer="self").items()}
    admin.text("/matrix/save", hidden_inputs(admin.text(role[1], form)))
    after = {total(manager.text("/customers/list/")) for _ in range(8)}
    assert len(after) == 1, "a process did not obey"
    assert int(after.pop()) < int(before.pop())


def test_killed_workers_lose_and_double_nothing(served: Served, engine: Engine) -> None:
    """C92: whoever asks again by his key is served once; only what was under way breaks."""
    dice, stop = random.Random(92), Event()  # noqa: S311 - no secret
    savers = [Saver(Browser(served.base, "manager"), f"Saver {number}") for number in range(4)]
    kills = 6
    with ThreadPoolExecutor(len(savers)) as pool:
        under_way = [pool.submit(saver.save_until, stop) for saver in savers]
        try:
            for _kill in range(kills):
                wanted, until = (
                    sum(len(one.told) for one in savers) + 8,
                    time.monotonic() + PATIENCE,
                )
                while sum(len(one.told) for one in savers) < wanted or not served.workers():
                    assert time.monotonic() < until, "nothing is saved"
                    time.sleep(0.01)
                os.kill(dice.choice(served.workers()), signal.SIGKILL)
        finally:
            stop.set()
        for one in under_way:
            one.result(PATIENCE)
    stored_once(engine, savers)
    assert 0 < sum(saver.broken for saver in savers) <= kills * len(savers)
