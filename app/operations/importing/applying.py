"""An import done, or rehearsed: portion by portion, each written as a whole (IMP, R17, C77)."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.exc import IntegrityError

from app.extensions import db
from app.operations.importing import cells, headers, options
from app.operations.importing.deciding import decide
from app.operations.importing.plan import OUTCOMES, Claims, Planner, Verdict
from app.operations.importing.resuming import packed
from app.operations.importing.writing import write
from app.spec.catalogue import catalogue
from app.spec.entity import NUMBER, Entity
from app.spec.errors import Conflict, Gone, Unavailable
from app.spec.notices import NOTICES
from app.store import door, imports, outbox, runs
from app.store.context import Origin, actor, operating, origin, running, system_scope
from app.store.imports import Import, Lines
from app.store.policy import Policy

AT_ONCE = 500
"""Rows that are imported within a request; more are a job (BULK-3)."""
SHOWN, SAMPLED = 100, 20
MOST_TRIES = 3
"""How often a portion is planned anew because somebody took a unique value meanwhile (C84)."""


@dataclass
class Tally:
    """What became of the rows so far."""

    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    rows: list[dict[str, Any]] = field(default_factory=list)
    sample: list[dict[str, Any]] = field(default_factory=list)

    def add(self, planner: Planner, verdicts: Sequence[Verdict]) -> None:
        labels = labels_of(planner.entity)
        for verdict in verdicts:
            self.counts[verdict.outcome] += 1
            if verdict.outcome in ("skipped", "failed"):
                reason = verdict.common_reason(labels)
                self.reasons[(verdict.outcome, verdict.code, reason)] += 1
                if len(self.rows) < SHOWN:
                    self.rows.append(told(verdict, labels))
            elif len(self.sample) < SAMPLED:
                self.sample += _sampled(planner, verdict)

    def described(self) -> dict[str, Any]:
        """The answer to a dry run: counts that add up, reasons, rows, old and new (C79)."""
        return {
            "total": self.counts.total(),
            **{outcome: self.counts[outcome] for outcome in OUTCOMES},
            "reasons": [
                {"outcome": outcome, "code": code, "text": text, "count": n}
                for (outcome, code, text), n in self.reasons.most_common(SHOWN)
            ],
            "rows": self.rows,
            "sample": self.sample[:SAMPLED],
        }


def labels_of(entity: Entity) -> dict[str, str]:
    """What columns are called in the reader's language."""
    fields = {NUMBER.key: NUMBER, **entity.fields, **headers.carried(entity)}
    return {key: str(f.label) for key, f in fields.items()}


def told(verdict: Verdict, labels: Mapping[str, str]) -> dict[str, Any]:
    """A row that changes nothing, with every column that is wrong."""
    return {
        "line": verdict.line,
        "outcome": verdict.outcome,
        "code": verdict.code,
        "reason": verdict.reason(labels),
        "fields": {key: [str(sentence)] for key, sentence in verdict.problems},
    }


def _sampled(planner: Planner, verdict: Verdict) -> list[dict[str, Any]]:
    """Old and new of a row, of fields that its importer reads in full (C43)."""
    changed = verdict.change.values if verdict.change else verdict.texts
    found = [
        {
            "line": verdict.line,
            "outcome": verdict.outcome,
            "field": key,
            "old": verdict.said.get(key, ""),
            "new": verdict.texts[key],
        }
        for key in changed
        if verdict.texts.get(key) and key in planner.policy.plain
    ]
    if planner.carried and verdict.carried:
        behind = f"{planner.carried.entity.key}{headers.BEHIND}"
        of_child = _sampled(planner.carried, verdict.carried)
        found += [one | {"field": behind + one["field"]} for one in of_child]
    return found


def planner_of(file: Import, claims: Claims | None = None, *, dry_run: bool) -> Planner:
    """Whoever asks decides over the rows of his file, with the rights of now (C40)."""
    entity = catalogue.get(file.entity)
    door.demand(entity.key, "import")
    chosen = options.parse(entity, file.options)
    fields = headers.importable(entity, Policy(actor(), entity, "import"))
    mapping = headers.checked(entity, file.headings, fields, file.mapping)
    columns = cells.columns(file.headings, mapping)
    chosen = replace(chosen, match=tuple(key for key in chosen.match if key in columns))
    kind = file.kind == "csv"
    planner = Planner(entity, headers.own(columns), chosen, kind, dry_run, claims or Claims())
    behind = {
        key.partition(headers.BEHIND)[2]: place
        for key, place in columns.items()
        if headers.BEHIND in key
    }
    if behind and entity.carried:
        other = catalogue.get(entity.carried.entity)
        made = options.Options("create", owner=chosen.owner)
        planner.carried = Planner(other, behind, made, kind, dry_run)
        planner.carried.through, planner.carried.kind = entity.carried.through, (other.key,)
    return planner


class Rehearsal:
    """A dry run under way, portion by portion; nothing is written."""

    def __init__(self) -> None:
        self.tally = Tally()
        self._claims, self._memory = Claims(), dict[str, Any]()

    def step(self, file: Import, place: int) -> bool:
        """Look at one portion; False behind the last one."""
        check_open(file)
        rows = _portion(file, place, self.tally.counts)
        if rows is None:
            return False
        planner = planner_of(file, self._claims, dry_run=True)
        planner.memory = self._memory
        with _importing(planner.entity, None):
            verdicts, claims = decide(planner, rows)
            self._claims.keep(claims)
            self.tally.add(planner, verdicts)
        return True


def rehearse(file: Import) -> dict[str, Any]:
    """What the import would do to every row of the file."""
    rehearsal, place = Rehearsal(), 0
    while rehearsal.step(file, place):
        place += 1
    return rehearsal.tally.described()


def check_open(file: Import) -> None:
    """Conflict for a file that was imported already, Gone for one whose rows are forgotten."""
    if file.operation_id is not None:
        raise Conflict
    if file.is_forgotten:
        raise Gone


def _portion(file: Import, place: int, counts: Mapping[str, int]) -> Lines | None:
    """The rows that come next; None when all have been counted, Gone when they are forgotten."""
    rows = imports.part(file.id, place)
    if rows is None and sum(counts.values()) < file.total:
        raise Gone
    return rows


def start(file: Import) -> int:
    """Note that the import begins; the caller holds the file's lock. Returns the run's number."""
    check_open(file)
    planner = planner_of(file, dry_run=False)
    kept = {"mode": planner.options.mode, "file": file.name, "sha256": file.sha256}
    file.operation_id = runs.start("import", planner.entity.key, {"import": file.id}, kept)
    return file.operation_id


class Importer:
    """Imports a file portion by portion; one may end and another go on where it stopped."""

    def __init__(self, claims: Claims | None = None) -> None:
        """``claims`` are what earlier portions claim, for whoever goes on where one stopped."""
        self._pending: tuple[int, Claims] | None = None
        self._claims = claims or Claims()

    def step(self, file: Import, place: int) -> bool:
        """Import one portion in the transaction under way, with the rights of now (C40).

        False behind the last one.
        """
        self._settle(place)
        rows = _portion(file, place, {outcome: getattr(file, outcome) for outcome in OUTCOMES})
        if rows is None:
            if file.job_id:
                imports.forget_claims(file.id)
            return False
        assert file.operation_id is not None  # noqa: S101 - for the type checker: it was started
        planner = planner_of(file, self._claims, dry_run=False)
        with _importing(planner.entity, file.operation_id):
            verdicts, claims = self._written(planner, rows, file.operation_id)
        self._pending = place, claims
        _note(planner.entity, file, verdicts)
        if file.job_id:  # within a request all or nothing is done
            imports.keep_claims(file.id, place, packed(claims))
        return True

    def _settle(self, place: int) -> None:
        """What an earlier portion claims counts once it is committed; never when it wasn't."""
        if self._pending is not None and self._pending[0] < place:
            self._claims.keep(self._pending[1])
        self._pending = None

    @staticmethod
    def _written(planner: Planner, rows: Any, run: int) -> tuple[list[Verdict], Claims]:
        for _attempt in range(MOST_TRIES):
            try:
                with db.session.begin_nested():
                    verdicts, claims = decide(planner, rows)
                    write(planner, verdicts, claims, run)
            except IntegrityError:  # somebody took a unique value between looking and writing
                continue
            return verdicts, claims
        raise Unavailable


def _note(entity: Entity, file: Import, verdicts: Sequence[Verdict]) -> None:
    """Count the rows, and keep of those that changed nothing why."""
    counts = Counter(verdict.outcome for verdict in verdicts)
    for outcome in OUTCOMES:
        setattr(file, outcome, getattr(file, outcome) + counts[outcome])
    left = [verdict for verdict in verdicts if verdict.outcome in ("skipped", "failed")]
    imports.note(
        file.id,
        [
            {
                "line": verdict.line,
                "outcome": verdict.outcome,
                "code": verdict.code,
                "record_id": verdict.record,
                "reason": verdict.kept_reason(),
            }
            for verdict in left
        ],
    )
    done = file.created + file.updated
    more = {"skipped": file.skipped, "failed": file.failed}
    runs.count(file.operation_id or 0, total=file.total, done=done, **more)


def tell_owners(file: Import, told: Mapping[str, int]) -> dict[str, int]:
    """One message to each other owner of new records about those that nobody told him of yet.

    Answers how many each has been told of by now; ``told`` is what this answered before.
    """
    entity = catalogue.get(file.entity)
    if not entity.is_owned or not options.parse(entity, file.options).notify:
        return {}
    me, run = actor(), file.operation_id or 0
    with system_scope("whoever gets records by an import hears of it"):
        owners = {k: n for k, n in runs.owners_of_made(run, entity).items() if k != me.user_id}
    base = {"entity": entity.key, "operation_id": run, "by_name": [me.name, me.name_en]}
    new = {owner: n - told.get(str(owner), 0) for owner, n in owners.items()}
    people = [(owner, base | {"count": n}) for owner, n in new.items() if n > 0]
    outbox.tell(NOTICES["import"], f"{run}.{sum(told.values())}", people)
    return {str(owner): n for owner, n in owners.items()}


@contextmanager
def _importing(entity: Entity, run: int | None) -> Iterator[None]:
    """The enclosed work is an import: for the gate, for what rules write along, for the history."""
    came = origin.get()
    token = origin.set(Origin("import", came.ip, came.request_id))
    try:
        with operating("import", entity.key), running(run):
            yield
    finally:
        origin.reset(token)
