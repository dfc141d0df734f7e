"""From record to record along the list one came from, and back to it (LIST-5).

The list's address travels with the reader as the argument ``from`` of a record's page; where it was
scrolled to and what was ticked stays in his window (returning.js).
"""

from typing import Any
from urllib.parse import parse_qsl

from werkzeug.datastructures import MultiDict

from app.admin import lists
from app.admin.lists import Listed
from app.admin.state import FROM
from app.spec.entity import Entity
from app.spec.errors import NotFound
from app.store import walking
from app.store.context import actor


def along(entity: Entity, record_id: int, args: MultiDict[str, str]) -> dict[str, str]:
    """Where a record's page leads on: the record before, the one after, the list; {} without one.

    BadRequest for a list, a filter or an order that isn't understood.
    """
    me = _came(entity, args)
    if me is None:
        return {}
    near = walking.neighbours(me.policy, me.query, record_id)
    trail = me.state.trail
    previous, following = (f"/{entity.plural}/show/{i}?{trail}" if i else "" for i in near)
    back = me.state.url(page=me.state.page)
    return {"back_url": back, "previous_url": previous, "next_url": following, "trail": trail}


def _came(entity: Entity, args: MultiDict[str, str]) -> Listed | None:
    """The list that the reader came from, as far as it is still there for him."""
    if FROM not in args or not actor().rights.may(entity.key, "list"):
        return None
    try:
        me = lists.opened(entity, MultiDict(parse_qsl(args[FROM], keep_blank_values=True)))
    except NotFound:  # a saved view that is gone: the record is there all the same
        return None
    return None if me.is_bin else me


def keep(screen: dict[str, Any], trail: str) -> None:
    """Let the tabs of a record's page lead on along the same list."""
    for tab in screen["tabs"] if trail else ():
        tab["url"] += f"{'&' if '?' in tab['url'] else '?'}{trail}"
