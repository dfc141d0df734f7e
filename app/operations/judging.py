"""Judging records in the name of a department (CUS-5): sales says A, service says C."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from flask_babel import lazy_gettext as _l

from app.operations.behaviour import Behaviour, Row, Run, permitted
from app.operations.outcome import Plan, Skip
from app.spec.entity import Entity
from app.spec.errors import Invalid
from app.spec.field import Field
from app.spec.kinds import LongTextField, OptionField
from app.spec.opinions import LONGEST_NOTE
from app.spec.relations import RelationField
from app.spec.words import Label
from app.store import access, opinions
from app.store.context import actor, current_or_none
from app.store.policy import Policy
from app.store.writer import Change

OPINIONS = "opinions"
"""The note of a record's history: what a department thought before, and thinks now."""
DEPARTMENT, NOTE = "department", "note"


class Judge(Behaviour):
    """Somebody says what his department thinks of records; what it thought before is kept."""

    slug = "judge"

    def params(self, entity: Entity) -> tuple[Field, ...]:
        work = current_or_none()  # nobody acts where it is explained what there is
        may = Policy(work.actor, entity, self.slug) if work and work.actor else entity
        aspects = may.aspects.values()
        asked = [OptionField(label=f.label, key=f.key, choices=f.choices) for f in aspects]
        department = RelationField(
            label=Label("Department", "部门"),
            key=DEPARTMENT,
            to="department",
            required=True,
            default=_own,
            among=places,
        )
        note = LongTextField(
            label=Label("Note", "说明"), key=NOTE, max_length=LONGEST_NOTE, has_phrases=True
        )
        return (*asked, department, note)

    def prepare(self, run: Run) -> None:
        """Invalid when nothing is judged, or somebody else's department is to say it."""
        if run.params[DEPARTMENT] not in places():
            words = _l("You may judge for your own department and for those that you head.")
            raise Invalid(fields={DEPARTMENT: [words]})
        if not _given(run):
            raise Invalid(_l("Say what your department thinks of at least one of them."))

    def prepare_chunk(self, run: Run, rows: Sequence[Row]) -> None:
        ids, department = [row.id for row in rows], run.params[DEPARTMENT]
        run.memory["before"] = opinions.counting(run.entity.key, ids, department)

    def plan(self, run: Run, row: Row) -> Plan:
        given = _given(run)
        plan = permitted(run, row, **{OPINIONS: given})
        if isinstance(plan, Skip):  # what may only be read isn't judged either (LEAD-2)
            return plan
        told, had = {DEPARTMENT: run.params[DEPARTMENT]}, run.memory["before"][row.id]
        before = {key: had[key][0] for key in given if key in had}
        after = given | ({NOTE: note} if (note := run.params.get(NOTE)) else {})
        return replace(row.change(), notes={OPINIONS: [told | before, told | after]})

    def after(self, run: Run, changes: Sequence[Change]) -> None:
        ids, note = [c.id for c in changes], run.params.get(NOTE) or ""
        opinions.give(run.entity.key, ids, run.params[DEPARTMENT], _given(run), note)


def places() -> list[int]:
    """The departments in whose name I may judge: my own, and those that I head with those below.

    Super admins judge for all of them.
    """
    rights = actor().rights
    if rights.is_super:
        return opinions.alive()
    headed = opinions.headed_by(rights.user_id)
    below = (one for head in headed for one in access.departments_from(head))
    return sorted({*rights.departments[:1], *below})


def carry(run: Run, target: Entity, became: Mapping[int, int]) -> None:
    """What departments thought of a record they think of what it has become (LEAD-1)."""
    if aspects := run.entity.aspects.keys() & target.aspects.keys():
        opinions.carry(run.entity.key, target.key, became, sorted(aspects))


def _own() -> int | None:
    return next(iter(actor().rights.departments), None)


def _given(run: Run) -> dict[str, str]:
    """The aspects that are judged, with the code of the choice."""
    return {key: run.params[key] for key in run.entity.aspects if run.params.get(key)}
