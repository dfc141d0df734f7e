"""The timeline of a record: what was noted of it and done with it, newest first (ACT-2, UI-5)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from flask_babel import format_date
from flask_babel import gettext as _

from app.admin import cells, lists
from app.admin.record import changes
from app.admin.record.own_marks import linked
from app.admin.record.panels import Seen
from app.admin.state import whole
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import BadRequest
from app.spec.kinds import in_living_memory, iso_date
from app.spec.relations import RelationField
from app.store import attachments, history, timeline, titles
from app.store.attachments import Attachment
from app.store.context import actor, operating
from app.store.history import History
from app.store.loading import rows_of
from app.store.policy import Policy
from app.store.timeline import HISTORY, Place, Subjects, Wanted

SHOWN = 20
ARGUMENTS = ("kind", "person", "since", "until", "words", "after")
LONGEST_WORDS = 100
PARTS = {
    timeline.CHANGES: lambda: _("Field changes"),
    timeline.OWNERSHIP: lambda: _("Ownership and team"),
    timeline.FILES: lambda: _("Files"),
}


def wanted(args: Mapping[str, str]) -> Wanted:
    """What an address asks for; BadRequest for what can't be asked."""
    kind = args.get("kind", "")
    if kind not in ("", *PARTS, *(one.key for one in catalogue if one.moment)):
        raise BadRequest
    until = _day(args.get("until", ""))
    return Wanted(
        kind,
        whole(args.get("person"), 0) or None,
        _day(args.get("since", "")),
        until + timedelta(days=1) if until else None,
        args.get("words", "").strip()[:LONGEST_WORDS],
        _place(args.get("after", "")),
    )


def _day(text: str) -> datetime | None:
    """The beginning of a day on the reader's clock."""
    if not text:
        return None
    try:
        return clock.from_reader(in_living_memory(datetime.fromisoformat(iso_date(text))))
    except ValueError:
        raise BadRequest from None


def _place(text: str) -> Place | None:
    """A place as ``_said`` writes it."""
    if not text:
        return None
    try:
        at, source, number = text.split(" ")
        found = Place(datetime.fromisoformat(at), source, int(number))
    except ValueError:
        raise BadRequest from None
    if found.at.tzinfo is None:
        raise BadRequest
    return found


def _said(place: Place) -> str:
    return f"{clock.iso(place.at)} {place.source} {place.id}"


def screen(seen: Seen, asked: Wanted) -> dict[str, Any]:
    """A page of the timeline, the way to the next one, and what can be filtered by."""
    of = timeline.subjects(seen.entity, seen.record.id)
    places = timeline.page(of, asked, SHOWN)
    shown = places[:SHOWN]
    base = f"/{seen.entity.plural}/show/{seen.record.id}"
    kept = _kept(asked)
    older = f"{base}?{urlencode({**kept, 'after': _said(shown[-1])})}" if places[SHOWN:] else ""
    return {
        "action": base,
        "days": _days(_items(seen, of, shown)),
        "older_url": older,
        "newest_url": f"{base}?{urlencode(kept)}" if asked.after else "",
        "is_filtered": bool(kept),
        "clear_url": base,
        "filters": {
            **{key: kept.get(key, "") for key in ("since", "until", "words")},
            "kinds": _kinds(asked.kind),
        },
    }


def _kept(asked: Wanted) -> dict[str, str]:
    """The filter as it stands in an address."""
    day = timedelta(days=1)
    values = {
        "kind": asked.kind,
        "person": str(asked.person or ""),
        "since": clock.local(asked.since).date().isoformat() if asked.since else "",
        "until": clock.local(asked.until - day).date().isoformat() if asked.until else "",
        "words": asked.words,
    }
    return {key: value for key, value in values.items() if value}


def _kinds(chosen: str) -> list[dict[str, Any]]:
    several = [(one.key, str(one.many)) for one in timeline.kinds()]
    several += [(key, label()) for key, label in PARTS.items()]
    return [{"code": key, "label": label, "chosen": key == chosen} for key, label in several]


def _days(items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What stands in the timeline, day by day on the reader's clock."""
    return [
        {"label": format_date(day, "full"), "date": day.isoformat(), "items": list(some)}
        for day, some in groupby(items, key=lambda item: clock.local(item["at"]).date())
    ]


def _items(seen: Seen, of: Subjects, places: Sequence[Place]) -> list[dict[str, Any]]:
    """What stands at these places, in their order."""
    ids: dict[str, list[int]] = {}
    for place in places:
        ids.setdefault(place.source, []).append(place.id)
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for source, numbers in ids.items():
        items = (
            _saves(seen, of, numbers)
            if source == HISTORY
            else _records(seen, catalogue.get(source), numbers)
        )
        found |= {(source, number): item for number, item in items}
    ordered = ((place, found.get((place.source, place.id))) for place in places)
    return [{**item, "at": place.at} for place, item in ordered if item]


def _records(
    seen: Seen, entity: Entity, numbers: Sequence[int]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Records of one kind: who, when, the text, the facts, the files."""
    policy = Policy(actor(), entity, "read")
    fields = list(policy.readable.values())
    with operating("read", entity.key):
        records = rows_of(policy, numbers, fields)
    names = titles.of_links(entity, records, fields)
    files = attachments.of_many(entity.key, [one.id for one in records]) if entity.has_files else {}
    whose = entity.fields.get(entity.responsible)
    told = [f for f in fields if f.fact and f.key not in (entity.title, entity.moment)]
    shows = [(f, lists.value_cell(policy, f, names)) for f in told]
    for record in records:
        yield (
            record.id,
            {
                "kind": entity.key,
                "id": record.id,
                "icon": entity.icon,
                "label": str(entity.one),
                "who": cells.linked(whose, getattr(record, whose.key))
                if isinstance(whose, RelationField)
                else "",
                "when": cells.moment(getattr(record, entity.moment)),
                "url": f"/{entity.plural}/show/{record.id}",
                "text": linked(str(getattr(record, entity.title) or "")),
                "facts": [
                    {"label": str(f.label), "html": html}
                    for f, show in shows
                    if (html := show(record))
                ],
                "about": _about(seen, entity, record),
                "files": [_file(entity, file) for file in files.get(record.id, ())],
            },
        )


def _about(seen: Seen, entity: Entity, record: Any) -> Any:
    """Which of the records that belong to this one it is about; nothing when it is about itself."""
    for link in entity.parents:
        named = getattr(record, link.key, None)
        if named is not None and (link.to, named.id) != (seen.entity.key, seen.record.id):
            return cells.linked(link, named)
    return ""


def _file(entity: Entity, file: Attachment) -> dict[str, Any]:
    return {
        "name": file.name,
        "size": cells.file_size(file.size),
        "url": f"/{entity.plural}/files/{file.record_id}/{file.id}",
    }


def _saves(
    seen: Seen, of: Subjects, numbers: Sequence[int]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The history: what one save did to one record stands at its newest entry."""
    entries = sorted(history.of_numbers(numbers), key=_of)
    names = changes.names_of(entries)
    for (key, record_id), some in groupby(entries, key=_of):
        entity = catalogue.get(key)
        is_own = entity is seen.entity and record_id == seen.record.id
        policy = seen.policy if is_own else Policy(actor(), entity, "read")
        for save in changes.saves(policy, list(some), policy.readable, names):
            about = "" if is_own else cells.leading_to(entity, record_id, save["subject"])
            kept = {"kind": HISTORY, "icon": "history", "about": about}
            told = {} if save["is_birth"] else {"changes": save["changes"]}
            yield save["number"], {**save, "changes": (), **told, **kept}


def _of(entry: History) -> tuple[str, int]:
    return (entry.entity, entry.record_id)
