"""The primary contact (CUS-6): the first one becomes it by itself, and another when it goes.

And what was noted of a contact is told by the customer that it belongs to now (ACT-1).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select, union

from app.extensions import db
from app.operations import primary
from app.operations.rules import Rules
from app.rules import last_follow_up
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.store.context import system_scope
from app.store.scope import member_of
from app.store.writer import Change, Context, update_rows


class PrimaryContactRules(Rules):
    """For an entity whose rows belong to a parent that names one of them as ``primary_<key>``."""

    def after_write(self, entity: Entity, ids: Sequence[int]) -> None:
        """Name the oldest living one wherever none, a deleted one or a departed one is named."""
        for parent_field in entity.parents:
            parent = catalogue.get(parent_field.to)
            with system_scope("the primary contact follows the contacts, whoever owns them"):
                changes = _wrongly_named(entity, parent, parent_field.column, ids)
                update_rows(parent, changes, Context("edit"))

    def after_changes(self, entity: Entity, changes: Sequence[Change]) -> None:
        """The same, and those that some have left or come to tell their last follow-up anew."""
        self.after_write(entity, [change.id for change in changes])
        _tell_follow_ups(entity, [(change.before, change.values) for change in changes])

    def after_edit(
        self, entity: Entity, record_id: int, before: Mapping[str, Any], values: Mapping[str, Any]
    ) -> None:
        """The same for one."""
        self.after_write(entity, [record_id])
        _tell_follow_ups(entity, [(before, values)])


def _tell_follow_ups(
    entity: Entity, changes: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]
) -> None:
    """ACT-1: a contact that belongs to another customer takes along what was noted of it."""
    for link in entity.parents:
        moved = [(a[link.key], b[link.key]) for a, b in changes if link.key in b]
        parents = {one for pair in moved if pair[0] != pair[1] for one in pair if one}
        if parents:
            last_follow_up.tell_anew(entity, catalogue.get(link.to), sorted(parents))


def _wrongly_named(
    entity: Entity, parent: Entity, through: str, ids: Sequence[int]
) -> list[Change]:
    """The parents of these rows whose primary one isn't a living child of theirs."""
    child, owner, key = entity.model, parent.model, primary.key_of(entity.key)
    named = getattr(owner, f"{key}_id")
    link, alive = getattr(child, through), child.deleted_at.is_(None)
    title = getattr(owner, parent.title)
    first = select(func.min(child.id)).where(link == owner.id, alive).scalar_subquery()
    is_right = select(child.id).where(child.id == named, link == owner.id, alive).exists()
    theirs = select(link).where(member_of(child.id, ids))
    naming = select(owner.id).where(member_of(named, ids))  # one that it has left
    rows = db.session.execute(
        select(owner.id, title, named, first).where(
            owner.id.in_(union(theirs, naming)),  # each by its index: with OR all are walked
            owner.deleted_at.is_(None),  # a deleted parent comes back as it was
            ~is_right,
        )
    )
    return [
        Change(record_id, name, {key: before}, {key: after})
        for record_id, name, before, after in rows
        if before != after
    ]
