"""How many rows match (LIST-1): what the page says at once, and what is counted after it.

A page of a large table counts a little way only, because a count costs more than the page; what is
left, up to the cap, is asked for by a request of its own, as the sums are (docs/decisions/0025).
Without scripts a link counts exactly.
"""

from dataclasses import dataclass
from typing import Any

from app.admin.lists.listed import Listed
from app.admin.lists.pager import pager
from app.admin.lists.sending import compared
from app.store import listing, sizes


@dataclass(frozen=True)
class Total:
    """So many rows match; ``is_final`` says that nothing more will be counted unasked."""

    number: int
    is_exact: bool
    is_final: bool = True


def counts_later(me: Listed) -> bool:
    """Whether the page doesn't wait for its count; it does where it tells of it (UI-15)."""
    return not (me.state.seen or me.state.is_exact) and sizes.is_large(me.entity)


def at_once(me: Listed, found: listing.Page) -> Total:
    """What the page that was ``found`` says; all are counted for whoever asked for it."""
    if me.state.is_exact and not found.is_exact:
        return Total(listing.count(me.policy, me.query), is_exact=True)
    is_final = found.is_exact or found.count >= listing.COUNT_CAP
    return Total(found.count, found.is_exact, is_final)


def later(me: Listed) -> Total:
    """The count up to the cap of lists."""
    number = listing.count(me.policy, me.query, listing.COUNT_CAP)
    return Total(min(number, listing.COUNT_CAP), number <= listing.COUNT_CAP)


def told(me: Listed, total: Total, shown: int) -> dict[str, Any]:
    """What a list says about its total, with so many rows ``shown`` on the page."""
    state, number, is_exact = me.state, total.number, total.is_exact
    return {
        "total": f"{number:,}" if is_exact else f"{number:,}+",
        "total_exact": is_exact,
        "seen": compared(state, number) if is_exact else "",
        "link_url": state.url(page=state.page, seen=number if is_exact else 0),
        "count_url": state.url(is_exact=True, page=state.page),
        "counting_url": "" if total.is_final else f"/{me.entity.plural}/count{state.arguments}",
        "pager": pager(state, shown, number, is_exact=is_exact),
        "selection_total": number if is_exact else "",
    }


def counted(me: Listed) -> dict[str, Any]:
    """What replaces the words of a page that has counted a little way only."""
    total = later(me)
    first = (me.state.page - 1) * me.state.size
    return told(me, total, max(0, min(me.state.size, total.number - first)))
