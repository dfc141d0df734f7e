"""What happened to a record, entry by entry, as far as its reader may know it (AUDIT-1)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.admin import cells, event_words, grant_words
from app.operations.checking import LINE
from app.operations.commenting import COMMENT
from app.operations.importing.plan import ATTACHED
from app.operations.judging import DEPARTMENT, NOTE, OPINIONS
from app.operations.ownership import BECAUSE
from app.spec import sentences
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.field import Field
from app.spec.relations import LinksField, RelationField
from app.spec.words import either, listed
from app.store import history, titles
from app.store.attachments import FILE
from app.store.context import actor
from app.store.history import SURFACES, VERBS, History
from app.store.organisation import User
from app.store.policy import Policy

Names = Mapping[tuple[str, int], str]
_RECORDS = {"merged": _l("Merged with"), "merged_into": _l("Merged into")}
"""Notes that name records of the same kind."""
TEAM = "team"
"""The note of a change of the team: the members before and after, by id."""


def saves(
    policy: Policy,
    entries: Sequence[History],
    visible: Mapping[str, Field],
    names: Names | None = None,
) -> list[dict[str, Any]]:
    """Entries as the page shows them, those of one save together; newest first.

    ``names`` are those of the records that they mention, for whoever has looked them up already.
    """
    names = names_of(entries) if names is None else names
    found = []
    for _key, group in groupby(entries, key=lambda e: (e.request_id or e.id, e.actor_id)):
        several = list(group)
        changes = [one for e in several for one in _described(policy, e, visible, names)]
        first = several[0]
        what = {"number": first.id, "subject": first.subject, "at": first.at.isoformat()}
        what["is_birth"] = any(e.operation == "create" for e in several)
        found.append({**_headline(several), "changes": changes, **what})
    return found


def newest(entity: Entity, record_id: int, limit: int) -> list[dict[str, Any]]:
    """What was done last to a record, as its reader may see it (AUDIT-1)."""
    policy = Policy(actor(), entity, "read")
    return saves(policy, history.of_record(entity.key, record_id, limit=limit), policy.readable)


def of_entry(entry: History) -> list[dict[str, Any]]:
    """An audit entry with its changes, as far as the reader may read them in the record itself."""
    if entry.entity in catalogue:
        policy = Policy(actor(), catalogue.get(entry.entity), "read")
        return saves(policy, [entry], policy.readable)
    return [{**_headline([entry]), "changes": event_words.told(entry)}]


def _headline(entries: Sequence[History]) -> dict[str, Any]:
    first = entries[0]
    return {
        "when": cells.moment(first.at),
        "who": person(first.actor),
        "operation": listed(dict.fromkeys(VERBS.text(e.operation) for e in entries)),
        "surface": SURFACES.text(first.surface),
    }


def _described(
    policy: Policy, entry: History, visible: Mapping[str, Field], names: Names
) -> list[dict[str, Any]]:
    changes = [
        {
            "label": str(visible[key].label),
            "old": past(policy, visible[key], old, names),
            "new": past(policy, visible[key], new, names),
        }
        for key, (old, new) in entry.changes.items()
        if key in visible
    ]
    if entry.operation == "grants_changed":
        changes = grant_words.told(entry.changes)
    return [*changes, *_judged(policy, entry, names), *_notes(entry, names)]


def _judged(policy: Policy, entry: History, names: Names) -> Iterator[dict[str, str]]:
    """What a department thought and thinks of it, as far as the reader may know that (CUS-5)."""
    noted: Mapping[str, Any] = entry.changes
    nothing: dict[str, Any] = {}
    before, after = noted.get(OPINIONS) or (nothing, nothing)
    place = names.get((DEPARTMENT, before.get(DEPARTMENT, after.get(DEPARTMENT, 0))), "—")
    said = {key: f for key, f in policy.aspects.items() if key in before or key in after}
    for key, f in said.items():
        old, new = (f.to_text(side.get(key)) for side in (before, after))
        yield {"label": f"{f.label} · {place}", "old": old, "new": new}
    if said and (NOTE in before or NOTE in after):
        note = {"old": before.get(NOTE, ""), "new": after.get(NOTE, "")}
        yield {"label": f"{_('Note')} · {place}", **note}


def _notes(entry: History, names: Names) -> Iterator[dict[str, str]]:
    """What isn't a field: the team, a file that came or went, why a record was released.

    Of a child that an import attached its kind: what it is called, its own reader sees beside it.
    """
    changes: Mapping[str, Any] = entry.changes
    named = {TEAM: (_l("Team"), "user")} | {key: (one, key) for key, one in _RECORDS.items()}
    for key, (label, kind) in named.items():
        if key in changes:
            old, new = (
                listed(names.get((kind, i), "—") for i in ids(side)) for side in changes[key]
            )
            yield {"label": str(label), "old": old, "new": new}
    for key, label in ((FILE, _l("File")), (COMMENT, _l("Comment")), (LINE, _l("Checklist"))):
        if key in changes:
            old, new = changes[key]
            yield {"label": str(label), "old": old, "new": new}
    if ATTACHED in changes and (child := catalogue.get(entry.entity).carried):
        one = catalogue.get(child.entity).one
        yield {"label": _("Attached"), "old": "", "new": str(one)}
    if BECAUSE in changes:
        yield {"label": _("Because"), "old": "", "new": str(sentences.said(changes[BECAUSE][1]))}
    if "reason" in changes:
        yield {"label": _("Reason"), "old": "", "new": str(sentences.said(changes["reason"][1]))}


def ids(side: Any) -> list[int]:
    """The record numbers on one side of a note: several, one, or none."""
    return side if isinstance(side, list) else [side] if side else []


def person(user: User | None) -> str:
    """Who did it; what nobody caused was the system."""
    return either(user.name, user.name_en) if user else _("System")


def names_of(entries: Sequence[History]) -> Names:
    """The names of all linked records and team members that these entries mention: a statement."""
    return {**titles.of_kinds(mentioned(entries)), **named_in_notes(entries)}


def mentioned(entries: Sequence[History]) -> dict[str, set[int]]:
    """By kind the numbers of the records and people that these entries mention."""
    wanted: dict[str, set[int]] = {}
    for e in entries:
        fields = catalogue.get(e.entity).fields if e.entity in catalogue else {}
        for kind, ids_ in _linked(e.changes.items(), fields).items():
            wanted.setdefault(kind, set()).update(ids_)
        members = {i for side in e.changes.get(TEAM, ()) for i in side}
        wanted.setdefault("user", set()).update(members)
        judges = {side[DEPARTMENT] for side in e.changes.get(OPINIONS, ())}
        wanted.setdefault(DEPARTMENT, set()).update(judges)
    return wanted


def named_in_notes(entries: Sequence[History]) -> Names:
    """The names of the records that notes mention: of the same kind as theirs."""
    found: dict[tuple[str, int], str] = {}
    for key in _RECORDS:
        wanted: dict[str, set[int]] = {}
        for e in entries:
            mentioned = {i for side in e.changes.get(key, ()) for i in ids(side)}
            wanted.setdefault(e.entity, set()).update(mentioned)
        for kind, some in wanted.items():
            if some:
                entries_of = history.newest(kind, sorted(some))
                found |= {(key, i): entry.subject for i, entry in entries_of.items()}
    return found


def names_in(
    changes: Iterable[tuple[str, Sequence[Any]]], fields: Mapping[str, Field]
) -> dict[tuple[str, int], str]:
    """The names of all linked records in changes, given as (field, [old, new]) pairs."""
    return titles.of_kinds(_linked(changes, fields))


def _linked(
    changes: Iterable[tuple[str, Sequence[Any]]], fields: Mapping[str, Field]
) -> dict[str, set[int]]:
    """By kind the numbers of the records that changes mention."""
    wanted: dict[str, set[int]] = {}
    for key, pair in changes:
        field = fields.get(key)
        if isinstance(field, RelationField | LinksField):
            wanted.setdefault(field.to, set()).update(_ids(pair))
    return wanted


def _ids(values: Iterable[Any]) -> set[int]:
    several = (v if isinstance(v, list) else [v] for v in values)
    return {i for some in several for i in some if isinstance(i, int)}


def past(policy: Policy, field: Field, value: Any, names: Names) -> str:
    """A value from the history as text in the reader's language, masked as today's would be."""
    if value is None:
        return ""
    if isinstance(field, RelationField | LinksField):
        several = value if isinstance(value, list) else [value]
        said = (i if isinstance(i, str) else names.get((field.to, i), "—") for i in several)
        return listed(said)  # a name stands for what is still to be made
    try:
        was = field.from_json(value)
    except ValueError:  # the field was of another kind then
        return "" if field.key in policy.masked else str(value)
    return str(policy.shown(field, was) if field.key in policy.masked else field.to_text(was))
