"""Operations about a record's life: recycle bin and back, disable and enable (CUS-3, ORG-1)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.operations.behaviour import Behaviour, Row, Run, lock_rows, write
from app.operations.namesakes import kept_marks
from app.operations.outcome import Plan
from app.operations.rules import rules_of
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.field import Field
from app.spec.namesakes import may_be_confirmed
from app.store import door, namesakes
from app.store.accounts import end_everything
from app.store.context import actor_id, system_scope
from app.store.scope import member_of
from app.store.writer import Change


class Delete(Behaviour):
    """Into the recycle bin, with everything that belongs to it; blocked ones stay (CUS-3)."""

    slug = "delete"
    takes_away = True

    def prepare_chunk(self, run: Run, rows: Sequence[Row]) -> None:
        run.memory["blockers"] = rules_of(run.entity).blockers(run.entity, [row.id for row in rows])

    def plan(self, run: Run, row: Row) -> Plan:
        blocker = run.memory["blockers"].get(row.id)
        if blocker:
            skip = row.skip("blocked", why=blocker.sentence)
            return replace(skip, where=blocker.where)
        return replace(row.change(), notes={"deleted": [False, True]})

    def marks(self, run: Run) -> Mapping[str, Any]:
        return {
            "deleted_at": clock.now(),
            "deleted_by_id": actor_id(),
            "delete_batch": str(run.operation_id),
        }

    def after(self, run: Run, changes: Sequence[Change]) -> None:
        """Children go with their parent, under the same batch, whoever owns them."""
        ids = [c.id for c in changes]
        for entity, rows in below(run.entity, ids, lambda model: model.deleted_at.is_(None)):
            mark(run, entity, list(rows), self.marks(run), deleted=True)


class Restore(Behaviour):
    """Back from the bin with what was deleted along; a name taken meanwhile is refused (C102).

    Not so where the installation only warns of equal names: then there were two before, too.
    """

    slug = "restore"

    def columns(self, run: Run) -> Sequence[str]:
        parents = [f.key for f in run.entity.parents]
        return [f.key for f in run.entity.fields.values() if f.unique] + parents

    def prepare(self, run: Run) -> None:
        run.memory["taken"] = {f.key: set() for f in _unique(run.entity)}

    def prepare_chunk(self, run: Run, rows: Sequence[Row]) -> None:
        entity = run.entity
        with system_scope("whether a unique value is taken is looked at everywhere"):
            run.memory["mine"] = {f.key: _unique_values(entity, f, rows) for f in _unique(entity)}
            for f in _unique(entity):
                mine = run.memory["mine"][f.key].values()
                run.memory["taken"][f.key] |= namesakes.taken(entity, f, mine)
            run.memory["batches"] = batches_of(entity, [row.id for row in rows])
            run.memory["dead_parents"] = {
                f.key: _deleted(catalogue.get(f.to), [row.values.get(f.key) for row in rows])
                for f in entity.parents
            }

    def plan(self, run: Run, row: Row) -> Plan:
        taken, mine = run.memory["taken"], run.memory["mine"]
        for key in taken:
            if mine[key].get(row.id) in taken[key]:
                return row.skip("duplicate", field=run.entity.fields[key].label)
        for key, dead in run.memory["dead_parents"].items():
            if row.values.get(key) in dead:
                return row.skip("parent_deleted")
        for key in taken:  # a second one of the same name in this run comes too late
            taken[key] |= {mine[key][row.id]} - {None}
        return replace(row.change(), notes={"deleted": [True, False]})

    def marks(self, run: Run) -> Mapping[str, Any]:
        alive = {"deleted_at": None, "deleted_by_id": None, "delete_batch": None}
        return {**alive, **kept_marks(run.entity)}

    def after(self, run: Run, changes: Sequence[Change]) -> None:
        batches = {run.memory["batches"][c.id] for c in changes} - {None}
        ids = [c.id for c in changes]
        for entity, rows in below(run.entity, ids, in_batches(batches)):
            below_it = replace(run, entity=entity)
            mark(run, entity, list(rows), self.marks(below_it), deleted=False)


class Disable(Behaviour):
    """Nobody is deleted, only disabled, and only when nothing depends on him any more (ORG-1)."""

    slug = "disable"
    takes_away = True

    def prepare_chunk(self, run: Run, rows: Sequence[Row]) -> None:
        run.memory["blockers"] = rules_of(run.entity).blockers(run.entity, [row.id for row in rows])

    def columns(self, run: Run) -> Sequence[str]:
        return ("is_active",)

    def plan(self, run: Run, row: Row) -> Plan:
        if not row.values["is_active"]:
            return row.skip("unchanged")
        blocker = run.memory["blockers"].get(row.id)
        if blocker:
            return replace(row.skip("blocked", why=blocker.sentence), where=blocker.where)
        return row.change(is_active=False)


class Enable(Behaviour):
    """Back to work, unless that would give out more than the doer has (MATRIX-8)."""

    slug = "enable"

    def prepare_chunk(self, run: Run, rows: Sequence[Row]) -> None:
        ids = [row.id for row in rows]
        run.memory["blockers"] = rules_of(run.entity).enabling_blockers(run.entity, ids)

    def columns(self, run: Run) -> Sequence[str]:
        return ("is_active",)

    def plan(self, run: Run, row: Row) -> Plan:
        if row.values["is_active"]:
            return row.skip("unchanged")
        blocker = run.memory["blockers"].get(row.id)
        if blocker:
            return row.skip("blocked", why=blocker.sentence)
        return row.change(is_active=True)


class LogOut(Behaviour):
    """On every device and with every token, at once; whoever may do more is left alone (R11)."""

    slug = "log_out"

    def prepare_chunk(self, run: Run, rows: Sequence[Row]) -> None:
        ids = [row.id for row in rows]
        run.memory["blockers"] = rules_of(run.entity).enabling_blockers(run.entity, ids)

    def plan(self, run: Run, row: Row) -> Plan:
        blocker = run.memory["blockers"].get(row.id)
        if blocker:
            return row.skip("blocked", why=blocker.sentence)
        return replace(row.change(), notes={"sessions": [None, "ended"]})

    def after(self, run: Run, changes: Sequence[Change]) -> None:
        end_everything([change.id for change in changes])


def belonging(entity: Entity) -> list[tuple[Entity, Any]]:
    """The entities whose rows belong to this one's, each with the column that points here."""
    return [
        (other, getattr(other.model, f.column))
        for other in catalogue
        for f in other.parents
        if f.to == entity.key
    ]


Along = Mapping[int, tuple[str, int]]
"""Records that go along, each with the record that it belongs to: entity and id."""


Levels = Sequence[tuple[Entity, Along]]
"""The same by entity, parents first."""


def roots_of(entity: Entity, ids: Sequence[int], levels: Levels) -> dict[str, dict[int, int]]:
    """By entity: every record that goes, with the chosen one that it goes with."""
    roots: dict[str, dict[int, int]] = {entity.key: {i: i for i in ids}}
    for other, rows in levels:
        found = {i: roots[parent][up] for i, (parent, up) in rows.items()}
        roots[other.key] = roots.get(other.key, {}) | found
    return roots


def below(
    entity: Entity, ids: Sequence[int], which: Callable[[Any], Any]
) -> Iterator[tuple[Entity, Along]]:
    """What belongs to these records, and what belongs to that in turn, parents first.

    ``which`` says of a model which of its rows are meant.
    """
    for other, through in belonging(entity):
        with system_scope("what belongs to a record goes with it, whoever owns it"):
            rows = db.session.execute(
                select(other.model.id, through)
                .where(member_of(through, ids), which(other.model))
                .order_by(other.model.id)
            ).all()
        if rows:
            yield other, {i: (entity.key, up) for i, up in rows}
            yield from below(other, [i for i, _up in rows], which)


def in_batches(batches: Iterable[str]) -> Callable[[Any], Any]:
    wanted = sorted(batches)
    return lambda model: model.delete_batch.in_(wanted)


def batches_of(entity: Entity, ids: Sequence[int]) -> dict[int, str | None]:
    """Under which mark each of these records was deleted, with what belonged to it."""
    model = entity.model
    with system_scope("what was deleted together is known everywhere"):
        rows = db.session.execute(
            select(model.id, model.delete_batch).where(member_of(model.id, ids))
        )
        return {record_id: batch for record_id, batch in rows}  # noqa: C416 - rows, not pairs


def mark(
    run: Run, entity: Entity, ids: Sequence[int], extra: Mapping[str, Any], *, deleted: bool
) -> None:
    """Put records that go along into the bin or take them out of it, with a history entry each."""
    note = {"deleted": [not deleted, deleted]}
    with system_scope("what belongs to a record goes with it, whoever owns it"):
        rows = lock_rows(entity, ids, (), leaving=deleted)
        changes = [replace(row.change(), notes=note) for row in rows]
        if changes:
            write(replace(run, entity=entity), changes, extra)


def _unique(entity: Entity) -> list[Field]:
    """The fields in which no two living records may have the same, as the installation wants it."""
    repeats = may_be_confirmed()
    return [f for f in entity.fields.values() if f.is_unique and not (f.shared_by and repeats)]


def _unique_values(entity: Entity, field: Field, rows: Sequence[Row]) -> dict[int, Any]:
    """What must be unique of these records, by record."""
    column = namesakes.unique_column(entity, field)
    found = select(entity.model.id, column).where(
        member_of(entity.model.id, [row.id for row in rows])
    )
    return {record_id: value for record_id, value in db.session.execute(found)}  # noqa: C416


def _deleted(entity: Entity, ids: Sequence[int | None]) -> set[int]:
    """Those that lie in the bin; the others are held until their children are back."""
    model, wanted = entity.model, sorted({i for i in ids if i})
    found = select(model.id, model.deleted_at).where(member_of(model.id, wanted))
    rows = db.session.execute(door.held(found, model)) if wanted else ()
    return {record_id for record_id, deleted_at in rows if deleted_at}
