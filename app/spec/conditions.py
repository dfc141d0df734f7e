"""Conditions of the one filter grammar (contract §3), as declarations write them."""

from collections.abc import Iterator, Mapping
from typing import Any

Condition = Mapping[str, Any]


def condition(column: str, operator: str, value: Any = None) -> Condition:
    """One condition; without a value for operators that take none."""
    bare = {"col": column, "opr": operator}
    return bare if value is None else {**bare, "value": value}


def any_of(*conditions: Condition) -> Condition:
    """A group of which one condition has to hold."""
    return {"or": list(conditions)}


def columns_in(conditions: Any) -> Iterator[str]:
    """The columns that conditions ask about, at any depth; nesting is no way to a fault."""
    waiting = [conditions]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            if "col" in one:
                yield str(one["col"])
            waiting.extend(one.get(group) for group in ("and", "or"))
        elif isinstance(one, list | tuple):
            waiting.extend(one)
