"""The quick-filter bar: the fields that a declaration marks as such, chosen by a click (LIST-3)."""

from typing import Any

from flask_babel import gettext as _

from app.admin import choosing, words
from app.admin.lists.listed import Listed
from app.admin.state import QUICK, is_quick
from app.admin.words import Speech
from app.spec.field import Field


def quick(me: Listed, speech: Speech) -> list[dict[str, Any]]:
    """Each field with what can be chosen and what is; only those of which one can choose."""
    fields = [f for f in me.policy.conditions.values() if f.quick]
    return [_filter(me, f, speech) for f in fields if f.kind not in TYPED]


TYPED = frozenset({"text", "long_text", "phone", "email", "url", "birthday", "integer", "money"})
"""Kinds whose values are typed: the search box and the builder are for them."""


def _filter(me: Listed, field: Field, speech: Speech) -> dict[str, Any]:
    chosen = _chosen(me, field, speech)
    return {
        "key": field.key,
        "label": str(field.label),
        "operator": next(code for code in QUICK if code in field.operators),
        "is_one": field.kind in ("boolean", "date", "datetime"),
        "chosen": list(chosen),
        "options": list((_offered(field) | chosen).items()),
        "url": choosing.options_url(me.entity, field, retired=True),
    }


def _offered(field: Field) -> dict[str, str]:
    """What can be chosen without asking: choices, yes and no, periods, tokens."""
    if field.kind == "boolean":
        return {"true": _("Yes"), "false": _("No")}
    if "within" in field.operators:
        return {code: str(text) for code, text in words.PERIODS.items()}
    tokens = words.TOKENS_OF.get(getattr(field, "to", ""), ())
    offered = {one["code"]: one["label"] for one in choosing.choices(field)}
    return {code: str(words.TOKENS[code]) for code in tokens} | offered


def _chosen(me: Listed, field: Field, speech: Speech) -> dict[str, str]:
    """The values in force, each with its words; of several conditions the last one counts."""
    found: dict[str, str] = {}
    in_periods = "within" in field.operators
    for condition in me.state.conditions:
        if is_quick(condition, field.key) and (condition["opr"] == "within") is in_periods:
            value = condition["value"]
            values = value if isinstance(value, list | tuple) else [value]
            codes = [str(one).lower() if isinstance(one, bool) else str(one) for one in values]
            found = dict(zip(codes, speech.texts(condition), strict=True))
    return found
