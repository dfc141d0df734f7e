"""What a dry run says, for people: counts, reasons, the first changes, who hears of it."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.admin import rooms
from app.admin.record import changes
from app.admin.state import ListState
from app.operations.outcome import SAMPLED, Outcome, Skip
from app.operations.rules import Place, Remedy
from app.operations.undoing import UNDO, UNDO_DAYS, is_undoable
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.operations import Operation
from app.spec.settings import value
from app.store import titles
from app.store.context import actor
from app.store.policy import Policy

ALONG = {
    "": _l("%(kind)s go along"),
    "not_permitted": _l("%(kind)s stay: you may not do this with them."),
    "over_cap": _l("%(kind)s stay: there is no room for them."),
}
"""What becomes of what hangs on records, by the code of what keeps it there."""
SHOWN = 100
"""Records left out that a page names."""


def expected(entity: Entity, verb: Operation, outcome: Outcome) -> dict[str, Any]:
    """What a dry run says would happen, and for how long that can be undone (UI-12)."""
    left, sample = outcome.skipped[:SHOWN], _sample(entity, outcome)
    names = titles.by_ids(entity, [*(skip.id for skip in left), *(one["id"] for one in sample)])
    return {
        "warnings": outcome.warnings,
        "total": outcome.total,
        "will_change": outcome.done,
        "looked_at": outcome.looked_at if outcome.looked_at < outcome.total else 0,
        "reasons": _reasons(outcome.skipped),
        "skipped": [_left_out(entity, verb, skip, names) for skip in left],
        "notified": _notified(outcome),
        "receivers": _receivers(outcome),
        "along": _along(outcome),
        "sample": [one | {"record": names.get(one["id"], one["record"])} for one in sample],
        "undo_days": value(UNDO_DAYS) if verb is not UNDO and is_undoable(entity, verb) else 0,
    }


def _reasons(skipped: list[Skip]) -> list[dict[str, Any]]:
    counted = Counter(skip.reason for skip in skipped)
    return [{"text": text, "count": n} for text, n in counted.most_common()]


def _left_out(
    entity: Entity, verb: Operation, skip: Skip, names: Mapping[int, str]
) -> dict[str, Any]:
    own = "" if verb.rows == "binned" else f"/{entity.plural}/show/{skip.id}"
    return {
        "label": names.get(skip.id) or skip.title or _("No. %(number)s", number=skip.id),
        "reason": skip.reason,
        "url": own,
        "ways": ways(skip),
    }


def ways(skip: Skip) -> list[dict[str, str]]:
    """What puts it right, and the lists that show what stands in the way, by name of the kind."""
    return [
        {"label": str(one.label), "url": one.url}
        if isinstance(one, Remedy)
        else {"label": str(one.entity.many), "url": _address(one)}
        for one in skip.where
    ]


def _address(where: Place) -> str:
    condition = {"col": where.column, "opr": where.operator, "value": where.value}
    return ListState(f"/{where.entity.plural}/list/").url(conditions=(condition,))


def _notified(outcome: Outcome) -> list[dict[str, Any]]:
    names = titles.by_ids(catalogue.get("user"), outcome.notified)
    return [{"name": names.get(i, str(i)), "count": n} for i, n in outcome.notified.items()]


def _receivers(outcome: Outcome) -> list[dict[str, Any]]:
    """Who gets how many, and what he has then of how many he may have (POOL-9)."""
    names = titles.by_ids(catalogue.get("user"), outcome.given)
    return [
        {
            "name": names.get(i, str(i)),
            "count": n,
            "room": rooms.said(outcome.rooms[i]) if i in outcome.rooms else "",
            "is_full": i in outcome.rooms and not outcome.rooms[i].left,
        }
        for i, n in outcome.given.items()
    ]


def _along(outcome: Outcome) -> list[dict[str, Any]]:
    """How many other records go along, kind by kind, and how many stay and why (XFER-1)."""
    return [
        {"count": n, "text": str(ALONG[code]) % {"kind": catalogue.get(key).many}}
        for (key, code), n in outcome.along.items()
    ]


def _sample(entity: Entity, outcome: Outcome) -> list[dict[str, Any]]:
    """The first changes, old and new, as this reader may see them.

    Linked records are named in one statement per field, however many rows are shown.
    """
    policy = Policy(actor(), entity, "read", in_list=True)
    shown = [
        (change, f, pair)
        for change, f, pair in outcome.sample(policy)
        if not f.system or f.key == "pool"
    ][:SAMPLED]
    names = changes.names_in(((f.key, pair) for _change, f, pair in shown), policy.readable)
    return [
        {
            "id": change.id,
            "record": change.title,
            "url": f"/{entity.plural}/show/{change.id}",
            "field": str(f.label),
            "old": changes.past(policy, f, old, names),
            "new": changes.past(policy, f, new, names),
        }
        for change, f, (old, new) in shown
    ]
