"""Purging: out of the recycle bin for good, with what was deleted along (CUS-3)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import true

from app.operations.behaviour import Behaviour, Row, Run, lock_rows
from app.operations.lifecycle import batches_of, below, in_batches, roots_of
from app.operations.outcome import Plan
from app.operations.rules import Blocker, Place
from app.spec.catalogue import catalogue
from app.store.context import system_scope
from app.store.purging import pointers, remove_rows
from app.store.writer import Change


class Purge(Behaviour):
    """Not while something that stays points there; the history keeps a last line of each."""

    slug = "purge"
    takes_away = True

    def prepare_chunk(self, run: Run, rows: Sequence[Row]) -> None:
        ids = [row.id for row in rows]
        batches = {batch for batch in batches_of(run.entity, ids).values() if batch}
        levels = list(below(run.entity, ids, _going(batches)))
        run.memory["levels"], roots = levels, roots_of(run.entity, ids, levels)
        run.memory["roots"], run.memory["held"] = roots, _held(roots)

    def plan(self, run: Run, row: Row) -> Plan:
        blocker = run.memory["held"].get(row.id)
        if blocker:
            return replace(row.skip("blocked", why=blocker.sentence), where=blocker.where)
        return replace(row.change(), notes={"purged": [False, True]})

    def carry_out(self, run: Run, changes: Sequence[Change]) -> None:
        """Children before their parents."""
        going, roots = {c.id for c in changes}, run.memory["roots"]
        for entity, rows in reversed(run.memory["levels"]):
            ids = [i for i in rows if roots[entity.key][i] in going]
            with system_scope("what was deleted with a record is purged with it"):
                titles = {row.id: row.title for row in lock_rows(entity, ids, ())}
                remove_rows(entity, titles, self.slug, run.operation_id)
        with system_scope("what hangs on a purged record goes, whoever put it there"):
            titles = {c.id: c.title for c in changes}
            remove_rows(run.entity, titles, self.slug, run.operation_id)


def _going(batches: Iterable[str]) -> Callable[[Any], Any]:
    """Those deleted along; and whatever is attached to a record, deleted before it or with it: it
    can't be without the record (ACT-3)."""
    along = in_batches(batches)
    return lambda model: true() if model.__attached__ else along(model)


def _held(roots: Mapping[str, Mapping[int, int]]) -> dict[int, Blocker]:
    """The chosen records that stay, because something points at them or at what goes along."""
    found = {}
    for key, going in roots.items():
        for target, (other, field, n) in pointers(catalogue.get(key), roots).items():
            found[going[target]] = Blocker(
                _l("%(n)d × %(kind)s still point at it.", n=n, kind=other.many),
                (Place(other, field.key, target),),
            )
    return found
