"""What happened with a record and with what belongs to it, newest first (ACT-2).

From several sources at once: whatever names the record and has a moment, and the history. Of each
only as many are looked at as a page shows, so that a long past costs no more than a short one. Each
source keeps its own scope; for somebody who has been shown the record itself as a whole.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    false,
    literal,
    or_,
    select,
    true,
    union_all,
)

from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.field import Field
from app.spec.operations import OPERATIONS
from app.spec.relations import LinksField, RelationField
from app.store import links, scope
from app.store.attachments import FILE
from app.store.context import Acting, actor, current, system_scope
from app.store.engine import json_object
from app.store.history import History
from app.store.policy import Policy
from app.store.scope import member_of

CHANGES, OWNERSHIP, FILES = "changes", "ownership", "files"
"""The kinds of history entries; every other kind is that of an entity."""
HISTORY = "history"
MOVES = tuple(slug for slug, verb in OPERATIONS.items() if verb.needs in ("owner", "pool", "team"))


@dataclass(frozen=True)
class Place:
    """Where something stands in a timeline: later first, then by source and number."""

    at: datetime
    source: str
    id: int


@dataclass(frozen=True)
class Wanted:
    """What of a timeline somebody wants to see."""

    kind: str = ""
    person: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    words: str = ""
    after: Place | None = None
    """The last one he has seen."""


@dataclass(frozen=True)
class Subjects:
    """Whose timeline it is: the record, and by kind what belongs to it and may be read."""

    entity: Entity
    id: int
    below: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def all(self) -> Iterator[tuple[Entity, Sequence[int]]]:
        """By kind of record the numbers."""
        yield self.entity, [self.id]
        for key, ids in self.below.items():
            yield catalogue.get(key), ids


def kinds() -> list[Entity]:
    """The kinds of records that stand in timelines and that this reader may read."""
    return [one for one in catalogue if one.moment and actor().rights.may(one.key, "read")]


def page(of: Subjects, wanted: Wanted, size: int) -> list[Place]:
    """So many places after the last one seen, and one more where there are others."""
    limit, parts = size + 1, []
    for other in kinds():
        if wanted.kind in ("", other.key):
            parts += list(_of_entity(other, of, wanted, limit, current()))
    if wanted.kind in ("", CHANGES, OWNERSHIP, FILES) and not wanted.words:
        parts += [_of_history(one, ids, wanted, limit) for one, ids in of.all()]
    if not parts:
        return []
    rows = union_all(*(select(part.subquery()) for part in parts)).subquery()
    newest = (rows.c.at.desc(), rows.c.source, rows.c.id.desc())
    with system_scope("every source of a timeline carries its own scope"):
        found = db.session.execute(select(rows).order_by(*newest).limit(limit))
        return [Place(at, source, number) for source, number, at in found]


def records(places: Mapping[str, Sequence[int]]) -> dict[tuple[str, int], dict[str, Any]]:
    """What is stored of records that stand in a timeline, by kind and number: field to JSON value.

    One statement for all kinds. That they may be read has been asked when they were found.
    """
    parts = []
    for key, numbers in places.items():
        entity = catalogue.get(key)
        model = entity.model
        told = {f.key: getattr(model, f.column) for f in shown(entity) if f.is_stored}
        told["created_at"] = model.created_at
        values = json_object(told).label("told")
        chosen = select(literal(key).label("kind"), model.id.label("id"), values)
        parts.append(chosen.where(member_of(model.id, numbers)))
    if not parts:
        return {}
    with system_scope("every source of a timeline carries its own scope"):
        rows = db.session.execute(union_all(*parts))
        return {(kind, number): told for kind, number, told in rows}


def linked(places: Mapping[str, Sequence[int]]) -> dict[tuple[str, int, str], list[int]]:
    """The records that those of a timeline are linked with, by kind, number and field; at once."""
    parts = []
    for key, numbers in places.items():
        entity = catalogue.get(key)
        for f in shown(entity):
            if isinstance(f, LinksField):
                mine, theirs = links.ends(entity, f)
                columns = (literal(key), mine, literal(f.key), theirs)
                parts.append(select(*columns).where(member_of(mine, numbers)))
    found: dict[tuple[str, int, str], list[int]] = {}
    for kind, number, name, other in db.session.execute(union_all(*parts)) if parts else ():
        found.setdefault((kind, number, name), []).append(other)
    return found


def shown(entity: Entity) -> list[Field]:
    """The fields that a timeline tells of a record, as far as its reader may read them."""
    readable = Policy(actor(), entity, "read").readable
    heads = {entity.title, entity.moment, entity.responsible}
    return [
        f
        for key, f in readable.items()
        if key in heads or f.fact or f in entity.parents or _is_told(f)
    ]


def _is_told(field: Field) -> bool:
    return isinstance(field, LinksField) and not field.is_named


def _of_entity(
    other: Entity, of: Subjects, wanted: Wanted, limit: int, work: Acting
) -> Iterator[Select[Any]]:
    """Records of one kind that name the subjects, by each of the fields that can."""
    model, at = other.model, getattr(other.model, other.moment)
    where = [at.is_not(None), *_wanted(other, wanted, at), _in_scope(other, work)]
    columns = (literal(other.key).label("source"), model.id.label("id"), at.label("at"))
    for entity, ids in of.all():
        for f in other.fields.values():
            named = _naming(other, f, entity, ids)
            if named is not None:
                chosen = select(*columns).where(named, *where)
                yield chosen.order_by(at.desc(), model.id.desc()).limit(limit)


def _naming(other: Entity, f: Any, entity: Entity, ids: Sequence[int]) -> Any:
    """The condition that a record names one of these by that field; None for a field that can't."""
    if getattr(f, "to", "") != entity.key:
        return None
    if isinstance(f, RelationField):
        return member_of(getattr(other.model, f.column), ids)
    if isinstance(f, LinksField) and not other.is_attached:
        mine, theirs = links.ends(other, f)
        return other.model.id.in_(select(mine).where(member_of(theirs, ids)))
    return None


def _in_scope(other: Entity, work: Acting) -> ColumnElement[bool]:
    """What belongs to a record goes by that; everything else by its own scope."""
    if other.is_attached:
        alive: ColumnElement[bool] = other.model.deleted_at.is_(None)
        return alive
    return scope.predicate(other, replace(work, operation="read", entity=other.key, pools=False))


def _wanted(other: Entity, wanted: Wanted, at: Any) -> Iterator[ColumnElement[bool]]:
    yield from _within(wanted, at, other.key, other.model.id)
    if wanted.person is not None:
        whose = other.responsible
        yield getattr(other.model, f"{whose}_id") == wanted.person if whose else false()
    if wanted.words:
        yield getattr(other.model, other.title).icontains(wanted.words, autoescape=True)


def _within(wanted: Wanted, at: Any, source: str, number: Any) -> Iterator[ColumnElement[bool]]:
    """The period, and what comes after the last one seen."""
    if wanted.since is not None:
        yield at >= wanted.since
    if wanted.until is not None:
        yield at < wanted.until
    last = wanted.after
    if last is None:
        return
    if source == last.source:
        yield or_(at < last.at, and_(at == last.at, number < last.id))
    else:
        yield at <= last.at if source > last.source else at < last.at


def _of_history(entity: Entity, ids: Sequence[int], wanted: Wanted, limit: int) -> Select[Any]:
    """The entries about these records, newest first."""
    where = [History.entity == entity.key, member_of(History.record_id, ids)]
    where += [*_within(wanted, History.at, HISTORY, History.id), _of_kind(wanted.kind)]
    if wanted.person is not None:
        where.append(History.actor_id == wanted.person)
    columns = (literal(HISTORY).label("source"), History.id.label("id"), History.at.label("at"))
    return select(*columns).where(*where).order_by(History.id.desc()).limit(limit)


def _of_kind(kind: str) -> ColumnElement[bool]:
    is_file: ColumnElement[bool] = History.changes[FILE].as_string().is_not(None)
    is_move: ColumnElement[bool] = History.operation.in_(MOVES)
    conditions = {FILES: is_file, OWNERSHIP: is_move, CHANGES: and_(~is_move, ~is_file)}
    return conditions.get(kind, true())
