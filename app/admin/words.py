"""Sentences about conditions and operators, for filter chips and the filter builder."""

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from app.spec.catalogue import catalogue
from app.spec.field import Field
from app.spec.relations import LinksField, RelationField
from app.spec.words import listed
from app.store import titles

OPERATORS: dict[str, Any] = {
    "eq": _l("is"),
    "neq": _l("is not"),
    "ct": _l("contains"),
    "nct": _l("doesn't contain"),
    "sw": _l("starts with"),
    "nsw": _l("doesn't start with"),
    "ew": _l("ends with"),
    "new": _l("doesn't end with"),
    "in": _l("is any of"),
    "not_in": _l("is none of"),
    "gt": _l("is more than"),
    "ge": _l("is at least"),
    "lt": _l("is less than"),
    "le": _l("is at most"),
    "between": _l("is between"),
    "within": _l("is within"),
    "empty": _l("is empty"),
    "not_empty": _l("is not empty"),
    "rel_o_m": _l("is"),
    "nrel_o_m": _l("is not"),
    "rel_m_m": _l("includes"),
    "any": _l("has any of"),
    "all": _l("has all of"),
    "none": _l("has none of"),
}
OFFERED_TWICE = frozenset({"rel_o_m", "nrel_o_m"})
"""Operators kept for the framework's notation that another one says as well."""

TOKENS: dict[str, Any] = {
    "@me": _l("me"),
    "@my_people": _l("my people"),
    "@my_department": _l("my department"),
    "@my_department_below": _l("my department and below"),
    "@today": _l("today"),
}
PERIODS: dict[str, Any] = {
    "today": _l("today"),
    "yesterday": _l("yesterday"),
    "tomorrow": _l("tomorrow"),
    "this_week": _l("this week"),
    "last_week": _l("last week"),
    "next_week": _l("next week"),
    "this_month": _l("this month"),
    "last_month": _l("last month"),
    "next_month": _l("next month"),
    "this_quarter": _l("this quarter"),
    "last_quarter": _l("last quarter"),
    "this_year": _l("this year"),
    "last_year": _l("last year"),
    "last_7_days": _l("last 7 days"),
    "last_30_days": _l("last 30 days"),
    "next_7_days": _l("next 7 days"),
    "next_30_days": _l("next 30 days"),
}


def sentence(condition: Any, fields: Mapping[str, Field]) -> str:
    """A condition as its chip says it: field, operator, value."""
    if not isinstance(condition, Mapping):
        return ""
    for name, word in (("and", _l("and")), ("or", _l("or"))):
        if name in condition:
            parts = [sentence(part, fields) for part in condition[name]]
            return f" {word} ".join(parts)
    f = fields.get(str(condition.get("col")))
    label = str(f.label) if f else str(condition.get("col"))
    operator = str(OPERATORS.get(str(condition.get("opr")), condition.get("opr")))
    if condition.get("opr") in ("empty", "not_empty"):
        return f"{label} {operator}"
    return f"{label} {operator} {_value(f, condition.get('value'))}"


def _value(field: Field | None, value: Any) -> str:
    values = value if isinstance(value, list | tuple) else [value]
    texts = [str(TOKENS.get(str(v)) or PERIODS.get(str(v)) or "") for v in values]
    known = _reading(field, values)
    return listed(text or known(v) for text, v in zip(texts, values, strict=True))


def _reading(field: Field | None, values: Any) -> Callable[[Any], str]:
    """How to show one value of a field: linked records by their names, choices by their words."""
    if isinstance(field, RelationField | LinksField):
        ids = [int(v) for v in values if str(v).isdecimal()]
        names = titles.by_ids(catalogue.get(field.to), ids)
        return lambda v: names.get(int(v), str(v)) if str(v).isdecimal() else str(v)
    if field is not None and field.kind in ("option", "boolean"):

        def known(value: Any) -> str:
            try:
                return field.to_text(field.parse(value))
            except ValueError:
                return str(value)

        return known
    return str
