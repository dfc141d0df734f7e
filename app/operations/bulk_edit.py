"""Bulk edit: the same new values for many records, by the rules of the form (BULK)."""

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l

from app.operations.behaviour import Behaviour, Row, Run, unless_so
from app.operations.editing import parse, refuse_masks, resolve
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

    def prepare(self, run: Run) -> None:
        fields = self.editable(run.policy)
        values = parse(fields, run.params["set"])
        if not values:
            raise Invalid(fields={"set": [_l("Choose at least one field.")]})
        refuse_masks(run.policy, values)
        resolve(run.entity, fields, values, writes=not run.dry_run)
        run.memory["values"] = values

    def columns(self, run: Run) -> Sequence[str]:
        return tuple(run.memory["values"])

    def plan(self, run: Run, row: Row) -> Plan:
        return unless_so(run, row, **run.memory["values"])
