"""What a record that is to be converted may be already: proposed to be attached to (LEAD-1)."""

from app.admin import forms
from app.operations import likenesses as looking
from app.operations.behaviour import lock_rows
from app.operations.likenesses import Candidate
from app.operations.selection import Selection
from app.spec import likeness
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.operations import Operation
from app.store import likenesses
from app.store.context import actor, operating
from app.store.policy import Policy


def of(entity: Entity, verb: Operation, chosen: Selection) -> list[Candidate]:
    """What is like the one chosen record, of those that its doer may read.

    Compared by what he reads in full of it, so that nothing is told by the way (C43).
    """
    way = entity.conversion
    if way is None or verb.slug != "convert" or len(chosen.ids) != 1:
        return []
    with operating(verb.slug, entity.key):
        rows = list(lock_rows(entity, chosen.ids, tuple(entity.fields), lock=False))
    plain = Policy(actor(), entity, "read").plain
    values = {key: value for row in rows for key, value in row.values.items() if key in plain}
    wanted = likenesses.asked(entity, values)
    found = likenesses.find(wanted, among=[catalogue.get(way.into)])
    return [one for one in looking.as_told(found) if one.is_readable]


def first(entity: Entity, found: list[Candidate]) -> forms.Raw:
    """The dialog's inputs with the likeliest of them chosen; a mail domain alone isn't enough."""
    likely = [one for one in found if set(one.alike.by) != {likeness.DOMAIN}]
    way = entity.conversion
    return {way.into: str(likely[0].alike.id)} if way and likely else {}
