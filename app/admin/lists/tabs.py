"""The tabs over a list: its views in the reader's order, the recycle bin, the pools (LIST-4)."""

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from app.admin.lists.listed import Listed, tabs_key, usable
from app.admin.state import BINNED_VIEW, ListState
from app.spec.conditions import columns_in
from app.store import views
from app.store.context import actor
from app.store.policy import Policy
from app.store.views import Kept


@dataclass(frozen=True)
class Tab:
    """A view as its reader chooses it: built in, his own, or shared with him."""

    key: str
    label: str
    saved: Kept | None = None


def available(me: Listed) -> list[Tab]:
    """The views that this reader may use, in his order; new ones come last."""
    policy = Policy(actor(), me.entity, "list", in_list=True)
    built_in = [
        Tab(view.key, str(view.label))
        for view in me.entity.builtin_views
        if all(key in policy.conditions for key in columns_in(view.filters))
    ]
    found = [*built_in, *(Tab(str(one.id), one.label, one) for one in me.shelf.views)]
    order = {key: place for place, key in enumerate(choice(me, "order", []))}
    return sorted(found, key=lambda tab: order.get(tab.key, len(order)))


def default(me: Listed) -> str:
    """The view that the bare address leads to; empty for all rows, or when it is of no use now."""
    chosen = str(choice(me, "default", ""))
    for tab in available(me) if chosen not in ("", "all") else ():
        if tab.key == chosen:
            kept = tab.saved.definition.filters if tab.saved else ()
            return chosen if usable(me.policy, kept) else ""
    return ""


def choice(me: Listed, name: str, otherwise: Any) -> Any:
    """What the reader chose for his tabs: their ``order``, the ``default`` one."""
    return me.shelf.choices.get(tabs_key(me.entity), {}).get(name, otherwise)


def tabs(me: Listed) -> list[dict[str, Any]]:
    """What can be looked at instead; the present one is marked."""
    bare = ListState(me.state.path, size=me.state.size)
    plain = "all" if choice(me, "default", "") or me.entity.first_view else ""
    shown: list[dict[str, Any]] = [
        {
            "label": tab.label,
            "url": bare.url(view=plain if tab.key == "all" else tab.key),
            "active": (me.state.view or "all") == tab.key and not me.query.in_pools,
            "shared": tab.saved is not None and tab.saved.owner_id != actor().user_id,
        }
        for tab in available(me)
    ]
    if actor().rights.may(me.entity.key, "restore"):
        url = bare.url(view=BINNED_VIEW)
        shown.append({"label": _("Deleted"), "url": url, "active": me.is_bin})
    if me.entity.is_pooled and (actor().rights.pools or actor().rights.is_super):
        url = bare.url(view=plain, conditions=({"col": "pool", "opr": "not_empty"},))
        shown.append({"label": _("In pools"), "url": url, "active": me.query.in_pools})
    return shown


def keeping(me: Listed) -> dict[str, Any] | None:
    """Where what is looked at can be kept as a view; None for what can't."""
    if me.is_bin:
        return None
    state, base = me.state, f"/views/{me.entity.plural}/"
    here = state.arguments
    mine = me.saved is not None and views.may_change(me.saved)
    return {
        "add_url": f"{base}add{here}",
        "is_new": state.is_changed and not mine,
        "manage_url": base,
        "update_url": f"{base}update/{state.view}{here}" if mine and state.is_changed else "",
        "edit_url": f"{base}edit/{state.view}" if mine else "",
        "reset_url": ListState(state.path, size=state.size).url(view=state.view)
        if state.is_changed and me.saved
        else "",
        "name": me.saved.label if me.saved else "",
        "version": str(me.saved.version if me.saved else 0),
    }
