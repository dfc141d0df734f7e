"""Sentences kept for readers of either language (UI-8, BULK-4): what is said, not how it was said.

A sentence that is made lazily knows its English text and what stands in its places. That is kept as
JSON values, and said again in the language of whoever reads it.
"""

from typing import Any

from flask_babel import LazyString, gettext

from app.spec.plurals import ngettext
from app.spec.words import Label, listed


def _joined(*sentences: Any) -> str:
    return " ".join(map(str, sentences))


def _enumerated(*names: Any) -> str:
    return listed(map(str, names))


_WAYS = {
    "sentence": gettext,
    "counted": ngettext,
    "joined": _joined,
    "enumerated": _enumerated,
}
_NAMES = {way: name for name, way in _WAYS.items()}


def joined(*sentences: Any) -> LazyString:
    """Several sentences behind each other, when they are read."""
    return LazyString(_joined, *sentences)


def enumerated(*names: Any) -> LazyString:
    """Several names in one line, separated as the reader's language does, when they are read."""
    return LazyString(_enumerated, *names)


def packed(value: Any) -> Any:
    """A lazy sentence, label or plain value in JSON values."""
    if isinstance(value, LazyString) and value._func in _NAMES:
        parts = [packed(part) for part in value._args]
        places = {key: packed(part) for key, part in value._kwargs.items()}
        return {"way": _NAMES[value._func], "parts": parts, "places": places}
    if isinstance(value, Label):
        return {"en": value.en, "zh": value.zh}
    return value if value is None or isinstance(value, str | int | float) else str(value)


def said(value: Any) -> Any:
    """What was packed: sentences and labels in the reader's language, other values as they were."""
    if not isinstance(value, dict):
        return value
    if "way" not in value:
        return str(Label(**value))
    places = {key: said(part) for key, part in value["places"].items()}
    return _WAYS[value["way"]](*(said(part) for part in value["parts"]), **places)
