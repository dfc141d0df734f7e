"""Which of the records that belong to another one is its primary one (CUS-6)."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from app.spec.catalogue import catalogue
from app.spec.entity import Child, Entity
from app.spec.errors import Invalid, NotFound, NotPermitted
from app.spec.field import Field, Level
from app.store import door
from app.store.context import actor, operating
from app.store.policy import Policy
from app.store.writer import Change, Context, update_rows


def key_of(child: str) -> str:
    """The field that names the primary one among children of that kind."""
    return f"primary_{child}"


def field_of(entity: Entity, child: Child) -> Field | None:
    """The entity's field for that; None when it has no primary one of this kind."""
    return entity.fields.get(key_of(child.entity))


def may_choose(entity: Entity, child: Child) -> bool:
    """Whether the actor's roles let him say which one it is, on records that he may edit."""
    field = field_of(entity, child)
    return field is not None and Policy(actor(), entity, "edit").levels[field.key] >= Level.EDIT


def writable(entity: Entity) -> dict[str, Field]:
    """The fields that name a primary one which the actor's roles let him choose."""
    fields = [field_of(entity, child) for child in entity.children if may_choose(entity, child)]
    return {f.key: f for f in fields if f is not None}


def check(entity: Entity, record_id: int, changed: Mapping[str, Any]) -> None:
    """Invalid when one that is to be the primary one is none, or belongs to another record."""
    for child in entity.children:
        key = key_of(child.entity)
        if key not in changed:
            continue
        other = catalogue.get(child.entity)
        through = other.fields[child.through]
        chosen = changed[key] and door.fetch(other, changed[key], "read", [through])
        if not chosen or getattr(chosen, through.column) != record_id:
            raise Invalid(fields={key: [_l("Not a valid choice.")]})


def choose(entity: Entity, record_id: int, child: Child, chosen: int) -> None:
    """Make one of the record's own children its primary one, with a history entry.

    NotPermitted without the right to edit record and field, NotFound when the record is out of the
    actor's scope, or the chosen one is, or belongs to another record.
    """
    door.demand(entity.key, "edit")
    field, title = field_of(entity, child), entity.fields[entity.title]
    if field is None or not may_choose(entity, child):
        raise NotPermitted
    record = door.fetch(entity, record_id, "edit", [title, field], lock=True)
    other = catalogue.get(child.entity)
    through = other.fields[child.through]
    if getattr(door.fetch(other, chosen, "list", [through]), through.column) != record_id:
        raise NotFound
    before = door.values_of(entity, record, [title, field])
    change = Change(record_id, door.title_of(entity, before), before, {field.key: chosen})
    with operating("edit", entity.key, pools=True):
        update_rows(entity, [change], Context("edit"))
