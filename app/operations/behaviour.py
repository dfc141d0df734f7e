"""What a bulk operation is made of: its behaviour, a run of it, and the rows it plans with.

The engine takes the steps; a behaviour only says what they mean for one operation.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.operations.outcome import Plan, Skip
from app.operations.rules import rules_of
from app.spec import clock, sentences
from app.spec.entity import Entity
from app.spec.errors import Refusal
from app.spec.field import Field
from app.spec.operations import OPERATIONS, Operation
from app.spec.relations import LinksField
from app.store import caps, links
from app.store.context import actor
from app.store.policy import Policy
from app.store.scope import member_of
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


@dataclass
class Run:
    """One run of one operation: what it is about, and what its behaviour remembers."""

    entity: Entity
    verb: Operation
    params: dict[str, Any]
    dry_run: bool
    operation_id: int | None = None
    kept: dict[str, Any] = field(default_factory=dict)
    """What the next chunk has to know, in JSON values: another process may do it (BULK-3)."""
    memory: dict[str, Any] = field(default_factory=dict)
    """What was looked up, for the chunk under way."""
    written: Mapping[int, Mapping[str, Sequence[Any]]] = field(default_factory=dict)
    """Of an undo: what the run that is taken back wrote, record to field to [old, new]."""
    at: datetime = field(default_factory=clock.now)
    """When the rows of the chunk under way are changed: one moment for all, one UPDATE (BULK-6)."""

    @cached_property
    def policy(self) -> Policy:
        """What the doer sees of the rows that he does this to."""
        return Policy(actor(), self.entity, self.verb.slug, in_list=True)


@dataclass(frozen=True, slots=True)
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


def permitted(run: Run, row: Row, **values: Any) -> Change | Skip:
    """New values for a row as far as the entity's rules let it have them, caps among them."""
    try:
        rules_of(run.entity).before_change(run.entity, row.id, row.values, values)
    except Refusal as refusal:
        wrong = [one for some in refusal.fields.values() for one in some]
        return row.skip("invalid", why=sentences.joined(*wrong) if wrong else refusal.message)
    return row.change(**values)


def unless_so(run: Run, row: Row, **values: Any) -> Change | Skip:
    """New values for a row, unless it has them all already: then it is left out.

    Of a field that the doer doesn't read in full that isn't told: any value counts as another one,
    whatever stands there (C43).
    """
    told = run.policy.plain
    new = {k: v for k, v in values.items() if k not in told or row.values.get(k) != v}
    return permitted(run, row, **new) if new else row.skip("unchanged")


class Behaviour:
    """What an operation does; subclasses override what they need.

    ``plan`` decides for one row, from the row and the parameters alone; ``marks`` are columns
    without a field; ``after`` writes what hangs on the rows.
    """

    slug = ""
    writes = True
    """Whether records are changed; an operation that only reads locks and writes nothing."""
    takes_away = False
    """Whether they leave: then nobody can begin to point at them meanwhile (C86)."""
    looks_late = False
    """Whether rows that were ticked are looked at when they are locked, and not before: one that
    the doer can't reach has its verdict then, and fewer statements are between him and others."""
    dwindling: frozenset[str] = frozenset()
    """The parameters whose choices may leave while a job is under way: it goes on with the rest."""
    job = "bulk"
    """The kind of job that does what is more than a request takes."""

    def params(self, entity: Entity) -> tuple[Field, ...]:
        """The fields of its dialog and of ``params`` in the API."""
        return OPERATIONS[self.slug].params

    def at_once(self, run: Run) -> int:
        """Up to so many rows it runs within the request; more become a job (BULK-3)."""
        return CHUNK

    def foresee(self, run: Run, total: int) -> Sequence[str]:
        """What has to be said about so many rows before it begins; may raise a Refusal."""
        return ()

    def begin(self, run: Run, total: int) -> bool:
        """Note what belongs to a run that begins; False when somebody has to permit it first."""
        return True

    def completed(self, run: Run, selection: Any) -> Any:
        """The selection with what the parameters add to it."""
        return selection

    def prepare(self, run: Run) -> None:
        """Check the parameters and look up what all rows share; may raise a Refusal.

        Asked again before every chunk of a job, maybe in another process: what must go on from
        chunk to chunk stands in ``run.kept``.
        """

    def prepare_chunk(self, run: Run, rows: Sequence[Row]) -> None:
        """Look up in one statement what the rows of a chunk need to be planned."""

    def plan(self, run: Run, row: Row) -> Plan:
        raise NotImplementedError

    def missing(self, run: Run, ids: Sequence[int]) -> list[Skip]:
        """What to say of rows that left the scope between choosing and locking."""
        return [Skip(i, "gone") for i in ids]

    def columns(self, run: Run) -> Sequence[str]:
        """The fields that planning looks at, besides title, owner and pool: those it writes."""
        return OPERATIONS[self.slug].needs_fields

    def marks(self, run: Run) -> Mapping[str, Any]:
        return {}

    def carry_out(self, run: Run, changes: Sequence[Change]) -> None:
        """Write a chunk: the new values, then what hangs on them."""
        write(run, changes, self.marks(run))
        self.after(run, changes)

    def after(self, run: Run, changes: Sequence[Change]) -> None:
        """Write what hangs on the changed rows of a chunk."""

    def goes_along(self, run: Run, changes: Sequence[Change]) -> Mapping[tuple[str, str], int]:
        """How many other records go along with these, or would, by kind and the code of what keeps
        them (empty: nothing does); asked once for each chunk, after it was written.
        """
        return {}

    def notified(self, run: Run, changes: Sequence[Change]) -> dict[int, int]:
        """How many of the changed rows each person hears of; of several chunks the sum."""
        return {}


def chunks(ids: Sequence[int], size: int = CHUNK) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def write(run: Run, changes: Sequence[Change], extra: Mapping[str, Any]) -> None:
    """Write a chunk with history and the entity's own follow-up."""
    how = Context(run.verb.slug, run.operation_id, run.verb.is_handover, extra)
    update_rows(run.entity, changes, how)
    rules_of(run.entity).after_changes(run.entity, changes)


def lock_rows(
    entity: Entity,
    ids: Sequence[int],
    columns: Sequence[str],
    *,
    lock: bool = True,
    leaving: bool = False,
) -> Iterator[Row]:
    """The rows still within the operation's scope, locked in the order of their ids.

    On PostgreSQL a row that somebody else holds is waited for and looked at again, so a claim that
    comes second finds nothing (POOL-2); on SQLite writers queue as a whole. For rows that are
    ``leaving`` whoever holds them as a choice of his is waited for too (``door.within``).
    """
    if not ids:
        return
    model = entity.model
    keys = [
        k
        for k in (*HANDED_OVER, *caps.LOOKS_AT, entity.title, *rules_of(entity).looks_at, *columns)
        if k in entity.fields
    ]
    fields = [entity.fields[key] for key in dict.fromkeys(keys)]
    stored = [f for f in fields if f.is_stored]
    statement = (
        select(model.id, *(getattr(model, f.column) for f in stored))
        .where(member_of(model.id, ids))
        .order_by(model.id)
    )
    if lock:
        statement = statement.with_for_update(of=model, key_share=not leaving)
    rows = db.session.execute(statement).all()
    several = [f for f in fields if isinstance(f, LinksField)]
    linked = links.of_rows(entity, several, [found[0] for found in rows])
    names = [f.key for f in stored]
    for number, *found in rows:
        values = dict(zip(names, found, strict=True))
        for f in several:
            values[f.key] = linked.get((number, f.key), [])
        yield Row(number, str(values.get(entity.title) or ""), values)
