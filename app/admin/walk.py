"""From record to record along the list one came from, and back to it (LIST-5).

The list's address travels with the reader as the argument ``from`` of a record's page; where it was
scrolled to and what was ticked stays in his window (returning.js).
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from werkzeug.datastructures import MultiDict

from app.admin import lists, state
from app.admin.lists import Listed
from app.admin.state import FROM
from app.spec.entity import Entity
from app.spec.errors import NotFound
from app.store import listing, walking
from app.store.context import actor
from app.store.policy import Policy


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
    return {"back_url": back, "previous_url": previous, "next_url": following}


def _came(entity: Entity, args: MultiDict[str, str]) -> Listed | None:
    """The list that the reader came from, as far as it is still there for him."""
    if FROM not in args or not actor().rights.may(entity.key, "list"):
        return None
    try:
        me = lists.opened(entity, MultiDict(_trail(args)))
    except NotFound:  # a saved view that is gone: the record is there all the same
        return None
    return None if me.is_bin else me


def _trail(args: Mapping[str, str]) -> list[tuple[str, str]]:
    """The arguments of the list that an address says its reader came from."""
    return parse_qsl(args.get(FROM, ""), keep_blank_values=True)


def check(entity: Entity, args: MultiDict[str, str]) -> None:
    """BadRequest for a way here that isn't understood, before anything is typed or written."""
    if FROM in args:
        came = state.read(f"/{entity.plural}/list/", MultiDict(_trail(args)))
        policy = Policy(actor(), entity, "list", in_list=True)
        listing.clauses(policy, came.query())
        listing.ordering(policy, came.order)


def carried(url: str, args: Mapping[str, str]) -> str:
    """That address with the trail of the page that is asked for; as it is without one."""
    if FROM not in args:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode({FROM: args[FROM]})}"


def list_url(entity: Entity, args: Mapping[str, str]) -> str:
    """The list that the reader came from, as it was; the whole one without a trail."""
    came = urlencode(_trail(args))
    return f"/{entity.plural}/list/" + (f"?{came}" if came else "")


def keep(screen: dict[str, Any], args: Mapping[str, str]) -> None:
    """Let whatever leads back to a record's page lead on along the same list."""
    if not screen["walk"]:
        return
    for part, key in _returning(screen):
        if part.get(key):
            part[key] = carried(part[key], args)
    for part in (screen["past"], screen["timeline"]):
        if part:
            part["hidden"] = [(FROM, args[FROM])]


def _returning(screen: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Where in a record's page the addresses stand that end at this page again."""
    details, past = screen["details"] or {}, screen["past"] or {}
    yield from ((one, "url") for one in screen["tabs"])
    yield from ((one, "url") for one in screen["actions"] if one["slug"] in ("edit", "delete"))
    yield from ((one, "edit_url") for one in details.get("sections", ()))
    yield from ((one, "action") for one in screen["panels"])
    if screen["children"] and screen["children"]["primary"]:
        yield screen["children"]["primary"], "action"
    yield from ((one, "as_of_url") for one in past.get("saves", ()))
    yield from ((past, key) for key in ("older_url", "newest_url", "now_url"))
    timeline = screen["timeline"] or {}
    yield from ((timeline, key) for key in ("older_url", "newest_url", "clear_url"))
    yield details, "arrange_url"
