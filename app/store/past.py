"""A record as it was at some moment, rebuilt backwards from its history (UI-5, AUDIT-1).

What stood in a field is told twice: by what the next save found there, and by what the last save
before had left. Where the two disagree something was written without a trace, and the field is
given as unknown rather than guessed.
"""

from collections.abc import Iterable, Mapping
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
    """What is written in a record now, as JSON by field, whatever has ended since.

    What nothing stores has no past: it is left out.
    """
    fields = list(fields)
    values = door.values_of(entity, record, fields)
    values |= {f.key: getattr(record, f"{f.key}_as_written") for f in fields if _ends(f)}
    return {f.key: f.to_json(values[f.key]) for f in fields if f.key in values}


def as_of(entity: Entity, record_id: int, now: Mapping[str, Any], moment: datetime) -> Then:
    """The record at ``moment``, from what is written ``now``.

    Two statements; however long the history is, they bring at most three rows per field.
    """
    since, told = _around(entity, record_id, moment)
    last = history.last_until(entity.key, record_id, moment)
    values = dict(now) | {key: old for key, old in since.items() if key in now}
    # What ends by itself leaves no entry: the next save found "no" where "yes" was still written.
    values |= {key: bool(told[key]) for key in values if key in told and _ends(entity.fields[key])}
    unknown = {key for key in values if key in told and not _same(told[key], values[key])}
    for key in set(LAST_WRITE) & set(values):
        if last is None:
            unknown.add(key)
        else:
            values[key] = _stamp(entity, key, last)
    deleted = bool(since.get(DELETED, False))
    return Then(values | _ended(entity, values, moment), frozenset(unknown), last, deleted)


def _around(
    entity: Entity, record_id: int, moment: datetime
) -> tuple[dict[str, Any], dict[str, Any]]:
    """By field: what the first save after the moment found, what the last one before it left.

    A birth also tells what was empty: only a new record had no title before.
    """
    since: dict[str, Any] = {}
    left: dict[str, Any] = {}
    is_born = False
    for key, (old, new), is_later, is_last in history.nearest(
        entity.key, record_id, moment, entity.title
    ):
        if is_later:
            since[key] = old
        else:
            is_born = is_born or (key == entity.title and old is None)
            left |= {key: new} if is_last and key in entity.fields else {}
    told = [key for key in entity.fields if is_born and key not in (*CREATION, *LAST_WRITE)]
    return since, dict.fromkeys(told) | left


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


def _same(one: Any, other: Any) -> bool:
    """An entry of birth leaves out what is empty, zero or no."""
    return bool(one == other or (not one and not other))


def _stamp(entity: Entity, key: str, entry: History) -> Any:
    value = entry.at if key == "updated_at" else entry.actor_id
    return entity.fields[key].to_json(value)
