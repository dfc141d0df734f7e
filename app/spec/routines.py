"""Routines: what the product does by the clock and nobody asks for (architecture §6).

A declaration names the times in the company's zone and the function; ``app.jobs.clock`` sees to it
that each due time is done exactly once, however many processes there are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from app.spec.words import Label

Report = Mapping[str, int]
"""What a run did: words of the routine's ``counted``, and numbers."""


@dataclass(frozen=True)
class Routine:
    """Something that is done again and again.

    ``does`` runs as the system. What it has written in the session when it returns is committed
    together with the note that it is done; what it commits itself must bear being done twice.
    """

    key: str
    label: Label
    at: str
    """When, in the company's zone: minute, hour, day of the month, month, day of the week."""
    does: Callable[[], Report]
    counted: Mapping[str, Label]
    """What the numbers of its report count."""
    catch_up: timedelta = timedelta(days=1)
    """How late it is still done after everything was down; only the last time that was missed."""
    kept: timedelta = timedelta(days=90)
    """How long it is known what a run has done."""


LEAST_CATCH_UP = timedelta(minutes=1)
"""A process is always a little late."""

ROUTINES: dict[str, Routine] = {}
"""Every routine by its key: the only code that a stored word can start (C99b)."""


def declare(routine: Routine) -> Routine:
    """Let the clock do this from the next start on; a key is taken once."""
    if routine.key in ROUTINES:
        raise ValueError(f"There are two routines {routine.key!r}: give one another key.")
    if routine.catch_up < LEAST_CATCH_UP:
        raise ValueError(f"{routine.key!r} would always be too late: let it be caught up.")
    ROUTINES[routine.key] = routine
    return routine
