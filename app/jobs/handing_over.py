"""Large hand-overs and their undoing: the same steps, one per chunk (XFER-6, BULK-3)."""

from app.jobs.kind import Kind
from app.operations.handing_over import running, taking_back
from app.operations.handing_over.behaviour import JOB
from app.store import hand_overs, runs
from app.store.jobs import Job


class HandingOver(Kind):
    """Does what is still to be done of one hand-over, in the order that it was written down."""

    slug = JOB

    def advance(self, job: Job) -> bool:
        past = runs.under_way(job.operation_id or 0)
        hand_overs.go_on(past.id)
        work = taking_back if past.operation == taking_back.BACK else running
        took = work.advance(past, job.cursor)
        if took is None:
            return False
        job.cursor = took.cursor
        job.done += took.done
        job.skipped += len(took.skipped)
        runs.count(past.id, total=job.total, done=job.done, skipped=job.skipped)
        return True

    def settle(self, job: Job) -> None:
        """Messages, and the account: when it was stopped, of what was done so far."""
        past = runs.under_way(job.operation_id or 0)
        work = taking_back if past.operation == taking_back.BACK else running
        work.settle(past)
