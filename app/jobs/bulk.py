"""Bulk operations on more rows than a request takes: the engine's steps, one per chunk (BULK-3)."""

from collections import Counter
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from app.jobs.kind import Kind
from app.jobs.queue import enqueue
from app.operations import engine, undoing
from app.operations.behaviour import CHUNK, Behaviour
from app.operations.outcome import Outcome
from app.operations.selection import Selection
from app.spec.entity import Entity
from app.store import runs
from app.store.jobs import Job
from app.store.runs import OperationRun


class Bulk(Kind):
    """Does the frozen rows of one run in the order of their ids."""

    slug = "bulk"

    def advance(self, job: Job) -> bool:
        past, kept = runs.under_way(job.operation_id or 0), deepcopy(job.kept)
        work = _work(past)
        run = work.resume(past, kept.setdefault("run", {}))
        ids = runs.pending(past.id, job.cursor, CHUNK)
        if ids:
            outcome = work.step(run, ids)
            runs.note(past.id, (skip.item for skip in outcome.skipped))
            runs.settle(past.id, job.cursor, ids[-1])
            told = Counter(kept.get("notified", {}))
            told.update({str(person): n for person, n in outcome.notified.items()})
            job.kept = kept | {"notified": dict(told)}
            job.done += outcome.done
            job.skipped += len(outcome.skipped)
            job.cursor = ids[-1]
            runs.count(past.id, total=job.total, done=job.done, skipped=job.skipped)
        return len(ids) == CHUNK

    def settle(self, job: Job) -> None:
        """One message per receiver about all that was done since the last ones."""
        notified = {int(person): n for person, n in job.kept.get("notified", {}).items()}
        times = job.kept.get("times_told", 0)
        past = runs.under_way(job.operation_id or 0)
        batch = f"{past.id}.{times}" if times else str(past.id)
        outcome = Outcome(notified=notified, done=job.done)
        engine.tell(_work(past).recalled(past, {}), outcome, batch)
        job.kept = job.kept | {"notified": {}, "times_told": times + 1}


def _work(past: OperationRun) -> Any:
    """Whose steps a run takes: those of the engine, or of the undo."""
    return undoing if past.operation == undoing.UNDO.slug else engine


def run(
    does: Behaviour, entity: Entity, selection: Selection, raw: Mapping[str, Any]
) -> tuple[Outcome, int | None]:
    """Run an operation: at once, or by a job whose number comes second. As ``engine.run``."""
    outcome = engine.run(does, entity, selection, raw, dry_run=False)
    return outcome, deferred(outcome, does.job)


def deferred(outcome: Outcome, kind: str = "") -> int | None:
    """The job for a run that has only begun; None when all of it is done, or it is held."""
    if not outcome.is_waiting or outcome.is_held:
        return None
    return enqueue(
        kind or outcome.job,
        operation_id=outcome.operation_id,
        total=outcome.total,
        skipped=len(outcome.skipped),
    )
