"""Who reads an announcement, and while when (NOTE): the one place that decides."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.operations.rules import Rules
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import Invalid
from app.store import links, readings
from app.store.context import actor, system_scope

KEY = "announcement"
MOST = 100
"""So many are shown, the newest; nobody reads more."""


class AnnouncementRules(Rules):
    def before_create(self, entity: Entity, values: dict[str, Any]) -> None:
        _check_order(values)

    def before_change(
        self, entity: Entity, record_id: int, before: Mapping[str, Any], values: dict[str, Any]
    ) -> None:
        _check_order({**before, **values})


def _check_order(values: Mapping[str, Any]) -> None:
    starts, ends = values.get("starts_at"), values.get("ends_at")
    if starts and ends and ends < starts:
        raise Invalid(fields={"ends_at": [_l("This must not be before the beginning.")]})


def mine() -> Sequence[tuple[Any, bool]]:
    """What the actor may read now, newest first, each with whether he has read it."""
    model, read = catalogue.get(KEY).model, readings.read_by(actor().user_id, KEY)
    statement = (
        select(model, model.id.in_(read))
        .options(joinedload(model.created_by))
        .where(*_readable())
        .order_by(model.starts_at.desc(), model.id.desc())
        .limit(MOST)
    )
    with system_scope("announcements are read by their audience, whatever roles it has"):
        return [(row[0], row[1]) for row in db.session.execute(statement)]


def unread() -> int:
    """How many of them the actor hasn't read."""
    model = catalogue.get(KEY).model
    read = readings.read_by(actor().user_id, KEY)
    statement = select(func.count(model.id)).where(*_readable(), model.id.not_in(read))
    with system_scope("announcements are read by their audience, whatever roles it has"):
        return db.session.scalar(statement) or 0


def mark_read(record_id: int | None) -> bool:
    """Note that the actor has read one (None: all) of what he may read; False when he may not."""
    ids = [record.id for record, _read in mine() if record_id in (None, record.id)]
    readings.note(actor().user_id, KEY, ids)
    return bool(ids) or record_id is None


def _readable() -> tuple[ColumnElement[bool], ...]:
    """It runs, and is meant for everybody or for a department that the actor's lies in."""
    entity = catalogue.get(KEY)
    model, audience = entity.model, links.table_of(entity.fields["departments"])  # type: ignore[arg-type]
    named = select(audience.c.announcement_id)
    above = audience.c.department_id.in_(sorted(actor().rights.above))
    now = clock.now()
    return (
        model.deleted_at.is_(None),
        or_(model.starts_at.is_(None), model.starts_at <= now),
        or_(model.ends_at.is_(None), model.ends_at > now),
        or_(model.id.not_in(named), model.id.in_(named.where(above))),
    )
