"""The view model of a record's page: facts, sections, tabs, the column beside them (UI-5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flask import render_template
from flask_babel import gettext as _
from markupsafe import Markup

from app.admin import actions, lists
from app.admin.record import (
    changes,
    children,
    comments,
    composer,
    files,
    history,
    layers,
    opinions,
    panels,
    team,
    timeline,
)
from app.admin.record import obtained as obtained  # it brings its panel
from app.admin.record.panels import Seen
from app.admin.state import whole
from app.extensions import db
from app.operations.rules import rules_of
from app.spec import clock
from app.spec.entity import Child, Entity
from app.spec.errors import Refusal
from app.spec.field import SECTION_LABELS, Section
from app.spec.kinds import BooleanField, OptionField
from app.store import attachments, door, marks, preferences, titles
from app.store.context import actor
from app.store.history import History
from app.store.policy import Policy

ARGUMENTS = frozenset({"tab", "as_of", "before", *timeline.ARGUMENTS})
TIMELINE, DETAILS, FILES = "timeline", "details", "files"


@dataclass(frozen=True)
class Wanted:
    """What the address asks for: a tab, and of the history a moment or an older page."""

    tab: str = ""
    as_of: str = ""
    before: str = ""
    past: Mapping[str, str] = field(default_factory=dict)
    """Of the timeline what is to be shown."""


def screen(entity: Entity, record_id: int, wanted: Wanted) -> dict[str, Any]:
    """Everything ``show.html`` shows of one record; NotFound when it is out of scope."""
    seen = look(entity, record_id)
    offered = actions.of_record(entity, seen.record)
    seen = replace(seen, offered=frozenset(one["slug"] for one in offered))
    beside = panels.beside(seen)
    below = children.of(entity, seen.record)
    numbers = children.numbers(below, record_id, **_files(seen))
    tabs = _tabs(seen, below, numbers, wanted.tab)
    active = next(tab["key"] for tab in tabs if tab["active"])
    return {
        "entity": lists.head(entity),
        "id": record_id,
        "title": titles.title(entity, seen.record),
        "subtitle": _("No. %(number)s", number=record_id),
        **lists.star_of(entity, record_id, is_set=seen.own.is_starred),
        "badges": [*_badges(seen), *(b for panel in beside for b in panel.get("badges", ()))],
        "facts": [
            {"key": f.key, "label": str(f.label), "html": seen.html(f)}
            for f in seen.fields
            if f.fact
        ],
        "tabs": tabs,
        "actions": offered,
        **_further(entity, record_id),
        "panels": beside,
        "details": _details(seen, offered) if active == DETAILS else None,
        "children": children.screen(
            seen, below[active], is_editable=any(one["slug"] == "edit" for one in offered)
        )
        if active in below
        else None,
        "timeline": timeline.screen(
            seen, {child.entity: numbers[key] for key, child in below.items()}, wanted.past
        )
        if active == TIMELINE
        else None,
        "history": changes.of_entry(seen.record) if isinstance(seen.record, History) else [],
        "past": history.screen(seen, wanted.as_of, whole(wanted.before, 0))
        if active == "history"
        else None,
        FILES: files.screen(seen, offered) if active == FILES else None,
        "opinions": opinions.screen(seen, whole(wanted.before, 0))
        if active == opinions.TAB
        else None,
        "comments": comments.screen(seen, whole(wanted.before, 0))
        if active == comments.TAB
        else None,
        "team": team.screen(entity, record_id, offered) if active == "team" else None,
    }


def composing(entity: Entity, record_id: int, raw: Mapping[str, Any], refusal: Refusal) -> str:
    """The record's page again, its composer with what was typed and what is wrong with it."""
    db.session.rollback()
    shown = screen(entity, record_id, Wanted())
    said = refusal.fields or {"": [refusal.message]}
    for panel in shown["panels"]:
        if panel["template"] == composer.TEMPLATE:
            panel |= composer.again(entity, record_id, raw, said)
    return render_template("show.html", screen=shown)


def wanted(args: Mapping[str, str]) -> Wanted:
    """What an address asks for."""
    own = {key: args[key] for key in ("tab", "as_of", "before") if key in args}
    return Wanted(**own, past={key: args[key] for key in timeline.ARGUMENTS if key in args})


def arrange(entity: Entity, record_id: int, step: str) -> str:
    """Take one step in ordering the layers of a record's page; answers where to go on."""
    seen = look(entity, record_id)
    shown = list(by_layer(seen, tuple(Section)))
    layers.arrange(entity, shown, step)
    db.session.commit()
    return f"/{entity.plural}/show/{record_id}?tab={DETAILS}"


def look(entity: Entity, record_id: int) -> Seen:
    """The record as its reader sees it; NotPermitted, NotFound."""
    policy = Policy(actor(), entity, "read")
    record = door.fetch(entity, record_id, "read", policy.readable.values())
    fields = tuple(policy.visible(record, policy.readable.values()))
    names = titles.of_links(entity, [record], fields)
    return Seen(entity, record, policy, fields, names, marks.own(entity, record_id))


def _further(entity: Entity, record_id: int) -> dict[str, Any]:
    """What else the menu of the record offers."""
    ways = rules_of(entity).ways_on(record_id)
    return {"copy_url": _copy_url(entity, record_id), "ways_on": ways}


def _copy_url(entity: Entity, record_id: int) -> str:
    may = "create" in entity.operations and actor().rights.may(entity.key, "create")
    return f"/{entity.plural}/add?copy={record_id}" if may else ""


def _badges(seen: Seen) -> list[dict[str, str]]:
    found = []
    for f in seen.fields:
        if isinstance(f, BooleanField) and f.flag and getattr(seen.record, f.column):
            found.append({"text": _flag(seen, f), "colour": f.flag})
        if isinstance(f, OptionField) and f.fact:
            option = f.choices.find(getattr(seen.record, f.column))
            if option is not None:
                found.append({"text": str(option.label), "colour": option.colour or "secondary"})
    if getattr(seen.record, "pool_id", None):
        found.append({"text": _("In a pool"), "colour": "azure"})
    return found


def _flag(seen: Seen, field: BooleanField) -> str:
    """What is so with this record, and until when as far as the reader may know it."""
    ends = any(f.key == field.until for f in seen.fields) and getattr(seen.record, field.until)
    if not ends:
        return str(field.label)
    return _("%(state)s until %(date)s", state=field.label, date=clock.shown(ends))


def _details(seen: Seen, offered: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The fields by layer, in the reader's own order, each with the way to edit it in place."""
    entity, number = seen.entity, seen.record.id
    may_edit = any(action["slug"] == "edit" for action in offered)
    writable = Policy(actor(), entity, "edit").writable(creating=False) if may_edit else {}
    several = len({f.section for f in seen.fields}) > 1
    choice = preferences.get(layers.key(entity)).get(layers.key(entity)) if several else None
    edited = {f.section for f in writable.values()}
    shut = layers.closed(choice)
    return {
        "arrange_url": f"/{entity.plural}/layers/{number}",
        "sections": [
            {
                "key": str(layer),
                "label": str(SECTION_LABELS[layer]),
                "items": items,
                "is_closed": layer in shut,
                "edit_url": f"/{entity.plural}/edit/{number}?section={layer}"
                if layer in edited
                else "",
            }
            for layer, items in by_layer(seen, layers.order(choice)).items()
        ],
    }


def by_layer(seen: Seen, order: Sequence[Section]) -> dict[Section, list[dict[str, Any]]]:
    """The visible fields of a record with their values, grouped by layer in that order."""
    grouped: dict[Section, list[dict[str, Any]]] = {}
    for f in seen.fields:
        html = seen.html(f) or Markup("—")
        item = {"key": f.key, "label": str(f.label), "html": html}
        grouped.setdefault(f.section, []).append(item)
    return {layer: grouped[layer] for layer in order if layer in grouped}


def _files(seen: Seen) -> dict[str, Any]:
    """What asks for the record's files, where its page has a tab of them."""
    numbers = attachments.numbers(seen.entity.key, seen.record.id)
    return {FILES: numbers} if _has_files(seen) else {}


def _has_files(seen: Seen) -> bool:
    """Whether its page has a tab of files: of what a pool shows its members they see none."""
    return seen.entity.has_files and seen.policy.pool_columns(seen.record) is None


def _tabs(
    seen: Seen, below: Mapping[str, Child], numbers: Mapping[str, Sequence[int]], wanted: str
) -> list[dict[str, Any]]:
    """The timeline, details, what belongs to the record with its number, team, files, history.

    Of a pool what lies in it comes first: that is what one opens it for.

    All but details and what belongs to it tell whose it was: what a pool shows its members are
    columns (POOL-1).
    """
    entity, number = seen.entity, seen.record.id
    is_limited = seen.policy.pool_columns(seen.record) is not None
    parts: list[tuple[str, str, int | None]] = []
    if entity.has_timeline and not is_limited:
        parts.append((TIMELINE, _("Timeline"), None))
    pooled = [key for key, child in below.items() if children.lies_in(child)]
    parts += [(key, str(children.label(below[key])), None) for key in pooled]
    parts.append((DETAILS, _("Details"), None))
    parts += [
        (key, str(children.label(child)), len(numbers[key]))
        for key, child in below.items()
        if key not in pooled
    ]
    if "add_team" in entity.operations and not is_limited:
        parts.append(("team", _("Team"), None))
    if comments.has_tab(seen):
        parts.append((comments.TAB, _("Comments"), None))
    if opinions.has_tab(seen):
        parts.append((opinions.TAB, _("Opinions"), None))
    if _has_files(seen):
        parts.append((FILES, _("Files"), len(numbers[FILES])))
    if entity.model is not History and not is_limited:
        parts.append(("history", _("History"), None))
    keys = [key for key, _label, _count in parts]
    active = wanted if wanted in keys else keys[0]
    base = f"/{entity.plural}/show/{number}"
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
