"""Sentences about conditions and operators, for filter chips and the filter builder."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from functools import reduce
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.conditions import OTHER
from app.spec.field import Field
from app.spec.kinds import BooleanField, OptionField
from app.spec.plurals import ngettext
from app.spec.relations import LinksField, RelationField
from app.spec.words import listed
from app.store import periods, titles
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
TOKENS_OF = {
    "user": ("@me", "@my_people", "@my_department", "@my_department_below"),
    "department": ("@my_department", "@my_department_below"),
    "day": ("@today",),
}
"""The tokens that make sense for links to these entities, and for days."""
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
    "next_quarter": _l("next quarter"),
    "this_year": _l("this year"),
    "last_year": _l("last year"),
    "next_year": _l("next year"),
}


N_DAYS: dict[str, Any] = {
    "last": lambda n: ngettext("the last %(num)s day", "the last %(num)s days", n),
    "next": lambda n: ngettext("the next %(num)s day", "the next %(num)s days", n),
    "over": lambda n: ngettext("more than %(num)s day ago", "more than %(num)s days ago", n),
}


def period(code: str) -> str | None:
    """A period in the reader's words; None for what is none."""
    if code in PERIODS:
        return str(PERIODS[code])
    several = periods.N_DAYS.fullmatch(code)
    return N_DAYS[several[1]](int(several[2])) if several else None


def _day(token: str) -> str:
    """The day that a distance from today means now."""
    found = DAY.fullmatch(token)
    return (clock.today() + timedelta(days=int(found[1] or 0))).isoformat() if found else ""


class Speech:
    """Conditions that the compiler has taken, in the reader's words.

    The names of all records they point at are looked up at once: one statement per entity.
    """

    def __init__(self, conditions: Iterable[Any], fields: Mapping[str, Field]) -> None:
        self.fields = fields
        self.names = _names(_plain(conditions), fields)

    def sentence(self, condition: Mapping[str, Any], *, is_inner: bool = False) -> str:
        """What a chip says; a group within a group stands in brackets."""
        for name, words in GROUPS.items():
            if name in condition:
                parts = [self.sentence(part, is_inner=True) for part in condition[name]]
                said = reduce(
                    lambda left, right: str(words) % {"left": left, "right": right}, parts
                )
                return _("(%(text)s)", text=said) if is_inner and len(parts) > 1 else said
        field, operator = self.fields[condition["col"]], condition["opr"]
        texts = self.texts(condition)
        parts_of_speech = {"field": str(field.label), "value": listed(texts)}
        if operator == "between":
            parts_of_speech |= {"low": texts[0], "high": texts[1]}
        if operator == "within" and periods.is_open(str(condition["value"])):
            return _("%(field)s is %(value)s", **parts_of_speech)
        return str(SENTENCES[operator]) % parts_of_speech

    def texts(self, condition: Mapping[str, Any]) -> list[str]:
        """The values of a condition in the reader's words."""
        if condition["opr"] in ("empty", "not_empty"):
            return []
        field, value = self.fields[condition["col"]], condition["value"]
        known = self._reading(field)
        return [
            str(
                TOKENS.get(v)
                or period(v)
                or self._department(v)
                or self._other(v)
                or _day(v)
                or known(v)
            )
            for v in map(str, value if isinstance(value, list | tuple) else [value])
        ]

    def _department(self, token: str) -> str:
        """The token of a department in words."""
        found = CHOSEN_DEPARTMENT.fullmatch(token)
        names = self.names.get("department", {})
        number = int(found[1]) if found else 0
        return (
            _("everybody in %(department)s", department=names.get(number, number)) if found else ""
        )

    def _other(self, token: str) -> str:
        """The name of the field that is compared with."""
        found = OTHER.fullmatch(token)
        return str(self.fields[found[1]].label) if found else ""

    def _reading(self, field: Field) -> Callable[[Any], str]:
        """How to show one value: linked records by their names, choices by their words."""
        if isinstance(field, RelationField | LinksField):
            names = self.names.get(field.to, {})
            return lambda v: names.get(int(v), str(v)) if str(v).isdecimal() else str(v)
        if isinstance(field, OptionField):  # by its code: a retired choice still has its word
            return lambda v: field.to_text(str(v))
        if isinstance(field, BooleanField):
            return lambda v: field.to_text(field.parse(v))
        return str


def _plain(conditions: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    """The conditions themselves, out of all groups."""
    for condition in conditions:
        inner = [part for name in GROUPS for part in condition.get(name, ())]
        if inner:
            yield from _plain(inner)
        else:
            yield condition


def _names(
    conditions: Iterable[Mapping[str, Any]], fields: Mapping[str, Field]
) -> dict[str, dict[int, str]]:
    """What the records are called that conditions point at, by entity and id."""
    ids: dict[str, set[int]] = defaultdict(set)
    for condition in conditions:
        field, value = fields[condition["col"]], condition.get("value")
        if isinstance(field, RelationField | LinksField):
            values = value if isinstance(value, list | tuple) else [value]
            ids[field.to].update(int(str(v)) for v in values if str(v).isdecimal())
            tokens = (CHOSEN_DEPARTMENT.fullmatch(str(v)) for v in values)
            ids["department"].update(int(token[1]) for token in tokens if token)
    return {key: titles.by_ids(catalogue.get(key), some) for key, some in ids.items()}
