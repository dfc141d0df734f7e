"""What a kind of job has to say; the runner does all the rest.

To add one: subclass :class:`Kind` and name it in ``app.jobs.kinds``. A job names its kind by a word
and nothing else: no stored text ever decides what code runs (C99b).
"""

from typing import ClassVar

from app.store.jobs import Job


class Kind:
    """The work of one kind of job. A worker makes an object of it when it takes a job up, and keeps
    it until the job ends or somebody else goes on with it; what must outlive that stands in the
    job's ``kept`` and ``cursor``.
    """

    slug: ClassVar[str]
    surface: ClassVar[str] = "job"
    """Where the history says that its changes came from."""

    begins_anew: ClassVar[bool] = False
    """Whether a job of this kind starts over when somebody else takes it up: then only so many may
    try, however far they got."""

    head_start: float = 0.0
    """Seconds more than a chunk that whoever takes it up may need before the first one."""

    @property
    def prepares(self) -> bool:
        """Whether a part of the next chunk needs no transaction: nobody waits for that then."""
        return False

    def take_up(self, job: Job) -> None:
        """Look at how far the job is, once, before anything else; nothing is to be written."""

    def prepare(self) -> None:
        """Do of the next chunk what writes nothing, as the person whose job it is.

        Called before every ``advance`` if it ``prepares``. What goes wrong counts as it does there.
        """

    def advance(self, job: Job) -> bool:
        """Do the next chunk, within the transaction under way, as the person whose job it is.

        Counts it on the job (``done``, ``skipped``, ``failed``, ``cursor``, ``kept``), and answers
        whether there is more. Chunks are to take about a second at most: between them others may
        write, and the job may be cancelled. A Refusal ends the job as failed, with its sentence;
        so it must ask for the person's rights each time (C40).
        """
        raise NotImplementedError

    def settle(self, job: Job) -> None:
        """Write what belongs to the end of it, however it ends: counts, messages."""

    def let_go(self) -> None:
        """The worker is done with it: close what is open. Called once, in no transaction."""

    def download(self, job: Job) -> str:
        """Where the file that it made can be fetched; empty for none."""
        return ""
