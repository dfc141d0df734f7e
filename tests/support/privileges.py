"""What a test needs of the machine and not every machine allows: mounting, networks of its own."""

import os
import shutil
from typing import NoReturn

import pytest

GIVEN = "HAINA_TESTS_AS_ROOT"
"""Set by ``.ci/run`` where it has tried that both are allowed: then nothing is skipped for it."""


def program(name: str) -> str:
    """Where that program lies; PermissionError when this machine hasn't got it."""
    found = shutil.which(name)
    if found is None:
        raise PermissionError(f"this machine has no {name}")
    return found


def lacking(what: str, reason: Exception) -> NoReturn:
    """Skip the test that can't have it, and say why."""
    (pytest.fail if os.environ.get(GIVEN) else pytest.skip)(f"no {what}: {reason}")
