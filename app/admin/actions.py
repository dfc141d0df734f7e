"""The buttons of a record's page: what this reader may do with this very record (UI-5)."""

from collections.abc import Sequence
from typing import Any

from app.admin.forms import nonce
from app.operations.rules import rules_of
from app.spec.entity import Entity
from app.spec.operations import HAND_OVER, OPERATIONS, Operation
from app.store import door, scope
from app.store.context import actor

ENDURED = frozenset({"transfer", "add_team", "remove_team"})
"""What can be done with a record that is only there to be read: give others a part in it."""

_LEADS_TO = {"complete": "done", "resume": "open"}
"""Operations about a record's status, with the one that they set."""

FORWARD = frozenset({"convert", "complete", "resume"})
"""What a record is there for: offered right beside editing."""


def of_record(entity: Entity, record: Any) -> list[dict[str, Any]]:
    """What the reader may do with this record: granted, sensible, and this row in its scope."""
    base = f"/{entity.plural}"
    urls = {
        verb.slug: f"{base}/bulk/{verb.slug}?id={record.id}"
        for verb in entity.bulk_verbs
        if _fits(entity, verb, record)
    }
    urls = {"edit": f"{base}/edit/{record.id}"} | dict.fromkeys(FORWARD & urls.keys(), "") | urls
    urls["reset_password"] = f"{base}/reset-password/{record.id}"
    urls[HAND_OVER.slug] = f"{base}/hand-over/{record.id}"
    if not getattr(record, "pool_id", None):
        urls["delete"] = f"{base}/delete/{record.id}"
    if rules_of(entity).is_closed(record):
        urls = {slug: url for slug, url in urls.items() if slug in ENDURED}
    granted = [s for s in urls if actor().rights.may(entity.key, s)]
    held = _holding(entity, record, granted)
    return [of_one(entity, record.id, slug, urls[slug]) for slug in granted if slug in held]


def of_one(entity: Entity, record_id: int, slug: str, url: str) -> dict[str, Any]:
    """A button of one record; what asks for nothing is done by it at once."""
    if not OPERATIONS[slug].is_light:
        return action(slug, url)
    hidden = [("ids", record_id), ("step", "run"), ("then", "record"), ("form_nonce", nonce())]
    place = f"/{entity.plural}/bulk/{slug}"
    return {**action(slug, place), "method": "post", "hidden": hidden}


def _fits(entity: Entity, verb: Operation, record: Any) -> bool:
    """Whether a bulk operation makes sense for one record, in the state it is in."""
    pointless = {"export", "bulk_edit", "delete"}
    if (is_active := getattr(record, "is_active", None)) is not None:
        pointless.add("enable" if is_active else "disable")
    if not getattr(record, "is_locked", False):
        pointless.add("unlock")
    if not rules_of(entity).merges_for_good:
        pointless.add("merge")  # there is nothing beside it to merge it with
    pointless.add("mark_invalid" if getattr(record, "invalid_reason", None) else "reopen")
    pointless |= {verb for verb, state in _LEADS_TO.items() if _state(record) == state}
    rows = {"pool", "both"} if getattr(record, "pool_id", None) else {"live", "both"}
    return verb.rows in rows and verb.slug not in pointless


def _state(record: Any) -> str:
    return getattr(record, "status", None) or ""


def _holding(entity: Entity, record: Any, operations: Sequence[str]) -> set[str]:
    """Those operations whose own scope holds the record.

    Whose it is tells most of them. In a pool the scope is the pool's, of what belongs to another
    record that one's, and somebody may take part: then the database is asked.
    """
    if not entity.responsible:
        return set(operations)
    differs = entity.is_attached or bool(getattr(record, "pool_id", None))
    return {slug for slug in operations if _holds(entity, record, slug, differs=differs)}


def _holds(entity: Entity, record: Any, slug: str, *, differs: bool) -> bool:
    if not differs and record.id not in scope.outside(entity, slug, [record]):
        return True
    takes_part = OPERATIONS[slug].for_partakers and bool(entity.letting_in)
    return (differs or takes_part) and bool(door.within(entity, [record.id], slug))


def action(slug: str, url: str) -> dict[str, Any]:
    verb = OPERATIONS[slug]
    return {
        "slug": slug,
        "label": str(verb.label),
        "icon": verb.icon,
        "url": url,
        "method": "get",
        "danger": verb.is_dangerous,
    }
