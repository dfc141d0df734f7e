"""The view model of a record's page: facts, sections, tabs with children, team, history (UI-5)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup

from app.admin import actions, cells, grant_words, lists
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.entity import Child, Entity
from app.spec.field import SECTION_LABELS, Field, Section
from app.spec.kinds import BooleanField, OptionField
from app.spec.relations import LinksField, RelationField
from app.spec.words import either, listed
from app.store import door, history, listing, seats, stars, titles
from app.store.context import actor
from app.store.history import SURFACES, VERBS, History
from app.store.organisation import User
from app.store.policy import Policy

CHILDREN_SHOWN = 50
HISTORY_SHOWN = 50


def screen(entity: Entity, record_id: int, tab: str) -> dict[str, Any]:
    """Everything ``show.html`` shows of one record; NotFound when it is out of scope."""
    policy = Policy(actor(), entity, "read")
    record = door.fetch(entity, record_id, "read", policy.readable.values())
    fields = policy.visible(record, policy.readable.values())
    names = titles.of_links(entity, [record], fields)
    parts = _tabs(entity, record_id, tab)
    active = next(part["key"] for part in parts if part["active"])
    offered = actions.of_record(entity, record)
    slugs = {action["slug"] for action in offered}
    return {
        "entity": lists.head(entity),
        "id": record_id,
        "title": titles.title(entity, record),
        "subtitle": _("No. %(number)s", number=record_id),
        **lists.star_of(entity, record_id, is_set=bool(stars.among(entity, [record_id]))),
        "badges": _badges(record, fields),
        "facts": [
            {"label": str(f.label), "html": lists.value_cell(policy, f, names)(record)}
            for f in fields
            if f.fact
        ],
        "sections": _sections(policy, record, fields, names) if active == "details" else [],
        "tabs": parts,
        "actions": offered,
        "children": _children(entity, record_id, active),
        "history": _entry(record)
        if isinstance(record, History)
        else _history(entity, policy, record_id, fields)
        if active == "history"
        else [],
        "team": _team(entity, record_id, may_remove="remove_team" in slugs)
        if active == "team"
        else None,
        "add_member": next((one for one in offered if one["slug"] == "add_team"), None),
    }


def _badges(record: Any, fields: Sequence[Field]) -> list[dict[str, str]]:
    found = []
    for f in fields:
        if isinstance(f, BooleanField) and f.flag and getattr(record, f.column):
            found.append({"text": _flag(record, f, fields), "colour": f.flag})
        if isinstance(f, OptionField) and f.fact:
            option = f.choices.find(getattr(record, f.column))
            if option is not None:
                found.append({"text": str(option.label), "colour": option.colour or "secondary"})
    if getattr(record, "pool_id", None):
        found.append({"text": _("In a pool"), "colour": "azure"})
    return found


def _flag(record: Any, field: BooleanField, fields: Sequence[Field]) -> str:
    """What is so with this record, and until when as far as the reader may know it."""
    ends = any(f.key == field.until for f in fields) and getattr(record, field.until)
    if not ends:
        return str(field.label)
    end = clock.local(ends).strftime("%Y-%m-%d %H:%M")
    return _("%(state)s until %(date)s", state=field.label, date=end)


def _sections(
    policy: Policy, record: Any, fields: Sequence[Field], names: titles.Links
) -> list[dict[str, Any]]:
    grouped: dict[Section, list[dict[str, Any]]] = {}
    for f in fields:
        html = lists.value_cell(policy, f, names)(record)
        grouped.setdefault(f.section, []).append(
            {"key": f.key, "label": str(f.label), "html": html or Markup("—")}
        )
    return [
        {"label": str(SECTION_LABELS[section]), "items": grouped[section]}
        for section in Section
        if section in grouped
    ]


def _readable_children(entity: Entity) -> list[Child]:
    """The children whose own scope lets this reader list them (PERM-3)."""
    return [c for c in entity.children if actor().rights.may(c.entity, "list")]


def _tabs(entity: Entity, record_id: int, wanted: str) -> list[dict[str, Any]]:
    base = f"/{entity.plural}/show/{record_id}"
    parts: list[tuple[str, str, int | None]] = [("details", _("Details"), None)]
    parts += [
        (
            catalogue.get(c.entity).plural,
            str(catalogue.get(c.entity).many),
            _child_count(c, record_id),
        )
        for c in _readable_children(entity)
    ]
    if "add_team" in entity.operations:
        parts.append(("team", _("Team"), None))
    if entity.model is not History:
        parts.append(("history", _("History"), None))
    keys = [key for key, _label, _count in parts]
    active = wanted if wanted in keys else keys[0]
    return [
        {
            "key": key,
            "label": label,
            "count": count,
            "url": base if key == keys[0] else f"{base}?tab={key}",
            "active": key == active,
        }
        for key, label, count in parts
    ]


def _child_query(child: Child, record_id: int) -> listing.Query:
    condition = {"col": child.through, "opr": "eq", "value": record_id}
    return listing.Query(conditions=(condition,), size=CHILDREN_SHOWN)


def _child_policy(child: Child) -> Policy:
    in_pools = _child_query(child, 0).in_pools
    return Policy(actor(), catalogue.get(child.entity), "list", in_list=True, in_pools=in_pools)


def _child_count(child: Child, record_id: int) -> int:
    return listing.count(_child_policy(child), _child_query(child, record_id))


def _children(entity: Entity, record_id: int, active: str) -> dict[str, Any] | None:
    for child in _readable_children(entity):
        other = catalogue.get(child.entity)
        if other.plural != active:
            continue
        policy = _child_policy(child)
        columns = [f for f in policy.readable.values() if f.listed and f.key != child.through]
        found = listing.page(policy, _child_query(child, record_id), columns)
        may_add = actor().rights.may(other.key, "create") and (
            child.through in Policy(actor(), other, "create").writable(creating=True)
        )
        return {
            "entity": lists.head(other),
            "columns": [
                {"key": f.key, "label": str(f.label), "numeric": f.kind in cells.NUMERIC}
                for f in columns
            ],
            "rows": lists.rows(policy, found.rows, columns),
            "total": found.count,
            "create_url": f"/{other.plural}/add?{child.through}={record_id}" if may_add else None,
        }
    return None


def _team(entity: Entity, record_id: int, *, may_remove: bool) -> list[dict[str, Any]]:
    """The seats of the record, running and ended."""
    found = seats.of(entity.key, [record_id]).get(record_id, {})
    names = titles.by_ids(catalogue.get("user"), found)
    return [
        {
            "user": names.get(user, str(user)),
            "level": _("Read-write") if seat.level == "write" else _("Read-only"),
            "until": clock.local(seat.until).strftime("%Y-%m-%d %H:%M") if seat.until else "",
            "remove_url": f"/{entity.plural}/bulk/remove_team?id={record_id}&users={user}"
            if may_remove
            else "",
        }
        for user, seat in found.items()
    ]


def _history(
    entity: Entity, policy: Policy, record_id: int, fields: Sequence[Field]
) -> list[dict[str, Any]]:
    """The newest entries of the record, each change as this reader may see it (AUDIT-1)."""
    entries = history.of_record(entity.key, record_id, HISTORY_SHOWN)
    return _all_described(entries, policy, fields)


def newest_entries(entity: Entity, record_id: int, limit: int) -> list[dict[str, Any]]:
    """What was done last to a record, as its reader may see it (AUDIT-1)."""
    policy = Policy(actor(), entity, "read")
    entries = history.of_record(entity.key, record_id, limit)
    return _all_described(entries, policy, policy.readable.values())


def _all_described(
    entries: Sequence[History], policy: Policy, fields: Iterable[Field]
) -> list[dict[str, Any]]:
    visible = {f.key: f for f in fields}
    names = _names_in(entries, visible)
    return [_described(entry, policy, visible, names) for entry in entries]


def _headline(entry: History) -> dict[str, Any]:
    return {
        "when": cells.moment(entry.at),
        "who": _person(entry.actor),
        "operation": VERBS.text(entry.operation),
        "surface": SURFACES.text(entry.surface),
    }


def _described(
    entry: History,
    policy: Policy,
    visible: Mapping[str, Field],
    names: Mapping[tuple[str, int], str],
) -> dict[str, Any]:
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
    return {**_headline(entry), "changes": changes + _notes(entry.changes)}


def _entry(entry: History) -> list[dict[str, Any]]:
    """An audit entry with its changes, as far as the reader may read them in the record itself."""
    if entry.entity in catalogue:
        policy = Policy(actor(), catalogue.get(entry.entity), "read")
        visible = policy.readable
        return [_described(entry, policy, visible, _names_in([entry], visible))]
    detail = [{"label": key, "old": "", "new": str(value)} for key, value in entry.changes.items()]
    return [{**_headline(entry), "changes": detail}]


def _notes(changes: Mapping[str, Any]) -> list[dict[str, str]]:
    """What isn't a field: the team's size, why a record was released."""
    if "team" in changes:
        before, after = (len(side) for side in changes["team"])
        people = ngettext("%(num)d member", "%(num)d members", after)
        return [{"label": _("Team"), "old": str(before), "new": people}]
    if "reason" in changes:
        return [{"label": _("Reason"), "old": "", "new": str(changes["reason"][1])}]
    return []


def _person(user: User | None) -> str:
    return either(user.name, user.name_en) if user else _("System")


def _names_in(entries: Sequence[Any], fields: Mapping[str, Field]) -> dict[tuple[str, int], str]:
    """The names of all linked records that these entries mention."""
    return names_in((pair for entry in entries for pair in entry.changes.items()), fields)


def names_in(
    changes: Iterable[tuple[str, Sequence[Any]]], fields: Mapping[str, Field]
) -> dict[tuple[str, int], str]:
    """The names of all linked records in changes, given as (field, [old, new]) pairs."""
    sides: dict[str, list[Any]] = {}
    for key, pair in changes:
        if key in fields:
            sides.setdefault(key, []).extend(pair)
    found: dict[tuple[str, int], str] = {}
    for key, values in sides.items():
        found |= names_of(fields[key], values)
    return found


def names_of(field: Field, values: Sequence[Any]) -> dict[tuple[str, int], str]:
    """The names of the records that values of a relation mean, in one statement."""
    if not isinstance(field, RelationField | LinksField):
        return {}
    several = (v if isinstance(v, list) else [v] for v in values)
    ids = {i for some in several for i in some if isinstance(i, int)}
    names = titles.by_ids(catalogue.get(field.to), ids)
    return {(field.to, i): name for i, name in names.items()}


def past(policy: Policy, field: Field, value: Any, names: Mapping[tuple[str, int], str]) -> str:
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
