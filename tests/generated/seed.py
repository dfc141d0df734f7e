"""The seed that decides which of the repeated cases this run looks at (architecture §7).

``--seed N``, or the variable ``HAINA_SEED``, or else the day. It is printed at the head of the run,
so that a failure can be run again. As a plugin it is known to every run; the suite works without.
"""

import os
import random
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

import pytest

VARIABLE = "HAINA_SEED"


def pytest_addoption(parser: pytest.Parser) -> None:
    with suppress(ValueError):  # already known, from the plugin
        parser.addoption("--seed", type=int, help="which of the repeated generated cases to run")


def pytest_report_header(config: pytest.Config) -> str:
    return f"generated cases rotate with --seed {seed_of(config)}"


def seed_of(config: pytest.Config) -> int:
    """The seed of this run, the same in all its processes."""
    given = config.getoption("seed", default=None)
    if given is None:
        given = os.environ.get(VARIABLE, datetime.now(UTC).date().toordinal())
    return int(given)


def rota(seed: int, people: Sequence[str], *names: object, share: float) -> set[str]:
    """Whose turn it is with a case: one of the people always, the others by chance.

    So every operation and way is tried in every run, and everybody's in a few.
    """
    if not people:
        return set()
    chance = dice(seed, *names)
    return {chance.choice(people), *(one for one in people if chance.random() < share)}


def dice(seed: int, *names: object) -> random.Random:
    """A source of choices for one test: the same names give the same choices."""
    return random.Random(f"{seed}:{':'.join(map(str, names))}")  # noqa: S311 - no secret
