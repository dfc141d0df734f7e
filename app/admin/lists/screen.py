"""The view model of a list page, put together for one reader (UI-4)."""

from dataclasses import replace
from typing import Any

from flask_babel import gettext as _

from app.admin.lists import further, header, operations, pooled, totals
from app.admin.lists.builder import builder, present
from app.admin.lists.chips import chips
from app.admin.lists.editable import cells
from app.admin.lists.empty import empty
from app.admin.lists.listed import Listed, head
from app.admin.lists.quick import quick
from app.admin.lists.rows import rows
from app.admin.lists.starred import starred
from app.admin.lists.sums import sums_url
from app.admin.lists.tabs import keeping, tabs
from app.admin.state import ListState
from app.admin.words import Speech
from app.spec.errors import BadRequest
from app.store import listing, search_index


def screen(me: Listed) -> dict[str, Any]:
    """Everything ``list.html`` shows; ``unusable`` says why a saved view shows nothing."""
    shown = frame(me)
    try:
        return shown | content(me)
    except BadRequest:
        if me.saved is None or me.state.conditions != me.saved.definition.filters:
            raise
    return shown | nothing(me)


def frame(me: Listed) -> dict[str, Any]:
    """What stands around the rows, whatever they are."""
    state = me.state
    return {
        "entity": head(me.entity),
        "title": str(me.entity.many),
        "views": tabs(me),
        "keeping": keeping(me),
        "compact": me.is_compact,
        "density_url": f"/columns/{me.entity.plural}/density{state.arguments}",
        "columns_url": f"/columns/{me.entity.plural}/{state.arguments}",
        "search": state.search,
        "search_url": state.path,
        "is_searched": search_index.is_searched(me.entity),
        "hidden": [(k, v) for k, v in state.pairs() if k not in ("search", "page", "seen")],
        "create_url": me.create_url,
        "import_url": me.import_url,
        "unusable": "",
    }


def content(me: Listed) -> dict[str, Any]:
    """The rows and what goes with them; BadRequest for a filter that is not the reader's."""
    state = me.state
    found = listing.page(me.policy, me.query, me.columns, counts_later=totals.counts_later(me))
    opens = not me.is_bin
    shown = rows(me.policy, found.rows, me.columns, opens=opens, trail=state.trail)
    beside = further.columns(me, found.ids)
    speech = Speech(state.conditions, me.policy.conditions)
    return {
        **totals.told(me, totals.at_once(me, found), len(found.ids)),
        "chips": chips(me, speech),
        "builder": {**builder(me.policy), "present": present(state.conditions, speech)},
        "quick": quick(me, speech),
        "clear_url": state.url(conditions=(), search=""),
        "columns": [*(header.column(me, f) for f in me.columns), *further.heads(beside)],
        **pooled.told(me),
        "cells": cells(me, found.rows),
        "frozen": me.layout.frozen,
        "widths_url": f"/columns/{me.entity.plural}/widths{state.arguments}",
        "sums_url": sums_url(me),
        "rows": pooled.acting(me, starred(me, further.filled(beside, shown))),
        "operations": [operations.button(me.entity, verb) for verb in operations.offered(me)],
        "filters_json": replace(state, conditions=me.query.conditions).filters_json(),
        "empty": empty(me),
    }


def nothing(me: Listed) -> dict[str, Any]:
    """In place of rows: why this view can't be used by this reader (C43, C48)."""
    return {
        "unusable": _("You can't use this view."),
        "chips": [],
        "quick": [],
        "builder": builder(me.policy),
        "rows": [],
        "total": "",
        "total_exact": True,
        "empty": {
            "title": _("You can't use this view."),
            "hint": _("It filters by something that you may not see or that no longer exists."),
            "action_url": ListState(me.state.path).url(view="all"),
            "action_label": _("Show all"),
        },
    }
