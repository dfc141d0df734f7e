"""The view model of a list page, put together for one reader (UI-4)."""

from dataclasses import replace
from typing import Any

from app.admin.lists import header, operations
from app.admin.lists.builder import builder
from app.admin.lists.chips import chips
from app.admin.lists.editable import cells
from app.admin.lists.empty import empty
from app.admin.lists.listed import head, listed
from app.admin.lists.pager import pager
from app.admin.lists.rows import rows
from app.admin.lists.starred import starred
from app.admin.lists.tabs import tabs
from app.admin.state import ListState
from app.spec.entity import Entity
from app.store import listing, search_index


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
        "views": tabs(me),
        "search": state.search,
        "search_url": state.path,
        "is_searched": search_index.is_searched(entity),
        "hidden": [(k, v) for k, v in state.pairs() if v and k not in ("search", "page")],
        "chips": chips(me),
        "clear_url": state.url(conditions=(), search=""),
        "builder": builder(me.policy),
        "columns": [header.column(me, f) for f in me.columns],
        "cells": cells(me, found.rows),
        "rows": starred(me, rows(me.policy, found.rows, me.columns, opens=not me.is_bin)),
        "total": f"{total:,}" if is_exact else f"{total:,}+",
        "total_exact": is_exact,
        "count_url": state.url(is_exact=True, page=state.page),
        "pager": pager(state, found, total, is_exact=is_exact),
        "create_url": me.create_url,
        "operations": [operations.button(entity, verb) for verb in operations.offered(me)],
        "selection_total": total if is_exact else "",
        "filters_json": replace(state, conditions=me.query.conditions).filters_json(),
        "empty": empty(me),
    }
