"""The bulk engine: one way to run any operation over any selection (BULK-2).

Dry run and run take the same steps up to the writing, so their verdicts per row are the same. Rows
are locked in the order of their ids, planned one by one, and written set-based in chunks, each with
its history; the caller commits once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.operations.editing import parse, resolve
from app.operations.outcome import Outcome, Plan, Skip
from app.operations.rules import rules_of
from app.operations.selection import Selection, look_at
from app.operations.selection import resolve as resolve_selection
from app.spec.entity import Entity
from app.spec.errors import Invalid, NotFound, Refusal
from app.spec.field import Field
from app.spec.operations import OPERATIONS, Operation
from app.spec.relations import LinksField
from app.store import door, links, outbox, runs
from app.store.context import actor, operating, running
from app.store.gate import member_of
from app.store.policy import Policy
from app.store.writer import Change, Context, update_rows

CHUNK = 500
"""Rows written together; each chunk with its history (BULK-6)."""
HANDED_OVER = (
    "owner",
    "pool",
    "pooled_at",
    "previous_owner",
    "obtained_at",
    "obtained_way",
    "is_followed_up",
)
"""What a row takes on when it changes hands: known of every row, so that its history is true."""
LOOKED_AT = 10_000
"""Rows looked at together where nothing is written."""


@dataclass
class Job:
    """One run of one operation: what it is about, and what its behaviour remembers."""

    entity: Entity
    verb: Operation
    params: dict[str, Any]
    dry_run: bool
    memory: dict[str, Any] = field(default_factory=dict)
    operation_id: int | None = None

    @cached_property
    def policy(self) -> Policy:
        """What the doer sees of the rows that he does this to."""
        return Policy(actor(), self.entity, self.verb.slug, in_list=True)


@dataclass(frozen=True)
class Row:
    """A record as an operation plans with it: its values by field key."""

    id: int
    title: str
    values: Mapping[str, Any]

    def change(self, **values: Any) -> Change:
        """New values for this row."""
        return Change(self.id, self.title, self.values, values)

    def skip(self, code: str, **values: Any) -> Skip:
        return Skip(self.id, code, values, self.title)


def permitted(job: Job, row: Row, **values: Any) -> Change | Skip:
    """New values for a row as far as the entity's rules let it have them, caps among them."""
    try:
        rules_of(job.entity).before_change(job.entity, row.id, row.values, values)
    except Refusal as refusal:
        return row.skip("invalid", why=refusal)
    return row.change(**values)


def unless_so(job: Job, row: Row, **values: Any) -> Change | Skip:
    """New values for a row, unless it has them all already: then it is left out.

    Of a field that the doer doesn't read in full that isn't told: any value counts as another one,
    whatever stands there (C43).
    """
    told = job.policy.plain
    new = {k: v for k, v in values.items() if k not in told or row.values.get(k) != v}
    return permitted(job, row, **new) if new else row.skip("unchanged")


class Behaviour:
    """What an operation does; subclasses override what they need.

    ``plan`` decides for one row, from the row and the parameters alone; ``marks`` are columns
    without a field; ``after`` writes what hangs on the rows.
    """

    slug = ""
    writes = True
    """Whether records are changed; an operation that only reads locks and writes nothing."""

    def params(self, entity: Entity) -> tuple[Field, ...]:
        """The fields of its dialog and of ``params`` in the API."""
        return OPERATIONS[self.slug].params

    def prepare(self, job: Job) -> None:
        """Check the parameters and look up what all rows share; may raise a Refusal."""

    def prepare_chunk(self, job: Job, rows: Sequence[Row]) -> None:
        """Look up in one statement what the rows of a chunk need to be planned."""

    def plan(self, job: Job, row: Row) -> Plan:
        raise NotImplementedError

    def missing(self, job: Job, ids: Sequence[int]) -> list[Skip]:
        """What to say of rows that left the scope between choosing and locking."""
        return [Skip(i, "gone") for i in ids]

    def columns(self, job: Job) -> Sequence[str]:
        """The fields that planning looks at, besides title, owner and pool."""
        return ()

    def marks(self, job: Job) -> Mapping[str, Any]:
        return {}

    def carry_out(self, job: Job, changes: Sequence[Change]) -> None:
        """Write a chunk: the new values, then what hangs on them."""
        write(job, changes, self.marks(job))
        self.after(job, changes)

    def after(self, job: Job, changes: Sequence[Change]) -> None:
        """Write what hangs on the changed rows of a chunk."""

    def notified(self, job: Job, changes: Sequence[Change]) -> dict[int, int]:
        """How many of the changed rows each person hears of."""
        return {}


def run(
    behaviour: Behaviour,
    entity: Entity,
    selection: Selection,
    raw: Mapping[str, Any],
    *,
    dry_run: bool,
) -> Outcome:
    """Run an operation over a selection, or only say what it would do.

    Raises NotPermitted, NotFound, Invalid, StaleCount, TooLarge; does not commit.
    """
    verb = entity.verb(behaviour.slug)
    if verb is None:
        raise NotFound
    door.demand(entity.key, verb.slug)
    fields = {f.key: f for f in behaviour.params(entity)}
    with operating(verb.slug, entity.key, pools=True):
        try:
            params = parse(fields, raw, complete=True)
            resolve(entity, fields, params, creates=not dry_run)
            job = Job(entity, verb, params, dry_run)
            behaviour.prepare(job)
        except Invalid:
            look_at(entity, verb, selection)  # what is wrong with it is said first
            raise
        chosen = resolve_selection(entity, verb, selection)
        outcome = Outcome(total=len(chosen.ids) + len(chosen.skipped), skipped=chosen.skipped)
        if not dry_run:
            kept = {key: f.to_json(params.get(key)) for key, f in fields.items()}
            job.operation_id = outcome.operation_id = runs.start(
                verb.slug, entity.key, selection.described(), kept
            )
        with running(job.operation_id):
            for ids in chunks(chosen.ids, LOOKED_AT if dry_run else CHUNK):
                _run_chunk(behaviour, job, ids, outcome)
        outcome.notified = behaviour.notified(job, outcome.changes)
        if not dry_run:
            finish(job, outcome)
    return outcome


def chunks(ids: Sequence[int], size: int = CHUNK) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def _run_chunk(behaviour: Behaviour, job: Job, ids: Sequence[int], outcome: Outcome) -> None:
    lock = behaviour.writes and not job.dry_run
    rows = list(lock_rows(job.entity, ids, behaviour.columns(job), lock=lock))
    behaviour.prepare_chunk(job, rows)
    plans = [behaviour.plan(job, row) for row in rows]
    changes = [plan for plan in plans if isinstance(plan, Change)]
    gone = sorted(set(ids) - {row.id for row in rows})
    outcome.skipped += [plan for plan in plans if isinstance(plan, Skip)]
    outcome.skipped += behaviour.missing(job, gone) if gone else []
    outcome.changes += changes
    if not lock or not changes:
        return
    behaviour.carry_out(job, changes)


def write(job: Job, changes: Sequence[Change], extra: Mapping[str, Any]) -> None:
    """Write a chunk with history and the entity's own follow-up."""
    how = Context(job.verb.slug, job.operation_id, job.verb.is_handover, extra)
    update_rows(job.entity, changes, how)
    rules_of(job.entity).after_write(job.entity, [c.id for c in changes])


def lock_rows(
    entity: Entity, ids: Sequence[int], columns: Sequence[str], *, lock: bool = True
) -> Iterator[Row]:
    """The rows still within the operation's scope, locked in the order of their ids.

    On PostgreSQL a row that somebody else holds is waited for and looked at again, so a claim that
    comes second finds nothing (POOL-2); on SQLite writers queue as a whole.
    """
    if not ids:
        return
    model = entity.model
    keys = [k for k in (*HANDED_OVER, entity.title, *columns) if k in entity.fields]
    fields = [entity.fields[key] for key in dict.fromkeys(keys)]
    stored = [f for f in fields if f.is_stored]
    statement = (
        select(model.id, *(getattr(model, f.column) for f in stored))
        .where(member_of(model.id, ids))
        .order_by(model.id)
    )
    if lock:
        statement = statement.with_for_update(of=model, key_share=True)
    rows = db.session.execute(statement).all()
    several = [f for f in fields if isinstance(f, LinksField)]
    linked = links.of_rows(entity, several, [found[0] for found in rows])
    for found in rows:
        values = dict(zip((f.key for f in stored), found[1:], strict=True))
        values |= {f.key: linked.get((found[0], f.key), []) for f in several}
        yield Row(found[0], str(values.get(entity.title) or ""), values)


def finish(job: Job, outcome: Outcome) -> None:
    """The report per row, the counts, one message per receiver."""
    assert job.operation_id is not None  # noqa: S101 - for the type checker
    items = [
        {"record_id": c.id, "outcome": "done", "changes": c.differences(job.entity)}
        for c in outcome.changes
    ]
    items += [
        {"record_id": s.id, "outcome": "skipped", "code": s.code, "reason": s.reason}
        for s in outcome.skipped
    ]
    runs.note(job.operation_id, items)
    runs.finish(
        job.operation_id,
        total=outcome.total,
        done=len(outcome.changes),
        skipped=len(outcome.skipped),
    )
    outbox.tell(job.verb.slug, str(job.operation_id), _messages(job, outcome))


def _messages(job: Job, outcome: Outcome) -> Iterator[tuple[int, dict[str, Any]]]:
    me = actor()
    first = outcome.changes[0] if outcome.changes else None
    for user_id, n in outcome.notified.items():
        if user_id != me.user_id and first is not None:
            yield (
                user_id,
                {
                    "entity": job.entity.key,
                    "count": n,
                    "operation_id": job.operation_id,
                    "by_name": [me.name, me.name_en],
                    "record": first.id if n == 1 else None,
                    "title": first.title if n == 1 else "",
                    "message": job.params.get("message") or "",
                },
            )
