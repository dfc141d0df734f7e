"""Rules of follow-ups: where they belong, what they tell, who takes them back (ACT)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.extensions import db
from app.operations import attaching
from app.operations.rules import Blocker, Rules
from app.rules import last_follow_up
from app.spec import clock
from app.spec.entity import Entity
from app.spec.errors import Conflict, Invalid
from app.spec.kinds import IntegerField
from app.spec.settings import Chapter, Setting, declare, value
from app.spec.words import Label
from app.store.context import actor, current
from app.store.scope import member_of

AHEAD = timedelta(minutes=5)
"""So far the clock of whoever writes may be fast."""
HOURS: Setting[int] = declare(
    "follow_up_hours",
    IntegerField(
        label=Label("Follow-ups can be changed for (hours)", "跟进记录可修改时限（小时）"),
        default=24,
        minimum=0,
        maximum=8760,
        help=Label(
            "So long after writing one its author may edit or delete it. Managers may delete those "
            "of their people at any time.",
            "录入后在此时限内，记录人可以修改或删除；主管可随时删除其下属的跟进记录。",
        ),
    ),
    Chapter.RECORDS,
)


class FollowUpRules(Rules):
    """For an entity whose rows belong to one record of several kinds."""

    looks_at = ("created_at",)

    def before_create(self, entity: Entity, values: dict[str, Any]) -> None:
        """Invalid for none or several records, or a time to come; Conflict for a closed one."""
        attaching.link_of(entity, values)
        _check_happened(values)
        attaching.demand(entity, values, last_follow_up.ASKED)

    def after_create(self, entity: Entity, record_id: int, values: Mapping[str, Any]) -> None:
        """ACT-1: the record tells of it."""
        parent = attaching.demand(entity, values, last_follow_up.ASKED)
        last_follow_up.tell_new(parent, values)
        attaching.forget(entity, values)

    def after_edit(
        self, entity: Entity, record_id: int, before: Mapping[str, Any], values: Mapping[str, Any]
    ) -> None:
        """ACT-1: the record tells it anew, where it tells of it."""
        if values.keys() & {"happened_at", "next_contact_at"}:
            last_follow_up.tell(entity, [record_id])
        elif "text" in values:
            last_follow_up.tell_text(entity, before, values["text"])

    def open_for(self) -> timedelta | None:
        """ACT-3: for the hours of a setting."""
        return timedelta(hours=value(HOURS))

    def before_change(
        self, entity: Entity, record_id: int, before: Mapping[str, Any], values: dict[str, Any]
    ) -> None:
        """ACT-3: Conflict when it is too late to change it."""
        _check_happened(values)
        if not self._is_fresh(before["created_at"]) and not actor().rights.is_super:
            raise Conflict(_l("It can be changed for %(n)d hours only.", n=value(HOURS)))

    def after_write(self, entity: Entity, ids: Sequence[int]) -> None:
        """ACT-1: what the records tell of their newest follow-up is told anew."""
        last_follow_up.tell(entity, ids)

    def blockers(self, entity: Entity, ids: Sequence[int]) -> Mapping[int, Blocker]:
        """Those that their author comes too late to take back; managers never do (ACT-3)."""
        if current().is_system or _manages(entity):
            return {}
        model = entity.model
        rows = db.session.execute(
            select(model.id, model.created_at).where(member_of(model.id, ids))
        )
        sentence = _l("It can be deleted for %(n)d hours only.", n=value(HOURS))
        return {i: Blocker(sentence) for i, written in rows if not self._is_fresh(written)}

    def _is_fresh(self, written: datetime) -> bool:
        span = self.open_for()
        return span is None or clock.now() - written <= span


def _check_happened(values: Mapping[str, Any]) -> None:
    """Invalid for what is still to happen."""
    happened = values.get("happened_at")
    if happened and happened > clock.now() + AHEAD:
        raise Invalid(fields={"happened_at": [_l("This must not be in the future.")]})


def _manages(entity: Entity) -> bool:
    """Whether whoever acts may delete what others wrote."""
    reach = actor().rights.reach(entity.key, "delete")
    return reach.everything or bool(reach.owners - {actor().user_id})
