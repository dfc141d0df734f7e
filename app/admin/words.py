"""Sentences about conditions and operators, for filter chips and the filter builder."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import reduce
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.field import Field
from app.spec.kinds import BooleanField, OptionField
from app.spec.relations import LinksField, RelationField
from app.spec.words import listed
from app.store import titles
from app.store.filters import CHOSEN_DEPARTMENT, DAY

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
SENTENCES: dict[str, Any] = {
    "eq": _l("%(field)s is %(value)s"),
    "neq": _l("%(field)s is not %(value)s"),
    "ct": _l("%(field)s contains %(value)s"),
    "nct": _l("%(field)s doesn't contain %(value)s"),
    "sw": _l("%(field)s starts with %(value)s"),
    "nsw": _l("%(field)s doesn't start with %(value)s"),
    "ew": _l("%(field)s ends with %(value)s"),
    "new": _l("%(field)s doesn't end with %(value)s"),
    "in": _l("%(field)s is any of %(value)s"),
    "not_in": _l("%(field)s is none of %(value)s"),
    "gt": _l("%(field)s is more than %(value)s"),
    "ge": _l("%(field)s is at least %(value)s"),
    "lt": _l("%(field)s is less than %(value)s"),
    "le": _l("%(field)s is at most %(value)s"),
    "between": _l("%(field)s is between %(low)s and %(high)s"),
    "within": _l("%(field)s is within %(value)s"),
    "empty": _l("%(field)s is empty"),
    "not_empty": _l("%(field)s is not empty"),
    "rel_o_m": _l("%(field)s is %(value)s"),
    "nrel_o_m": _l("%(field)s is not %(value)s"),
    "rel_m_m": _l("%(field)s includes %(value)s"),
    "any": _l("%(field)s has any of %(value)s"),
    "all": _l("%(field)s has all of %(value)s"),
    "none": _l("%(field)s has none of %(value)s"),
}
"""A whole sentence per operator: languages put field, verb and value in their own order."""
GROUPS: dict[str, Any] = {
    "and": _l("%(left)s and %(right)s"),
    "or": _l("%(left)s or %(right)s"),
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
    "last_90_days": _l("last 90 days"),
    "next_7_days": _l("next 7 days"),
    "next_30_days": _l("next 30 days"),
}


def sentence(condition: Mapping[str, Any], fields: Mapping[str, Field]) -> str:
    """A condition that the compiler has taken, as its chip says it."""
    for name, words in GROUPS.items():
        if name in condition:
            parts = (sentence(part, fields) for part in condition[name])
            return reduce(lambda left, right: str(words) % {"left": left, "right": right}, parts)
    field, operator = fields[condition["col"]], condition["opr"]
    texts = [] if operator in ("empty", "not_empty") else _texts(field, condition["value"])
    parts_of_speech = {"field": str(field.label), "value": listed(texts)}
    if operator == "between":
        parts_of_speech |= {"low": texts[0], "high": texts[1]}
    return str(SENTENCES[operator]) % parts_of_speech


def _texts(field: Field, value: Any) -> list[str]:
    """The values of a condition in the reader's words."""
    values = value if isinstance(value, list | tuple) else [value]
    known, departments = _reading(field, values), _departments(values)
    return [
        str(TOKENS.get(v) or PERIODS.get(v) or departments.get(v) or _day(v) or known(v))
        for v in map(str, values)
    ]


def _departments(values: Iterable[Any]) -> dict[str, str]:
    """The tokens of departments in words."""
    chosen = {str(v): CHOSEN_DEPARTMENT.fullmatch(str(v)) for v in values}
    ids = {token: int(found[1]) for token, found in chosen.items() if found}
    names = titles.by_ids(catalogue.get("department"), ids.values())
    return {
        token: _("everybody in %(department)s", department=names.get(one, one))
        for token, one in ids.items()
    }


def _day(token: str) -> str:
    """The day that a distance from today means now."""
    found = DAY.fullmatch(token)
    return (clock.today() + timedelta(days=int(found[1] or 0))).isoformat() if found else ""


def _reading(field: Field, values: Any) -> Callable[[Any], str]:
    """How to show one value of a field: linked records by their names, choices by their words."""
    if isinstance(field, RelationField | LinksField):
        ids = [int(v) for v in values if str(v).isdecimal()]
        names = titles.by_ids(catalogue.get(field.to), ids)
        return lambda v: names.get(int(v), str(v)) if str(v).isdecimal() else str(v)
    if isinstance(field, OptionField):  # by its code: a retired choice still has its word
        return lambda v: field.to_text(str(v))
    if isinstance(field, BooleanField):
        return lambda v: field.to_text(field.parse(v))
    return str
