"""Records side by side: which of them stays, and of each field whose value (CUS-7)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.admin import forms
from app.admin.record import changes
from app.operations.behaviour import Row, lock_rows
from app.operations.merging import FIELDS, MOST, SURVIVOR, chosen_fields, first_filled
from app.operations.selection import Selection, resolve
from app.spec.entity import Entity
from app.spec.field import Field
from app.spec.operations import Operation
from app.spec.relations import LinksField
from app.spec.values import PicksField
from app.store import titles
from app.store.context import actor, operating
from app.store.policy import Policy

PICK = "pick-"
"""How the names of choices begin; no field has a dash in its name."""


def folded(raw: forms.Raw) -> forms.Raw:
    """What the dialog sent as the operation's parameters."""
    picks = {key.removeprefix(PICK): one for key, one in raw.items() if key.startswith(PICK)}
    rest = {key: one for key, one in raw.items() if not key.startswith(PICK)}
    return {**rest, FIELDS: picks} if picks else rest


def screen(
    entity: Entity, verb: Operation, chosen: Selection, fields: Mapping[str, Field], raw: forms.Raw
) -> dict[str, Any]:
    """The chosen records field by field; empty for an operation that compares nothing.

    Only those that the doer may do it to, as far as he may read them.
    """
    if not any(isinstance(f, PicksField) for f in fields.values()):
        return {}
    with operating(verb.slug, entity.key):
        ids = resolve(entity, verb, chosen).ids(MOST + 1)
        rows = list(lock_rows(entity, ids[:MOST], tuple(entity.fields), lock=False))
    survivor = _stays(rows, raw) if rows else None
    policy = Policy(actor(), entity, "read")
    with operating("read", entity.key):
        names = titles.by_ids(entity, [row.id for row in rows])
    preferred = sorted(rows, key=lambda row: row is not survivor)
    return {
        "key": SURVIVOR,
        "rows": list(_lines(policy, preferred, rows, raw)),
        "records": [
            {
                "id": row.id,
                "title": names.get(row.id, row.title),
                "url": f"/{entity.plural}/show/{row.id}",
                "stays": row is survivor,
            }
            for row in rows
        ],
        "is_cut": len(ids) > MOST,
        "is_alone": len(rows) < 2,
        "most": MOST,
    }


def _stays(rows: Sequence[Row], raw: forms.Raw) -> Row:
    """The one that was chosen to stay; at first the one that knows most, then the oldest."""
    chosen = next((row for row in rows if str(row.id) == str(raw.get(SURVIVOR, ""))), None)
    return chosen or max(rows, key=lambda row: (_knows(row), -row.id))


def _knows(row: Row) -> int:
    return sum(value not in (None, "", [], False) for value in row.values.values())


def _lines(
    policy: Policy, preferred: Sequence[Row], rows: Sequence[Row], raw: forms.Raw
) -> Iterator[dict[str, Any]]:
    """A line per field that one of them fills, with a choice where they differ.

    Of a masked field not even that two values are the same is told.
    """
    picked = chosen_fields(policy.entity)
    shown = [f for f in policy.readable.values() if f.key in picked or _is_told(policy.entity, f)]
    pairs = [(f.key, [f.to_json(row.values.get(f.key)) for row in rows]) for f in shown]
    names = changes.names_in(pairs, policy.readable)
    for f, (key, values) in zip(shown, pairs, strict=True):
        filled = [value for value in values if value not in (None, "", [])]
        if not filled:
            continue
        differ = key in policy.masked or any(value != filled[0] for value in filled)
        default = first_filled(key, preferred)
        kept = str(raw.get(f"{PICK}{key}") or (default.id if default else ""))
        yield {
            "key": key,
            "label": str(f.label),
            "name": f"{PICK}{key}" if key in picked and differ and len(filled) > 1 else "",
            "is_joined": isinstance(f, LinksField),
            "cells": [
                {
                    "id": row.id,
                    "text": changes.past(policy, f, value, names),
                    "is_filled": value not in (None, "", []),
                    "is_kept": str(row.id) == kept,
                }
                for row, value in zip(rows, values, strict=True)
            ],
        }


def _is_told(entity: Entity, field: Field) -> bool:
    """What helps to choose: whose it is, what comes together, when it was made."""
    return isinstance(field, LinksField) or field.key in ("owner", "created_at")
