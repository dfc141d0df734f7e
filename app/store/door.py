"""The scoped door to single records and to sets of ids: fetched anew, never from memory.

Every function looks through the gate for the operation it is told; a row outside its scope is not
found, exactly as one that never existed (C19).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.spec.entity import Entity
from app.spec.errors import NotFound, NotPermitted
from app.spec.field import Field
from app.spec.relations import LinksField
from app.store import links
from app.store.context import actor, operating
from app.store.loading import loaded
from app.store.scope import member_of

MAX_ID = 2**31 - 1


def demand(entity: str, operation: str) -> None:
    """Refuse before any row is looked up when no role grants the operation (contract §1)."""
    if not actor().rights.may(entity, operation):
        raise NotPermitted


def fetch(
    entity: Entity, record_id: int, operation: str, fields: Iterable[Field], *, lock: bool = False
) -> Any:
    """The record within the scope of that operation, with what ``fields`` need loaded.

    NotPermitted when the operation is not granted, NotFound when the row is out of its scope.
    """
    demand(entity.key, operation)
    if not 0 < record_id <= MAX_ID:
        raise NotFound
    statement = loaded(select(entity.model), entity.model, fields).where(
        entity.model.id == record_id
    )
    if lock:
        statement = statement.with_for_update(of=entity.model, key_share=True)
    with operating(operation, entity.key, pools=True):
        found = db.session.execute(statement).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def within(entity: Entity, ids: Sequence[int], operation: str, *, holds: bool = False) -> set[int]:
    """Those of ``ids`` that lie in the scope of that operation; as ``held`` if wanted."""
    wanted = [i for i in ids if 0 < i <= MAX_ID]
    if not wanted or not actor().rights.may(entity.key, operation):
        return set()
    found = select(entity.model.id).where(member_of(entity.model.id, wanted))
    with operating(operation, entity.key, pools=True):
        return set(db.session.scalars(held(found, entity.model) if holds else found))


def held(statement: Any, model: Any) -> Any:
    """The statement with its rows held: none of them leaves before this transaction ends.

    They may be changed meanwhile. Taken in the order of their ids, as by everybody who locks.
    """
    statement = statement.order_by(model.id)
    return statement.with_for_update(of=model, read=True, key_share=True)


def values_of(entity: Entity, record: Any, fields: Iterable[Field]) -> dict[str, Any]:
    """A record's stored values by field key; linked records as sorted ids."""
    fields = list(fields)
    linked = [f for f in fields if isinstance(f, LinksField)]
    values: dict[str, Any] = {f.key: getattr(record, f.column) for f in fields if f.is_stored}
    ids = links.of_rows(entity, linked, [record.id])
    return values | {f.key: ids.get((record.id, f.key), []) for f in linked}


def title_of(entity: Entity, values: Mapping[str, Any]) -> str:
    return str(values.get(entity.title) or "")
