"""Which records are doubtful and why (CUS-9), each reader among the rows that he may list.

Constant statements: one for the page's ids with the reasons of each, one for their rows, and one
that counts every check in a single pass.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, func, or_, select

from app.extensions import db
from app.spec.entity import Entity
from app.spec.field import Field
from app.spec.quality import Check
from app.store import filters
from app.store.context import actor, operating
from app.store.listing import COUNT_CAP
from app.store.loading import rows_of
from app.store.policy import Policy


@dataclass(frozen=True)
class Doubtful:
    """A record with the checks that found it."""

    row: Any
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Found:
    """A page of doubtful records, and how many there are, exact up to the cap."""

    records: tuple[Doubtful, ...]
    count: int

    @property
    def is_exact(self) -> bool:
        return self.count <= COUNT_CAP


def policy_of(entity: Entity) -> Policy:
    return Policy(actor(), entity, "list", in_list=True)


def checks_of(entity: Entity) -> list[Check]:
    """The checks over fields that the reader reads in full."""
    plain = policy_of(entity).plain
    return [check for check in entity.quality if set(check.fields) <= set(plain)]


def counts(entity: Entity, checks: Sequence[Check], conditions: Sequence[Any]) -> dict[str, int]:
    """How many records each check finds, by its key."""
    if not checks:
        return {}
    model, policy = entity.model, policy_of(entity)
    with operating("list", entity.key):
        numbers = db.session.execute(
            select(*(func.count(case((c.finds(model), 1))).label(c.key) for c in checks))
            .select_from(model)
            .where(*filters.conditions_for(policy, conditions))
        ).one()
    return dict(zip((c.key for c in checks), numbers, strict=True))


def page(
    entity: Entity,
    checks: Sequence[Check],
    conditions: Sequence[Any],
    fields: Sequence[Field],
    place: slice,
) -> Found:
    """The records that one of the checks finds, the newest first, each with its reasons."""
    model, policy = entity.model, policy_of(entity)
    if not checks:
        return Found((), 0)
    reasons: Mapping[str, ColumnElement[bool]] = {c.key: c.finds(model) for c in checks}
    with operating("list", entity.key):
        where = [*filters.conditions_for(policy, conditions), or_(*reasons.values())]
        total = select(func.count()).select_from(
            select(model.id).where(*where).limit(COUNT_CAP + 1).subquery()
        )
        flags = [case((found, 1), else_=0).label(f"is_{key}") for key, found in reasons.items()]
        lines = db.session.execute(
            select(model.id, total.scalar_subquery().label("total"), *flags)
            .where(*where)
            .order_by(model.id.desc())
            .offset(place.start)
            .limit(place.stop - place.start)
        ).all()
        rows = {row.id: row for row in rows_of(policy, [line.id for line in lines], fields)}
    records = tuple(
        Doubtful(rows[line.id], tuple(c for c, flag in zip(checks, line[2:], strict=True) if flag))
        for line in lines
        if line.id in rows
    )
    return Found(records, lines[0].total if lines else 0)
