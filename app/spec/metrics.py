"""Metrics: every number of the dashboard and the reports, declared once (REP-1).

A metric is nothing but a filter of its entity's list: conditions of the contract's grammar, a date
that a period cuts, a person whose rows are meant. So the rows behind a number are always the list
of that filter, and the two agree for every reader (REP-2).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.spec.conditions import Condition, columns_in
from app.spec.errors import DeclarationError
from app.spec.field import Field
from app.spec.words import Label


class Card(StrEnum):
    """The cards of the dashboard that list metrics; the others choose among the ranked ones."""

    BRIEFING = "briefing"
    SUMMARY = "summary"
    FORGOTTEN = "forgotten"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One number: how it is called, what it means, and which rows it is about."""

    key: str
    label: Label
    meaning: Label
    """A whole sentence, shown on hover (REP-1)."""
    date: str = ""
    """The field that a period cuts; empty: as of now, whatever period is chosen."""
    person: str = "owner"
    """The field that says whose number it is; empty: nobody's."""
    conditions: tuple[Condition, ...] = ()
    sums: str = ""
    """The money field that is summed up; empty: rows are counted."""
    cards: tuple[Card, ...] = (Card.SUMMARY,)
    is_ranked: bool = False
    """Compared between people, and followed over time."""
    is_lasting: bool = True
    """Whether rows keep their date. If they don't, a row counts for its latest date only, earlier
    periods have lost it, and there is nothing honest to compare with."""
    is_welcome: bool = True
    """Whether a rise is good news: the colour of its change."""

    def validate(self, fields: Mapping[str, Field]) -> None:
        """Raise :class:`DeclarationError` for what can't be asked of an entity's fields."""
        asked = {*columns_in(self.conditions), self.date, self.person, self.sums} - {""}
        unknown = asked - set(fields)
        if unknown:
            raise DeclarationError(self.key, "fields", f"there are no fields {sorted(unknown)}")
        kinds = {"date": ("date", "datetime"), "person": ("relation",), "sums": ("money",)}
        for part, fitting in kinds.items():
            name = getattr(self, part)
            if name and fields[name].kind not in fitting:
                raise DeclarationError(self.key, part, f"{name} is not of the kind {fitting}")


def metric(key: str, label: Label, meaning: Label, *conditions: Condition, **facets: Any) -> Metric:
    """A metric whose rows meet all the conditions; ``facets`` are the other attributes."""
    return Metric(key=key, label=label, meaning=meaning, conditions=conditions, **facets)
