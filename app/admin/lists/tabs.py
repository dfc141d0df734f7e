"""The tabs over a list: its views, the recycle bin, the pools (LIST-4)."""

from dataclasses import replace
from typing import Any

from flask_babel import gettext as _

from app.admin.lists.listed import Listed
from app.admin.state import BINNED_VIEW
from app.store.context import actor


def tabs(me: Listed) -> list[dict[str, Any]]:
    """What can be looked at instead; the present one is marked."""
    plain = replace(me.state, conditions=(), search="", order="")
    shown = [
        {
            "label": str(view.label),
            "url": plain.url(view="" if view.key == "all" else view.key),
            "active": (me.state.view or "all") == view.key,
        }
        for view in me.entity.builtin_views
    ]
    if actor().rights.may(me.entity.key, "restore"):
        shown.append(
            {"label": _("Deleted"), "url": plain.url(view=BINNED_VIEW), "active": me.is_bin}
        )
    if me.entity.is_pooled and (actor().rights.pools or actor().rights.is_super):
        in_pools = {"col": "pool", "opr": "not_empty"}
        shown.append(
            {
                "label": _("In pools"),
                "url": plain.url(view="", conditions=(in_pools,)),
                "active": me.query.in_pools,
            }
        )
    return shown
