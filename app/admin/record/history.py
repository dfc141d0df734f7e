"""The history tab: what was changed, save by save, and the record as it was (UI-5, AUDIT-1)."""

from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from app.admin import cells
from app.admin.record import changes
from app.admin.record.panels import Seen
from app.spec import clock
from app.spec.errors import BadRequest
from app.spec.field import SECTION_LABELS, Field, Section
from app.spec.kinds import in_living_memory, iso_date
from app.store import history, past
from app.store.past import Then

SHOWN = 50


def screen(seen: Seen, as_of: str, before: int) -> dict[str, Any]:
    """The newest saves, those older than entry ``before``, or the record as of a moment.

    Raises BadRequest for a moment that is none.
    """
    visible = {f.key: f for f in seen.fields}
    base = f"/{seen.entity.plural}/show/{seen.record.id}?tab=history"
    entries = history.of_record(
        seen.entity.key, seen.record.id, before=before or None, limit=SHOWN + 1
    )
    older = f"{base}&before={entries[SHOWN - 1].id}" if len(entries) > SHOWN else ""
    saves = changes.saves(seen.policy, entries[:SHOWN], visible)
    for save in saves:
        save["as_of_url"] = f"{base}&{urlencode({'as_of': save['at']})}"
    moment = _moment(as_of) if as_of else None
    return {
        "action": f"/{seen.entity.plural}/show/{seen.record.id}",
        "saves": saves,
        "older_url": older,
        "newest_url": base if before else "",
        "as_of": clock.local(moment).strftime("%Y-%m-%dT%H:%M") if moment else "",
        "then": _then(seen, visible, moment) if moment else None,
        "now_url": base,
    }


def _moment(text: str) -> datetime:
    """A moment as typed; a day alone means all of it."""
    try:
        moment = in_living_memory(datetime.fromisoformat(iso_date(text)))
    except ValueError:
        raise BadRequest from None
    if ":" not in text:
        moment = datetime.combine(moment, time()) + timedelta(days=1, microseconds=-1)
    return clock.from_reader(moment)


def _then(seen: Seen, visible: dict[str, Field], moment: datetime) -> dict[str, Any]:
    """The record as it was, by layer; a field whose history is broken says so."""
    shown = clock.local(moment).strftime("%Y-%m-%d %H:%M:%S")
    created = getattr(seen.record, "created_at", None)
    if created is not None and moment < created.replace(microsecond=0):
        return {"moment": shown, "is_born": False}
    present = past.present(seen.entity, seen.record, visible.values())
    then = past.as_of(seen.entity, seen.record.id, present, moment)
    names = changes.names_in(((k, [v]) for k, v in then.values.items()), visible)
    items: dict[Section, list[dict[str, Any]]] = {}
    for key, f in visible.items():
        if key not in present:
            continue
        text = changes.past(seen.policy, f, then.values[key], names)
        item: dict[str, Any] = {"key": key, "label": str(f.label), "text": text}
        item["is_unknown"] = key in then.unknown
        item["has_changed"] = then.values[key] != present[key]
        items.setdefault(f.section, []).append(item)
    return {
        "moment": shown,
        "is_born": True,
        "is_deleted": then.is_deleted,
        "last": _last(then),
        "sections": [
            {"label": str(SECTION_LABELS[layer]), "items": items[layer]}
            for layer in Section
            if layer in items
        ],
    }


def _last(then: Then) -> dict[str, Any] | None:
    """Who had last saved the record by then."""
    if then.last is None:
        return None
    return {"who": changes.person(then.last.actor), "when": cells.moment(then.last.at)}
