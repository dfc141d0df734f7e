"""The head of the table: labels, and the links that sort by them (LIST-1)."""

from typing import Any

from app.admin import cells
from app.admin.lists.listed import Listed
from app.spec.field import Field


def column(me: Listed, field: Field) -> dict[str, Any]:
    """One column for whoever reads; sorted by where he reads it unmasked."""
    order = me.state.order or me.entity.order
    is_sorted = order.lstrip("-") == field.key
    descends = order.startswith("-")
    return {
        "key": field.key,
        "width": me.layout.widths.get(field.key, 0),
        "label": str(field.label),
        "is_summed": field.kind == "money" and field.key in me.policy.plain,
        "numeric": field.kind in cells.NUMERIC,
        "sortable": field.sortable and field.key in me.policy.plain,
        "sorted": ("desc" if descends else "asc") if is_sorted else "",
        "sort_url": me.state.url(order=field.key if descends or not is_sorted else f"-{field.key}"),
    }
