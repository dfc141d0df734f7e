"""Before anything is saved: the diff, who is affected, how many rows more or less, what is risky.

How many rows somebody would reach is asked of the gate with the rights he would have (MATRIX-2):
for so many people and lines as a reader looks at, counted as lists are, in two statements.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import generate_csrf

from app.admin import grant_words
from app.admin.record import changes
from app.pages.matrix import proposal, screen
from app.pages.matrix.proposal import Proposal
from app.rules import role_changes
from app.spec.catalogue import catalogue
from app.spec.words import either, listed
from app.store import access, effects, grants
from app.store.context import Actor
from app.store.effects import Asked
from app.store.grant_changes import Change, Part, Settled
from app.store.listing import COUNT_CAP
from app.store.snapshot import Snapshot, supposing

SHOWN_PEOPLE = 8
SHOWN_LINES = 6
SHOWN_SAVES = 5
DANGERS: Mapping[str, Any] = {
    "everything": _l("Opens the records of everybody: %(what)s."),
    "roles": _l("Lets people change what others may do: %(what)s."),
    "export": _l("Lets data leave the company: %(what)s."),
    "delete": _l("Lets records be deleted: %(what)s."),
    "purge": _l("Lets records be removed for good: %(what)s."),
    "reset_password": _l("Lets people take over other accounts: %(what)s."),
}


def confirmation(
    asked: Proposal, roles: Mapping[int, Any], settled: Settled, back_url: str
) -> dict[str, Any]:
    """The page that asks before saving, and after somebody else was faster."""
    kept = Proposal(
        {role: roles[role].version for role in asked.versions},
        settled.changes,
        [_rebased(clash.mine, clash.theirs) for clash in settled.clashes],
    )
    places = _places(settled)
    holders = grants.holders({one.role for one in settled.changes})
    measured = _effects(settled, holders)
    return {
        "title": _("Check the changes"),
        "changes": _diff(settled.changes, roles, places),
        "users": len(holders),
        "names": listed(either(one.name, one.name_en) for one in holders[:SHOWN_PEOPLE]),
        "effects": measured,
        "warnings": _warnings(settled),
        "clashes": [_clash(clash, places) for clash in settled.clashes],
        "meanwhile": _meanwhile(asked, roles),
        "action": "/matrix/save",
        "edit_url": back_url if len(asked.versions) == 1 else "",
        "back_url": back_url,
        "hidden": [("csrf_token", generate_csrf()), (proposal.INPUT, kept.sealed())],
    }


def _rebased(mine: Change, theirs: Any) -> Change:
    """What I want, now that the cell has another value than I saw."""
    return Change(mine.role, mine.entity, mine.part, mine.name, theirs, mine.new)


def _places(settled: Settled) -> dict[int, str]:
    clashes = [(clash.mine.part, clash.mine.new, clash.theirs) for clash in settled.clashes]
    changes = [(one.part, one.old, one.new) for one in settled.changes]
    sides = (side for part, *both in changes + clashes if part is Part.SCOPE for side in both)
    return grant_words.places_in(sides)


def _diff(
    changes: Sequence[Change], roles: Mapping[int, Any], places: grant_words.Places
) -> list[dict[str, Any]]:
    """The changes by role: what is added, taken away, or another now."""
    return [
        {
            "role": screen.role_name(roles[role]),
            "cells": [_cell(one, places) for one in changes if one.role == role],
        }
        for role in dict.fromkeys(one.role for one in changes)
    ]


def _cell(change: Change, places: grant_words.Places) -> dict[str, str]:
    is_grant = change.part is Part.OPERATION
    kind = ("removed", "added")[bool(change.new)] if is_grant else "changed"
    return {
        "kind": kind,
        "what": grant_words.subject(change.entity, change.part, change.name),
        "old": grant_words.text(change.part, change.old, places),
        "new": grant_words.text(change.part, change.new, places),
    }


def _clash(clash: Any, places: grant_words.Places) -> dict[str, str]:
    cell = _cell(clash.mine, places)
    return {**cell, "theirs": grant_words.text(clash.mine.part, clash.theirs, places)}


def _warnings(settled: Settled) -> list[str]:
    """One sentence per kind of danger (MATRIX-2)."""
    found = []
    for kind, risky in role_changes.dangers(settled).items():
        what = listed(
            dict.fromkeys(grant_words.subject(one.entity, one.part, one.name) for one in risky)
        )
        sentence = DANGERS.get(kind, _l("Marked as dangerous: %(what)s."))
        found.append(str(sentence) % {"what": what})
    return found


def _meanwhile(asked: Proposal, roles: Mapping[int, Any]) -> list[dict[str, Any]]:
    """What others saved since the reader looked, the newest first."""
    found, entity = [], catalogue.get("role")
    for role, seen in asked.versions.items():
        missed = roles[role].version - seen
        if missed > 0:
            found += [
                {**entry, "role": screen.role_name(roles[role])}
                for entry in changes.newest(entity, role, min(missed, SHOWN_SAVES))
            ]
    return found


class Reached(NamedTuple):
    """An operation on an entity whose rows may become others."""

    entity: str
    operation: str


def _effects(settled: Settled, holders: Sequence[Any]) -> dict[str, Any]:
    """Who reaches how many rows now and then, for those who notice; the rest as a number."""
    now = access.snapshot()
    then = supposing(now, lines={role: x.values() for role, x in settled.after.items()})
    measured = _measured(settled.changes)
    pairs = [(one, what) for one in holders for what in measured if _differs(now, then, one, what)]
    people = list(dict.fromkeys(one.id for one, _what in pairs))
    shown = [(one, what) for one, what in pairs if one.id in people[:SHOWN_PEOPLE]]
    numbers = effects.amounts(
        [_asked(one, what, snapshot) for snapshot in (now, then) for one, what in shown]
    )
    sides = zip(numbers[: len(shown)], numbers[len(shown) :], strict=True)
    rows = [
        {
            "user": either(one.name, one.name_en),
            "username": one.username,
            "what": grant_words.subject(what.entity, Part.OPERATION, what.operation),
            "old": _amount(old),
            "new": _amount(new),
            "more": new > old,
        }
        for (one, what), (old, new) in zip(shown, sides, strict=True)
        if old != new
    ]
    return {"rows": rows, "others": max(0, len(people) - SHOWN_PEOPLE)}


def _measured(changes: Iterable[Change]) -> list[Reached]:
    """The rows that are counted: lists where a scope changed, and what is given or taken."""
    found: dict[Reached, None] = {}
    for one in changes:
        if one.entity not in catalogue:
            continue
        if one.part is Part.SCOPE:
            found[Reached(one.entity, "list")] = None
        elif one.part is Part.OPERATION and one.name not in role_changes.ROWLESS:
            found[Reached(one.entity, one.name)] = None
    return list(found)[:SHOWN_LINES]


def _differs(now: Snapshot, then: Snapshot, one: Any, what: Reached) -> bool:
    """Whether a person's reach becomes another; what another role gives anyway doesn't."""
    before, after = access.resolve(now, one.id), access.resolve(then, one.id)
    return (before.may(*what), before.reach(*what)) != (after.may(*what), after.reach(*what))


def _asked(one: Any, what: Reached, snapshot: Snapshot) -> Asked:
    rights = access.resolve(snapshot, one.id)
    who = Actor(one.id, one.username, one.name, one.name_en, one.language, one.timezone, rights)
    return Asked(who, catalogue.get(what.entity), what.operation)


def _amount(number: int) -> str:
    return f"{number:,}" if number <= COUNT_CAP else f"{COUNT_CAP:,}+"
