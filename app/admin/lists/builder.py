"""The filter builder: fields, the operators of each, and their choices, ready for the page.

Words are put into the reader's language once per language, not once per field and page.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from flask_babel import force_locale

from app.admin import choosing, words
from app.admin.attributes import json_attribute
from app.admin.words import Speech
from app.spec.field import Field
from app.spec.words import language
from app.store.policy import Policy

FIRST = frozenset({"ct", "within"})
"""What the builder starts with: in text one looks for a part, in time for a period."""


def builder(policy: Policy) -> dict[str, Any]:
    """Everything the builder offers; a field's ``operators`` are places in the list of all."""
    fields = list(policy.conditions.values())
    known = spoken(language.get())
    used = {code for f in fields for code in f.operators}
    offered = [code for code in known if code in used]
    places = {code: place for place, code in enumerate(offered)}
    return {
        "fields": [_described(policy, f, places) for f in fields],
        "operators": [{"code": code, "label": known[code]} for code in offered],
        "periods": periods(language.get()),
        "tokens": tokens(language.get()),
        "present": "[]",
    }


def present(conditions: Sequence[Any], speech: Speech) -> str:
    """The conditions in force as JSON, each with its values in words, to be edited by a script.

    A group within a group is told as a sentence: it can be kept or dropped, not edited.
    """
    is_one_group = len(conditions) == 1 and not words.GROUPS.keys().isdisjoint(conditions[0])
    depth = -1 if is_one_group else 0
    return json_attribute([_node(one, speech, depth) for one in conditions])


def _node(condition: Mapping[str, Any], speech: Speech, depth: int) -> dict[str, Any]:
    for name in words.GROUPS:
        if name in condition and depth < 1:
            return {name: [_node(part, speech, depth + 1) for part in condition[name]]}
        if name in condition:
            return {"raw": condition, "text": speech.sentence(condition)}
    return {**condition, "texts": speech.texts(condition)}


@lru_cache(maxsize=4)
def spoken(tongue: str) -> MappingProxyType[str, str]:
    """The operators in a language, without those that another one says as well."""
    with force_locale(tongue):
        return MappingProxyType(
            {
                code: str(sentence)
                for code, sentence in words.OPERATORS.items()
                if code not in words.OFFERED_TWICE
            }
        )


@lru_cache(maxsize=4)
def periods(tongue: str) -> str:
    """The periods of the operator ``within`` as JSON pairs of code and label."""
    with force_locale(tongue):
        return json_attribute([[code, str(text)] for code, text in words.PERIODS.items()])


@lru_cache(maxsize=4)
def tokens(tongue: str) -> str:
    """The tokens by what they stand for, as JSON pairs of code and label."""
    with force_locale(tongue):
        return json_attribute(
            {
                kind: [[code, str(words.TOKENS[code])] for code in codes]
                for kind, codes in words.TOKENS_OF.items()
            }
        )


def _described(policy: Policy, field: Field, places: dict[str, int]) -> dict[str, Any]:
    codes = sorted((c for c in field.operators if c in places), key=lambda code: code not in FIRST)
    options = [
        [one["code"], one["label"], one["typed"]] for one in choosing.choices(field, retired=True)
    ]
    return {
        "key": field.key,
        "label": str(field.label),
        "kind": field.kind,
        "to": getattr(field, "to", ""),
        "operators": " ".join(str(places[code]) for code in codes),
        "options": json_attribute(options) if options else "",
        "options_url": choosing.options_url(policy.entity, field, retired=True),
    }
