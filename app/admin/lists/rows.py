"""Records as rows of ready cells."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from markupsafe import Markup, escape

from app.admin import cells
from app.spec.catalogue import catalogue
from app.spec.field import Field
from app.spec.kinds import DateTimeField
from app.spec.relations import LinksField, RelationField
from app.store import titles
from app.store.policy import Policy


def rows(
    policy: Policy,
    records: Sequence[Any],
    fields: Sequence[Field],
    *,
    opens: bool = True,
    trail: str = "",
) -> list[dict[str, Any]]:
    """Records as rows of ready cells, each only with the fields it shows to this reader.

    ``trail`` goes along to a record's page: the list it is walked from.
    """
    entity, way = policy.entity, f"?{trail}" if trail else ""
    names = titles.of_links(entity, records, fields)
    columns = [(f.key, value_cell(policy, f, names)) for f in fields]
    return [
        {
            "id": record.id,
            "url": f"/{entity.plural}/show/{record.id}{way}" if opens else "",
            "title": titles.title(entity, record),
            "cells": _cells(policy.pool_columns(record), record, columns),
        }
        for record in records
    ]


def _cells(
    limit: frozenset[str] | None, record: Any, columns: Sequence[tuple[str, cells.Cell]]
) -> list[Markup]:
    if limit is None:
        return [show(record) for _key, show in columns]
    return [show(record) if key in limit else cells.EMPTY for key, show in columns]


def value_cell(policy: Policy, field: Field, names: titles.Links) -> cells.Cell:
    """How to show that field of a record to this reader: decided once, used for every row."""
    if isinstance(field, RelationField):
        told = _told(policy, field)
        return lambda record: cells.linked(field, getattr(record, field.key), told)
    if isinstance(field, LinksField):
        return lambda record: cells.several(names.get((record.id, field.key), ()))
    column = field.column
    if field.key in policy.masked:  # a mask is text, whatever kind of value it stands for
        return lambda record: cells.show(escape, policy.shown(field, getattr(record, column)))
    if isinstance(field, DateTimeField) and field.is_due:
        return _due(policy, field)
    show = cells.cell(field)
    return lambda record: cells.show(show, getattr(record, column))


def _due(policy: Policy, field: DateTimeField) -> cells.Cell:
    """A time at which something is to be done says so, while nothing he reads says it is done."""
    settling = [policy.plain[key].column for key in field.settled_by if key in policy.plain]
    show, column = cells.due(), field.column
    state, still = field.due_while if field.due_while else ("", "")
    is_told = state in policy.plain

    def cell(record: Any) -> Markup:
        value = getattr(record, column)
        if value is None:
            return cells.EMPTY
        done = (getattr(record, key) for key in settling)
        is_done = any(one >= value if isinstance(one, datetime) else one for one in done if one)
        is_done = is_done or (is_told and getattr(record, state) != still)
        return cells.moment(value) if is_done else show(value)

    return cell


def _told(policy: Policy, field: RelationField) -> cells.Cell | None:
    """What stands beside the name of a linked record, as its own field permissions say (CUS-6)."""
    if not field.told_with:
        return None
    operation = "list" if policy.in_list else "read"
    of_it = Policy(policy.actor, catalogue.get(field.to), operation, in_list=policy.in_list)
    told = of_it.readable.get(field.told_with)
    return None if told is None else value_cell(of_it, told, {})
