"""The view model of a list page: columns, rows, chips, pages, operations (UI-4).

Derived for every entity from its declaration and the reader's policy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup, escape

from app.admin import cells, filter_builder, words
from app.admin.state import BINNED_VIEW, SIZES, ListState, view_of
from app.operations.registry import behaviour
from app.spec.entity import Entity
from app.spec.field import Field
from app.spec.operations import Operation
from app.spec.relations import LinksField, RelationField
from app.store import listing, search_index, titles
from app.store.context import actor
from app.store.policy import Policy


@dataclass(frozen=True)
class Listed:
    """One entity as one reader lists it: who he is for it, and what he looks at."""

    entity: Entity
    state: ListState
    policy: Policy
    query: listing.Query

    @property
    def is_bin(self) -> bool:
        return self.state.view == BINNED_VIEW

    @property
    def columns(self) -> list[Field]:
        listed = [f for f in self.policy.readable.values() if f.listed]
        title = self.entity.fields[self.entity.title]
        return [title, *(f for f in listed if f.key != title.key)]


def listed(entity: Entity, state: ListState) -> Listed:
    """The reader's list of an entity in that state; the bin's rows are those he may restore."""
    operation = "restore" if state.view == BINNED_VIEW else "list"
    query = state.query(view_of(entity, state.view))
    policy = Policy(actor(), entity, operation, in_list=True, in_pools=query.in_pools)
    return Listed(entity, state, policy, query)


def head(entity: Entity) -> dict[str, str]:
    """What templates know of an entity."""
    return {
        "key": entity.key,
        "plural": entity.plural,
        "one": str(entity.one),
        "many": str(entity.many),
        "icon": entity.icon,
    }


def screen(entity: Entity, state: ListState) -> dict[str, Any]:
    """Everything ``list.html`` shows."""
    me = listed(entity, state)
    found = listing.page(me.policy, me.query, me.columns)
    total = found.count
    if state.is_exact and not found.is_exact:
        total = listing.count(me.policy, me.query)
    is_exact = found.is_exact or state.is_exact
    return {
        "entity": head(entity),
        "title": str(entity.many),
        "views": _views(me),
        "search": state.search,
        "search_url": state.path,
        "is_searched": search_index.is_searched(entity),
        "hidden": [(k, v) for k, v in state.pairs() if v and k not in ("search", "page")],
        "chips": _chips(me),
        "clear_url": state.url(conditions=(), search=""),
        "builder": filter_builder.builder(me.policy),
        "columns": [_column(me, f) for f in me.columns],
        "rows": rows(me.policy, found.rows, me.columns, opens=not me.is_bin),
        "total": f"{total:,}" if is_exact else f"{total:,}+",
        "total_exact": is_exact,
        "count_url": state.url(is_exact=True, page=state.page),
        "pager": _pager(state, found, total, is_exact=is_exact),
        "create_url": _create_url(me),
        "operations": [_button(entity, verb) for verb in offered(me)],
        "selection_total": total if is_exact else "",
        "filters_json": replace(state, conditions=me.query.conditions).filters_json(),
        "empty": _empty(me),
    }


def rows(
    policy: Policy, records: Sequence[Any], fields: Sequence[Field], *, opens: bool = True
) -> list[dict[str, Any]]:
    """Records as rows of ready cells, each only with the fields it shows to this reader."""
    entity = policy.entity
    names = titles.of_links(entity, records, fields)
    columns = [(f.key, value_cell(policy, f, names)) for f in fields]
    return [
        {
            "id": record.id,
            "url": f"/{entity.plural}/show/{record.id}" if opens else "",
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


def value_cell(policy: Policy, field: Field, names: Mapping[Any, str]) -> cells.Cell:
    """How to show that field of a record to this reader: decided once, used for every row."""
    if isinstance(field, RelationField):
        return lambda record: cells.linked(field, getattr(record, field.key))
    if isinstance(field, LinksField):
        return lambda record: escape(names.get((record.id, field.key), ""))
    column = field.column
    if field.key in policy.masked:  # a mask is text, whatever kind of value it stands for
        return lambda record: cells.show(escape, policy.shown(field, getattr(record, column)))
    show = cells.cell(field)
    return lambda record: cells.show(show, getattr(record, column))


def _column(me: Listed, field: Field) -> dict[str, Any]:
    order = me.state.order or me.entity.order
    is_sorted = order.lstrip("-") == field.key
    descends = order.startswith("-")
    return {
        "key": field.key,
        "label": str(field.label),
        "numeric": field.kind in cells.NUMERIC,
        "sortable": field.sortable and field.key in me.policy.plain,
        "sorted": ("desc" if descends else "asc") if is_sorted else "",
        "sort_url": me.state.url(order=field.key if descends or not is_sorted else f"-{field.key}"),
    }


def _views(me: Listed) -> list[dict[str, Any]]:
    plain = replace(me.state, conditions=(), search="", order="")
    tabs = [
        {
            "label": str(view.label),
            "url": plain.url(view="" if view.key == "all" else view.key),
            "active": (me.state.view or "all") == view.key,
        }
        for view in me.entity.builtin_views
    ]
    if actor().rights.may(me.entity.key, "restore"):
        tabs.append(
            {"label": _("Deleted"), "url": plain.url(view=BINNED_VIEW), "active": me.is_bin}
        )
    if me.entity.is_pooled and (actor().rights.pools or actor().rights.is_super):
        in_pools = {"col": "pool", "opr": "not_empty"}
        tabs.append(
            {
                "label": _("In pools"),
                "url": plain.url(view="", conditions=(in_pools,)),
                "active": me.query.in_pools,
            }
        )
    return tabs


def _chips(me: Listed) -> list[dict[str, str]]:
    own = me.state.conditions
    return [
        {
            "text": words.sentence(condition, me.entity.fields),
            "remove_url": me.state.url(conditions=own[:i] + own[i + 1 :]),
        }
        for i, condition in enumerate(own)
    ]


def _pager(state: ListState, found: listing.Page, total: int, *, is_exact: bool) -> dict[str, Any]:
    first = (state.page - 1) * state.size
    pages = max(1, -(-total // state.size))
    more = state.page < pages if is_exact else len(found.ids) == state.size
    return {
        "page": state.page,
        "size": state.size,
        "sizes": [{"size": n, "url": state.url(size=n)} for n in SIZES],
        "first_url": state.url(page=1) if state.page > 1 else "",
        "prev_url": state.url(page=state.page - 1) if state.page > 1 else "",
        "next_url": state.url(page=state.page + 1) if more else "",
        "last_url": state.url(page=pages) if is_exact and state.page < pages else "",
        "from_": first + 1 if found.ids else 0,
        "to": first + len(found.ids),
    }


def _create_url(me: Listed) -> str | None:
    may = actor().rights.may(me.entity.key, "create") and not me.is_bin
    return f"/{me.entity.plural}/add" if may else None


def offered(me: Listed) -> list[Operation]:
    """The bulk operations that make sense for these rows and are granted; dangerous ones last."""
    in_pools = me.query.in_pools
    wanted = {"binned"} if me.is_bin else {"pool", "both"} if in_pools else {"live", "both"}
    pooled = {"delete", "export"} if in_pools and not me.is_bin else set()
    fitting = [
        verb
        for verb in me.entity.bulk_verbs
        if (verb.rows in wanted or verb.slug in pooled)
        and actor().rights.may(me.entity.key, verb.slug)
    ]
    return sorted(fitting, key=lambda verb: verb.is_dangerous)


def _button(entity: Entity, verb: Operation) -> dict[str, Any]:
    return {
        "slug": verb.slug,
        "label": str(verb.label),
        "icon": verb.icon,
        "danger": is_alarming(verb),
        "url": f"/{entity.plural}/bulk/{verb.slug}",
    }


def is_alarming(verb: Operation) -> bool:
    """Whether its button is red: it is dangerous, and it changes what is stored."""
    return verb.is_dangerous and behaviour(verb.slug).writes


def _empty(me: Listed) -> dict[str, str]:
    """What to do when there is nothing (LIST-7)."""
    if me.state.conditions or me.state.search:
        return {
            "title": _("Nothing matches this filter."),
            "hint": _("Remove a condition or search for something else."),
            "action_url": me.state.url(conditions=(), search=""),
            "action_label": _("Clear the filter"),
        }
    return {
        "title": _("Nothing here yet."),
        "hint": _("What you create or get assigned appears here."),
        "action_url": _create_url(me) or "",
        "action_label": _("Create the first one"),
    }
