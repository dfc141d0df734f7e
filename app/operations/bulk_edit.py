"""Bulk edit: the same new values for many records, by the rules of the form (BULK)."""

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l

from app.operations.editing import parse, refuse_masks, resolve
from app.operations.engine import Behaviour, Job, Row, unless_so
from app.operations.outcome import Plan
from app.spec.entity import Entity
from app.spec.errors import Invalid
from app.spec.field import Field
from app.spec.relations import TagsField
from app.spec.values import ValuesField
from app.spec.words import Label
from app.store.policy import Policy


class BulkEdit(Behaviour):
    """``params.set`` maps fields to their new values; an empty value empties the field."""

    slug = "bulk_edit"

    def params(self, entity: Entity) -> tuple[Field, ...]:
        return (ValuesField(label=Label("New values", "新值"), key="set", required=True),)

    @staticmethod
    def editable(policy: Policy) -> dict[str, Field]:
        """The fields that many records may be given at once: no unique ones and not the title."""
        title = policy.entity.title  # many records under one name serve nobody
        return {
            key: f
            for key, f in policy.writable(creating=False).items()
            if (f.is_stored or isinstance(f, TagsField)) and not f.is_unique and key != title
        }

    def prepare(self, job: Job) -> None:
        fields = self.editable(job.policy)
        values = parse(fields, job.params["set"])
        if not values:
            raise Invalid(fields={"set": [_l("Choose at least one field.")]})
        refuse_masks(job.policy, values)
        resolve(job.entity, fields, values, creates=not job.dry_run)
        job.memory["values"] = values

    def columns(self, job: Job) -> Sequence[str]:
        return tuple(job.memory["values"])

    def plan(self, job: Job, row: Row) -> Plan:
        return unless_so(job, row, **job.memory["values"])
