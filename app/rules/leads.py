"""Rules of leads: what has become a customer stays as it was (LEAD-2)."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.extensions import db
from app.operations.behaviour import HANDED_OVER
from app.operations.rules import Blocker, Rules
from app.spec.entity import Entity
from app.spec.errors import Conflict
from app.store.context import system_scope
from app.store.scope import member_of

_KEPT = _l("It has been converted and can only be read.")


class ConvertedRules(Rules):
    """For an entity whose records are converted: those can't be changed, only handed on."""

    looks_at = ("is_converted", "invalid_reason")

    def before_change(
        self, entity: Entity, record_id: int, before: Mapping[str, Any], values: dict[str, Any]
    ) -> None:
        """LEAD-2: Conflict for a converted one, unless its conversion is taken back."""
        if (
            before.get("is_converted")
            and values.keys() - HANDED_OVER
            and "is_converted" not in values
        ):
            raise Conflict(_KEPT)
        if before.get("invalid_reason") and values.get("is_converted"):
            raise Conflict(_l("It is marked as invalid; re-open it first."))

    def workload(self, entity: Entity) -> Sequence[Any]:
        """What was converted is nobody's load any more."""
        return (entity.model.is_converted.is_not(True),)

    def merging_blockers(self, entity: Entity, ids: Sequence[int]) -> Mapping[int, Blocker]:
        return self.blockers(entity, ids)

    def is_closed(self, record: Any) -> bool:
        return bool(record.is_converted)

    def blockers(self, entity: Entity, ids: Sequence[int]) -> Mapping[int, Blocker]:
        model = entity.model
        converted = select(model.id).where(member_of(model.id, ids), model.is_converted)
        with system_scope("what was converted stays, whoever owns it"):
            return dict.fromkeys(db.session.scalars(converted), Blocker(_KEPT))
