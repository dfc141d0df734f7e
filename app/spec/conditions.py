"""Conditions of the one filter grammar (contract §3), as declarations write them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.spec.text import fold

Condition = Mapping[str, Any]

OTHER = re.compile(r"@field:([a-z0-9_]{1,40})")
"""What the same record has in that column, as the value of a condition about another one."""


def field_of(key: str) -> str:
    """The value that stands for what the same record has in that column."""
    return f"@field:{key}"


def condition(column: str, operator: str, value: Any = None) -> Condition:
    """One condition; without a value for operators that take none."""
    bare = {"col": column, "opr": operator}
    return bare if value is None else {**bare, "value": value}


def any_of(*conditions: Condition) -> Condition:
    """A group of which one condition has to hold."""
    return {"or": list(conditions)}


def all_of(*conditions: Condition) -> Condition:
    """A group of which every condition has to hold."""
    return {"and": list(conditions)}


def columns_in(conditions: Any) -> Iterator[str]:
    """The columns that conditions ask about or compare with, at any depth; nesting is no way to a
    fault."""
    waiting = [conditions]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            if "col" in one:
                yield str(one["col"])
                other = OTHER.fullmatch(str(one.get("value")))
                if other:
                    yield other[1]
            waiting.extend(one.get(group) for group in ("and", "or"))
        elif isinstance(one, list | tuple):
            waiting.extend(one)


def renamed(conditions: Any, column: str, names: Mapping[str, str]) -> Any:
    """The conditions with the folded ``names`` that they ask that column for replaced."""
    if isinstance(conditions, list | tuple):
        return [renamed(one, column, names) for one in conditions]
    if not isinstance(conditions, Mapping):
        return conditions
    if "col" not in conditions:
        return {group: renamed(some, column, names) for group, some in conditions.items()}
    if conditions["col"] != column or "value" not in conditions:
        return conditions
    asked = conditions["value"]
    if not isinstance(asked, list):
        return {**conditions, "value": _named(asked, names)}
    now = [_named(one, names) for one in asked]
    return {**conditions, "value": [one for at, one in enumerate(now) if one not in now[:at]]}


def _named(value: Any, names: Mapping[str, str]) -> Any:
    return names.get(fold(value), value) if isinstance(value, str) else value
