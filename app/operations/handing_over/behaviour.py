"""The hand-over as an operation: what the matrix, the history and the undo know of it (XFER-6)."""

from app.operations.behaviour import Behaviour
from app.spec.operations import HAND_OVER

JOB = "hand_over"
"""The kind of job that does what is more than a request takes."""


class HandOver(Behaviour):
    """One person's things at a time: no selection of people is handed over, so it is no bulk
    operation; what it does stands in ``running``.
    """

    slug = HAND_OVER.slug
    job = JOB
