"""Several records of one kind become one of them (contract §5)."""

from collections.abc import Sequence
from dataclasses import replace

from flask_babel import lazy_gettext as _l

from app.operations.behaviour import Row, Run, lock_rows
from app.operations.lifecycle import Delete
from app.operations.outcome import Plan
from app.operations.rules import rules_of
from app.spec.entity import Entity
from app.spec.errors import Invalid
from app.spec.field import Field
from app.spec.relations import RelationField
from app.spec.words import Label
from app.store.writer import Change

SURVIVOR = "survivor"


class Merge(Delete):
    """What hung on the chosen records hangs on the survivor; they go to the recycle bin.

    The entity's rules say what that is. For those that others are linked with by name.
    """

    slug = "merge"

    def params(self, entity: Entity) -> tuple[Field, ...]:
        label = Label("Merge into", "合并到")
        return (RelationField(label=label, key=SURVIVOR, to=entity.key, required=True),)

    def prepare_chunk(self, run: Run, rows: Sequence[Row]) -> None:
        """The survivor is held, so that nobody deletes it or merges it away meanwhile."""
        if not list(lock_rows(run.entity, [run.params[SURVIVOR]], (), lock=not run.dry_run)):
            raise Invalid(fields={SURVIVOR: [_l("Not a valid choice.")]})

    def plan(self, run: Run, row: Row) -> Plan:
        if row.id == run.params[SURVIVOR]:
            return row.skip("unchanged")
        return replace(row.change(), notes={"deleted": [False, True]})

    def after(self, run: Run, changes: Sequence[Change]) -> None:
        titles = {c.id: c.title for c in changes}
        rules_of(run.entity).absorb(run.entity, titles, run.params[SURVIVOR])
