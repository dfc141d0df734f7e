"""Records that may be about the same, whoever's they are and wherever they lie (CUS-7, PERM-4)."""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Integer,
    bindparam,
    cast,
    func,
    literal,
    null,
    select,
    true,
    union_all,
)

from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.field import Field
from app.spec.likeness import Likeness
from app.store.context import actor, system_scope
from app.store.engine import is_postgres
from app.store.policy import Policy

MOST = 10
"""So many are told at once."""
_LOOKED_AT = 100


@dataclass(frozen=True)
class Alike:
    """A record that has something in common with what was asked about."""

    entity: Entity
    id: int
    title: str
    owner_id: int | None
    in_pool: bool
    by: tuple[str, ...]
    """The names of what they have in common."""


Asked = Mapping[str, frozenset[Any]]
"""What is looked for: by the name of the likeness the values that were typed."""


def asked(entity: Entity, values: Mapping[str, Any], names: Iterable[str] | None = None) -> Asked:
    """What of the values of a record is compared, under some of the names or all."""
    found: dict[str, set[Any]] = {}
    for key, value in values.items():
        likeness = entity.fields[key].likeness if key in entity.fields else None
        if likeness and value and (names is None or likeness.name in names):
            found.setdefault(likeness.name, set()).add(likeness.compute(value))
    return {name: frozenset(some - {"", None}) for name, some in found.items() if some - {"", None}}


def find(
    wanted: Asked,
    besides: tuple[str, int] = ("", 0),
    among: Iterable[Entity] = catalogue,
) -> list[Alike]:
    """The living records that are alike in any of that, the most alike first: one statement.

    Only by fields that the reader reads in full there, so that a hit tells nothing that is hidden
    from him (C43); never the record ``besides`` itself.
    """
    parts = list(_parts(wanted, among))
    if not parts:
        return []
    with system_scope("whether something exists already is looked at everywhere"):
        rows = db.session.execute(union_all(*parts).limit(_LOOKED_AT)).all()
    found: dict[tuple[str, int], tuple[Any, set[str]]] = {}
    for row in rows:
        if (row.entity, row.id) != besides:
            found.setdefault((row.entity, row.id), (row, set()))[1].add(row.by)
    hits = [_alike(row, by) for row, by in found.values()]
    return sorted(hits, key=lambda hit: (-len(hit.by), hit.entity.rank, hit.id))[:MOST]


def hold(wanted: Asked) -> None:
    """Let nobody else save something alike until this transaction ends (C84).

    SQLite has one writer at a time anyway.
    """
    if not is_postgres() or not wanted:
        return
    words = (f"{name}:{one}" for name, some in wanted.items() for one in some)
    numbers = sorted({zlib.crc32(word.encode()) for word in words})
    each = func.unnest(bindparam("numbers", numbers, type_=ARRAY(BigInteger()))).column_valued("n")
    db.session.execute(select(func.pg_advisory_xact_lock(each))).all()


def _alike(row: Any, by: set[str]) -> Alike:
    entity = catalogue.get(row.entity)
    return Alike(entity, row.id, row.title, row.owner_id, row.in_pool, tuple(sorted(by)))


def _parts(wanted: Asked, among: Iterable[Entity]) -> Iterator[Any]:
    """One look-up per field that is compared, each in an index of its own."""
    for entity in among:
        policy = Policy(actor(), entity, "list", in_list=True)
        for key, f in entity.fields.items():
            likeness = f.likeness
            if likeness and key in policy.plain and wanted.get(likeness.name):
                yield from _looks(entity, f, likeness, wanted[likeness.name])


def _looks(
    entity: Entity, field: Field, likeness: Likeness, values: Iterable[Any]
) -> Iterator[Any]:
    model = entity.model
    owner = model.owner_id if entity.is_owned else cast(null(), Integer)
    pool = model.pool_id.is_not(None) if entity.is_pooled else literal(value=False)
    alive = model.deleted_at.is_(None) if entity.is_binned else true()
    looked = select(
        literal(entity.key).label("entity"),
        model.id.label("id"),
        getattr(model, entity.title).label("title"),
        owner.label("owner_id"),
        pool.label("in_pool"),
        literal(likeness.name).label("by"),
    ).where(getattr(model, likeness.column).in_(sorted(values)), alive)
    if entity.conversion:  # what has become something else is found as that
        looked = looked.where(model.is_converted.is_(False))
    if not field.shared_by:
        yield looked
        return
    said = getattr(model, field.shared_by)
    yield looked.where(said.is_(None))
    yield looked.where(said.is_not(None))
