"""What the amounts of all rows that match come to (LIST-6), asked for after the page."""

from typing import Any

from app.admin import cells
from app.admin.lists.listed import Listed
from app.spec.field import Field
from app.store import listing


def summed(me: Listed) -> list[Field]:
    """The amounts that the reader reads in full, whichever of them he has in sight."""
    return [field for field in me.policy.plain.values() if field.kind == "money"]


def sums_url(me: Listed) -> str:
    """Where the sums under the shown columns come from; empty when no amount is shown."""
    keys = {field.key for field in summed(me)}
    if me.is_bin or not keys & {field.key for field in me.columns}:
        return ""
    return f"/{me.entity.plural}/sums{me.state.arguments}"


def sums(me: Listed) -> dict[str, Any]:
    """Each sum as the page shows it and exactly; one statement over the filter."""
    fields = summed(me)
    totals = listing.sums(me.policy, me.query, fields) if fields else {}
    return {
        key: {"text": cells.money(total).striptags(), "exact": f"{total:.2f}"}
        for key, total in totals.items()
    }
