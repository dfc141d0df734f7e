"""A number of days for all, or one per level: a setting of pools (POOL-5).

Stored as text that programs and history read too: ``30``, or ``A=7, B=15, *=30`` where ``*``
stands for every other level and for none.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.spec.catalogue import catalogue
from app.spec.field import BLANK_OPERATORS
from app.spec.kinds import IntegerField, OptionField, TextField, plain_width
from app.spec.plurals import ngettext
from app.spec.recycling import LEVEL, OTHERS
from app.spec.words import Label, listed

LONGEST = 3650
_PART = re.compile(r"(?:([A-Za-z0-9_]+|\*)\s*[=:]\s*)?(-?\d{1,9})")


@dataclass(frozen=True, kw_only=True)
class DaysField(TextField):
    """So many days, for each level its own if wanted; empty for never."""

    kind: ClassVar[str] = "days"
    operators: ClassVar[tuple[str, ...]] = BLANK_OPERATORS
    max_length: int = 200

    def convert(self, raw: Any) -> str | None:
        is_number = isinstance(raw, int) and not isinstance(raw, bool)
        return super().convert(str(raw) if is_number else raw)

    def normalise(self, value: str) -> str:
        return written(_parsed(value))

    def to_text(self, value: Any) -> str:
        return said(value) if value else ""


@dataclass(frozen=True, kw_only=True)
class DaysLeftField(IntegerField):
    """In how many days a pool takes a record back: found while it is read, nothing stores it."""

    operators: ClassVar[tuple[str, ...]] = ("le", *BLANK_OPERATORS)

    @property
    def is_stored(self) -> bool:
        return False


def inputs(field: DaysField) -> dict[str, str]:
    """The inputs beside the one for all levels, by level."""
    return {level: f"{field.key}-{level}" for level in levels()}


def read(value: str | None) -> dict[str, int]:
    """The days by level, those of all others under ``OTHERS``; nothing for an empty setting."""
    return _parsed(value) if value else {}


def written(days: Mapping[str, int]) -> str:
    """The stored form: levels in their own order, the others last."""
    if set(days) == {OTHERS}:
        return str(days[OTHERS])
    order = [*levels(), OTHERS]
    return ", ".join(f"{level}={days[level]}" for level in order if level in days)


def composed(others: str, by_level: Mapping[str, str]) -> str:
    """What the inputs of a form say together; what is typed wrong stays, to be refused."""
    given = {level: text.strip() for level, text in by_level.items() if text.strip()}
    parts = [f"{level}={text}" for level, text in given.items()]
    if others.strip() and (parts or "=" in others):
        parts.append(others.strip() if "=" in others else f"{OTHERS}={others.strip()}")
    return ", ".join(parts) or others


def taken_apart(value: str) -> dict[str, str]:
    """What the inputs of a form show, by level or ``OTHERS``; also of what is typed wrong."""
    found: dict[str, str] = {}
    for part in filter(None, (one.strip() for one in re.split(r"[,，;；]", value))):
        level, _sign, text = part.rpartition("=")
        found[level.strip() or OTHERS] = text.strip()
    return found


def levels() -> dict[str, Label]:
    """The levels that records in pools may have, by code."""
    fields = (entity.fields.get(LEVEL) for entity in catalogue if entity.is_pooled)
    return {
        choice.code: choice.label
        for field in fields
        if isinstance(field, OptionField)
        for choice in field.choices.current()
    }


def said(value: str) -> str:
    """The setting in words, as "A key: 7 days, others: 30 days"."""
    days, names = read(value), levels()
    if set(days) == {OTHERS}:
        return _counted(days[OTHERS])
    return listed(
        _(
            "%(level)s: %(days)s",
            level=names[level] if level in names else _("others"),
            days=_counted(number),
        )
        for level, number in days.items()
    )


def _counted(number: int) -> str:
    return str(ngettext("%(num)d day", "%(num)d days", number))


def _parsed(value: str) -> dict[str, int]:
    """The days by level; ValueError for what can't be understood, and for none."""
    found: dict[str, int] = {}
    for part in filter(None, (one.strip() for one in re.split(r"[,，;；]", plain_width(value)))):
        match = _PART.fullmatch(part)
        level = (match[1] or OTHERS) if match else ""
        if match is None or level in found or (level != OTHERS and level not in levels()):
            raise ValueError(_l("This must be a number of days, or one per level as A=7, B=15."))
        found[level] = _checked(int(match[2]))
    return found


def _checked(days: int) -> int:
    if days < 1:
        raise ValueError(_l("At least 1 day. Leave it empty to recycle nothing by this rule."))
    if days > LONGEST:
        raise ValueError(_l("At most %(n)s days.", n=LONGEST))
    return days
