"""Where the reader is in the list, and the way on (LIST-1)."""

from typing import Any

from app.admin.state import SIZES, ListState


def pager(state: ListState, shown: int, total: int, *, is_exact: bool) -> dict[str, Any]:
    """The range ``shown``, the page sizes, the neighbours; empty addresses lead nowhere."""
    first = (state.page - 1) * state.size
    pages = max(1, -(-total // state.size))
    more = state.page < pages if is_exact else shown == state.size
    return {
        "page": state.page,
        "size": state.size,
        "sizes": [{"size": n, "url": state.url(size=n)} for n in SIZES],
        "first_url": state.url(page=1) if state.page > 1 else "",
        "prev_url": state.url(page=state.page - 1) if state.page > 1 else "",
        "next_url": state.url(page=state.page + 1) if more else "",
        "last_url": state.url(page=pages) if is_exact and state.page < pages else "",
        "from_": first + 1 if shown else 0,
        "to": first + shown,
    }
