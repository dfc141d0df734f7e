"""The one writer of records: values in, rows out, with history and search index beside them.

Forms, the API, bulk operations and imports all come through here, so each write has its version
raised, its history entry in the same transaction (AUDIT-1), its index kept, and is looked at again
through the doer's scope (PERM-5). Nothing commits here: the edge does, once.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import bindparam, func, insert, select, text, update

from app.extensions import db
from app.spec import clock
from app.spec.entity import Entity
from app.spec.errors import NotPermitted
from app.spec.operations import OPERATIONS
from app.spec.relations import LinksField
from app.store import caps, history, links, search_index
from app.store.context import actor_id, current, operating, run_under_way
from app.store.engine import LAST_NUMBER, is_postgres
from app.store.many import NOTHING, insert_columns
from app.store.scope import holds_those_of, member_of

OUTSIDE = _l("This would put the record outside of what you may have.")
MAX_GROUPS = 20
DELETED_AT = "deleted_at"
SCOPE_FIELDS = frozenset({"owner", "author", "pool"})
"""The fields that decide whose rows they are: only they can push a row out of a scope."""


@dataclass(frozen=True, slots=True)
class Change:
    """New values for one record, given what it was; both by field key."""

    id: int
    title: str
    before: Mapping[str, Any]
    values: Mapping[str, Any]
    notes: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    """What changed beside the row's own fields, as [old, new]: its team."""

    def differences(self, entity: Entity) -> dict[str, list[Any]]:
        """The changed fields as [old, new] in JSON values, as the history tells them."""
        before, tellers = self.before, _tellers(entity)
        told: dict[str, list[Any]] = {}
        for key, value in self.values.items():
            old = before.get(key)
            if old != value:
                tell = tellers.get(key)
                told[key] = [tell(old), tell(value)] if tell else [old, value]
        return {**told, **self.notes}


@dataclass
class Context:
    """How a batch of writes is recorded: under which operation and bulk run."""

    operation: str
    operation_id: int | None = field(default_factory=run_under_way)
    is_handover: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Columns without a field, written to every row: deletion marks."""
    is_seen: bool = False
    """It has been made sure, with what it hangs on held, that it lies within the doer's scope."""


def stored(entity: Entity, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by field as values by column, with the derived columns computed."""
    row: dict[str, Any] = {}
    columns = _columns(entity)
    for key, value in values.items():
        column, derived = columns[key]
        if not column:
            continue
        row[column] = value
        for name, compute in derived:
            row[name] = compute(value) if value else None
    return row


@cache
def _columns(entity: Entity) -> Mapping[str, tuple[str, tuple[tuple[str, Any], ...]]]:
    """By field its column ("" for what is kept elsewhere), and what is derived from its value."""
    return {
        key: (
            f.column if f.is_stored else "",
            tuple((one.column_of(key), one.compute) for one in f.derived),
        )
        for key, f in entity.fields.items()
    }


def insert_rows(entity: Entity, rows: Sequence[Mapping[str, Any]], how: Context) -> list[int]:
    """Write new records and return their ids in the order given.

    Raises NotPermitted when a record would be born outside the doer's scope (C29), unless it is
    handed over, as into a pool; Conflict when somebody would have more than he may (POOL-9).
    """
    if not rows:
        return []
    moment, doer = clock.now(), actor_id()
    stamps = {
        "version": 1,
        "created_at": moment,
        "updated_at": moment,
        "created_by_id": doer,
        "updated_by_id": doer,
        **how.extra,
    }
    complete = _complete(entity, rows)
    caps.take(entity, ((None, row) for row in complete))
    ids = _insert(entity, complete, stamps)
    _write_links(entity, dict(zip(ids, complete, strict=True)), is_new=True)
    search_index.write(entity, zip(ids, complete, strict=True), is_new=True)
    history.record_writes(
        how.operation,
        entity.key,
        (
            (new_id, str(row.get(entity.title) or ""), first_values(entity, row))
            for new_id, row in zip(ids, complete, strict=True)
        ),
        how.operation_id,
    )
    if entity.responsible and not (how.is_handover or how.is_seen):
        look_again(entity, ids, "create")
    return ids


def _insert(
    entity: Entity, rows: Sequence[Mapping[str, Any]], stamps: Mapping[str, Any]
) -> list[int]:
    """Insert rows of the same fields and return their ids in the order given."""
    table = entity.model.__table__
    if len(rows) == 1:
        row = {**stamps, **stored(entity, rows[0])}
        return [db.session.execute(insert(table).returning(table.c.id), row).scalar_one()]
    ids = _numbers(table, len(rows))
    columns = {"id": ids, **_by_column(entity, rows)}
    insert_columns(table, columns, {k: v for k, v in stamps.items() if k not in columns})
    return ids


def _numbers(table: Any, count: int) -> list[int]:
    """So many new numbers, asked for at once: returning them row by row costs as much again."""
    if not is_postgres():  # whoever writes is alone there
        last = db.session.scalar(LAST_NUMBER, {"name": table.name}) or 0
        return list(range(last + 1, last + 1 + count))
    return list(db.session.scalars(_NEXT_NUMBERS, {"name": table.name, "count": count}))


_NEXT_NUMBERS = text(
    "SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)"
)


def _by_column(entity: Entity, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """``stored`` for many rows of the same fields, column by column."""
    found: dict[str, list[Any]] = {}
    for key in rows[0]:
        column, derived = _columns(entity)[key]
        if not column:
            continue
        found[column] = values = [row[key] for row in rows]
        for name, compute in derived:
            found[name] = [compute(value) if value else None for value in values]
    return found


def update_rows(
    entity: Entity, changes: Sequence[Change], how: Context, *, version: int | None = None
) -> int:
    """Write changes to existing records; returns how many changes there were to write.

    With ``version`` (one change only) the row is written when it still has that version, and the
    answer is 0 when somebody was faster (R4). Otherwise the caller holds the rows' locks. Conflict
    when somebody would have more than he may (POOL-9).
    """
    told = {c.id: c.differences(entity) for c in changes}
    changes = [c for c in changes if told[c.id] or how.extra]
    if not changes:
        return 0
    caps.take(entity, (_move(change, how) for change in changes))
    written = _update_stored(entity, changes, how, version)
    if version is not None and written == 0:
        return 0
    _write_links(entity, {c.id: c.values for c in changes})
    history.record_writes(
        how.operation,
        entity.key,
        ((c.id, c.title, told[c.id]) for c in changes),
        how.operation_id,
    )
    _reindex(entity, changes)
    moved = [c for c in changes if SCOPE_FIELDS & set(c.values)]
    if moved and entity.responsible and not how.is_handover:
        operation = _scope_after(how.operation)
        unsure = [c.id for c in moved if not _stays(entity, c, operation)]
        if unsure:
            look_again(entity, unsure, operation)
    return len(changes)


def _move(change: Change, how: Context) -> caps.Move:
    """The record as it was and will be; what goes into the bin or comes out of it isn't both."""
    after = {**change.before, **change.values}
    if DELETED_AT not in how.extra:
        return change.before, after
    return (None, after) if how.extra[DELETED_AT] is None else (change.before, None)


def note_along(
    entity: Entity, record_id: Any, values: Mapping[str, Any], while_so: Mapping[str, Any] = NOTHING
) -> None:
    """Write what the program keeps along with a record, by field: no change of it, so it gets
    neither a version nor a history entry. The number and the values may be SQL expressions.

    Only ``while_so``: other fields still have these values.
    """
    table = entity.model.__table__
    columns = {entity.fields[key].column: value for key, value in values.items()}
    still = [table.c[entity.fields[key].column] == value for key, value in while_so.items()]
    db.session.execute(update(table).where(table.c.id == record_id, *still).values(columns))


def _stays(entity: Entity, change: Change, operation: str) -> bool:
    """Whether the doer's scope holds what belongs to its new owner: nothing to look at again."""
    owner, pool = change.values.get("owner"), change.values.get("pool", change.before.get("pool"))
    return owner is not None and pool is None and holds_those_of(entity, operation, owner)


def look_again(entity: Entity, ids: Sequence[int], operation: str) -> None:
    """Count the written rows through the doer's scope; NotPermitted when one left it (PERM-5)."""
    work = current()
    if work.is_system:
        return
    with operating(operation, entity.key, pools=work.pools):
        found = db.session.scalar(
            select(func.count(entity.model.id)).where(member_of(entity.model.id, ids))
        )
    if found != len(set(ids)):
        raise NotPermitted(OUTSIDE)


def _scope_after(operation: str) -> str:
    """The operation in whose scope a written row must lie: what left a pool is read from now on."""
    verb = OPERATIONS.get(operation)
    return "read" if verb is None or verb.rows == "pool" else operation


def _complete(entity: Entity, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows with the same fields each: those given to any of them, and those with a default."""
    given: set[str] = set().union(*rows)
    whole: dict[str, Any] = {}
    for key, f in entity.fields.items():
        if f.is_stored and (key not in _STAMPED or f.default is not None):
            value = f.initial()
            if value is not None or key in given:
                whole[key] = value
    return [{**whole, **row} for row in rows]


_STAMPED = frozenset({"created_at", "created_by", "updated_at", "updated_by"})


def first_values(entity: Entity, row: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What the entry of a birth tells: every field that isn't empty, zero or no, but the stamps."""
    tell = _tellers(entity)
    return {
        key: [None, tell[key](value)]
        for key, value in row.items()
        if value and key in tell and key not in _STAMPED
    }


@cache
def _tellers(entity: Entity) -> Mapping[str, Callable[[Any], Any]]:
    """By field how the history says its value."""
    return {key: f.to_json for key, f in entity.fields.items()}


def _update_stored(
    entity: Entity, changes: Sequence[Change], how: Context, version: int | None
) -> int:
    """One UPDATE per distinct set of new values; of many sets, one per set of columns (BULK-6)."""
    table = entity.model.__table__
    marks = {"updated_at": clock.now(), "updated_by_id": actor_id(), **how.extra}
    groups: dict[Any, list[int]] = defaultdict(list)
    for change in changes:
        values = stored(entity, change.values)
        same = ((k, tuple(v) if isinstance(v, list) else v) for k, v in values.items())
        groups[tuple(same)].append(change.id)
    written = 0
    if len(groups) > MAX_GROUPS:
        return _update_each(entity, changes, marks)
    for values, ids in groups.items():
        target = update(table).where(member_of(table.c.id, ids))
        if version is not None:
            target = target.where(table.c.version == version)
        target = target.values(**dict(values), **marks, version=table.c.version + 1)
        written += db.session.execute(target).rowcount  # type: ignore[attr-defined]
    return written


def _update_each(entity: Entity, changes: Sequence[Change], marks: Mapping[str, Any]) -> int:
    """One prepared UPDATE for all rows that get the same columns, with values per row."""
    table = entity.model.__table__
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for change in changes:
        values = stored(entity, change.values)
        named = {f"new_{name}": value for name, value in values.items()}
        alike[tuple(sorted(values))].append({"row_id": change.id, **named})
    for columns, rows in alike.items():
        target = (
            update(table)
            .where(table.c.id == bindparam("row_id"))
            .values(
                **{name: bindparam(f"new_{name}") for name in columns},
                **marks,
                version=table.c.version + 1,
            )
        )
        db.session.execute(target, rows)
    return len(changes)


def _write_links(
    entity: Entity, rows: Mapping[int, Mapping[str, Any]], *, is_new: bool = False
) -> None:
    for f in entity.fields.values():
        if isinstance(f, LinksField):
            wanted = {i: values[f.key] or [] for i, values in rows.items() if f.key in values}
            if wanted:
                links.replace(entity, f, wanted, is_new=is_new)


def _reindex(entity: Entity, changes: Sequence[Change]) -> None:
    searched = {f.key for f in entity.searched}
    touched = [c for c in changes if not searched.isdisjoint(c.values)]
    search_index.write(
        entity, ((c.id, {k: c.values.get(k, c.before.get(k)) for k in searched}) for c in touched)
    )
