"""A record as it was at some moment, rebuilt backwards from its history (UI-5, AUDIT-1).

What stood in a field is told twice: by what the next save found there, and by what the last save
before had left. Where the two disagree something was written without a trace, and the field is
given as unknown rather than guessed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.spec.entity import Entity
from app.spec.field import Field
from app.spec.kinds import BooleanField
from app.store import door, history
from app.store.history import History

CREATION = ("created_at", "created_by")
LAST_WRITE = ("updated_at", "updated_by")
"""Stamps that no entry repeats: the entries themselves say when and by whom."""
DELETED = "deleted"


@dataclass(frozen=True)
class Then:
    """The values of a record at a moment, as the history writes them (JSON)."""

    values: Mapping[str, Any]
    unknown: frozenset[str]
    last: History | None
    """The save that had left it like this; None when no entry is that old."""
    is_deleted: bool
    """Whether it lay in the recycle bin."""


def present(entity: Entity, record: Any, fields: Iterable[Field]) -> dict[str, Any]:
    """What is written in a record now, as JSON by field, whatever has ended since."""
    fields = list(fields)
    values = door.values_of(entity, record, fields)
    values |= {f.key: getattr(record, f"{f.key}_as_written") for f in fields if _ends(f)}
    return {f.key: f.to_json(values[f.key]) for f in fields}


def as_of(entity: Entity, record_id: int, now: Mapping[str, Any], moment: datetime) -> Then:
    """The record at ``moment``, from what is written ``now``; one statement."""
    entries = history.of_record(entity.key, record_id)
    before = [entry for entry in entries if entry.at <= moment]
    values, deleted = dict(now), False
    for entry in entries[: len(entries) - len(before)]:
        for key, (old, _new) in entry.changes.items():
            if key in values:
                values[key] = old
            elif key == DELETED:
                deleted = old
    told, last = _told(entity, before), before[0] if before else None
    # What ends by itself leaves no entry: the next save found "no" where "yes" was still written.
    values |= {key: bool(told[key]) for key in values if key in told and _ends(entity.fields[key])}
    unknown = {key for key in values if key in told and not _same(told[key], values[key])}
    for key in set(LAST_WRITE) & set(values):
        if last is None:
            unknown.add(key)
        else:
            values[key] = _stamp(entity, key, last)
    return Then(values | _ended(entity, values, moment), frozenset(unknown), last, deleted)


def _ends(field: Field | None) -> bool:
    return isinstance(field, BooleanField) and bool(field.until)


def _ended(entity: Entity, values: Mapping[str, Any], moment: datetime) -> dict[str, Any]:
    """What had ended by itself by that moment (CUS-2)."""
    found = {}
    for key in values:
        field = entity.fields[key]
        if isinstance(field, BooleanField) and field.until and values.get(field.until):
            until = entity.fields[field.until].from_json(values[field.until])
            found[key] = bool(values[key]) and until > moment
    return found


def _told(entity: Entity, entries: Sequence[History]) -> dict[str, Any]:
    """What these entries, newest first, say of each field; a birth also tells what was empty."""
    told: dict[str, Any] = {}
    if entries and _is_birth(entity, entries[-1]):
        told = {key: None for key in entity.fields if key not in (*CREATION, *LAST_WRITE)}
    for entry in reversed(entries):
        told |= {key: new for key, (_old, new) in entry.changes.items() if key in entity.fields}
    return told


def _is_birth(entity: Entity, entry: History) -> bool:
    """Only a new record had no title before."""
    return entity.title in entry.changes and entry.changes[entity.title][0] is None


def _same(one: Any, other: Any) -> bool:
    """An entry of birth leaves out what is empty, zero or no."""
    return bool(one == other or (not one and not other))


def _stamp(entity: Entity, key: str, entry: History) -> Any:
    value = entry.at if key == "updated_at" else entry.actor_id
    return entity.fields[key].to_json(value)
