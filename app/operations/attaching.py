"""The record that a new row belongs to: of several kinds one, read by its writer as a whole (ACT).

It is held until the row is there: nobody deletes it meanwhile.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.extensions import db
from app.operations.rules import rules_of
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import Conflict, Invalid, NotPermitted
from app.spec.relations import RelationField
from app.store.context import actor, current, operating
from app.store.scope import attachable
from app.store.writer import OUTSIDE


@dataclass(frozen=True)
class Parent:
    """The record that a row belongs to."""

    entity: Entity
    id: int
    record: Any
    """What was asked of it, and what its own rules look at."""


def link_of(entity: Entity, values: Mapping[str, Any]) -> RelationField:
    """The link that is filled; Invalid for none or several."""
    links = [link for link in entity.parents if values.get(link.key) is not None]
    if len(links) != 1:
        sentence = _l("Say to which one record it belongs.")
        raise Invalid(fields={link.key: [sentence] for link in links or entity.parents})
    return links[0]


def demand(entity: Entity, values: Mapping[str, Any], asked: Iterable[str] = ()) -> Parent:
    """The record, with those of the ``asked`` fields that it has.

    Invalid when it isn't within the writer's reach, Conflict when it is only there to be read,
    NotPermitted to write in the name of somebody who isn't (PERM-5).
    """
    reach = actor().rights.reach(entity.key, "create")
    if not reach.covers(values[entity.responsible]):
        raise NotPermitted(OUTSIDE)
    link = link_of(entity, values)
    found = current().memory.get(_place(entity, link, values))
    return found or _looked_up(entity, link, values, asked)


def forget(entity: Entity, values: Mapping[str, Any]) -> None:
    """Its record has changed: whoever demands it next looks again."""
    current().memory.pop(_place(entity, link_of(entity, values), values), None)


def _place(entity: Entity, link: RelationField, values: Mapping[str, Any]) -> tuple[str, ...]:
    return ("parent", entity.key, link.key, str(values[link.key]))


def _looked_up(
    entity: Entity, link: RelationField, values: Mapping[str, Any], asked: Iterable[str]
) -> Parent:
    to, number = catalogue.get(link.to), values[link.key]
    rules, model = rules_of(to), to.model
    links = [above.column for above in to.parents]
    keys = [key for key in asked if key in to.fields]
    names = dict.fromkeys(("id", to.title, *keys, *links, *rules.looks_at))
    with operating("read", to.key) as work:
        chosen = select(*(getattr(model, name) for name in names)).where(
            model.id == number, attachable(entity, to, work)
        )
        held = chosen.with_for_update(of=model, read=True, key_share=True)
        record = db.session.execute(held).one_or_none()
    if record is None:
        raise Invalid(fields={link.key: [_l("Not a valid choice.")]})
    if rules.is_closed(record):
        raise Conflict(_l("The record is only there to be read."))
    found = current().memory[_place(entity, link, values)] = Parent(to, number, record)
    return found
