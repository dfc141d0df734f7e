"""What becomes of the rows of a bulk operation: the closed list of reasons for leaving one out."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _l

from app.operations.rules import Place, Remedy
from app.spec import sentences
from app.spec.field import Field
from app.store.caps import Room
from app.store.policy import Policy
from app.store.writer import SCOPE_FIELDS, Change

SAMPLED = 20

REASONS: dict[str, Any] = {
    "not_permitted": _l("You may read this record, but not do this with it."),
    "gone": _l("It was changed or removed meanwhile."),
    "changed": _l("Changed by %(who)s on %(when)s; that stays."),
    "dismissed": _l("What stood in “%(field)s” can't be chosen any more."),
    "taken": _l("%(name)s was faster."),
    "claims_used": _l("All %(limit)s claims from “%(pool)s” are used; more from %(when)s."),
    "yours_before": _l("It was yours before; you may claim it again from %(when)s."),
    "protected": _l("It is new in its pool; members may claim it from %(when)s."),
    "unchanged": _l("Nothing would change."),
    "same_owner": _l("It already belongs to that person."),
    "same_pool": _l("It lies in that pool already."),
    "no_owner": _l("It has no owner."),
    "locked": _l("It is locked."),
    "blocked": _l("%(why)s"),
    "duplicate": _l("Another record has the same %(field)s."),
    "parent_deleted": _l("What it belongs to is deleted itself; restore that first."),
    "converted": _l("It has been converted already."),
    "not_member": _l("None of these people is in its team."),
    "over_cap": _l("%(why)s"),
    "parent_stays": _l("What it belongs to stays."),
    "no_receiver": _l("Whoever was to get it can't be given anything any more."),
    "invalid": _l("%(why)s"),
}
"""Code to sentence; the values of the placeholders travel with the skip."""


@dataclass(frozen=True)
class Skip:
    """A row that is left alone, and why."""

    id: int
    code: str
    values: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    where: tuple[Place | Remedy, ...] = ()
    """Where to look for what stands in the way, kind by kind."""

    @property
    def item(self) -> dict[str, Any]:
        """The row of the report."""
        return {
            "record_id": self.id,
            "outcome": "skipped",
            "code": self.code,
            "reason": self._kept(),
        }

    def _kept(self) -> str:
        """What ``told`` makes a sentence of."""
        values = {key: sentences.packed(value) for key, value in self.values.items()}
        return json.dumps(values, ensure_ascii=False) if values else ""

    @property
    def reason(self) -> str:
        """The sentence in the reader's language."""
        return str(REASONS[self.code]) % dict(self.values)


def told(code: str, kept: str) -> str:
    """The sentence of a row of a report in the reader's language (BULK-4, UI-8).

    Rows of earlier versions hold the sentence itself, in the language of the run.
    """
    try:
        values = json.loads(kept) if kept else {}
    except ValueError:
        return kept
    if code not in REASONS or not isinstance(values, dict):
        return kept
    return str(REASONS[code]) % {key: sentences.said(value) for key, value in values.items()}


Plan = Change | Skip


@dataclass
class Outcome:
    """What a run did or a dry run would do (contract §5)."""

    total: int = 0
    changes: list[Change] = field(default_factory=list)
    """What is written; of a large dry run only the first."""
    skipped: list[Skip] = field(default_factory=list)
    notified: Mapping[int, int] = field(default_factory=dict)
    """How many rows each person hears of."""
    given: Mapping[int, int] = field(default_factory=dict)
    """How many of the records each person gets."""
    along: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """How many other records go along, by kind and the code of what keeps them there; of what
    nothing keeps the code is empty.
    """
    rooms: Mapping[int, Room] = field(default_factory=dict)
    """What those of them have afterwards for whom a cap holds, of how many; of a dry run only."""
    done: int = 0
    """How many rows are changed."""
    operation_id: int | None = None
    is_waiting: bool = False
    """Nothing is done yet: a job will take the steps."""
    job: str = "bulk"
    """The kind of job that takes them, when nothing else is said."""
    is_held: bool = False
    """Not even a job yet: somebody has to permit it first."""
    warnings: Sequence[str] = ()
    """What has to be said before it is confirmed."""

    @property
    def looked_at(self) -> int:
        """How many rows have a verdict: fewer than all when a dry run has not seen the rest."""
        return self.done + len(self.skipped)

    def add(self, step: "Outcome") -> None:
        """Add what became of more rows."""
        self.changes += step.changes
        self.skipped += step.skipped
        self.done += step.done
        self.notified = Counter(self.notified) + Counter(step.notified)
        self.given = Counter(self.given) + Counter(step.given)
        self.along = Counter(self.along) + Counter(step.along)

    def sample(self, policy: Policy) -> Iterator[tuple[Change, Field, Sequence[Any]]]:
        """The first rows field by field, [old, new]: of fields that are read in full in lists too.

        Of a masked value not even that it would be another one is told (C43); of a record in a
        pool its mere members are told what the pool shows, and whose it would be (POOL-1, C41).
        """
        for change in self.changes[:SAMPLED]:
            columns = policy.columns_in(change.before.get("pool"))
            for key, pair in change.differences(policy.entity).items():
                is_shown = columns is None or key in columns or key in SCOPE_FIELDS
                if key in policy.plain and is_shown:
                    yield change, policy.plain[key], pair
