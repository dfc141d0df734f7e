"""What an event of the audit log tells besides who and when, in the reader's words (AUDIT-2)."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.spec import settings
from app.spec.catalogue import catalogue
from app.spec.words import either, listed
from app.store.history import History

LABELS: dict[str, Any] = {
    "kind": _l("Logged in to"),
    "counter": _l("Too many tries of"),
    "run": _l("Operation number"),
    "count": _l("Number of records"),
    "sha256": _l("Fingerprint (SHA-256)"),
    "format": _l("Format"),
    "columns": _l("Columns"),
    "reason": _l("Reason"),
    "ids": _l("Record numbers"),
    "filters": _l("Filters"),
    "search": _l("Search"),
    "expected_count": _l("Number of records that match"),
    "except": _l("Left out"),
    "approval": _l("Decision"),
    "remark": _l("Remark"),
    "found": _l("Records shown"),
    "number": _l("Records shown"),
    "record": _l("Record"),
    "asked": _l("Owner"),
    "person": _l("Person"),
    "deputy": _l("Deputy"),
    "from": _l("From"),
    "until": _l("Until"),
    "removed_entries": _l("Removed entries"),
}
WORDS: dict[str, dict[str, Any]] = {
    "kind": {"page": _l("the website"), "token": _l("the API")},
    "counter": {
        "account": _l("one account"),
        "address": _l("one address"),
        "network": _l("one network"),
    },
    "approval": {"approved": _l("Approved"), "rejected": _l("Rejected")},
}
"""Values that are codes, by what they are values of."""


def told(entry: History) -> list[dict[str, str]]:
    """Its parts, each with the values before and after; what came at once had none before."""
    tell = _TELLING.get(entry.operation, _details)
    return list(tell(entry.changes))


def _details(changes: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for key, value in changes.items():
        yield {"label": str(LABELS.get(key, key)), "old": "", "new": _said(key, value)}


def _said(key: str, value: Any) -> str:
    if isinstance(value, list):
        return listed(_said(key, one) for one in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    kind, _space, number = str(value).partition(" ")
    if key in ("found", "record") and kind in catalogue:
        return f"{catalogue.get(kind).one} {number}"
    return str(WORDS.get(key, {}).get(str(value), value))


def _settings(changes: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for key, (old, new) in changes.items():
        setting = settings.find(key)
        if setting is not None:
            sides = {"old": _set_to(setting, old), "new": _set_to(setting, new)}
            yield {"label": str(setting.field.label), **sides}


def _set_to(setting: settings.Setting[Any], stored: Any) -> str:
    field = setting.field
    try:
        return field.to_text(setting.default if stored is None else field.from_json(stored))
    except ValueError:  # the setting was of another kind then
        return str(stored)


def _choices(changes: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for code, (old, new) in changes.items():
        yield {"label": code, "old": _choice(old), "new": _choice(new)}


def _choice(stored: Mapping[str, Any] | None) -> str:
    """A choice of a dictionary with what else was said of it; nothing for none."""
    if not stored:
        return ""
    called = either(stored["zh"], stored["en"])
    known = called if stored["is_active"] else _("%(name)s (retired)", name=called)
    return " · ".join(one for one in (known, stored["colour"]) if one)


_TELLING = {
    "setting_changed": _settings,
    "dictionary_changed": _choices,
}
