"""The recycle bin over all entities: what somebody may restore or purge, the newest first (CUS-3).

What was deleted along with its parent is counted there and not listed by itself.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, literal, null, or_, select, union_all

from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.words import either
from app.store import titles
from app.store.context import Acting, actor, current, system_scope
from app.store.rights import Rights
from app.store.scope import member_of, predicate

OPENING = ("restore", "purge")
"""Whoever may do one of these sees what he may do it to."""


@dataclass(frozen=True)
class Binned:
    """A deleted record: what it was called, who deleted it and when, and what went along."""

    entity: Entity
    id: int
    title: str
    at: datetime
    by: int | None
    batch: str | None


def kinds(rights: Rights) -> list[Entity]:
    """The entities of which somebody may restore or purge something."""
    return [e for e in catalogue if any(rights.may(e.key, verb) for verb in OPENING)]


def counts() -> dict[str, int]:
    """How many records of each kind lie in the actor's bin: one statement."""
    found = union_all(*(_rows(entity) for entity in kinds(actor().rights))).subquery()
    with system_scope("the rows' scope is part of the statement"):
        rows = db.session.execute(select(found.c.kind, func.count()).group_by(found.c.kind))
        return {key: n for key, n in rows}  # noqa: C416 - rows, not pairs


def page(entities: Sequence[Entity], number: int, size: int) -> list[Binned]:
    """A page of the actor's bin, the newest first: one statement."""
    found = union_all(*(_rows(entity) for entity in entities)).subquery()
    at = found.c.at
    statement = select(found).order_by(at.desc(), found.c.kind, found.c.id.desc())
    with system_scope("the rows' scope is part of the statement"):
        rows = db.session.execute(statement.limit(size).offset((number - 1) * size))
        return [
            Binned(catalogue.get(kind), i, either(own, other), at, by, batch)
            for kind, i, own, other, at, by, batch in rows
        ]


def _rows(entity: Entity) -> Select[Any]:
    """What the actor may restore or purge of an entity, unless it went along with its parent."""
    model, who = entity.model, actor()
    english = titles.english(entity)
    own = or_(
        *(
            predicate(entity, Acting(who, verb, entity.key, memory=current().memory))
            for verb in OPENING
            if who.rights.may(entity.key, verb)
        )
    )
    along = []
    for field in entity.parents:
        parent = catalogue.get(field.to).model
        same = parent.delete_batch == model.delete_batch
        along.append(select(parent.id).where(parent.id == getattr(model, field.column), same))
    return select(
        literal(entity.key).label("kind"),
        model.id,
        getattr(model, entity.title).label("title"),
        (getattr(model, english) if english else null()).label("english"),
        model.deleted_at.label("at"),
        model.deleted_by_id,
        model.delete_batch,
    ).where(model.deleted_at.is_not(None), own, *(~one.exists() for one in along))


def along_with(rows: Sequence[Binned]) -> dict[tuple[str, int], list[tuple[Entity, int]]]:
    """How many records of which kinds were deleted with each of these: one statement."""
    ids: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        ids[row.entity.key].append(row.id)
    parts = [
        _children(catalogue.get(field.to), ids[field.to], other, getattr(other.model, field.column))
        for other in catalogue
        for field in other.parents
        if field.to in ids
    ]
    found: dict[tuple[str, int], list[tuple[Entity, int]]] = defaultdict(list)
    if parts:
        with system_scope("what went along is counted for whoever may bring it back"):
            for kind, record_id, other_kind, n in db.session.execute(union_all(*parts)):
                found[(kind, record_id)].append((catalogue.get(other_kind), n))
    return found


def _children(entity: Entity, ids: Sequence[int], other: Entity, through: Any) -> Select[Any]:
    model = entity.model
    return (
        select(literal(entity.key), model.id, literal(other.key), func.count())
        .join(other.model, through == model.id)
        .where(member_of(model.id, ids), other.model.delete_batch == model.delete_batch)
        .group_by(model.id)
    )
