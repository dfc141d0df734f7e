"""The views of a list that the product brings along (LIST-4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.spec.conditions import condition
from app.spec.words import Label


@dataclass(frozen=True)
class View:
    """A built-in saved view: a name and a filter of the contract's grammar (LIST-4)."""

    key: str
    label: Label
    filters: tuple[Mapping[str, Any], ...]


def view(key: str, en: str, zh: str, column: str, operator: str, value: Any = None) -> View:
    """A built-in view with one condition."""
    return View(key, Label(en, zh), (condition(column, operator, value),))


def quiet(days: int, last: str, *otherwise: str) -> View:
    """The built-in view of owned records not followed up for so many days (LIST-4).

    What counts is the field ``last``; where that is empty the first of ``otherwise`` that isn't.
    """
    ago = {"opr": "within", "value": f"over_{days}_days_ago"}
    times = (last, *otherwise)
    cases = [
        {"and": [*({"col": earlier, "opr": "empty"} for earlier in times[:i]), {"col": key, **ago}]}
        for i, key in enumerate(times)
    ]
    return View(
        f"quiet_{days}",
        Label(f"Not followed up for {days} days", f"{days} 天未跟进"),
        ({"col": "owner", "opr": "not_empty"}, {"or": cases}),
    )
