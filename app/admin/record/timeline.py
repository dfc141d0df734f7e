"""The timeline of a record: what was noted of it and done with it, newest first (ACT-2, UI-5)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any, cast
from urllib.parse import urlencode

from flask_babel import format_date
from flask_babel import gettext as _

from app.admin import cells, people
from app.admin.record import changes, files
from app.admin.record.own_marks import linked
from app.admin.record.panels import Seen
from app.admin.state import whole
from app.operations.rules import rules_of
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import BadRequest
from app.spec.field import Field
from app.spec.kinds import in_living_memory, iso_date
from app.spec.relations import LinksField, RelationField
from app.spec.text import is_storable
from app.spec.words import listed
from app.store import attachments, door, history, timeline, titles
from app.store.context import actor
from app.store.door import MAX_ID
from app.store.history import History
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
    words = args.get("words", "").strip()
    if len(words) > LONGEST_WORDS or not is_storable(words):
        raise BadRequest
    return Wanted(
        kind,
        whole(args.get("person"), 0) or None,
        _day(args.get("since", "")),
        _day(args.get("until", ""), later=1),
        words,
        _place(args.get("after", "")),
    )


def _day(text: str, *, later: int = 0) -> datetime | None:
    """The beginning of a day on the reader's clock, or of one so many days ``later``."""
    if not text:
        return None
    try:
        day = in_living_memory(datetime.fromisoformat(iso_date(text)))
        return clock.from_reader(day + timedelta(days=later))
    except ValueError:
        raise BadRequest from None


def _place(text: str) -> Place | None:
    """A place as ``_said`` writes it."""
    if not text:
        return None
    try:
        at, source, number = text.split(" ")
        found = Place(in_living_memory(datetime.fromisoformat(at)), source, int(number))
    except ValueError:
        raise BadRequest from None
    if found.at.tzinfo is None or not 0 < found.id <= MAX_ID:
        raise BadRequest
    return found


def _said(place: Place) -> str:
    return f"{clock.iso(place.at)} {place.source} {place.id}"


def screen(
    seen: Seen, below: Mapping[str, Sequence[int]], args: Mapping[str, str]
) -> dict[str, Any]:
    """A page of the timeline, the way to the next one, and what can be filtered by.

    ``below`` are the numbers of what belongs to the record, by kind; ``args`` those of the address.
    """
    asked = wanted(args)
    of = Subjects(seen.entity, seen.record.id, _readable(below))
    places = timeline.page(of, asked, SHOWN)
    shown = places[:SHOWN]
    base = f"/{seen.entity.plural}/show/{seen.record.id}"
    kept = _kept(asked)
    older = f"{base}?{urlencode({**kept, 'after': _said(shown[-1])})}" if places[SHOWN:] else ""
    return {
        "action": base,
        "hidden": [],
        "days": _days(_items(seen, shown)),
        "older_url": older,
        "newest_url": f"{base}?{urlencode(kept)}" if asked.after else "",
        "is_filtered": bool(kept),
        "clear_url": base,
        "filters": {
            **{key: kept.get(key, "") for key in ("since", "until", "words")},
            "kinds": _kinds(asked.kind),
            "person": people.picker("person", _("Person"), asked.person or "", unset=_("Anybody")),
        },
    }


def _readable(below: Mapping[str, Sequence[int]]) -> dict[str, Sequence[int]]:
    """Those of which something is told, to whoever may not only list them."""
    told = {key: some for key, some in below.items() if some and catalogue.get(key).has_timeline}
    return {key: _read(key, some) for key, some in told.items()}


def _read(key: str, listed: Sequence[int]) -> Sequence[int]:
    """Those of the listed ones that he reads: all, unless he lists more than he reads (PERM-2)."""
    rights = actor().rights
    if rights.reach(key, "read") == rights.reach(key, "list"):
        return listed
    return sorted(door.within(catalogue.get(key), listed, "read"))


def _kept(asked: Wanted) -> dict[str, str]:
    """The filter as it stands in an address."""
    a_moment = timedelta(seconds=1)
    values = {
        "kind": asked.kind,
        "person": str(asked.person or ""),
        "since": clock.local(asked.since).date().isoformat() if asked.since else "",
        "until": clock.local(asked.until - a_moment).date().isoformat() if asked.until else "",
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


def _items(seen: Seen, places: Sequence[Place]) -> list[dict[str, Any]]:
    """What stands at these places, in their order."""
    numbers: dict[str, list[int]] = {}
    for place in places:
        numbers.setdefault(place.source, []).append(place.id)
    entries = sorted(history.of_numbers(numbers.pop(HISTORY, [])), key=_of)
    told = _Told(numbers)
    wanted = _united(changes.mentioned(entries), told.mentioned())
    names = {**titles.of_kinds(wanted), **changes.named_in_notes(entries)}
    found = {(HISTORY, number): item for number, item in _saves(seen, entries, names)}
    found |= {place: told.item(seen, *place, names) for place in told.values}
    ordered = ((place, found.get((place.source, place.id))) for place in places)
    return [{**item, "at": place.at} for place, item in ordered if item]


def _united(*several: Mapping[str, Iterable[int]]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for one in several:
        for key, numbers in one.items():
            found.setdefault(key, set()).update(numbers)
    return found


class _Told:
    """What is told of the records in a part of a timeline, whatever their kinds."""

    def __init__(self, numbers: Mapping[str, Sequence[int]]) -> None:
        self.values = timeline.records(numbers)
        self.links = timeline.linked(numbers)
        filed = {key: some for key, some in numbers.items() if catalogue.get(key).has_files}
        self.files = attachments.of_many(filed)

    def mentioned(self) -> dict[str, set[int]]:
        """By kind the numbers of the records that they name."""
        found: dict[str, set[int]] = {}
        for (key, _number), values in self.values.items():
            for f in timeline.shown(catalogue.get(key)):
                if isinstance(f, RelationField) and values[f.key]:
                    found.setdefault(f.to, set()).add(values[f.key])
        for (key, _number, name), others in self.links.items():
            to = cast(LinksField, catalogue.get(key).fields[name]).to
            found.setdefault(to, set()).update(others)
        return found

    def item(self, seen: Seen, key: str, number: int, names: changes.Names) -> dict[str, Any]:
        """One record: who, when, the text, the facts, the files."""
        entity, values = catalogue.get(key), self.values[key, number]
        who = names.get(("user", values.get(entity.responsible) or 0), "")
        return {
            "kind": key,
            "id": number,
            "icon": entity.icon,
            "label": str(entity.one),
            "who": cells.person(who) if who else "",
            "when": cells.moment(_moment(values[entity.moment])),
            "url": f"/{entity.plural}/show/{number}",
            "edit_url": _way_to_edit(seen, entity, number, values),
            "text": linked(str(values[entity.title] or "")),
            "facts": list(self._facts(entity, number, names)),
            "about": self._about(seen, entity, values, names),
            "files": [
                files.shown(file, f"/{entity.plural}/files/{number}")
                for file in self.files.get((key, number), ())
            ],
        }

    def _facts(self, entity: Entity, number: int, names: changes.Names) -> Iterator[dict[str, Any]]:
        values, policy = self.values[entity.key, number], Policy(actor(), entity, "read")
        for f in timeline.shown(entity):
            if isinstance(f, LinksField):
                others = self.links.get((entity.key, number, f.key), ())
                said: Any = listed(filter(None, (names.get((f.to, i), "") for i in others)))
            elif f.fact and f.key not in (entity.title, entity.moment, entity.responsible):
                said = _shown(policy, f, values[f.key])
            else:
                continue
            if said:
                yield {"label": str(f.label), "html": said}

    def _about(
        self, seen: Seen, entity: Entity, values: Mapping[str, Any], names: changes.Names
    ) -> Any:
        """Of which record that belongs to this one it is told; nothing when of this one."""
        for link in entity.parents:
            number = values.get(link.key)
            if number and (link.to, number) != (seen.entity.key, seen.record.id):
                name = names.get((link.to, number), "")
                return cells.leading_to(catalogue.get(link.to), number, name)
        return ""


def _way_to_edit(seen: Seen, entity: Entity, number: int, values: Mapping[str, Any]) -> str:
    """To the form of what the reader wrote or is responsible for, as long as he may change it, and
    back to this page; empty otherwise.
    """
    me, span = actor(), rules_of(entity).open_for()
    is_mine = values.get(entity.responsible) == me.user_id and me.rights.may(entity.key, "edit")
    if not is_mine or (span is not None and clock.now() - _moment(values["created_at"]) > span):
        return ""
    back = f"/{seen.entity.plural}/show/{seen.record.id}"
    return f"/{entity.plural}/edit/{number}?{urlencode({'next': back})}"


def _shown(policy: Policy, f: Field, value: Any) -> Any:
    """A stored value as its reader sees it."""
    if value is None:
        return ""
    was = _moment(value) if f.kind == "datetime" else f.from_json(value)
    if f.key in policy.masked:
        return policy.shown(f, was)
    return cells.show(cells.cell(f), was)


def _moment(text: str) -> datetime:
    """An instant as this database says it in JSON."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _saves(
    seen: Seen, entries: Sequence[History], names: changes.Names
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The history: what one save did to one record stands at its newest entry."""
    for (key, record_id), some in groupby(entries, key=_of):
        entity = catalogue.get(key)
        is_own = entity is seen.entity and record_id == seen.record.id
        policy = seen.policy if is_own else Policy(actor(), entity, "read")
        for save in changes.saves(policy, list(some), policy.readable, names):
            about = "" if is_own else cells.leading_to(entity, record_id, save["subject"])
            yield save["number"], {**save, "kind": HISTORY, "icon": "history", "about": about}


def _of(entry: History) -> tuple[str, int]:
    return (entry.entity, entry.record_id)
