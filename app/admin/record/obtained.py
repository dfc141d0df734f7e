"""How the present owner came to a record: who gave it to him, when, and why him (POOL-3)."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from app.admin.record.changes import person
from app.admin.record.panels import FIELDS, Panel, Seen, declare, of_fields
from app.operations.ownership import BECAUSE, RECEIVING
from app.spec import clock, sentences
from app.spec.words import Label
from app.store import history
from app.store.history import VERBS, History

GIVING = ("create", "import", "convert", "assign", "transfer", "claim", "undo")
"""The operations by which somebody becomes the owner."""
LOOKED_AT = 5
"""So many of the newest such entries of a record: an undo may be of something else."""
KEY = "how"


def content(seen: Seen) -> Mapping[str, Any] | None:
    """The fields declared to stand at a glance, and how the owner came to the record."""
    found = of_fields("care")(seen)
    came = found and item(seen)
    return {"items": [*found["items"], came]} if found and came else found


def item(seen: Seen) -> dict[str, Any] | None:
    """The line of the panel; None where nobody owns it, or the reader doesn't know who."""
    owner = getattr(seen.record, "owner_id", None)
    if owner is None or not any(f.key in RECEIVING for f in seen.fields):
        return None
    entries = history.of_operations(seen.entity.key, seen.record.id, GIVING, LOOKED_AT)
    found = next((one for one in entries if _gives(one, owner)), None)
    return found and {"key": KEY, "label": _("Came by"), "html": _told(found)}


def _gives(entry: History, owner: int) -> bool:
    return any(entry.changes.get(key, (None, None))[1] == owner for key in RECEIVING)


def _told(entry: History) -> str:
    """Assigned by Li Lei on 2026-11-23: in turn, 3 of 5."""
    places = {
        "operation": VERBS.text(entry.operation),
        "who": person(entry.actor),
        "when": clock.shown(entry.at),
    }
    told = _("%(operation)s · %(who)s · %(when)s", **places)
    why = entry.changes.get(BECAUSE)
    return _("%(told)s: %(why)s", told=told, why=sentences.said(why[1])) if why else told


declare(Panel("care", Label("At a glance", "跟进概况"), "user-check", FIELDS, content, rank=10))
